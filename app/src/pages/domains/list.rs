//! Every name, with search.

use homeport_model::{domain::DomainRow, event::Topic};
use leptos::prelude::*;

use super::{leads_words, name_cell, served_cell};
use crate::{
    api::domains::list_domains,
    live,
    ui::{Column, ListWords, PageHeader, PanelSkeleton, Search, SearchField, State, Table, Tone, listing, loaded},
};

const WORDS: ListWords =
    ListWords { label: "Domains", rows: ("name", "names"), none: "No name has that in it, and no app either." };

/// The list.
#[component]
pub fn DomainsPage() -> impl IntoView {
    let (domains, apps) = (live::version(Topic::Domains), live::version(Topic::Apps));
    let answer = Resource::new(move || (domains.get(), apps.get()), |_| list_domains());
    let search = Search::from_address();
    view! {
        <PageHeader title="Domains" lead=|| "Every name that this server answers, and where it leads" />
        <SearchField search=search page="/domains" label="Search domains" placeholder="Name or app" />
        {loaded(answer, || view! { <PanelSkeleton rows=5 /> }, move |rows| match rows {
            rows if rows.is_empty() => view! { <NoName /> }.into_any(),
            rows => listing(rows, search, WORDS, fits, names).into_any(),
        })}
    }
    .into_any()
}

fn fits(row: &DomainRow, typed: &str) -> bool {
    row.name.as_str().contains(typed)
        || row.app.as_str().contains(typed)
        || row.unicode.as_ref().is_some_and(|name| name.contains(typed))
        || leads_words(&row.leads).contains(typed)
}

#[component]
fn NoName() -> impl IntoView {
    view! {
        <section class="panel" aria-label="Domains">
            <div class="empty">
                <h2>"No name yet"</h2>
                <p>"Every app gets a name of its own when it is created. Point a name of yours at this server and add it on the app's Domains tab."</p>
                <a class="button" data-variant="primary" href="/new">
                    "Deploy an app"
                </a>
            </div>
        </section>
    }
    .into_any()
}

fn names(rows: Vec<DomainRow>) -> AnyView {
    let rows = rows.into_iter().map(|row| view! { <Row row=row /> }).collect_view();
    view! {
        <Table columns=[
            Column::text("Name"),
            Column::text("Leads to"),
            Column::text("Way in"),
            Column::text("Served by"),
            Column::text("Seen"),
        ]>{rows}</Table>
    }
    .into_any()
}

#[component]
fn Row(row: DomainRow) -> impl IntoView {
    let app = row.app.to_string();
    let leads = match &row.leads {
        homeport_model::domain::Leads::App => app.clone(),
        leads => format!("{} · {app}", leads_words(leads)),
    };
    let seen = [row.dns.clone(), row.served.clone()].into_iter().flatten().map(|found| {
        let tone = if found.good { Tone::Good } else { Tone::Bad };
        view! { <State tone=tone word=found.words /> " " }
    });
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {name_cell(&row)}
            </th>
            <td data-cell="note">
                <a href=format!("/apps/{app}/domains")>{leads}</a>
            </td>
            <td class="muted">{row.way.words()}</td>
            <td data-cell="end">{served_cell(&row)}</td>
            <td data-cell="side">{seen.collect_view()}</td>
        </tr>
    }
    .into_any()
}
