//! What the pages ask of statuses.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    name::AppName,
    prelude::Actor,
    webhook::{StatusForm, StatusView},
};

use super::Statuses;

#[async_trait]
impl backend::Statuses for Statuses {
    async fn find(&self, actor: &Actor, app: &AppName) -> Answer<StatusView> {
        Ok(self.view(actor, app).await?)
    }

    async fn set(&self, actor: &Actor, app: &AppName, form: StatusForm) -> Answer<()> {
        Ok(Statuses::set(self, actor, app, &form).await?)
    }

    async fn unset(&self, actor: &Actor, app: &AppName) -> Answer<()> {
        Ok(Statuses::unset(self, actor, app).await?)
    }
}
