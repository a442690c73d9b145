//! Pages and server functions, rendered by Leptos with this request's actor, backend and nonce.

use std::{path::Path, sync::LazyLock};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use homeport_app::{routes::App, shell::shell, ui::visitor::Visitor};
use homeport_model::actor::Actor;
use leptos::{config::LeptosOptions, nonce::Nonce, prelude::provide_context};

use super::{Panel, headers};

/// How pages name the built files of `site`.
pub(super) fn options(site: &Path) -> LeptosOptions {
    // cargo-leptos writes the names' hashes beside the program; a package keeps them with the files.
    let beside_files = site.join("hash.txt");
    let beside_program = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("hash.txt")));
    let hashes =
        Some(beside_files).filter(|file| file.exists()).or_else(|| beside_program.filter(|file| file.exists()));
    let options =
        LeptosOptions::builder().output_name("homeport").site_root(site.display().to_string()).site_pkg_dir("pkg");
    match hashes {
        Some(file) => options.hash_files(true).hash_file(file.display().to_string().into()).build(),
        None => options.build(),
    }
}

/// The paths of all pages, as the router writes them. Found once: while Leptos looks for them, a page
/// that is rendered elsewhere in the process would wait for ever. It also tells Leptos on which
/// runtime pages are rendered.
pub fn paths() -> &'static [String] {
    static PATHS: LazyLock<Vec<String>> =
        LazyLock::new(|| leptos_axum::generate_route_list(App).iter().map(|route| route.path().to_owned()).collect());
    &PATHS
}

/// A page, sent when it is whole.
pub(super) async fn page(State(panel): State<Panel>, request: Request) -> Response {
    let options = panel.leptos.clone();
    let context = context(&panel, &request);
    leptos_axum::render_app_async_with_context(context, move || shell(options.clone()))(request).await
}

/// A server function; the guard has checked that it is in the table.
pub(super) async fn server_function(State(panel): State<Panel>, request: Request) -> Response {
    let context = context(&panel, &request);
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}

/// What every page and server function finds in its context.
fn context(panel: &Panel, request: &Request) -> impl Fn() + Clone + Send + Sync + 'static {
    let actor = request.extensions().get::<Actor>().cloned();
    let nonce = request.extensions().get::<Nonce>().cloned();
    let backend = panel.backend.clone();
    let visitor = Visitor {
        name: actor.as_ref().map(|actor| actor.name.clone()),
        host_name: headers::origin_of(panel, request.headers()).host().to_owned(),
        now: panel.clock.now(),
    };
    move || {
        provide_context(backend.clone());
        provide_context(visitor.clone());
        if let Some(actor) = &actor {
            provide_context(actor.clone());
        }
        if let Some(nonce) = &nonce {
            provide_context(nonce.clone());
        }
    }
}
