//! What the pages ask of the panel's names.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    name::HostName,
    panel_domain::{PanelNameForm, PanelNameRow},
    prelude::Actor,
};

use super::PanelDomain;

#[async_trait]
impl backend::PanelDomain for PanelDomain {
    async fn list(&self, actor: &Actor) -> Answer<Vec<PanelNameRow>> {
        Ok(PanelDomain::list(self, actor).await?)
    }

    async fn try_name(&self, actor: &Actor, form: PanelNameForm) -> Answer<()> {
        Ok(PanelDomain::try_name(self, actor, &form).await?)
    }

    async fn go_to(&self, actor: &Actor, name: &HostName, anyway: bool) -> Answer<String> {
        Ok(PanelDomain::go_to(self, actor, name, anyway).await?.expose().clone())
    }

    async fn set_way(&self, actor: &Actor, name: &HostName, by_tunnel: bool, anyway: bool) -> Answer<()> {
        Ok(PanelDomain::set_way(self, actor, name, by_tunnel, anyway).await?)
    }

    async fn leave(&self, actor: &Actor, name: &HostName, anyway: bool) -> Answer<()> {
        Ok(PanelDomain::leave(self, actor, name, anyway).await?)
    }
}
