//! People: claiming the panel, signing in with passkeys, sessions, recovery.
//!
//! Never here: HTTP (cookies are `http`'s), and the text of any token or code after it was given out.

mod ceremony;
mod claim;
mod recovery;
mod sessions;
mod settings;
mod sign_in;
mod store;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use homeport_model::{
    account::CeremonyAnswer,
    actor::Actor,
    event::Topic,
    name::Label,
    problem::{Code, Problem},
    secret::Secret,
};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Semaphore};

use crate::{
    ambient::{self, Clock},
    audit::Audit,
    config::Origin,
    db::{Db, Tx},
    failure::{Failure, chain},
    live::Hub,
    origins::Origins,
    state::Refusal,
};
use ceremony::{Ceremonies, CeremonyError, webauthn};

pub use claim::Link;
pub use sessions::{Opened, Session, Visit};

/// Hashing one recovery code takes 19 MiB; this many at a time.
const HASHES_AT_ONCE: usize = 2;

/// The accounts of this panel.
pub struct Accounts {
    db: Db,
    clock: Clock,
    audit: Audit,
    hub: Hub,
    origins: Origins,
    ceremonies: Ceremonies,
    hashing: Arc<Semaphore>,
    /// Claims finish one after another, so that the losers cost nothing.
    claiming: Mutex<()>,
    /// Shows a line to whoever stands at the host's console; never the log.
    announce: fn(&str),
}

impl Accounts {
    /// The accounts in `db`, with passkeys that each belong to the host name where they were made.
    ///
    /// # Errors
    /// [`Refusal`] for an origin that passkeys cannot belong to.
    pub fn new(
        db: Db,
        clock: Clock,
        audit: Audit,
        hub: Hub,
        origins: Origins,
        announce: fn(&str),
    ) -> Result<Self, Refusal> {
        let origin = origins.configured();
        webauthn(&origin)
            .map_err(|error| Refusal::Config(format!("Passkeys cannot belong to {origin}: {}.", chain(&error))))?;
        let ceremonies = Ceremonies::new(clock.clone());
        Ok(Self {
            db,
            clock,
            audit,
            hub,
            origins,
            ceremonies,
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            claiming: Mutex::new(()),
            announce,
        })
    }

    /// The address through which somebody came.
    fn origin_of(&self, visit: &Visit) -> Origin {
        visit.origin.clone().unwrap_or_else(|| self.origins.primary())
    }

    /// Makes a change last and tells the pages.
    async fn commit(&self, tx: Tx) -> Result<(), Failure> {
        tx.commit().await?;
        self.hub.announce(Topic::Account);
        self.hub.announce(Topic::Activity);
        Ok(())
    }

    /// Ceremonies under way, for the memory bound's test.
    #[must_use]
    pub fn ceremonies_under_way(&self) -> usize {
        self.ceremonies.count()
    }
}

/// A token as it is given out, and as it is stored.
pub(crate) struct Token {
    text: Secret<String>,
    hash: Vec<u8>,
}

impl Token {
    /// 256 random bits.
    fn new() -> Self {
        let text = URL_SAFE_NO_PAD.encode(ambient::random_bytes::<32>());
        Self { hash: hash(&text), text: Secret::new(text) }
    }
}

/// How tokens are stored and looked up.
pub(crate) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The one answer to every ceremony that did not verify; the log has the reason.
fn not_accepted(error: CeremonyError, visit: &Visit) -> Failure {
    if let CeremonyError::Setup(_) = error {
        return Failure::internal(error);
    }
    tracing::warn!(address = visit.address.as_deref(), "a passkey was not accepted: {}", chain(&error));
    if let CeremonyError::NotDiscoverable = error {
        return Problem::invalid("credential", "This device cannot keep a passkey that signs in without a user name.")
            .hint("Use the passkeys of your phone, your computer or your password manager.")
            .into();
    }
    Problem::new(Code::SignInRequired, "That passkey was not accepted.").hint("Try again.").into()
}

/// The name for a new passkey; `otherwise` when none was given.
fn label_of(answer: &CeremonyAnswer, otherwise: &str) -> Result<Label, Problem> {
    let text = answer.label.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or(otherwise);
    Label::try_from(text.to_owned()).map_err(|refused| Problem::invalid("label", refused.to_string()))
}

/// The user's id of a signed-in actor, for rows that belong to them.
fn user_of(actor: &Actor) -> Result<uuid::Uuid, Problem> {
    actor.user.parse().map_err(|_| Problem::new(Code::Forbidden, "This belongs to people, not to the host."))
}
