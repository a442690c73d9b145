//! The pages behind a real router, with the fake backend in place of a server.

use std::sync::OnceLock;

use axum::Router;
use homeport_app::{routes::App, shell::shell, ui::visitor::Visitor};
use homeport_model::prelude::{Actor, Role};
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list, render_app_async_with_context};

use crate::fake::{NOW, backend};

/// Every route, found once: while Leptos looks for them, no resource of the whole process loads, and a
/// page that is rendered at that moment would wait for ever.
fn routes() -> Vec<AxumRouteListing> {
    static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();
    ROUTES.get_or_init(|| generate_route_list(App)).clone()
}

/// The pages of a host with apps, or of an empty one; server functions answer too.
pub(crate) fn router(options: LeptosOptions, empty: bool) -> Router {
    let context = move || {
        provide_context(backend(empty));
        provide_context(Actor { user: "ada".into(), name: "Ada".into(), role: Role::Owner, ..Actor::host() });
        provide_context(Visitor { name: Some("Ada".into()), host_name: "host.example.com".into(), now: NOW });
    };
    let page = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let nowhere = render_app_async_with_context(context, page.clone());
    Router::new().leptos_routes_with_context(&options, routes(), context, page).fallback(nowhere).with_state(options)
}
