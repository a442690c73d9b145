//! What the pages ask of traffic.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    name::AppName,
    prelude::Actor,
    traffic::{TrafficForm, TrafficPage},
};

use super::Traffic;

#[async_trait]
impl backend::Traffic for Traffic {
    async fn page(&self, actor: &Actor, app: &AppName, form: &TrafficForm) -> Answer<TrafficPage> {
        Ok(self.show(actor, app, form.parse()?).await?)
    }
}
