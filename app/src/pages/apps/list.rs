//! Every app, with search.

use homeport_model::{
    app::{AppRow, AppState},
    event::Topic,
};
use leptos::prelude::*;

use super::super::words;
use crate::{
    api::apps::list_apps,
    live,
    ui::{
        Age, Column, ListWords, PageHeader, PanelSkeleton, Search, SearchField, State, Table, figures::logged_time,
        listing, loaded,
    },
};

const WORDS: ListWords =
    ListWords { label: "Apps", rows: ("app", "apps"), none: "No app has that in its name, host name or image." };

/// The list.
#[component]
pub fn AppsPage() -> impl IntoView {
    let version = live::version(Topic::Apps);
    let answer = Resource::new(move || version.get(), |_| list_apps());
    let search = Search::from_address();
    let actions = view! {
        <a class="button" data-variant="primary" href="/new">
            "Deploy an app"
        </a>
    }
    .into_any();
    view! {
        <PageHeader title="Apps" lead=|| "Everything of yours that runs here" actions=Some(actions) />
        <SearchField search=search page="/apps" label="Search apps" placeholder="Name, host name or image" />
        {loaded(answer, || view! { <PanelSkeleton rows=5 /> }, move |apps| match apps {
            apps if apps.is_empty() => view! { <NoApp /> }.into_any(),
            apps => listing(apps, search, WORDS, fits, |apps| view! { <AppTable apps=apps /> }).into_any(),
        })}
    }
    .into_any()
}

/// Whether an app has what was typed in its name, host name or version.
fn fits(app: &AppRow, typed: &str) -> bool {
    app.name.as_str().contains(typed)
        || app.host_name.as_str().contains(typed)
        || app.version.as_ref().is_some_and(|version| version.to_lowercase().contains(typed))
}

#[component]
fn NoApp() -> impl IntoView {
    view! {
        <section class="panel" aria-label="Apps">
            <div class="empty">
                <h2>"No app yet"</h2>
                <p>"Deploy a folder of files, a Dockerfile or an image; it takes a minute."</p>
                <a class="button" data-variant="primary" href="/new">
                    "Deploy an app"
                </a>
            </div>
        </section>
    }
    .into_any()
}

/// What there is to say about an app beside its state.
enum Said {
    /// The version that serves, as a machine names it.
    Version(String),
    /// A sentence.
    Words(String),
}

impl Said {
    fn of(app: &AppRow) -> Self {
        let waits = app.job.as_ref().and_then(words::waiting);
        let trouble = match (&app.state, &app.last_failure) {
            (AppState::Down { why, .. } | AppState::Partly { why, .. } | AppState::Unknown { why }, _) => Some(why),
            // While another try waits, the last one is no news.
            (AppState::NotDeployed | AppState::Removing, Some(failure)) if waits.is_none() => Some(failure),
            _ => None,
        };
        match (waits, trouble) {
            (Some(waits), Some(trouble)) => Self::Words(format!("{waits} {trouble}")),
            (Some(waits), None) => Self::Words(waits),
            (None, Some(trouble)) => Self::Words(trouble.clone()),
            (None, None) => Self::Version(app.version.clone().unwrap_or_default()),
        }
    }
}

/// Apps in rows, each leading to its page.
#[component]
pub fn AppTable(
    /// The apps.
    apps: Vec<AppRow>,
) -> impl IntoView {
    let rows = apps
        .into_iter()
        .map(|app| {
            let (tone, word) = words::of_app(&app);
            let p95 = app.p95_us.map(logged_time);
            let release = words::release_of(&app).map(|number| format!("r{number}"));
            let said = match Said::of(&app) {
                Said::Version(version) => view! { <span class="mono">{version}</span> }.into_any(),
                Said::Words(words) => words.into_any(),
            };
            let since = match app.state {
                AppState::Serving { since, .. } => Some(since),
                _ => app.job.as_ref().map(|job| job.created_at),
            };
            let open = matches!(app.state, AppState::Serving { .. } | AppState::Partly { .. }).then(|| app.url.clone());
            let address = match open {
                Some(url) => {
                    view! { <a href=url rel="external noopener" target="_blank">{app.host_name.to_string()}</a> }
                        .into_any()
                }
                None => view! { <span class="muted">{app.host_name.to_string()}</span> }.into_any(),
            };
            view! {
                <tr>
                    <th scope="row" data-cell="name">
                        <a class="row-link" href=format!("/apps/{}", app.name)>
                            {app.name.to_string()}
                        </a>
                    </th>
                    <td data-cell="side">
                        <State tone=tone word=word />
                    </td>
                    <td data-cell="note">
                        {release.map(|release| view! { <span class="figure">{release} " · "</span> })}
                        {said}
                    </td>
                    <td>{address}</td>
                    <td class="figure" data-wide>
                        {p95.map(|took| view! { <span title="95 of 100 answers of the last hours took no longer">{took}</span> })}
                    </td>
                    <td class="figure" data-cell="end">
                        {since.map(|since| view! { <Age at=since /> })}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table columns=[
            Column::text("App"),
            Column::text("State"),
            Column::text("Release"),
            Column::text("Address"),
            Column::figure("p95").wide(),
            Column::figure("Since"),
        ]>{rows}</Table>
    }
    .into_any()
}
