//! What the pages ask of DNS providers.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    domain::dns_provider::{DnsProviderForm, DnsProviderRow},
    name::HostName,
    prelude::Actor,
};

use super::Dns;

#[async_trait]
impl backend::DnsProviders for Dns {
    async fn list(&self, actor: &Actor) -> Answer<Vec<DnsProviderRow>> {
        Ok(self.list_providers(actor).await?)
    }

    async fn keep(&self, actor: &Actor, form: DnsProviderForm) -> Answer<()> {
        Ok(self.keep_provider(actor, &form).await?)
    }

    async fn forget(&self, actor: &Actor, zone: &HostName) -> Answer<()> {
        Ok(self.forget_provider(actor, zone).await?)
    }

    async fn try_it(&self, actor: &Actor, zone: &HostName) -> Answer<()> {
        Ok(self.try_provider(actor, zone).await?)
    }
}
