//! Two releases beside each other: commits, content, environment, settings.

use homeport_model::deploy::{Area, Comparison, Difference, ReleaseRow};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::{
    super::{apps::app_name, words},
    change::change_word,
};
use crate::{
    api::{deploys::compare_releases, error::not_found},
    ui::{Age, Column, PageHeader, Panel, PanelSkeleton, Table, loaded_page},
};

/// `/apps/{name}/compare?from=3&to=5`
#[component]
pub fn ComparePage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let name = Memo::new(move |_| params.read().get("name").unwrap_or_default());
    let number = move |key: &str| query.read().get(key).and_then(|number| number.parse::<u32>().ok());
    let answer = Resource::new(
        move || (name.get(), number("from"), number("to")),
        |(name, from, to)| async move {
            match from.zip(to) {
                Some((from, to)) => compare_releases(app_name(&name)?, from, to).await,
                None => not_found("release"),
            }
        },
    );
    let skeleton = || {
        view! {
            <PageHeader title="Compare" lead=|| view! { <span class="skeleton" data-size="medium"></span> } />
            <PanelSkeleton rows=6 />
        }
    };
    loaded_page(answer, skeleton, move |found| view! { <Loaded app=name.get_untracked() found=found /> })
}

#[component]
fn Loaded(app: String, found: Comparison) -> impl IntoView {
    let Comparison { from, to, change, commits, whole, numbers } = found;
    let above = vec![
        ("/apps".to_owned(), "Apps".to_owned()),
        (format!("/apps/{app}"), app.clone()),
        (format!("/apps/{app}/deploys"), "Deploys".to_owned()),
    ];
    let title = format!("{app}: release {} against {}", to.number, from.number);
    let same_content = !change.artifact;
    let lead =
        move || if same_content { "Both run the same image or files." } else { "They run different images or files." };
    let commits = (!commits.is_empty()).then(|| {
        let rows = commits
            .into_iter()
            .map(|commit| {
                let short: String = commit.sha.as_str().chars().take(7).collect();
                view! {
                    <tr>
                        <th scope="row" class="mono" data-cell="name">
                            {short}
                        </th>
                        <td data-cell="note">{commit.subject}</td>
                        <td data-cell="side">{commit.author}</td>
                        <td class="figure" data-cell="end">
                            <Age at=commit.at />
                        </td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <Panel title=format!("Commits of release {} that release {} has not", to.number, from.number)>
                <Table columns=[
                    Column::text("Commit"),
                    Column::text("Says"),
                    Column::text("Written by"),
                    Column::figure("When"),
                ]>{rows}</Table>
                {(!whole).then(|| view! {
                    <footer>
                        <p class="muted">"There may be more: the two have no common history that is known here."</p>
                    </footer>
                })}
            </Panel>
        }
    });
    let env = (!change.env.is_empty()).then(|| {
        let rows = change
            .env
            .iter()
            .map(|(key, change)| {
                let word = change_word(*change);
                view! {
                    <li data-change=word>
                        <span class="mono">{key.to_string()}</span>
                        <span>{word}</span>
                    </li>
                }
            })
            .collect_view();
        view! {
            <Panel title="Environment">
                <ul class="diff">{rows}</ul>
            </Panel>
        }
    });
    let settings = (!change.settings.is_empty())
        .then(|| view! { <Settings before=from.number after=to.number differences=change.settings.clone() /> });
    let nothing = env.is_none() && settings.is_none() && commits.is_none();
    let nothing = nothing.then(|| {
        view! {
            <section class="panel" aria-label="Differences">
                <div class="empty">
                    <p>"Settings, environment and what the files say are the same in both."</p>
                </div>
            </section>
        }
    });
    view! {
        <PageHeader title=title above=above lead=lead />
        {choice(&numbers, &from, &to)}
        {nothing}
        {commits}
        {settings}
        {env}
    }
    .into_any()
}

/// Which two; a plain form that works without script.
fn choice(numbers: &[u32], from: &ReleaseRow, to: &ReleaseRow) -> AnyView {
    let side = |label: &'static str, name: &'static str, chosen: u32, row: &ReleaseRow| {
        let (reference, subject) = words::made_from(row);
        let options = numbers
            .iter()
            .map(|number| {
                view! {
                    <option value=number.to_string() selected=*number == chosen>
                        {format!("Release {number}")}
                    </option>
                }
            })
            .collect_view();
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <select id=name name=name>
                    {options}
                </select>
                <p class="field-hint">
                    <span class="mono">{reference}</span>
                    " "
                    {subject}
                </p>
            </div>
        }
    };
    let (before, after) = (side("Before", "from", from.number, from), side("After", "to", to.number, to));
    view! {
        <section class="panel" aria-label="Which releases">
            <form class="panel-body form" method="get">
                <div class="cluster" data-align="start">
                    {before} {after}
                </div>
                <div class="cluster">
                    <button class="button" type="submit">
                        "Compare"
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn Settings(before: u32, after: u32, differences: Vec<Difference>) -> impl IntoView {
    let mut last: Option<Area> = None;
    let rows = differences
        .into_iter()
        .map(|Difference { area, name, before, after }| {
            let first = last.replace(area) != Some(area);
            let value = |value: Option<String>| match value {
                Some(value) => view! { <span class="mono">{value}</span> }.into_any(),
                None => view! { <span class="muted">"nothing"</span> }.into_any(),
            };
            view! {
                <tr>
                    <td class="muted" data-cell="side">
                        {first.then(|| area.as_str())}
                    </td>
                    <th scope="row" data-cell="name">
                        {name}
                    </th>
                    <td data-cell="note">{value(before)}</td>
                    <td data-cell="end">{value(after)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="Settings">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"About"</th>
                        <th scope="col">"What"</th>
                        <th scope="col">{format!("Release {before}")}</th>
                        <th scope="col">{format!("Release {after}")}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Panel>
    }
    .into_any()
}
