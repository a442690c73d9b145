//! Certificates on the first page: what somebody has to see to, and which end next.

use homeport_model::certificate::{Alert, Ending, served::Severity};
use leptos::prelude::*;

use crate::ui::{Age, Column, Notice, Panel, Table, Tag, Tone, figures::count};

/// So many are said in full.
const MOST: usize = 3;

/// What somebody has to see to.
#[component]
pub fn CertificateAlerts(
    /// The worst first.
    alerts: Vec<Alert>,
) -> impl IntoView {
    let more = alerts.len().saturating_sub(MOST);
    let shown = alerts
        .into_iter()
        .take(MOST)
        .map(|alert| {
            let tone = if alert.severity == Severity::Bad { Tone::Bad } else { Tone::Warning };
            let href = format!("/domains/{}", alert.domain.in_path());
            view! {
                <Notice tone=tone title=format!("{}: {}", alert.domain, alert.words)>
                    <p>
                        {alert.cause} " " <a href=href>"Look at it"</a> " · since " <Age at=alert.since />
                    </p>
                </Notice>
            }
        })
        .collect_view();
    let more = (more > 0).then(|| {
        view! { <p class="muted">{format!("And {} about certificates.", count(more, "thing more", "things more"))}</p> }
    });
    view! {
        {shown}
        {more}
    }
    .into_any()
}

/// Which end next.
#[component]
pub fn EndingsPanel(
    /// The next first.
    endings: Vec<Ending>,
) -> impl IntoView {
    if endings.is_empty() {
        return ().into_any();
    }
    let rows = endings
        .into_iter()
        .map(|Ending { domain, at, renews }| {
            let href = format!("/domains/{}", domain.in_path());
            let note = if renews { "renewed by itself" } else { "to be renewed by you" };
            view! {
                <tr>
                    <th scope="row" data-cell="name">
                        <a class="row-link" href=href>
                            {domain.to_string()}
                        </a>
                        " "
                        {(!renews).then(|| view! { <Tag>"yours"</Tag> })}
                    </th>
                    <td data-cell="note">{note}</td>
                    <td data-cell="end">
                        <Age at=at />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="What breaks next">
            <Table columns=[
                Column::text("Certificate of"),
                Column::text("Renewal"),
                Column::text("Ends"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}
