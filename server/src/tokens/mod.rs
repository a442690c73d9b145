//! API tokens: made by a person after a fresh passkey, presented by programs, never shown twice.

mod backend;
mod store;

use homeport_model::{
    account::{TOKEN_PREFIX, TokenForm, TokenRow, TokenScope},
    actor::{Actor, Role},
    event::Topic,
    id::{AppId, TokenId},
    problem::Problem,
};
use serde_json::json;

use crate::{
    accounts::{Visit, hash},
    ambient,
    apps::Apps,
    failure::Failure,
};

/// Its last use is written at most this often, in ms.
const USED_EVERY_MS: i64 = 60_000;

/// A token that was presented and is good.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// Who asks, with no more than the token's role.
    pub actor: Actor,
    /// The only app it may touch.
    pub app: Option<AppId>,
    /// Whether a push with it may create an app: an owner's, for deploying, of every app.
    pub creates: bool,
}

/// The service.
#[derive(Clone)]
pub struct Tokens {
    apps: Apps,
}

impl Tokens {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps) -> Self {
        Self { apps }
    }

    /// Whose token this is; `None` for one that is unknown, over, or no token at all.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn find(&self, token: &str, visit: &Visit) -> Result<Option<Bearer>, Failure> {
        if !token.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let parts = &self.apps.parts;
        let Some(found) = store::by_hash(&parts.db, &hash(token)).await? else { return Ok(None) };
        let now = parts.clock.now();
        if now >= found.expires_at {
            return Ok(None);
        }
        if found.last_used_at.is_none_or(|at| now.since(at) >= USED_EVERY_MS) {
            let mut tx = parts.db.write().await?;
            store::touch(&mut tx, &found.id, now, visit.address.as_deref()).await?;
            tx.commit().await?;
        }
        let actor = Actor {
            user: found.user,
            name: format!("{} (token {})", found.user_name, found.name),
            role: found.scope.role().min(found.role),
            session: None,
            address: visit.address.clone(),
            step_up_until: None,
        };
        let creates = found.role == Role::Owner && found.scope == TokenScope::Deploy && found.app.is_none();
        Ok(Some(Bearer { actor, app: found.app, creates }))
    }

    async fn make(&self, actor: &Actor, form: &TokenForm) -> Result<String, Failure> {
        let parts = &self.apps.parts;
        let spec = form.parse()?;
        actor.require(spec.scope.role())?;
        let now = parts.clock.now();
        actor.require_step_up(now)?;
        let app = match &spec.app {
            Some(name) => {
                Some(self.apps.get(name).await.map_err(|_| Problem::invalid("app", "There is no such app."))?)
            }
            None => None,
        };
        let random: String = ambient::random_bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
        let token = format!("{TOKEN_PREFIX}{random}");
        let id = TokenId::new(now.ms(), ambient::random_u32());
        let new = store::New {
            id: &id,
            hash: &hash(&token),
            user: &actor.user,
            name: spec.name.as_str(),
            scope: spec.scope,
            app: app.as_ref().map(|app| &app.id),
            created_at: now,
            expires_at: now.plus_ms(spec.life_ms),
        };
        let mut tx = parts.db.write().await?;
        store::insert(&mut tx, &new).await?;
        let detail = json!({ "name": spec.name, "scope": spec.scope, "app": spec.app });
        parts.audit.record(&mut tx, actor, "token.create", id.as_str(), detail).await?;
        tx.commit().await?;
        self.announce();
        Ok(token)
    }

    async fn list(&self, actor: &Actor) -> Result<Vec<TokenRow>, Failure> {
        Ok(store::of_user(&self.apps.parts.db, &actor.user).await?)
    }

    async fn revoke(&self, actor: &Actor, id: &TokenId) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        if !store::delete(&mut tx, &actor.user, id).await? {
            return Err(Problem::not_found("token").into());
        }
        parts.audit.record(&mut tx, actor, "token.revoke", id.as_str(), json!({})).await?;
        tx.commit().await?;
        self.announce();
        Ok(())
    }

    fn announce(&self) {
        self.apps.parts.hub.announce(Topic::Account);
        self.apps.parts.hub.announce(Topic::Activity);
    }
}
