//! What Settings shows and changes.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    account::{AccountSettings, Me},
    actor::Actor,
    id::{PasskeyId, SessionId},
    name::Label,
    problem::{Code, Problem},
    pushes::SshSettings,
};
use serde_json::json;

use super::{Accounts, store, user_of};
use crate::failure::Failure;

#[async_trait]
impl backend::Accounts for Accounts {
    async fn me(&self, actor: &Actor) -> Answer<Me> {
        Ok(self.who(actor).await?)
    }

    async fn settings(&self, actor: &Actor) -> Answer<AccountSettings> {
        Ok(self.read_settings(actor).await?)
    }

    async fn rename_passkey(&self, actor: &Actor, id: &PasskeyId, label: String) -> Answer<()> {
        Ok(self.rename(actor, id, label).await?)
    }

    async fn remove_passkey(&self, actor: &Actor, id: &PasskeyId) -> Answer<()> {
        Ok(self.remove(actor, id).await?)
    }

    async fn end_session(&self, actor: &Actor, id: &SessionId) -> Answer<()> {
        Ok(self.end(actor, id).await?)
    }

    async fn end_other_sessions(&self, actor: &Actor) -> Answer<()> {
        Ok(self.end_others(actor).await?)
    }

    async fn new_recovery_codes(&self, actor: &Actor) -> Answer<Vec<String>> {
        Ok(self.renew_codes(actor).await?)
    }
}

impl Accounts {
    async fn who(&self, actor: &Actor) -> Result<Me, Failure> {
        let session = match &actor.session {
            Some(id) => store::session_by_id(self.db.reader(), id).await?,
            None => None,
        };
        let session = session.ok_or_else(|| Problem::new(Code::SignInRequired, "Sign in first."))?;
        let keys = store::passkeys(self.db.reader(), &actor.user).await?;
        let codes = store::codes_left(self.db.reader(), &actor.user).await?;
        Ok(Me {
            name: actor.name.clone(),
            role: actor.role,
            host_name: self.origins.primary().host().to_owned(),
            must_add_passkey: session.must_add_passkey(),
            step_up_until: actor.step_up_until,
            one_key_only: keys.len() < 2 && codes == 0,
        })
    }

    async fn read_settings(&self, actor: &Actor) -> Result<AccountSettings, Failure> {
        let me = self.who(actor).await?;
        let now = self.clock.now();
        let sessions = store::sessions(self.db.reader(), &actor.user).await?;
        let current = sessions.iter().find(|session| Some(&session.id) == actor.session.as_ref());
        let current_passkey = current.and_then(|session| session.passkey.clone());
        let passkeys = store::passkeys(self.db.reader(), &actor.user).await?;
        Ok(AccountSettings {
            me,
            sessions: sessions
                .into_iter()
                .filter(|session| session.times.live(now))
                .map(|session| session.row(actor.session.as_ref()))
                .collect(),
            passkeys: passkeys
                .into_iter()
                .map(|passkey| passkey.row(current_passkey.as_ref(), self.origins.configured().host()))
                .collect(),
            codes_left: store::codes_left(self.db.reader(), &actor.user).await?,
            tokens: Vec::new(),
            ssh: SshSettings::default(),
            now,
        })
    }

    async fn rename(&self, actor: &Actor, id: &PasskeyId, label: String) -> Result<(), Failure> {
        user_of(actor)?;
        let label = Label::try_from(label).map_err(|refused| Problem::invalid("label", refused.to_string()))?;
        let mut tx = self.db.write().await?;
        if !store::rename_passkey(&mut tx, &actor.user, id, label.as_str()).await? {
            return Err(Problem::not_found("passkey").into());
        }
        self.audit.record(&mut tx, actor, "passkey.rename", id.as_str(), json!({ "label": label })).await?;
        self.commit(tx).await
    }

    /// Removes a passkey; its sessions end with it.
    async fn remove(&self, actor: &Actor, id: &PasskeyId) -> Result<(), Failure> {
        user_of(actor)?;
        actor.require_step_up(self.clock.now())?;
        let mut tx = self.db.write().await?;
        if !store::delete_passkey(&mut tx, &actor.user, id).await? {
            return Err(Problem::not_found("passkey").into());
        }
        // Looked at after the removal, within the transaction: two removals at once leave one.
        // One of a name that the panel has given up lets nobody in.
        let usable = store::usable_passkeys(&mut tx, &actor.user).await?;
        if !usable.iter().any(|host| host.as_deref().is_none_or(|host| self.origins.has_host(host))) {
            return Err(Problem::new(Code::Conflict, "This is your last passkey.")
                .hint("Add another one first.")
                .into());
        }
        self.audit.record(&mut tx, actor, "passkey.remove", id.as_str(), json!({})).await?;
        self.commit(tx).await
    }

    async fn end(&self, actor: &Actor, id: &SessionId) -> Result<(), Failure> {
        user_of(actor)?;
        let mut tx = self.db.write().await?;
        if !store::delete_session(&mut tx, &actor.user, id).await? {
            return Err(Problem::not_found("session").into());
        }
        self.audit.record(&mut tx, actor, "session.end", id.as_str(), json!({})).await?;
        self.commit(tx).await
    }

    async fn end_others(&self, actor: &Actor) -> Result<(), Failure> {
        user_of(actor)?;
        let Some(own) = &actor.session else { return Err(Problem::not_found("session").into()) };
        let mut tx = self.db.write().await?;
        let ended = store::delete_other_sessions(&mut tx, &actor.user, own).await?;
        self.audit.record(&mut tx, actor, "session.end_others", own.as_str(), json!({ "ended": ended })).await?;
        self.commit(tx).await
    }

    async fn renew_codes(&self, actor: &Actor) -> Result<Vec<String>, Failure> {
        user_of(actor)?;
        actor.require_step_up(self.clock.now())?;
        let codes = self.hashed_codes().await?;
        let mut tx = self.db.write().await?;
        store::replace_codes(&mut tx, &actor.user, &codes).await?;
        self.audit.record(&mut tx, actor, "recovery_codes.renew", &actor.user, json!({})).await?;
        self.commit(tx).await?;
        Ok(codes.shown())
    }
}
