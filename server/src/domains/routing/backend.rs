//! What the pages ask of names and proxies.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    domain::{
        AppDomains, DomainForm, DomainRow, FileDiff, MaintenanceForm, NginxView, PasswordForm, PathPrefix, PrefixForm,
        ProxyForm, ProxyView, UserName,
    },
    name::{AppName, DomainName, HostName},
    prelude::Actor,
};

use super::Routing;

#[async_trait]
impl backend::Domains for Routing {
    async fn list(&self, actor: &Actor) -> Answer<Vec<DomainRow>> {
        Ok(Self::list(self, actor).await?)
    }

    async fn of_app(&self, actor: &Actor, app: &AppName) -> Answer<AppDomains> {
        Ok(Self::of_app(self, actor, app).await?)
    }

    async fn add(&self, actor: &Actor, app: &AppName, form: DomainForm) -> Answer<()> {
        Ok(Self::add(self, actor, app, &form).await?)
    }

    async fn remove(&self, actor: &Actor, app: &AppName, name: &DomainName) -> Answer<()> {
        Ok(Self::remove(self, actor, app, name).await?)
    }

    async fn make_primary(&self, actor: &Actor, app: &AppName, name: &DomainName) -> Answer<()> {
        Ok(Self::make_primary(self, actor, app, name).await?)
    }

    async fn lead_here(&self, actor: &Actor, app: &AppName, name: &HostName) -> Answer<()> {
        Ok(Self::lead_here(self, actor, app, name).await?)
    }

    async fn set_way(&self, actor: &Actor, app: &AppName, name: &DomainName, by_tunnel: bool) -> Answer<()> {
        Ok(Self::set_way(self, actor, app, name, by_tunnel).await?)
    }

    async fn set_catch_all(&self, actor: &Actor, app: &AppName, on: bool) -> Answer<()> {
        Ok(Self::set_catch_all(self, actor, app, on).await?)
    }

    async fn add_prefix(&self, actor: &Actor, app: &AppName, form: PrefixForm) -> Answer<()> {
        Ok(Self::add_prefix(self, actor, app, &form).await?)
    }

    async fn remove_prefix(&self, actor: &Actor, app: &AppName, host: &HostName, path: &PathPrefix) -> Answer<()> {
        Ok(Self::remove_prefix(self, actor, app, host, path).await?)
    }

    async fn set_maintenance(&self, actor: &Actor, app: &AppName, form: MaintenanceForm) -> Answer<()> {
        Ok(Self::set_maintenance(self, actor, app, &form).await?)
    }

    async fn proxy(&self, actor: &Actor, app: &AppName) -> Answer<ProxyView> {
        Ok(Self::proxy(self, actor, app).await?)
    }

    async fn set_proxy(&self, actor: &Actor, app: &AppName, form: ProxyForm) -> Answer<()> {
        Ok(Self::set_proxy(self, actor, app, &form).await?)
    }

    async fn set_password(&self, actor: &Actor, app: &AppName, form: PasswordForm) -> Answer<()> {
        Ok(Self::set_password(self, actor, app, &form).await?)
    }

    async fn remove_password(&self, actor: &Actor, app: &AppName, user: &UserName) -> Answer<()> {
        Ok(Self::remove_password(self, actor, app, user).await?)
    }

    async fn nginx(&self, actor: &Actor, file: Option<String>) -> Answer<NginxView> {
        Ok(self.nginx_view(actor, file.as_deref()).await?)
    }

    async fn nginx_difference(&self, actor: &Actor, from: u64, to: u64) -> Answer<Vec<FileDiff>> {
        Ok(Self::nginx_difference(self, actor, from, to).await?)
    }

    async fn put_nginx_back(&self, actor: &Actor) -> Answer<()> {
        Ok(self.put_back(actor).await?)
    }

    async fn forget_nginx_generation(&self, actor: &Actor, number: u64) -> Answer<()> {
        Ok(self.forget_generation(actor, number).await?)
    }
}
