//! The audit log, a hundred rows a page.

use homeport_model::{event::Topic, host::AuditRow};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::ActivityHeader;
use crate::{
    api::activity::list_audit,
    live,
    ui::{Age, Panel, PanelSkeleton, State, Tone, loaded},
};

/// How many rows the server gives at once.
const PAGE_ROWS: usize = 100;

/// The audit log.
#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map();
    let before = Memo::new(move |_| query.read().get("before").and_then(|before| before.parse::<i64>().ok()));
    let version = live::version(Topic::Activity);
    let answer = Resource::new(move || (before.get(), version.get()), |(before, _)| list_audit(before));
    view! {
        <ActivityHeader jobs=false />
        {loaded(answer, || view! { <PanelSkeleton rows=8 /> }, |rows| view! { <Rows rows=rows /> })}
    }
    .into_any()
}

/// "app.create" as a person says it.
fn action_words(action: &str) -> String {
    let words = match action {
        "owner.claim" | "account.claim" => "Claimed this server",
        "session.sign_in" => "Signed in",
        "session.sign_out" => "Signed out",
        "app.create" => "Created app",
        "app.change" => "Changed settings",
        "app.delete" => "Deleted app",
        "deploy.start" | "app.deploy" => "Deployed",
        "deploy.roll_back" | "app.roll_back" => "Rolled back",
        "job.cancel" | "deploy.cancel" => "Cancelled deploy",
        "environment.set" => "Changed environment",
        "environment.unset" => "Removed variable",
        other => return other.replace(['.', '_'], " "),
    };
    words.to_owned()
}

#[component]
fn Rows(rows: Vec<AuditRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <Panel title="Audit log">
                <div class="empty">
                    <p>"Nothing further. Every sign-in and every change is written down here."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let earlier = (rows.len() >= PAGE_ROWS).then(|| rows.last().map(|row| row.number)).flatten().map(|number| {
        view! {
            <footer>
                <a class="button" href=format!("/activity?before={number}")>
                    "Earlier"
                </a>
            </footer>
        }
    });
    let rows = rows
        .into_iter()
        .map(|row| {
            let tone = if row.result == "ok" || row.result == "done" { Tone::Good } else { Tone::Warning };
            view! {
                <tr>
                    <th scope="row" data-cell="name" title=row.action.clone()>
                        {action_words(&row.action)}
                    </th>
                    <td data-cell="side">
                        <State tone=tone word=row.result />
                    </td>
                    <td data-cell="note">{row.object}</td>
                    <td>{row.actor}</td>
                    <td class="muted mono">{row.address}</td>
                    <td class="figure" data-cell="end">
                        <Age at=row.at />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel" aria-label="Audit log">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col">"Result"</th>
                        <th scope="col">"On"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"From"</th>
                        <th scope="col" class="figure">
                            "When"
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {earlier}
        </section>
    }
    .into_any()
}
