//! The first page before the first app: what to do first.

use leptos::prelude::*;

use crate::ui::{Code, Panel};

/// Three ways to the first app.
#[component]
pub fn FirstApp() -> impl IntoView {
    let ways = [
        ("static", "A folder of static files", "From a git repository, served by nginx. No container."),
        ("dockerfile", "A Dockerfile", "From a git repository, built here; the log is live."),
        ("image", "An image", "One that this server has, or can pull from a registry."),
    ]
    .map(|(kind, name, what)| {
        view! {
            <li>
                <a href=format!("/new?kind={kind}")>
                    <b>{name}</b>
                    <span>{what}</span>
                </a>
            </li>
        }
    })
    .into_iter()
    .collect_view();
    view! {
        <Panel title="Deploy your first app">
            <div class="empty">
                <p>"Pick what you have. Homeport builds it, checks that it answers, and only then sends visitors to it."</p>
                <ul class="choices">{ways}</ul>
            </div>
        </Panel>
    }
    .into_any()
}

/// How host names come to this server, with its own names filled in.
#[component]
pub fn HostNames(
    /// Where a new app's first host name lies.
    apps_domain: String,
) -> impl IntoView {
    let record = format!("*.{apps_domain}");
    let record_line = format!("{record}.  300  IN  CNAME  {apps_domain}.");
    view! {
        <Panel title="Host names">
            <div class="panel-body stack" data-gap="3">
                <p>
                    "An app called " <code>"shop"</code> " answers at " <code>{format!("shop.{apps_domain}")}</code>
                    ". One record at your DNS provider covers every app:"
                </p>
                <Code text=record_line what="the DNS record" />
            </div>
        </Panel>
    }
    .into_any()
}
