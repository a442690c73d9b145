//! What DNS says of the domain.

use homeport_model::{
    domain::dns::{DnsCheck, DnsVerdict},
    tunnel::TunnelUse,
};
use leptos::prelude::*;

use crate::ui::{Age, Panel, State, Tone};

/// The last check; nothing before the first.
#[component]
pub fn DnsPanel(
    /// It.
    check: Option<DnsCheck>,
    /// What the name has to do with the tunnel.
    tunnel: TunnelUse,
) -> impl IntoView {
    let Some(check) = check else {
        return view! {
            <Panel title="DNS">
                <div class="panel-body">
                    <p class="muted">"Not asked yet. It is within the hour, and whenever you look again."</p>
                </div>
            </Panel>
        }
        .into_any();
    };
    let verdict = check.verdict_by(tunnel.on);
    let (tone, word) = match &verdict {
        DnsVerdict::Here => (Tone::Good, "Leads here"),
        DnsVerdict::ByTunnel => (Tone::Good, "Leads to the tunnel"),
        DnsVerdict::Cdn { .. } => (Tone::Good, "Behind a CDN"),
        DnsVerdict::Local => (Tone::Off, "Private"),
        DnsVerdict::Unknown { .. } | DnsVerdict::Unverified { .. } => (Tone::Unknown, "Unknown"),
        DnsVerdict::Partly { .. } | DnsVerdict::Private { .. } | DnsVerdict::Tunnel | DnsVerdict::PastTunnel { .. } => {
            (Tone::Warning, "Look at it")
        }
        DnsVerdict::NoRecord if tunnel.on => (Tone::Bad, "Does not lead to the tunnel"),
        DnsVerdict::Elsewhere { .. } | DnsVerdict::NoRecord => (Tone::Bad, "Does not lead here"),
    };
    let sentence = verdict.sentence(&check.name);
    let advice = match tunnel.on {
        true => tunnel.advice(&verdict, &check.name),
        false => verdict.advice(&check.name, &check.own),
    };
    let trouble = check.trouble.map(|(why, since)| {
        view! {
            <p>{why.words()} " since " <Age at=since /> ". What stands here is what it said before."</p>
        }
    });
    view! {
        <Panel title="DNS">
            <div class="panel-body stack">
                <p class="cluster">
                    <State tone=tone word=word />
                    <span class="muted">"asked " <Age at=check.asked_at /></span>
                </p>
                <p>{sentence}</p>
                {advice.map(|advice| view! { <p class="muted">{advice}</p> })}
                {trouble}
            </div>
        </Panel>
    }
    .into_any()
}
