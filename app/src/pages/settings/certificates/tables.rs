//! Every name with what comes next, and the ledger of attempts.

use homeport_model::{
    certificate::{
        ledger::Outcome,
        plan::{Policy, Why},
        settings::{AttemptRow, PlanRow},
    },
    name::DomainName,
};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::certificates::{IssueNow, TryStaging},
    ui::{Age, Column, Panel, State, Submit, Table, Tone},
};

/// Every name with what comes next.
#[component]
pub fn Names(
    /// The names.
    rows: Vec<PlanRow>,
    /// Whether somebody agreed.
    may_order: bool,
    /// Orders one now.
    issue: ServerAction<IssueNow>,
    /// Tries one.
    try_it: ServerAction<TryStaging>,
) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <Panel title="Names">
                <div class="panel-body">
                    <p class="muted">"No name is served yet. Give an app one, under its Domains."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| view! { <Name row=row may_order=may_order issue=issue try_it=try_it /> })
        .collect_view();
    view! {
        <Panel title="Names">
            <Table columns=[
                Column::text("Name"),
                Column::text("State"),
                Column::text("Next"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

/// How a name stands, in a word.
fn stands(row: &PlanRow, may_order: bool) -> (Tone, &'static str) {
    match (row.why_not, &row.plan.problem, row.not_after) {
        (Some(Why::NotAutomatic), ..) if row.plan.policy == Policy::Own => (Tone::Off, "Your own"),
        (Some(Why::NotAutomatic), ..) => (Tone::Off, "Left alone"),
        (Some(Why::Local), ..) => (Tone::Off, "Private name"),
        (Some(Why::Tunnel), ..) => (Tone::Off, "By the tunnel"),
        (Some(Why::Covered), ..) => (Tone::Good, "By a wildcard"),
        (None, Some(_), Some(_)) => (Tone::Warning, "Not renewed"),
        (None, Some(_), None) => (Tone::Bad, "None"),
        (None, None, Some(_)) => (Tone::Good, "In use"),
        (None, None, None) if may_order => (Tone::Working, "On its way"),
        (None, None, None) => (Tone::Off, "None"),
    }
}

#[component]
fn Name(
    row: PlanRow,
    may_order: bool,
    issue: ServerAction<IssueNow>,
    try_it: ServerAction<TryStaging>,
) -> impl IntoView {
    let (tone, word) = stands(&row, may_order);
    let next = row.next_at.filter(|_| may_order);
    let PlanRow { plan, why_not, .. } = row;
    let domain = plan.domain.to_string();
    let href = format!("/domains/{}", plan.domain.in_path());
    let note = plan.problem.map(|problem| view! { <p class="muted">{problem.to_string()}</p> });
    let actions =
        (may_order && why_not.is_none()).then(|| view! { <Actions domain=plan.domain issue=issue try_it=try_it /> });
    view! {
        <tr>
            <th scope="row" data-cell="name" class="mono">
                <a href=href>{domain}</a>
            </th>
            <td data-cell="note">
                <State tone=tone word=word />
                {note}
            </td>
            <td data-cell="end">{next.map(|at| view! { <Age at=at /> })}</td>
            <td data-cell="act">{actions}</td>
        </tr>
    }
    .into_any()
}

#[component]
fn Actions(domain: DomainName, issue: ServerAction<IssueNow>, try_it: ServerAction<TryStaging>) -> impl IntoView {
    let (ordered, tried) = (domain.to_string(), domain.to_string());
    view! {
        <div class="cluster">
            <ActionForm action=issue>
                <input type="hidden" name="domain" value=ordered />
                <Submit label="Order now" variant="quiet" size="small" pending=issue.pending() />
            </ActionForm>
            <ActionForm action=try_it>
                <input type="hidden" name="domain" value=tried />
                <Submit label="Try with staging" busy="Trying…" variant="quiet" size="small" pending=try_it.pending() />
            </ActionForm>
        </div>
    }
    .into_any()
}

const fn outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Running => (Tone::Working, "Under way"),
        Outcome::Issued => (Tone::Good, "Issued"),
        Outcome::Invalid => (Tone::Bad, "Wrong answer"),
        Outcome::Failed => (Tone::Bad, "Failed"),
        Outcome::Abandoned => (Tone::Unknown, "Cut off"),
    }
}

/// What was ordered, the newest first.
#[component]
pub fn Ledger(
    /// The attempts.
    rows: Vec<AttemptRow>,
) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <Panel title="Orders">
                <div class="panel-body">
                    <p class="muted">"None within eight days. Homeport counts them and stops before an authority does."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| {
            let (tone, word) = outcome(row.outcome);
            let host = row.directory.split('/').nth(2).unwrap_or_default().to_owned();
            view! {
                <tr>
                    <th scope="row" data-cell="name" class="mono">
                        {row.domain.to_string()}
                    </th>
                    <td data-cell="note">
                        <State tone=tone word=word />
                        " " <span class="muted mono">{host}</span>
                        {row.words.map(|words| view! { <p class="muted">{words}</p> })}
                    </td>
                    <td data-cell="end">
                        <Age at=row.at />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="Orders">
            <Table columns=[Column::text("Name"), Column::text("Outcome"), Column::text("When")]>{rows}</Table>
        </Panel>
    }
    .into_any()
}
