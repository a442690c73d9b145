//! Sessions: opened by a passkey or a recovery, looked up by every request, ended by anything that
//! makes them doubtful.

use homeport_model::{
    account::{SESSION_ABSOLUTE_MS, SessionTimes, SignInMethod},
    actor::{Actor, Role},
    id::{PasskeyId, SessionId},
    secret::Secret,
    time::Timestamp,
};

use super::{Accounts, Token, hash, store};
use crate::{ambient, config::Origin, db, failure::Failure};

/// `seen_at` is written at most this often.
const SEEN_EVERY_MS: i64 = 60_000;

/// From where a request came.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// The address, as the one hop of ours saw it.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub agent: Option<String>,
    /// Under which of the panel's addresses; the primary one where nobody says.
    pub origin: Option<Origin>,
}

impl Visit {
    /// A visit; the agent's text is cut and cleaned.
    #[must_use]
    pub fn new(address: Option<String>, agent: Option<&str>, origin: Origin) -> Self {
        let agent = agent.map(|text| text.chars().filter(|c| !c.is_control()).take(200).collect());
        Self { address, agent, origin: Some(origin) }
    }
}

/// A live session with its person.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its public id.
    pub id: SessionId,
    /// The person's id.
    pub user: String,
    /// The person's name.
    pub user_name: String,
    /// What they may do.
    pub role: Role,
    /// How it was opened.
    pub method: SignInMethod,
    /// With which passkey.
    pub passkey: Option<PasskeyId>,
    /// Its times.
    pub times: SessionTimes,
    /// Until when a fresh passkey counts.
    pub step_up_until: Option<Timestamp>,
}

impl Session {
    /// The actor that a request of this session has.
    #[must_use]
    pub fn actor(&self, visit: &Visit) -> Actor {
        Actor {
            user: self.user.clone(),
            name: self.user_name.clone(),
            role: self.role,
            session: Some(self.id.clone()),
            address: visit.address.clone(),
            // A recovery never counts as a fresh passkey.
            step_up_until: self.step_up_until.filter(|_| self.method == SignInMethod::Passkey),
        }
    }

    /// A recovery has to end in a new passkey before anything else.
    #[must_use]
    pub fn must_add_passkey(&self) -> bool {
        self.method == SignInMethod::Recovery
    }
}

/// A session just opened: the cookie's value is here and nowhere else.
pub struct Opened {
    /// The cookie's value.
    pub token: Secret<String>,
    /// Its public id.
    pub id: SessionId,
}

impl Accounts {
    /// The live session of a cookie's value.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, Failure> {
        let Some(session) = store::session_by_hash(self.db.reader(), &hash(token)).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        if !session.times.live(now) {
            return Ok(None);
        }
        if now.since(session.times.seen_at) >= SEEN_EVERY_MS {
            let mut tx = self.db.write().await?;
            store::touch_session(&mut tx, &session.id, now).await?;
            tx.commit().await?;
        }
        Ok(Some(session))
    }

    /// Whether a cookie's session is still live, for a stream that is open. Asking does not count as
    /// using it: a tab that is left open signs nobody in for ever.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn is_live(&self, token: &str) -> Result<bool, Failure> {
        let session = store::session_by_hash(self.db.reader(), &hash(token)).await?;
        let now = self.clock.now();
        Ok(session.is_some_and(|session| session.times.live(now)))
    }

    /// Ends the actor's own session.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn sign_out(&self, actor: &Actor) -> Result<(), Failure> {
        let Some(id) = &actor.session else { return Ok(()) };
        let mut tx = self.db.write().await?;
        store::delete_session(&mut tx, &actor.user, id).await?;
        self.audit.record(&mut tx, actor, "session.sign_out", id.as_str(), serde_json::json!({})).await?;
        self.commit(tx).await
    }

    /// Adds a session within `tx` and forgets those that are over.
    pub(super) async fn open_session(
        &self,
        tx: &mut db::Conn,
        user: &str,
        passkey: Option<&PasskeyId>,
        visit: &Visit,
    ) -> Result<Opened, Failure> {
        let now = self.clock.now();
        let token = Token::new();
        let id = SessionId::new(now.ms(), ambient::random_u32());
        store::delete_dead_sessions(tx, now.plus_ms(-SESSION_ABSOLUTE_MS)).await?;
        store::insert_session(tx, &id, &token.hash, user, passkey, now, visit).await?;
        Ok(Opened { token: token.text, id })
    }
}
