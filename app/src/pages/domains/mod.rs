//! Names: every one of them, and the two tabs of an app that are about its visitors.

pub mod list;
pub mod maintenance;
pub mod one;
pub mod parts;
pub mod proxy;
pub mod proxy_fields;
pub mod tab;

use homeport_model::{
    domain::{DomainRow, Leads, Refusal},
    tunnel::WayIn,
};
use leptos::prelude::*;

pub use list::DomainsPage;
pub use proxy::ProxyPage;
pub use tab::AppDomainsPage;

use crate::ui::{Age, Notice, Tag, Tone};

/// A name in both spellings, with a link to its page.
fn name_cell(row: &DomainRow) -> AnyView {
    let ascii = row.name.to_string();
    let shown = row.unicode.clone().unwrap_or_else(|| ascii.clone());
    let other = row.unicode.is_some().then(|| view! { <span class="muted mono">" " {ascii.clone()}</span> });
    let primary = row.primary.then(|| view! { " " <Tag tone=Tone::Good>"first"</Tag> });
    view! {
        <a href=format!("/domains/{ascii}") class="mono">{shown}</a>
        {other}
        {primary}
    }
    .into_any()
}

/// How a name is served.
fn served_cell(row: &DomainRow) -> AnyView {
    match row.expires_at {
        _ if row.way == WayIn::Tunnel => "the tunnel".into_any(),
        Some(at) => view! { "https, certificate ends " <Age at=at /> }.into_any(),
        None => view! { "http only" }.into_any(),
    }
}

/// Where a name leads.
fn leads_words(leads: &Leads) -> String {
    match leads {
        Leads::App => "this app".to_owned(),
        Leads::Redirect { to, status } => format!("→ {to} ({status})"),
    }
}

/// What nginx refused of an app.
fn refusal_notice(refusal: Option<Refusal>) -> Option<AnyView> {
    refusal.map(|refusal| {
        view! {
            <Notice tone=Tone::Bad title="nginx refused this app's newest settings.">
                <p>"What served before serves on, and no other app is touched. nginx says: " <span class="mono">{refusal.words}</span></p>
                <p class="muted">"Since " <Age at=refusal.since /> ". It is tried again every minute."</p>
            </Notice>
        }
        .into_any()
    })
}
