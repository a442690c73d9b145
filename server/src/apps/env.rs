//! Environments: sealed at rest, opened only to start a container, to compare, or to show what is
//! not a secret.

use std::collections::BTreeMap;

use homeport_model::{
    app::{
        EnvRow,
        env::{looks_secret, parse},
    },
    id::AppId,
    name::{AppName, EnvKey},
    prelude::{Actor, Problem, Role},
    secret::Secret,
};
use serde_json::json;

use super::{Apps, store};
use crate::{failure::Failure, seal::Sealer};

/// At most this many bytes of values an app may have; the kernel's limit for a program is near.
const MOST_BYTES: usize = 1 << 20;

impl Apps {
    pub(super) async fn environment_rows(&self, actor: &Actor, name: &AppName) -> Result<Vec<EnvRow>, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.get(name).await?;
        let serving = self.serving_env(&app).await?;
        let stored = store::env(&self.parts.db, &app.id).await?;
        stored
            .into_iter()
            .map(|var| {
                let value = open_var(&self.parts.sealer, &app.id, &var.key, &var.sealed)?;
                let pending = serving.as_ref().is_some_and(|serving| serving.get(&var.key) != Some(value.expose()));
                Ok(EnvRow {
                    value: (!var.secret).then(|| value.expose().clone()),
                    key: var.key,
                    secret: var.secret,
                    pending,
                })
            })
            .collect()
    }

    pub(super) async fn set_env_text(&self, actor: &Actor, name: &AppName, text: &str) -> Result<u32, Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        let vars = parse(text)?;
        let size: usize = vars.iter().map(|var| var.value.len()).sum();
        if size > MOST_BYTES || vars.len() > 1_000 {
            return Err(Problem::invalid("text", "That is too much: at most 1000 variables and 1 MiB.").into());
        }
        if let Some(var) = vars.iter().find(|var| var.key.as_str() == "PORT") {
            return Err(Problem::invalid("text", format!("{} is set by Homeport.", var.key))
                .hint("Say the port in the app's settings instead.")
                .into());
        }
        let before = self.env_map(&app.id).await?;
        let mut changed = Vec::new();
        let mut tx = self.parts.db.write().await?;
        for var in &vars {
            if before.get(&var.key) == Some(&var.value) {
                continue;
            }
            let sealed = self.parts.sealer.seal(var.value.as_bytes(), &context(&app.id, &var.key));
            store::set_var(&mut tx, &app.id, &var.key, &sealed, looks_secret(&var.key)).await?;
            changed.push(var.key.as_str());
        }
        if !changed.is_empty() {
            self.parts
                .audit
                .record(&mut tx, actor, "app.set_environment", name.as_str(), json!({ "keys": changed }))
                .await?;
        }
        tx.commit().await?;
        self.announce(&app.id);
        Ok(u32::try_from(changed.len()).unwrap_or(u32::MAX))
    }

    pub(super) async fn unset_env(&self, actor: &Actor, name: &AppName, key: &EnvKey) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        let mut tx = self.parts.db.write().await?;
        if !store::unset_var(&mut tx, &app.id, key).await? {
            return Err(Problem::not_found("variable").into());
        }
        self.parts.audit.record(&mut tx, actor, "app.unset_variable", name.as_str(), json!({ "key": key })).await?;
        tx.commit().await?;
        self.announce(&app.id);
        Ok(())
    }

    pub(super) async fn mask_env(
        &self,
        actor: &Actor,
        name: &AppName,
        key: &EnvKey,
        secret: bool,
    ) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        if !secret {
            actor.require_step_up(self.parts.clock.now())?;
        }
        let app = self.get(name).await?;
        let mut tx = self.parts.db.write().await?;
        if !store::set_secret(&mut tx, &app.id, key, secret).await? {
            return Err(Problem::not_found("variable").into());
        }
        let action = if secret { "app.mask_variable" } else { "app.show_variable" };
        self.parts.audit.record(&mut tx, actor, action, name.as_str(), json!({ "key": key })).await?;
        tx.commit().await?;
        self.announce(&app.id);
        Ok(())
    }

    /// An app's variables with their values. They must not leave the server, except into the app's
    /// own containers.
    pub(crate) async fn env_map(&self, app: &AppId) -> Result<BTreeMap<EnvKey, String>, Failure> {
        let stored = store::env(&self.parts.db, app).await?;
        stored
            .into_iter()
            .map(|var| {
                let value = open_var(&self.parts.sealer, app, &var.key, &var.sealed)?;
                Ok((var.key, value.expose().clone()))
            })
            .collect()
    }

    /// How many variables differ from the serving release's.
    pub(crate) async fn pending_env(&self, app: &super::AppRecord) -> Result<u32, Failure> {
        let Some(serving) = self.serving_env(app).await? else { return Ok(0) };
        let changes = homeport_model::app::env::diff(&serving, &self.env_map(&app.id).await?);
        Ok(u32::try_from(changes.len()).unwrap_or(u32::MAX))
    }

    async fn serving_env(&self, app: &super::AppRecord) -> Result<Option<BTreeMap<EnvKey, String>>, Failure> {
        let Some(serving) = &app.serving else { return Ok(None) };
        let Some(release) = crate::deploys::store::find_id(&self.parts.db, serving).await? else { return Ok(None) };
        Ok(Some(open_env(&self.parts.sealer, &release.app, &release.env)?))
    }
}

fn context(app: &AppId, key: &EnvKey) -> String {
    format!("app/{app}/env/{key}")
}

fn open_var(sealer: &Sealer, app: &AppId, key: &EnvKey, sealed: &[u8]) -> Result<Secret<String>, Failure> {
    let bytes = sealer.open(sealed, &context(app, key))?;
    Ok(Secret::new(String::from_utf8_lossy(bytes.expose()).into_owned()))
}

/// Seals a whole environment, for a release.
pub(crate) fn seal_env(sealer: &Sealer, app: &AppId, env: &BTreeMap<EnvKey, String>) -> Result<Vec<u8>, Failure> {
    let plain = Secret::new(serde_json::to_vec(env)?);
    Ok(sealer.seal(plain.expose(), &format!("app/{app}/release-env")))
}

/// Opens a release's environment.
pub(crate) fn open_env(sealer: &Sealer, app: &AppId, sealed: &[u8]) -> Result<BTreeMap<EnvKey, String>, Failure> {
    let plain = sealer.open(sealed, &format!("app/{app}/release-env"))?;
    Ok(serde_json::from_slice(plain.expose())?)
}
