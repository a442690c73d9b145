//! Ports of the host that lead to the app without nginx.

use homeport_model::app::Published;
use leptos::{form::ActionForm, prelude::*};

use super::{super::new::FormProblem, Adding, Hidden, RemoveButton};
use crate::{
    api::apps::RemoveNeed,
    ui::{Column, Field, Panel, Submit, Table},
};

/// What is published.
#[component]
pub fn Ports(
    /// What is published.
    published: Vec<Published>,
    /// Takes one away.
    remove: ServerAction<RemoveNeed>,
) -> impl IntoView {
    if published.is_empty() {
        return view! {
            <Panel title="Published ports">
                <div class="empty">
                    <p>"None. Websites need none: nginx leads visitors to the app. Game servers and VPNs do."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let row = |port: Published| {
        let to = format!("port {} of {}, from ", port.container, port.process);
        let from = match port.sources.is_empty() {
            true => "everywhere".into_any(),
            false => view! { <span class="mono">{port.sources_text()}</span> }.into_any(),
        };
        view! {
            <tr>
                <th scope="row" data-cell="name">
                    <span class="mono">{port.host_side()}</span>
                </th>
                <td data-cell="note">{to} {from}</td>
                <RemoveButton kind="published" text=port.to_string() remove=remove />
            </tr>
        }
    };
    let rows = published.into_iter().map(row).collect_view();
    view! {
        <Panel title="Published ports">
            <Table columns=[
                Column::text("On this server"),
                Column::text("Leads to, and from where"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
            <footer>
                <p class="muted">
                    "Docker opens these past the host's firewall; Homeport turns away who comes from elsewhere than is said here. The server itself always gets through. A process with a published port runs once, and stops before its next release starts."
                </p>
            </footer>
        </Panel>
    }
    .into_any()
}

/// The form of a published port.
#[component]
pub fn AddPort(
    /// The form's action.
    adding: Adding,
) -> impl IntoView {
    let Adding { action, problem } = adding;
    view! {
        <Panel title="Publish a port">
            <ActionForm action=action>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <Hidden kind="published" />
                    <div class="split" data-variant="even">
                        <Field
                            label="Port"
                            name="form[text]"
                            key="port_text"
                            placeholder="25565:25565/tcp"
                            hint="host:container, tcp or udp. With an address before it, as in 127.0.0.1:8080:80, only that one is opened."
                            problem=problem
                            mono=true
                        />
                        <Field
                            label="Process"
                            name="form[process]"
                            key="port_process"
                            placeholder="web"
                            hint="Empty: web."
                            problem=problem
                            mono=true
                            optional=true
                        />
                        <Field
                            label="Reachable from"
                            name="form[sources]"
                            key="port_sources"
                            placeholder="10.0.0.0/8, 203.0.113.7"
                            hint="Addresses or ranges that may reach it. Empty: everybody who reaches this server."
                            problem=problem
                            mono=true
                            optional=true
                        />
                    </div>
                    <div class="cluster">
                        <Submit label="Publish" busy="Publishing…" variant="primary" pending=action.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
