//! SSH keys of the person who asks, and where to push to.

use homeport_model::{
    id::SshKeyId,
    name::AppName,
    pushes::{Remotes, SshKeyForm},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Takes the public half of a key.
#[server(prefix = "/api/ui", endpoint = "ssh-keys/add")]
pub async fn add_ssh_key(form: SshKeyForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.ssh_keys.add(&actor, form).await)
}

/// Removes a key.
#[server(prefix = "/api/ui", endpoint = "ssh-keys/remove")]
pub async fn remove_ssh_key(id: SshKeyId) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.ssh_keys.remove(&actor, &id).await)
}

/// Where an app is pushed to.
#[server(prefix = "/api/ui", endpoint = "ssh-keys/remotes", input = GetUrl)]
pub async fn read_remotes(app: AppName) -> Result<Remotes, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.ssh_keys.remotes(&actor, &app).await)
}
