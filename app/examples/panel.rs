//! The pages with a fake backend, for work on the look: `cargo run -p homeport-app --example panel
//! --features ssr -- target/site
//! [address] [empty]`. Serves what stands in that folder beside the pages.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a tool for developers; it never ships")]

#[path = "../tests/it/fake.rs"]
mod fake;
#[path = "../tests/it/panel.rs"]
mod panel;

use axum::{body::Body, extract::Request, http::header, middleware::Next, response::Response};
use leptos::prelude::LeptosOptions;

fn main() {
    let site = std::env::args().nth(1).unwrap_or_else(|| "target/site".into());
    let address = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:3999".into());
    let empty = std::env::args().nth(3).is_some();
    let options = LeptosOptions::builder().output_name("homeport").build();
    let files = move |request: Request, next: Next| {
        let site = site.clone();
        async move { file(&site, request.uri().path()).unwrap_or(next.run(request).await) }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
        let router = panel::router(options, empty).layer(axum::middleware::from_fn(files));
        println!("http://{address}");
        axum::serve(listener, router).await.unwrap();
    });
}

fn file(site: &str, path: &str) -> Option<Response> {
    let kind = match path.rsplit_once('.')?.1 {
        "css" => "text/css",
        "js" => "text/javascript",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    };
    let bytes = std::fs::read(format!("{site}{path}")).ok()?;
    Response::builder().header(header::CONTENT_TYPE, kind).body(Body::from(bytes)).ok()
}
