//! What the pages ask of webhooks.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    id::DeliveryId,
    name::AppName,
    prelude::Actor,
    webhook::{DeliveryRow, NewSecret, WebhookRow},
};

use super::Webhooks;

#[async_trait]
impl backend::Webhooks for Webhooks {
    async fn find(&self, actor: &Actor, app: &AppName) -> Answer<WebhookRow> {
        Ok(self.of_app(actor, app).await?)
    }

    async fn renew_secret(&self, actor: &Actor, app: &AppName) -> Answer<NewSecret> {
        Ok(self.renew(actor, app).await?)
    }

    async fn inbox(&self, actor: &Actor) -> Answer<Vec<DeliveryRow>> {
        Ok(Webhooks::inbox(self, actor).await?)
    }

    async fn replay(&self, actor: &Actor, id: &DeliveryId) -> Answer<u32> {
        Ok(Webhooks::replay(self, actor, id).await?)
    }
}
