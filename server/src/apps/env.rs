//! What an app's environment is now, and what its releases were started with.

use std::collections::{BTreeMap, BTreeSet};

use homeport_model::{
    app::env::{diff, looks_secret},
    id::AppId,
    mask::Mask,
    name::EnvKey,
    secret::Secret,
};

use super::{AppRecord, Apps};
use crate::{environments::vault, failure::Failure, seal::Sealer};

/// What a build of an app gets.
#[derive(Default)]
pub(crate) struct BuildEnv {
    /// Build args: whoever has the image can read them.
    pub(crate) args: Vec<(EnvKey, String)>,
    /// For BuildKit's secret mounts only (security.md, C-29).
    pub(crate) secrets: Vec<(EnvKey, Secret<String>)>,
}

impl Apps {
    /// What an app's containers get, with their values: its own variables over those of all apps.
    /// They must not leave the server, except into the app's own containers.
    pub(crate) async fn env_map(&self, app: &AppId) -> Result<BTreeMap<EnvKey, String>, Failure> {
        let environment = vault::of_app(&self.parts.db, &self.parts.sealer, app).await?;
        let at_run = environment.into_iter().filter(|(_, variable)| variable.scope.at_run());
        Ok(at_run.map(|(key, variable)| (key, variable.value)).collect())
    }

    /// What a build of the app gets.
    pub(crate) async fn build_env(&self, app: &AppId) -> Result<BuildEnv, Failure> {
        let mut env = BuildEnv::default();
        for (key, variable) in vault::of_app(&self.parts.db, &self.parts.sealer, app).await? {
            match (variable.scope.at_build(), variable.secret) {
                (true, true) => env.secrets.push((key, Secret::new(variable.value))),
                (true, false) => env.args.push((key, variable.value)),
                (false, _) => {}
            }
        }
        Ok(env)
    }

    /// Masks the secrets of an app: those of now, and those that `release` was started with.
    pub(crate) async fn mask_of(&self, app: &AppId, release: Option<&[u8]>) -> Result<Mask, Failure> {
        let now = vault::of_app(&self.parts.db, &self.parts.sealer, app).await?;
        let open: BTreeSet<&EnvKey> = now.iter().filter(|(_, variable)| !variable.secret).map(|(key, _)| key).collect();
        let secret = now.values().filter(|variable| variable.secret);
        let mut mask = Mask::of(secret.map(|variable| variable.value.as_str()));
        if let Some(sealed) = release {
            for (key, value) in open_env(&self.parts.sealer, app, sealed)? {
                // What a person shows is no secret; what is gone is judged by its name.
                let gone = !now.contains_key(&key);
                if !open.contains(&key) && (!gone || looks_secret(&key)) {
                    mask.add(&value);
                }
            }
        }
        Ok(mask)
    }

    /// How many variables differ from the serving release's.
    pub(crate) async fn pending_env(&self, app: &AppRecord) -> Result<u32, Failure> {
        let Some(serving) = self.serving_env(app).await? else { return Ok(0) };
        let changes = diff(&serving, &self.env_map(&app.id).await?);
        Ok(u32::try_from(changes.len()).unwrap_or(u32::MAX))
    }

    /// What the serving release was started with.
    pub(crate) async fn serving_env(&self, app: &AppRecord) -> Result<Option<BTreeMap<EnvKey, String>>, Failure> {
        let Some(serving) = &app.serving else { return Ok(None) };
        let Some(release) = crate::deploys::store::find_id(&self.parts.db, serving).await? else { return Ok(None) };
        Ok(Some(open_env(&self.parts.sealer, &release.app, &release.env)?))
    }
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
