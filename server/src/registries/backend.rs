//! What the pages ask of registries.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    access::{RegistryForm, RegistryHost, RegistryRow},
    prelude::Actor,
};

use super::Registries;

#[async_trait]
impl backend::Registries for Registries {
    async fn list(&self, actor: &Actor) -> Answer<Vec<RegistryRow>> {
        Ok(Registries::list(self, actor).await?)
    }

    async fn keep(&self, actor: &Actor, form: RegistryForm) -> Answer<()> {
        Ok(Registries::keep(self, actor, &form).await?)
    }

    async fn forget(&self, actor: &Actor, host: &RegistryHost) -> Answer<()> {
        Ok(Registries::forget(self, actor, host).await?)
    }

    async fn try_it(&self, actor: &Actor, host: &RegistryHost) -> Answer<()> {
        Ok(Registries::try_it(self, actor, host).await?)
    }
}
