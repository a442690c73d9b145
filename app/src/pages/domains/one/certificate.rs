//! The certificate that is meant to be served, and those before it.

use homeport_model::{
    certificate::{CertificateRow, CertificateSource, Earlier, own::left_words},
    name::DomainName,
    time::Timestamp,
};
use leptos::prelude::*;

use crate::ui::{Age, Column, Meter, Panel, Table, Tag, Tone};

/// Where a certificate came from.
const fn source_words(source: CertificateSource) -> &'static str {
    match source {
        CertificateSource::Acme => "ordered by Homeport, which renews it",
        CertificateSource::Uploaded => "one of your own, which you renew",
        CertificateSource::SelfSigned => "self-signed, made here",
    }
}

/// A fact with its name.
fn fact(name: &'static str, value: impl IntoView + 'static) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{value.into_any()}</dd>
        </div>
    }
    .into_any()
}

/// The certificate in use.
#[component]
pub fn CertificatePanel(
    /// The page's domain.
    domain: DomainName,
    /// The certificate.
    row: Option<CertificateRow>,
    /// What is special about it.
    note: Option<String>,
    /// The server's time.
    now: Timestamp,
) -> impl IntoView {
    let Some(row) = row else {
        return view! {
            <Panel title="Certificate">
                <div class="panel-body">
                    <p class="muted">"None yet: the name is served by http."</p>
                </div>
            </Panel>
        }
        .into_any();
    };
    let facts = row.facts;
    let from_above = (row.domain != domain).then(|| {
        let href = format!("/domains/{}", row.domain.in_path());
        fact("Shared with", view! { <a href=href>{row.domain.to_string()}</a> })
    });
    let names = facts.names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (life, over) = (facts.not_after.since(facts.not_before), now.since(facts.not_before));
    let (used, all) = (over.clamp(0, life.max(0)).unsigned_abs(), life.max(1).unsigned_abs());
    let left = left_words(&facts, now);
    view! {
        <Panel title="Certificate">
            <div class="panel-body stack">
                <Meter label="Its life" figure=left used=used all=all />
                {note.map(|note| view! { <p class="muted">{note}</p> })}
            </div>
            <dl class="facts">
                {fact("Good for", view! { <span class="mono">{names}</span> })} {from_above}
                {fact("Issued by", facts.issuer)} {fact("Is", source_words(row.source))}
                {fact("In use", view! { "since " <Age at=row.since /> })}
                {fact("Good from", facts.not_before.to_string())} {fact("Good until", facts.not_after.to_string())}
                {fact("Serial", view! { <span class="mono">{facts.serial}</span> })}
            </dl>
        </Panel>
    }
    .into_any()
}

/// The last two certificates of the domain's own.
#[component]
pub fn EarlierPanel(
    /// They, the newest first.
    earlier: Vec<Earlier>,
) -> impl IntoView {
    if earlier.is_empty() {
        return ().into_any();
    }
    let rows = earlier
        .into_iter()
        .map(|Earlier { row, in_use }| {
            view! {
                <tr data-off=(!in_use).then_some("")>
                    <th scope="row" data-cell="name">
                        {row.facts.issuer} " " {in_use.then(|| view! { <Tag tone=Tone::Good>"in use"</Tag> })}
                    </th>
                    <td data-cell="note" class="mono">
                        {row.facts.serial}
                    </td>
                    <td data-cell="end">
                        <Age at=row.since />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="Last certificates">
            <Table columns=[Column::text("Issued by"), Column::text("Serial"), Column::text("Came")]>{rows}</Table>
        </Panel>
    }
    .into_any()
}
