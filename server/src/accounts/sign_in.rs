//! Signing in, proving presence once more, adding a passkey.

use homeport_model::{
    account::{Ceremony, CeremonyAnswer, Finished, STEP_UP_MS, SignInMethod},
    actor::{Actor, Role},
    id::PasskeyId,
    problem::{Code, Problem},
};
use serde_json::json;

use super::{
    Accounts, Opened, Session, Visit,
    ceremony::{Ceremonies, CeremonyError, Claimed, Purpose},
    label_of, not_accepted, store, user_of,
};
use crate::{failure::Failure, panel_domain};

/// A passkey that has just been verified.
struct Proven {
    purpose: Purpose,
    passkey: PasskeyId,
    user: String,
    name: String,
    role: Role,
    /// The record to store instead, when it changed.
    record: Option<String>,
}

impl Accounts {
    /// Begins a sign-in; anyone may.
    ///
    /// # Errors
    /// [`Failure`] when no challenge can be made.
    pub fn begin_sign_in(&self, visit: &Visit) -> Result<Ceremony, Failure> {
        self.ceremonies.begin_assertion(self.origin_of(visit), Purpose::SignIn).map_err(Failure::internal)
    }

    /// Verifies a sign-in and opens a session; `old` is the session of the same browser, which ends.
    ///
    /// # Errors
    /// [`Code::SignInRequired`], always in the same words.
    pub async fn finish_sign_in(
        &self,
        answer: CeremonyAnswer,
        old: Option<&Session>,
        visit: &Visit,
    ) -> Result<(Opened, Finished), Failure> {
        let proven = self.prove(answer, visit).await?;
        if proven.purpose != Purpose::SignIn {
            return Err(not_accepted(CeremonyError::Unknown, visit));
        }
        let now = self.clock.now();
        let mut tx = self.db.write().await?;
        if !store::passkey_used(&mut tx, &proven.passkey, proven.record.as_deref(), now).await? {
            return Err(not_accepted(CeremonyError::Unknown, visit));
        }
        if let Some(old) = old {
            store::delete_session(&mut tx, &old.user, &old.id).await?;
        }
        let opened = self.open_session(&mut tx, &proven.user, Some(&proven.passkey), visit).await?;
        let actor = Actor {
            user: proven.user,
            name: proven.name,
            role: proven.role,
            session: Some(opened.id.clone()),
            address: visit.address.clone(),
            step_up_until: None,
        };
        let detail = json!({ "method": "passkey", "agent": visit.agent });
        self.audit.record(&mut tx, &actor, "session.sign_in", proven.passkey.as_str(), detail).await?;
        self.commit(tx).await?;
        Ok((opened, Finished { next: "/".into(), codes: Vec::new() }))
    }

    /// Begins proving presence once more.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`] in a session that came from a recovery: it has to add a passkey.
    pub fn begin_step_up(&self, session: &Session, visit: &Visit) -> Result<Ceremony, Failure> {
        refuse_recovery(session)?;
        let purpose = Purpose::StepUp { session: session.id.clone() };
        self.ceremonies.begin_assertion(self.origin_of(visit), purpose).map_err(Failure::internal)
    }

    /// Verifies presence; dangerous actions of this session are open for five minutes.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] when the passkey, the person or the session is not the right one.
    pub async fn finish_step_up(
        &self,
        session: &Session,
        answer: CeremonyAnswer,
        visit: &Visit,
    ) -> Result<Finished, Failure> {
        refuse_recovery(session)?;
        let proven = self.prove(answer, visit).await?;
        if proven.purpose != (Purpose::StepUp { session: session.id.clone() }) || proven.user != session.user {
            return Err(not_accepted(CeremonyError::Unknown, visit));
        }
        let now = self.clock.now();
        let mut tx = self.db.write().await?;
        if !store::passkey_used(&mut tx, &proven.passkey, proven.record.as_deref(), now).await? {
            return Err(not_accepted(CeremonyError::Unknown, visit));
        }
        store::set_step_up(&mut tx, &session.id, now.plus_ms(STEP_UP_MS)).await?;
        let actor = session.actor(visit);
        self.audit.record(&mut tx, &actor, "session.step_up", proven.passkey.as_str(), json!({})).await?;
        self.commit(tx).await?;
        Ok(Finished { next: String::new(), codes: Vec::new() })
    }

    /// Begins one more passkey for the session's person.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`], except in a recovery, which exists for this.
    pub async fn begin_passkey(&self, session: &Session, visit: &Visit) -> Result<Ceremony, Failure> {
        let actor = session.actor(visit);
        if session.method != SignInMethod::Recovery {
            actor.require_step_up(self.clock.now())?;
        }
        let user = user_of(&actor)?;
        let known = store::passkeys(self.db.reader(), &session.user).await?;
        let known = known.into_iter().map(|passkey| passkey.credential_id).collect();
        let purpose = Purpose::Add { session: session.id.clone(), user };
        self.ceremonies
            .begin_registration(self.origin_of(visit), purpose, user, &session.user_name, known)
            .map_err(|error| not_accepted(error, visit))
    }

