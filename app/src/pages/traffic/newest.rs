//! The newest requests one by one, all or only those that went wrong.

use homeport_model::traffic::{Class, Entry, TrafficPage, TrafficQuery, Which};
use leptos::prelude::*;

use crate::ui::{
    Age, Column, Panel, State, Table, Tone,
    figures::{logged_time, size_of},
};

/// What a status means, and its words.
fn status(status: u16) -> (Tone, String) {
    match (Class::of(status), status) {
        (Class::ServerError, _) => (Tone::Bad, status.to_string()),
        (Class::ClientError, _) => (Tone::Warning, status.to_string()),
        (Class::Unanswered, 499) => (Tone::Warning, "499, visitor left".into()),
        (Class::Unanswered, _) => (Tone::Warning, "no answer".into()),
        (Class::Redirect, _) => (Tone::Off, status.to_string()),
        _ => (Tone::Good, status.to_string()),
    }
}

/// The requests with a choice above them.
#[component]
pub fn Newest(
    /// The tab's address.
    path: String,
    /// What is known.
    page: TrafficPage,
) -> impl IntoView {
    let link = |which: Which, words: &'static str| {
        let href = TrafficQuery { window: page.window, which }.address(&path);
        let current = (which == page.which).then_some("page");
        view! {
            <a href=href aria-current=current>
                {words}
            </a>
        }
    };
    let choice = view! {
        <nav class="series-windows" aria-label="Which requests">
            {link(Which::All, "All")} {link(Which::Errors, "Errors only")}
        </nav>
    }
    .into_any();
    let entries = &page.entries;
    let note = match (page.which, entries.has_more) {
        (Which::All, _) => "Paths are shown without what follows the question mark.".to_owned(),
        (Which::Errors, true) => format!("Status 400 and above, of the newest {} requests.", entries.looked_through),
        (Which::Errors, false) => {
            format!("Status 400 and above, of the {} requests that the log still has.", entries.looked_through)
        }
    };
    let body = if entries.newest.is_empty() {
        let words = match page.which {
            Which::All => "The log has been begun anew and has no request yet.",
            Which::Errors => "None went wrong.",
        };
        view! {
            <div class="empty">
                <p>{words}</p>
            </div>
        }
        .into_any()
    } else {
        let rows = entries.newest.iter().cloned().map(|entry| view! { <Row entry=entry /> }).collect_view();
        view! {
            <Table columns=[
                Column::text("Request"),
                Column::text("Status"),
                Column::text("When, from"),
                Column::figure("Sent").wide(),
                Column::figure("Took"),
            ]>{rows}</Table>
        }
        .into_any()
    };
    view! {
        <Panel title="Newest requests" aside=Some(choice)>
            {body}
            <footer>
                <p class="muted">{note}</p>
            </footer>
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(entry: Entry) -> impl IntoView {
    let (tone, words) = status(entry.status);
    let method = if entry.method.is_empty() { "no request".to_owned() } else { entry.method };
    view! {
        <tr>
            <th scope="row" data-cell="name" class="request">
                <span class="mono">{method} " " {entry.path}</span>
            </th>
            <td data-cell="side">
                <State tone=tone word=words />
            </td>
            <td data-cell="note">
                <Age at=entry.at />
                ", "
                <span class="mono">{entry.address}</span>
            </td>
            <td class="figure" data-wide>
                {size_of(entry.bytes)}
            </td>
            <td class="figure" data-cell="end">
                {logged_time(entry.took_us)}
            </td>
        </tr>
    }
    .into_any()
}
