//! Names, where they lead, and what nginx does with their visitors.

use homeport_model::{
    domain::{
        AppDomains, DomainForm, DomainRow, FileDiff, MaintenanceForm, NginxView, PasswordForm, PathPrefix, PrefixForm,
        ProxyForm, ProxyView, UserName,
    },
    name::{AppName, DomainName, HostName},
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Every name, by app.
#[server(prefix = "/api/ui", endpoint = "domains/list", input = GetUrl)]
pub async fn list_domains() -> Result<Vec<DomainRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.list(&actor).await)
}

/// The names of one app, and what else leads to it.
#[server(prefix = "/api/ui", endpoint = "domains/of-app", input = GetUrl)]
pub async fn domains_of(app: AppName) -> Result<AppDomains, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.of_app(&actor, &app).await)
}

/// Gives an app a name, or leads a name elsewhere.
#[server(prefix = "/api/ui", endpoint = "domains/add")]
pub async fn add_domain(app: AppName, form: DomainForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.add(&actor, &app, form).await)
}

/// Removes a name.
#[server(prefix = "/api/ui", endpoint = "domains/remove")]
pub async fn remove_domain(app: AppName, domain: DomainName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.remove(&actor, &app, &domain).await)
}

/// Has an app be called by this name.
#[server(prefix = "/api/ui", endpoint = "domains/make-primary")]
pub async fn make_primary(app: AppName, domain: DomainName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.make_primary(&actor, &app, &domain).await)
}

/// Leads a name's counterpart with or without `www.` to it.
#[server(prefix = "/api/ui", endpoint = "domains/lead-here")]
pub async fn lead_here(app: AppName, domain: HostName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.lead_here(&actor, &app, &domain).await)
}

/// Lets a name come in by the tunnel, and by no other way; nothing for `tunnel` is at this server's own ports.
#[server(prefix = "/api/ui", endpoint = "domains/set-way")]
pub async fn set_way_in(app: AppName, domain: DomainName, tunnel: Option<String>) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.set_way(&actor, &app, &domain, tunnel.is_some()).await)
}

/// Has an app answer names that nobody has; nothing for `on` is no longer.
#[server(prefix = "/api/ui", endpoint = "domains/catch-all")]
pub async fn set_catch_all(app: AppName, on: Option<String>) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.set_catch_all(&actor, &app, on.is_some()).await)
}

/// Has another app answer a part of a host.
#[server(prefix = "/api/ui", endpoint = "domains/add-prefix")]
pub async fn add_prefix(app: AppName, form: PrefixForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.add_prefix(&actor, &app, form).await)
}

/// Gives that part back to its host's app.
#[server(prefix = "/api/ui", endpoint = "domains/remove-prefix")]
pub async fn remove_prefix(app: AppName, host: HostName, path: PathPrefix) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.remove_prefix(&actor, &app, &host, &path).await)
}

/// Answers with a page of ours in an app's place, or no longer.
#[server(prefix = "/api/ui", endpoint = "domains/maintenance")]
pub async fn set_maintenance(app: AppName, form: MaintenanceForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.set_maintenance(&actor, &app, form).await)
}

/// What nginx does with an app's visitors.
#[server(prefix = "/api/ui", endpoint = "domains/proxy", input = GetUrl)]
pub async fn app_proxy(app: AppName) -> Result<ProxyView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.proxy(&actor, &app).await)
}

/// Changes that.
#[server(prefix = "/api/ui", endpoint = "domains/set-proxy")]
pub async fn set_proxy(app: AppName, form: ProxyForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.set_proxy(&actor, &app, form).await)
}

/// Gives a visitor a password.
#[server(prefix = "/api/ui", endpoint = "domains/set-password")]
pub async fn set_password(app: AppName, form: PasswordForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.set_password(&actor, &app, form).await)
}

/// Takes it away.
#[server(prefix = "/api/ui", endpoint = "domains/remove-password")]
pub async fn remove_password(app: AppName, user: UserName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.remove_password(&actor, &app, &user).await)
}

/// nginx's configuration, with the text of one file.
#[server(prefix = "/api/ui", endpoint = "domains/nginx", input = GetUrl)]
pub async fn load_nginx(file: Option<String>) -> Result<NginxView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.nginx(&actor, file).await)
}

/// What differs between two generations.
#[server(prefix = "/api/ui", endpoint = "domains/nginx-difference", input = GetUrl)]
pub async fn nginx_difference(from: u64, to: u64) -> Result<Vec<FileDiff>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.nginx_difference(&actor, from, to).await)
}

/// Drops a generation of the past whose files somebody changed by hand.
#[server(prefix = "/api/ui", endpoint = "domains/forget-nginx-generation")]
pub async fn forget_nginx_generation(number: u64) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.forget_nginx_generation(&actor, number).await)
}

/// Writes nginx's files anew as Homeport has them.
#[server(prefix = "/api/ui", endpoint = "domains/put-nginx-back")]
pub async fn put_nginx_back() -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.domains.put_nginx_back(&actor).await)
}
