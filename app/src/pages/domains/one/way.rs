//! Which way the domain's visitors come in, and the switch between the ways.

use homeport_model::{
    name::AppName,
    tunnel::{TunnelUse, WayIn},
};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::domains::SetWayIn,
    pages::apps::{FormProblem, problem_of},
    ui::{Panel, Submit},
};

/// The panel. A name of the panel is switched where its names are.
#[component]
pub fn WayPanel(
    /// The page's domain.
    domain: String,
    /// The way.
    way: WayIn,
    /// The tunnel.
    tunnel: TunnelUse,
    /// The app that has the name.
    app: Option<AppName>,
    /// Switches.
    act: ServerAction<SetWayIn>,
) -> impl IntoView {
    let problem = problem_of(move || act.value().get());
    let note = match (way, &tunnel.id) {
        (WayIn::Tunnel, Some(_)) => {
            "Only through the tunnel: at this server's own ports the name is not answered, so that nobody walks around what stands before it at Cloudflare. Visitors see Cloudflare's certificate; none is needed here."
        }
        (WayIn::Tunnel, None) => {
            "The tunnel is gone, so the name is served nowhere. Set the tunnel up again in Settings, or let the name come in directly."
        }
        (_, Some(_)) => "At this server's own ports. Through the tunnel it would need no open port and no certificate.",
        (_, None) => "At this server's own ports. With Cloudflare Tunnel it would need no open port.",
    };
    let has_choice = tunnel.on || tunnel.id.is_some();
    let form = app.filter(|_| has_choice).map(|app| {
        let (label, on) = match tunnel.on {
            true => ("Let it come in directly", None),
            false => ("Let it come in through the tunnel only", Some("on")),
        };
        view! {
            <ActionForm action=act>
                <input type="hidden" name="app" value=app.to_string() />
                <input type="hidden" name="domain" value=domain />
                {on.map(|on| view! { <input type="hidden" name="tunnel" value=on /> })}
                <Submit label=label busy="Switching…" pending=act.pending() />
            </ActionForm>
        }
    });
    view! {
        <Panel title="Way in">
            <div class="panel-body stack">
                <FormProblem problem=problem />
                <p>{way.words()}</p>
                <p class="muted">{note} " " <a href="/settings/tunnel">{if has_choice { "The tunnel" } else { "Set up a tunnel" }}</a></p>
                {form}
            </div>
        </Panel>
    }
    .into_any()
}
