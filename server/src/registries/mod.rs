//! Sign-ins to image registries, one for each host. They leave the store only into what is said to
//! the engine.

mod backend;
mod store;

use homeport_model::{
    access::{RegistryForm, RegistryHost, RegistryRow, SignIn},
    event::Topic,
    name::ImageRef,
    prelude::{Actor, Code, Problem, Role},
    secret::Secret,
};
use serde_json::json;

use crate::{apps::Apps, drivers::docker::RegistrySignIn, failure::Failure};
use store::Kept;

/// At most this many; the engine gets them all with a build.
const MOST: usize = 50;

/// The service.
#[derive(Clone)]
pub struct Registries {
    apps: Apps,
}

impl Registries {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps) -> Self {
        Self { apps }
    }

    async fn list(&self, actor: &Actor) -> Result<Vec<RegistryRow>, Failure> {
        actor.require(Role::Viewer)?;
        let row = |Kept { host, user, created_at, .. }| RegistryRow { host, user, created_at };
        Ok(store::list(&self.apps.parts.db).await?.into_iter().map(row).collect())
    }

    /// Keeps a sign-in once the engine got in with it.
    async fn keep(&self, actor: &Actor, form: &RegistryForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (host, sign_in) = form.parse()?;
        let parts = &self.apps.parts;
        let known = store::list(&parts.db).await?;
        if known.len() >= MOST && known.iter().all(|kept| kept.host != host) {
            return Err(Problem::new(Code::Conflict, format!("At most {MOST} registries are kept.")).into());
        }
        parts.docker.sign_in(&RegistrySignIn { host: host.clone(), sign_in: sign_in.clone() }).await?;
        let SignIn { user, token } = sign_in;
        let sealed = parts.sealer.seal(token.expose().as_bytes(), &context(&host));
        let detail = json!({ "user": user });
        let kept = Kept { host, user, sealed, created_at: parts.clock.now() };
        let mut tx = parts.db.write().await?;
        store::set(&mut tx, &kept).await?;
        parts.audit.record(&mut tx, actor, "registry.keep", kept.host.as_str(), detail).await?;
        tx.commit().await?;
        self.announce();
        Ok(())
    }

    async fn forget(&self, actor: &Actor, host: &RegistryHost) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        if !store::remove(&mut tx, host).await? {
            return Err(Problem::not_found("registry").into());
        }
        parts.audit.record(&mut tx, actor, "registry.forget", host.as_str(), json!({})).await?;
        tx.commit().await?;
        self.announce();
        Ok(())
    }

    /// Asks the registry, through the engine, whether it lets this sign-in in.
    async fn try_it(&self, actor: &Actor, host: &RegistryHost) -> Result<(), Failure> {
        actor.require(Role::Deployer)?;
        let parts = &self.apps.parts;
        let kept = store::find(&parts.db, host).await?.ok_or_else(|| Problem::not_found("registry"))?;
        Ok(parts.docker.sign_in(&self.open(kept)?).await?)
    }

    /// What the engine shows to pull an image.
    pub(crate) async fn of(&self, image: &ImageRef) -> Result<Option<RegistrySignIn>, Failure> {
        let kept = store::find(&self.apps.parts.db, &image.registry()).await?;
        kept.map(|kept| self.open(kept)).transpose()
    }

    /// What the engine may show while it builds: it alone knows which images a build begins with.
    pub(crate) async fn all(&self) -> Result<Vec<RegistrySignIn>, Failure> {
        store::list(&self.apps.parts.db).await?.into_iter().map(|kept| self.open(kept)).collect()
    }

    fn open(&self, kept: Kept) -> Result<RegistrySignIn, Failure> {
        let token = self.apps.parts.sealer.open(&kept.sealed, &context(&kept.host))?;
        let token = Secret::new(String::from_utf8(token.expose().clone()).map_err(Failure::internal)?);
        Ok(RegistrySignIn { host: kept.host, sign_in: SignIn { user: kept.user, token } })
    }

    fn announce(&self) {
        self.apps.parts.hub.announce(Topic::Account);
        self.apps.parts.hub.announce(Topic::Activity);
    }
}

fn context(host: &RegistryHost) -> String {
    format!("registry/{host}")
}
