//! Opens and seals environments. Values leave the server only into containers and builds, or as an
//! export that the owner asked for.

use std::collections::BTreeMap;

use homeport_model::{
    environment::{EnvScope, Environment, Variable, effective},
    id::AppId,
    name::EnvKey,
    secret::Secret,
};
use serde::{Deserialize, Serialize};

use super::store::{self, Owner, Stored};
use crate::{db::Db, failure::Failure, seal::Sealer};

/// A variable in a sealed version.
#[derive(Serialize, Deserialize)]
struct Kept {
    value: String,
    secret: bool,
    scope: EnvScope,
}

fn of_key(owner: &Owner, key: &EnvKey) -> String {
    owner.context(&format!("env/{key}"))
}

pub(super) fn open_all(sealer: &Sealer, owner: &Owner, stored: Vec<Stored>) -> Result<Environment, Failure> {
    let open = |stored: Stored| {
        let bytes = sealer.open(&stored.sealed, &of_key(owner, &stored.key))?;
        let value = String::from_utf8_lossy(bytes.expose()).into_owned();
        Ok((stored.key, Variable { value, secret: stored.secret, scope: stored.scope }))
    };
    stored.into_iter().map(open).collect()
}

pub(super) fn seal(sealer: &Sealer, owner: &Owner, key: &EnvKey, variable: &Variable) -> Stored {
    let sealed = sealer.seal(variable.value.as_bytes(), &of_key(owner, key));
    Stored { key: key.clone(), sealed, secret: variable.secret, scope: variable.scope }
}

pub(super) fn seal_version(
    sealer: &Sealer,
    owner: &Owner,
    number: u32,
    environment: &Environment,
) -> Result<Vec<u8>, Failure> {
    let keep = |variable: &Variable| {
        let Variable { value, secret, scope } = variable.clone();
        Kept { value, secret, scope }
    };
    let kept: BTreeMap<&EnvKey, Kept> = environment.iter().map(|(key, variable)| (key, keep(variable))).collect();
    let plain = Secret::new(serde_json::to_vec(&kept)?);
    Ok(sealer.seal(plain.expose(), &owner.context(&format!("env-version/{number}"))))
}

pub(super) fn open_version(sealer: &Sealer, owner: &Owner, number: u32, sealed: &[u8]) -> Result<Environment, Failure> {
    let plain = sealer.open(sealed, &owner.context(&format!("env-version/{number}")))?;
    let kept: BTreeMap<EnvKey, Kept> = serde_json::from_slice(plain.expose())?;
    let open = |(key, Kept { value, secret, scope })| (key, Variable { value, secret, scope });
    Ok(kept.into_iter().map(open).collect())
}

/// The variables of an owner.
pub(crate) async fn of_owner(db: &Db, sealer: &Sealer, owner: &Owner) -> Result<Environment, Failure> {
    open_all(sealer, owner, store::list(db, owner).await?)
}

/// What an app gets: its own variables over those of all apps.
pub(crate) async fn of_app(db: &Db, sealer: &Sealer, app: &AppId) -> Result<Environment, Failure> {
    let of_all = of_owner(db, sealer, &Owner::All).await?;
    Ok(effective(&of_all, &of_owner(db, sealer, &Owner::App(app.clone())).await?))
}
