//! What the pages ask of the tunnel.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    prelude::Actor,
    tunnel::{TunnelForm, TunnelView},
};

use super::Tunnel;

#[async_trait]
impl backend::Tunnel for Tunnel {
    async fn find(&self, actor: &Actor) -> Answer<TunnelView> {
        Ok(self.view(actor).await?)
    }

    async fn keep(&self, actor: &Actor, form: TunnelForm) -> Answer<()> {
        Ok(Tunnel::keep(self, actor, &form).await?)
    }

    async fn remove(&self, actor: &Actor) -> Answer<()> {
        Ok(Tunnel::remove(self, actor).await?)
    }
}
