//! The panel over HTTP: a guard in front, one table of routes behind it.
//!
//! Order from outside in: headers on every answer, panics that become a 500, the guard (host, origin,
//! session, role, rate, size), the router. It knows services by `app::backend` and `accounts` only,
//! never a driver and never SQL.

mod answer;
mod api;
mod assets;
mod certificates;
mod cookie;
mod events;
mod git;
mod guard;
mod gunzip;
mod headers;
mod health;
mod logs;
mod pages;
mod passkeys;
mod rate;
mod routes;
mod serve;
mod uploads;
mod webhooks;
mod work;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{MethodFilter, on},
};
use homeport_app::backend::Backend;
use leptos::config::LeptosOptions;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    accounts::Accounts,
    ambient::Clock,
    certificates::Certificates,
    compose::Services,
    config::Config,
    live::{Hub, LogHub},
    origins::Origins,
    panel_domain::PanelDomain,
    pushes::Pushes,
    tokens::Tokens,
    uploads::Uploads,
    webhooks::Webhooks,
};

pub use answer::respond;
pub use api::OPENAPI;
pub use assets::Assets;
pub use guard::Caller;
pub use pages::paths;
pub use rate::Limits;
pub use routes::{Access, Rate, Route, Serve, Verb, find, table};
pub use serve::{Peer, listen};

/// What handlers share.
#[derive(Clone)]
pub struct Panel {
    /// The configuration.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// The addresses that the panel answers to.
    pub origins: Origins,
    /// Ceremonies and sessions.
    pub accounts: Arc<Accounts>,
    /// All that pages and server functions ask for.
    pub backend: Backend,
    /// What changed.
    pub hub: Hub,
    /// Whose log has grown.
    pub logs: LogHub,
    /// Knows API tokens.
    pub tokens: Tokens,
    /// Takes archives.
    pub uploads: Uploads,
    /// Takes certificates.
    pub certificates: Certificates,
    /// Hears what it asks itself from outside.
    pub panel_domain: PanelDomain,
    /// Takes pushes.
    pub pushes: Pushes,
    /// Takes deliveries.
    pub webhooks: Webhooks,
    /// Counts tries.
    pub limits: Arc<Limits>,
    /// The built pages.
    pub assets: Arc<Assets>,
    /// How pages name the built files.
    pub leptos: LeptosOptions,
}

impl Panel {
    /// Puts the parts together; reads the list of built files.
    #[must_use]
    pub fn new(config: Config, services: &Services) -> Self {
        let assets = Assets::read(&config.site_folder());
        let leptos = pages::options(&config.site_folder());
        let limits = Arc::new(Limits::new(services.clock.clone()));
        Self {
            config: Arc::new(config),
            origins: services.origins.clone(),
            clock: services.clock.clone(),
            accounts: services.accounts.clone(),
            backend: services.backend(),
            hub: services.hub.clone(),
            logs: services.logs.clone(),
            tokens: services.tokens.clone(),
            uploads: services.uploads.clone(),
            panel_domain: services.panel_domain.clone(),
            certificates: services.certificates.clone(),
            pushes: services.pushes.clone(),
            webhooks: services.webhooks.clone(),
            limits,
            assets: Arc::new(assets),
            leptos,
        }
    }
}

/// The whole panel as a service: every route of `table`, and nothing else.
pub fn router(panel: Panel, table: &'static [Route]) -> Router {
    // Pages are rendered on this runtime.
    let _ = paths();
    let mut router = Router::new();
    for route in table {
        let verb = match route.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
        };
        router = match route.serve {
            Serve::Page => router.route(route.path, on(verb, pages::page)),
            Serve::ServerFn => router.route(route.path, on(verb, pages::server_function)),
            Serve::Asset => router.route(route.path, on(verb, assets::serve)),
            Serve::Handler(handler) => router.route(route.path, handler()),
        };
    }
    router
        // The guard limits bodies, route by route.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state((panel.clone(), table), guard::guard))
        .layer(CatchPanicLayer::custom(answer::Panicked))
        .layer(middleware::from_fn_with_state(panel.clone(), headers::add))
        .with_state(panel)
}