    /// Verifies and keeps the new passkey. A recovery's session becomes an ordinary one, under a new
    /// cookie.
    ///
    /// # Errors
    /// [`Code::Conflict`] for a passkey that is known already.
    pub async fn finish_passkey(
        &self,
        session: &Session,
        answer: CeremonyAnswer,
        visit: &Visit,
    ) -> Result<(Option<Opened>, Finished), Failure> {
        let label = label_of(&answer, "Passkey")?;
        let (purpose, passkey) = self
            .ceremonies
            .finish_registration(&answer.id, answer.credential)
            .map_err(|error| not_accepted(error, visit))?;
        let actor = session.actor(visit);
        if purpose != (Purpose::Add { session: session.id.clone(), user: user_of(&actor)? }) {
            return Err(not_accepted(CeremonyError::Unknown, visit));
        }
        let now = self.clock.now();
        let mut tx = self.db.write().await?;
        let id =
            store::insert_passkey(&mut tx, &session.user, &passkey, label.as_str(), now).await.map_err(|error| {
                error.on("passkeys.credential_id", Problem::new(Code::Conflict, "This passkey is here already."))
            })?;
        self.audit.record(&mut tx, &actor, "passkey.add", id.as_str(), json!({ "label": label })).await?;
        let moved = panel_domain::store::answered(&mut tx, &passkey.host, now).await?;
        if moved {
            self.audit.record(&mut tx, &actor, "panel.move", &passkey.host, json!({})).await?;
        }
        let opened = if session.method == SignInMethod::Recovery {
            store::delete_session(&mut tx, &session.user, &session.id).await?;
            Some(self.open_session(&mut tx, &session.user, Some(&id), visit).await?)
        } else {
            None
        };
        self.commit(tx).await?;
        if moved {
            self.origins.read(&self.db).await?;
        }
        Ok((opened, Finished { next: "/settings".into(), codes: Vec::new() }))
    }

    /// Consumes an assertion's ceremony and verifies it against the passkey that it names.
    async fn prove(&self, answer: CeremonyAnswer, visit: &Visit) -> Result<Proven, Failure> {
        let refuse = |error| not_accepted(error, visit);
        let claimed = self.ceremonies.claim_assertion(&answer.id, answer.credential).map_err(refuse)?;
        let user = claimed.user.to_string();
        let stored = store::passkey_to_verify(self.db.reader(), &user, &claimed.credential_id).await?;
        let Some(stored) = stored.filter(|stored| stored.frozen_at.is_none()) else {
            return Err(refuse(CeremonyError::Unknown));
        };
        let purpose = claimed.purpose.clone();
        match verify(&self.ceremonies, claimed, &stored.credential) {
            Ok(record) => {
                Ok(Proven { purpose, passkey: stored.id, user, name: stored.user_name, role: stored.role, record })
            }
            Err(error) => {
                if let CeremonyError::MaybeCloned | CeremonyError::BackupChanged = error {
                    self.raise_alarm(&error, &stored, &user, visit).await?;
                }
                Err(refuse(error))
            }
        }
    }

    /// A passkey that may have been copied is frozen; either way the log tells.
    async fn raise_alarm(
        &self,
        error: &CeremonyError,
        stored: &store::ToVerify,
        user: &str,
        visit: &Visit,
    ) -> Result<(), Failure> {
        let actor = Actor {
            user: user.to_owned(),
            name: stored.user_name.clone(),
            role: stored.role,
            session: None,
            address: visit.address.clone(),
            step_up_until: None,
        };
        let mut tx = self.db.write().await?;
        if let CeremonyError::MaybeCloned = error {
            store::freeze_passkey(&mut tx, &stored.id, self.clock.now()).await?;
        }
        let detail = json!({ "reason": error.to_string() });
        self.audit.record(&mut tx, &actor, "passkey.suspect", stored.id.as_str(), detail).await?;
        self.commit(tx).await
    }
}

fn verify(ceremonies: &Ceremonies, claimed: Claimed, record: &str) -> Result<Option<String>, CeremonyError> {
    ceremonies.verify(claimed, record)
}

fn refuse_recovery(session: &Session) -> Result<(), Problem> {
    if session.method == SignInMethod::Recovery {
        return Err(Problem::new(Code::StepUpRequired, "A recovery cannot do this.").hint("Add a passkey first."));
    }
    Ok(())
}
