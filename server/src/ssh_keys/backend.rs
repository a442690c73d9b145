//! What the pages ask of SSH keys.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    id::SshKeyId,
    name::AppName,
    prelude::Actor,
    pushes::{Remotes, SshKeyForm, SshSettings},
};

use super::SshKeys;

#[async_trait]
impl backend::SshKeys for SshKeys {
    async fn settings(&self, actor: &Actor) -> Answer<SshSettings> {
        Ok(SshKeys::settings(self, actor).await?)
    }

    async fn add(&self, actor: &Actor, form: SshKeyForm) -> Answer<()> {
        Ok(SshKeys::add(self, actor, &form).await?)
    }

    async fn remove(&self, actor: &Actor, id: &SshKeyId) -> Answer<()> {
        Ok(SshKeys::remove(self, actor, id).await?)
    }

    async fn remotes(&self, actor: &Actor, app: &AppName) -> Answer<Remotes> {
        Ok(SshKeys::remotes(self, actor, app).await?)
    }
}
