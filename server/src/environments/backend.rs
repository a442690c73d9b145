//! What the pages ask of environments.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    environment::{EnvDifference, EnvExport, EnvFormat, EnvPage, EnvVersion, Length, ScopeChoice, Spelling},
    name::{AppName, EnvKey},
    prelude::{Actor, Role},
};

use super::{Environments, store};
use crate::failure::Failure;

#[async_trait]
impl backend::Environments for Environments {
    async fn find(&self, actor: &Actor, app: Option<&AppName>) -> Answer<EnvPage> {
        Ok(self.page(actor, app).await?)
    }

    async fn preview(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        text: &str,
        scope: ScopeChoice,
    ) -> Answer<Vec<EnvDifference>> {
        Ok(Environments::preview(self, actor, app, text, scope).await?)
    }

    async fn set(&self, actor: &Actor, app: Option<&AppName>, text: &str, scope: ScopeChoice) -> Answer<u32> {
        Ok(self.paste(actor, app, text, scope).await?)
    }

    async fn unset(&self, actor: &Actor, app: Option<&AppName>, key: &EnvKey) -> Answer<()> {
        Ok(self.remove(actor, app, key).await?)
    }

    async fn set_secret(&self, actor: &Actor, app: Option<&AppName>, key: &EnvKey, secret: bool) -> Answer<()> {
        Ok(self.mask(actor, app, key, secret).await?)
    }

    async fn generate(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        key: &EnvKey,
        length: Length,
        spelling: Spelling,
    ) -> Answer<()> {
        Ok(self.make_secret(actor, app, key, length, spelling).await?)
    }

    async fn versions(&self, actor: &Actor, app: Option<&AppName>) -> Answer<Vec<EnvVersion>> {
        actor.require(Role::Viewer)?;
        let owner = self.subject(app).await?.owner;
        Ok(store::versions(&self.apps.parts.db, &owner).await.map_err(Failure::from)?)
    }

    async fn difference(&self, actor: &Actor, app: Option<&AppName>, from: u32, to: u32) -> Answer<Vec<EnvDifference>> {
        Ok(self.between(actor, app, from, to).await?)
    }

    async fn bring_back(&self, actor: &Actor, app: Option<&AppName>, number: u32) -> Answer<u32> {
        Ok(Environments::bring_back(self, actor, app, number).await?)
    }

    async fn export(&self, actor: &Actor, app: Option<&AppName>, format: EnvFormat) -> Answer<EnvExport> {
        Ok(Environments::export(self, actor, app, format).await?)
    }
}
