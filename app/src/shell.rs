//! The document around every page.

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags};

use crate::{routes::App, ui::visitor::Visitor};

/// The whole document, as the server sends it. The policy forbids style attributes and scripts
/// without the request's nonce; nothing here has either.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let visitor = Visitor::current();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" content="#f8f9fb" media="(prefers-color-scheme: light)" />
                <meta name="theme-color" content="#0d1014" media="(prefers-color-scheme: dark)" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <link rel="manifest" href="/manifest.webmanifest" />
                <HashedStylesheet options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body data-user=visitor.name data-host=visitor.host_name data-now=visitor.now.ms().to_string()>
                <App />
            </body>
        </html>
    }
}
