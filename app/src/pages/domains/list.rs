//! Every name, with search.

use homeport_model::{domain::DomainRow, event::Topic};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{leads_words, name_cell, served_cell};
use crate::{
    api::domains::list_domains,
    live,
    ui::{PageHeader, PanelSkeleton, State, Tone, figures::count, loaded},
};

/// The list.
#[component]
pub fn DomainsPage() -> impl IntoView {
    let (domains, apps) = (live::version(Topic::Domains), live::version(Topic::Apps));
    let answer = Resource::new(move || (domains.get(), apps.get()), |_| list_domains());
    // Without script the form asks the server with `?q=`; with it, the list follows the typing.
    let asked = use_query_map().read_untracked().get("q").unwrap_or_default();
    let typed = RwSignal::new(asked.clone());
    view! {
        <PageHeader title="Domains" lead=|| "Every name that this server answers, and where it leads" />
        <form class="search" role="search" method="get" action="/domains">
            <input
                type="search"
                name="q"
                value=asked
                aria-label="Search domains"
                placeholder="Name or app"
                autocomplete="off"
                on:input=move |event| typed.set(event_target_value(&event))
            />
            <button class="button" type="submit">
                "Search"
            </button>
        </form>
        {loaded(answer, || view! { <PanelSkeleton rows=5 /> }, move |rows| view! { <Found rows=rows typed=typed /> })}
    }
    .into_any()
}

fn fits(row: &DomainRow, typed: &str) -> bool {
    let typed = typed.trim().to_lowercase();
    row.name.as_str().contains(&typed)
        || row.app.as_str().contains(&typed)
        || row.unicode.as_ref().is_some_and(|name| name.contains(&typed))
        || leads_words(&row.leads).contains(&typed)
}

#[component]
fn Found(rows: Vec<DomainRow>, typed: RwSignal<String>) -> impl IntoView {
    if rows.is_empty() {
        return view! {
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
        .into_any();
    }
    let all = rows.len();
    let found = Memo::new(move |_| {
        let typed = typed.read();
        rows.iter().filter(|row| fits(row, &typed)).cloned().collect::<Vec<_>>()
    });
    view! {
        <section class="panel" aria-label="Domains">
            <Table found=found />
            <footer>
                <p class="muted" role="status">
                    {move || {
                        let found = found.with(Vec::len);
                        if found == all { count(all, "name", "names") } else { format!("{found} of {}", count(all, "name", "names")) }
                    }}
                </p>
            </footer>
        </section>
    }
    .into_any()
}

#[component]
fn Table(found: Memo<Vec<DomainRow>>) -> impl IntoView {
    move || {
        let rows = found.get();
        if rows.is_empty() {
            return view! {
                <div class="empty">
                    <p>"No name has that in it, and no app either."</p>
                </div>
            }
            .into_any();
        }
        let rows = rows.into_iter().map(|row| view! { <Row row=row /> }).collect_view();
        view! {
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Leads to"</th>
                        <th scope="col">"Way in"</th>
                        <th scope="col">"Served by"</th>
                        <th scope="col">"Seen"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    }
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
