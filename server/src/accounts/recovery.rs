//! Getting back in: ten codes shown once, or a link that root prints on the host.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version, password_hash::SaltString,
};
use homeport_model::{
    account::{Finished, RECOVERY_CODES, RecoveryCode},
    actor::Actor,
    problem::{Code, Problem},
};
use serde_json::json;

use super::{Accounts, Link, Opened, Visit, claim::MOVE_PREFIX, hash, store};
use crate::{ambient, db, failure::Failure};

/// OWASP's minimum: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Fresh codes with their hashes.
pub(super) struct HashedCodes(Vec<(RecoveryCode, String)>);

impl HashedCodes {
    /// As shown to the person, once.
    pub(super) fn shown(&self) -> Vec<String> {
        self.0.iter().map(|(code, _)| code.show()).collect()
    }

    /// Selector and hash, as stored.
    pub(super) fn stored(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(code, hash)| (code.selector(), hash.as_str()))
    }
}

impl Accounts {
    /// Ten new codes; hashing them takes a moment and happens outside of any transaction.
    pub(super) async fn hashed_codes(&self) -> Result<HashedCodes, Failure> {
        let mut codes: Vec<RecoveryCode> = Vec::new();
        while codes.len() < RECOVERY_CODES {
            let code = RecoveryCode::from_random(ambient::random_bytes());
            if codes.iter().all(|other| other.selector() != code.selector()) {
                codes.push(code);
            }
        }
        self.hashing_thread(move || {
            codes
                .into_iter()
                .map(|code| {
                    let salt = SaltString::encode_b64(&ambient::random_bytes::<16>())?;
                    let hash = hasher()?.hash_password(code.secret().as_bytes(), &salt)?.to_string();
                    Ok((code, hash))
                })
                .collect::<Result<_, argon2::password_hash::Error>>()
                .map(HashedCodes)
        })
        .await?
        .map_err(|error| Failure::internal(error.to_string()))
    }

    /// Opens a recovery session for whoever types a code that has not been used. All other sessions
    /// of that person end.
    ///
    /// # Errors
    /// [`Code::SignInRequired`], in the same words for every wrong code.
    pub async fn recover_with_code(&self, typed: &str, visit: &Visit) -> Result<(Opened, Finished), Failure> {
        let code = RecoveryCode::parse(typed)
            .ok_or_else(|| Problem::invalid("code", "A recovery code has twenty letters and digits in five groups."))?;
        let stored = store::code(self.db.reader(), code.selector()).await?;
        // A selector that is not there costs as much time as one that is.
        let (expected, person) = match stored {
            Some(found) if found.used_at.is_none() => (found.hash, Some((found.user_id, found.user_name, found.role))),
            _ => (DUMMY.to_owned(), None),
        };
        let selector = code.selector().to_owned();
        let right = self
            .hashing_thread(move || {
                let Ok(expected) = PasswordHash::new(&expected) else { return false };
                hasher().is_ok_and(|hasher| hasher.verify_password(code.secret().as_bytes(), &expected).is_ok())
            })
            .await?;
        let Some((user, name, role)) = person.filter(|_| right) else {
            tracing::warn!(address = visit.address.as_deref(), "a recovery code was not accepted");
            return Err(wrong_code());
        };
        let mut tx = self.db.write().await?;
        if !store::consume_code(&mut tx, &selector, self.clock.now()).await? {
            return Err(wrong_code());
        }
        let actor = Actor { user, name, role, session: None, address: visit.address.clone(), step_up_until: None };
        self.enter(tx, actor, "code", visit).await
    }

    /// Opens a recovery session with a link: the owner's that root printed on the host, or the one with
    /// which somebody comes over from another name of the panel. The latter ends no other session.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a wrong or used token, [`Code::Gone`] for the right one too late.
    pub async fn recover_with_link(&self, token: &str, visit: &Visit) -> Result<(Opened, Finished), Failure> {
        let (token, kind) = match token.trim().strip_prefix(MOVE_PREFIX) {
            Some(token) => (token, Link::Move),
            None => (token.trim(), Link::Recover),
        };
        let link = hash(token);
        self.check_link(&link, kind).await?;
        let mut tx = self.db.write().await?;
        if !store::consume_link(&mut tx, &link, kind, self.clock.now()).await? {
            return Err(Problem::not_found("link").into());
        }
        let person = store::person_of_link(&mut tx, &link).await?.ok_or_else(|| Problem::not_found("link"))?;
        let actor = Actor { address: visit.address.clone(), ..person };
        if kind == Link::Recover {
            return self.enter(tx, actor, "link", visit).await;
        }
        let opened = self.open_session(&mut tx, &actor.user, None, visit).await?;
        let actor = Actor { session: Some(opened.id.clone()), ..actor };
        let detail = json!({ "method": "move", "agent": visit.agent });
        self.audit.record(&mut tx, &actor, "session.come_over", opened.id.as_str(), detail).await?;
        self.commit(tx).await?;
        Ok((opened, Finished { next: "/settings".into(), codes: Vec::new() }))
    }

    async fn enter(
        &self,
        mut tx: db::Tx,
        actor: Actor,
        by: &str,
        visit: &Visit,
    ) -> Result<(Opened, Finished), Failure> {
        store::delete_sessions_of(&mut tx, &actor.user).await?;
        let opened = self.open_session(&mut tx, &actor.user, None, visit).await?;
        let actor = Actor { session: Some(opened.id.clone()), ..actor };
        let detail = json!({ "method": "recovery", "by": by, "agent": visit.agent });
        self.audit.record(&mut tx, &actor, "session.recover", opened.id.as_str(), detail).await?;
        self.commit(tx).await?;
        tracing::warn!(address = visit.address.as_deref(), by, "a recovery opened a session; all others ended");
        Ok((opened, Finished { next: "/settings".into(), codes: Vec::new() }))
    }

    /// Runs `work`, which hashes, on a thread of its own when one of the few places is free.
    async fn hashing_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let place = self.hashing.clone().acquire_owned().await.map_err(Failure::internal)?;
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        })
        .await
        .map_err(Failure::internal)
    }
}

/// A hash of nothing anyone knows, with the parameters of the real ones.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

fn hasher() -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn wrong_code() -> Failure {
    Problem::new(Code::SignInRequired, "That code was not accepted.")
        .hint("Each code works once. With access to the host, run: homeport recover")
        .into()
}
