//! SSH keys of people: with which they push to this server. Only public halves are kept.

mod backend;
mod store;

use homeport_model::{
    actor::{Actor, Role},
    event::Topic,
    id::SshKeyId,
    name::AppName,
    problem::{Code, Problem},
    pushes::{Remotes, SshKeyForm, SshKeyRow, SshSettings},
};
use russh::keys::{HashAlg, PublicKey};
use serde_json::json;

use crate::{ambient, apps::Apps, failure::Failure, origins::Origins, pushes::Pusher, ssh::Door};

/// Its last use is written at most this often, in ms.
const USED_EVERY_MS: i64 = 60_000;
/// So many keys one person has at most.
const MOST_KEYS: usize = 50;

/// The service.
#[derive(Clone)]
pub struct SshKeys {
    apps: Apps,
    door: Door,
    origins: Origins,
}

impl SshKeys {
    /// The service beside the apps' one; `door` tells where the SSH server listens, `origin` is the
    /// panel's.
    #[must_use]
    pub fn new(apps: Apps, door: Door, origins: Origins) -> Self {
        Self { apps, door, origins }
    }

    /// Whether somebody has this key; nothing is written down.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn knows(&self, key: &PublicKey) -> Result<bool, Failure> {
        Ok(store::by_fingerprint(&self.apps.parts.db, &fingerprint(key)).await?.is_some())
    }

    /// Whose key this is, whose signature has been checked; `None` for one that nobody has.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn find(&self, key: &PublicKey, address: Option<&str>) -> Result<Option<Pusher>, Failure> {
        let parts = &self.apps.parts;
        let Some(found) = store::by_fingerprint(&parts.db, &fingerprint(key)).await? else { return Ok(None) };
        let now = parts.clock.now();
        if found.last_used_at.is_none_or(|at| now.since(at) >= USED_EVERY_MS) {
            let mut tx = parts.db.write().await?;
            store::touch(&mut tx, &found.id, now, address).await?;
            tx.commit().await?;
        }
        let actor = Actor {
            user: found.user,
            name: format!("{} (SSH key {})", found.user_name, found.name),
            role: found.role,
            session: None,
            address: address.map(str::to_owned),
            step_up_until: None,
        };
        Ok(Some(Pusher { actor, only: None, creates: found.role == Role::Owner }))
    }

    async fn settings(&self, actor: &Actor) -> Result<SshSettings, Failure> {
        let keys: Vec<SshKeyRow> = store::of_user(&self.apps.parts.db, &actor.user).await?;
        Ok(SshSettings { keys, server: self.door.state() })
    }

    async fn add(&self, actor: &Actor, form: &SshKeyForm) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let spec = form.parse()?;
        actor.require(Role::Viewer)?;
        let now = parts.clock.now();
        actor.require_step_up(now)?;
        let key = PublicKey::from_openssh(&spec.line).map_err(|_| unreadable())?;
        let line = PublicKey::from(key.key_data().clone()).to_openssh().map_err(|_| unreadable())?;
        if store::of_user(&parts.db, &actor.user).await?.len() >= MOST_KEYS {
            return Err(Problem::invalid("key", format!("You have {MOST_KEYS} keys; remove one first.")).into());
        }
        let (id, fingerprint) = (SshKeyId::new(now.ms(), ambient::random_u32()), fingerprint(&key));
        let new = store::New {
            id: &id,
            fingerprint: &fingerprint,
            user: &actor.user,
            name: spec.name.as_str(),
            line: &line,
            created_at: now,
        };
        let taken = || {
            Problem { field: Some("key".into()), ..Problem::new(Code::Conflict, "This key is here already.") }
                .hint("A key belongs to one person once; remove it first to give it another name.")
        };
        let mut tx = parts.db.write().await?;
        store::insert(&mut tx, &new).await.map_err(|error| error.on("ssh_keys.fingerprint", taken()))?;
        let detail = json!({ "name": spec.name, "fingerprint": fingerprint });
        parts.audit.record(&mut tx, actor, "ssh_key.add", id.as_str(), detail).await?;
        tx.commit().await?;
        self.announce();
        Ok(())
    }

    async fn remove(&self, actor: &Actor, id: &SshKeyId) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        if !store::delete(&mut tx, &actor.user, id).await? {
            return Err(Problem::not_found("SSH key").into());
        }
        parts.audit.record(&mut tx, actor, "ssh_key.remove", id.as_str(), json!({})).await?;
        tx.commit().await?;
        self.announce();
        Ok(())
    }

    async fn remotes(&self, actor: &Actor, app: &AppName) -> Result<Remotes, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.apps.get(app).await?.spec.name;
        let ssh = self.door.state().address().map(|address| format!("{address}/{app}"));
        Ok(Remotes { https: format!("{}/git/{app}", self.origins.primary()), ssh })
    }

    fn announce(&self) {
        self.apps.parts.hub.announce(Topic::Account);
        self.apps.parts.hub.announce(Topic::Activity);
    }
}

/// `SHA256:…`, as `ssh-keygen -l` shows it.
fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn unreadable() -> Problem {
    Problem::invalid("key", "That is not a whole public key.").hint("Copy the whole line of the .pub file.")
}
