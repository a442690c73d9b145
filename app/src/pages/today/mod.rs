//! The first page: is all well, and what broke.

pub mod certificates;
pub mod empty;
pub mod host;

use homeport_model::{
    app::{AppRow, AppState},
    event::Topic,
    host::Today,
};
use leptos::prelude::*;

use super::{activity::JobTable, apps::AppTable, words};
use crate::{
    api::apps::load_today,
    live,
    ui::{Age, Notice, PageHeader, Panel, PanelSkeleton, State, Tone, figures::count, loaded_page},
};
use certificates::{CertificateAlerts, EndingsPanel};
use empty::{FirstApp, HostNames};
use host::HostPanel;

/// Today.
#[component]
pub fn TodayPage() -> impl IntoView {
    let apps = live::version(Topic::Apps);
    let host = live::version(Topic::Host);
    let answer = Resource::new(move || (apps.get(), host.get()), |_| load_today());
    loaded_page(answer, || view! { <TodaySkeleton /> }, |today| view! { <Loaded today=today /> })
}

#[component]
fn TodaySkeleton() -> impl IntoView {
    view! {
        <PageHeader title="Today" lead=|| view! { <span class="skeleton" data-size="medium"></span> } />
        <PanelSkeleton rows=4 />
    }
    .into_any()
}

/// The sentence under the page's name: the worst that is the case, first.
fn summary(today: &Today) -> (Tone, String) {
    let apps = &today.apps;
    let down = apps.iter().filter(|app| matches!(app.state, AppState::Down { .. } | AppState::Partly { .. })).count();
    let unknown = apps.iter().filter(|app| matches!(app.state, AppState::Unknown { .. })).count();
    let broken_engines = today.engines.iter().filter(|engine| !engine.ok).count();
    if down > 0 {
        return (Tone::Bad, format!("{} down", count(down, "app is", "apps are")));
    }
    if broken_engines > 0 {
        return (Tone::Bad, "Part of Homeport does not work".into());
    }
    let ill = today.certificates.troubled();
    if ill > 0 {
        return (Tone::Bad, format!("{} trouble with https", count(ill, "domain has", "domains have")));
    }
    if apps.iter().any(|app| words::of_app(app).0 == Tone::Working) {
        return (Tone::Working, "A deploy is running".into());
    }
    if unknown > 0 {
        return (Tone::Unknown, format!("{} not seen yet", count(unknown, "app", "apps")));
    }
    if apps.is_empty() { (Tone::Off, "Nothing is deployed yet".into()) } else { (Tone::Good, "All well".into()) }
}

fn is_well(app: &&AppRow) -> bool {
    matches!(app.state, AppState::Serving { .. })
}

#[component]
fn Loaded(today: Today) -> impl IntoView {
    let (tone, sentence) = summary(&today);
    let serving = today.apps.iter().filter(is_well).count();
    let now = today.now;
    let lead = move || {
        view! {
            <State tone=tone word=sentence />
            <span>{(serving > 0).then(|| format!("{serving} serving · "))} "seen " <Age at=now /></span>
        }
    };
    let is_empty = today.apps.is_empty();
    let deploy = (!is_empty).then(|| {
        view! {
            <a class="button" data-variant="primary" href="/new">
                "Deploy an app"
            </a>
        }
    });
    let broken = today
        .engines
        .clone()
        .into_iter()
        // One that works and has a hint wants to be looked at all the same.
        .filter(|engine| !engine.ok || engine.hint.is_some())
        .map(|engine| {
            let tone = if engine.ok { Tone::Warning } else { Tone::Bad };
            let nginx = (engine.ok && engine.name == "nginx")
                .then(|| view! { <p><a href="/host/nginx">"Look at nginx's files"</a></p> });
            view! {
                <Notice tone=tone title=format!("{}: {}", engine.name, engine.detail)>
                    {engine.hint.map(|hint| view! { <p>{hint}</p> })}
                    {nginx}
                </Notice>
            }
        })
        .collect_view();
    let apps = if is_empty {
        view! { <FirstApp /> }.into_any()
    } else {
        let all = view! { <a href="/apps">"All apps"</a> }.into_any();
        view! {
            <Panel title="Apps" aside=Some(all)>
                <AppTable apps=today.apps.clone() />
            </Panel>
        }
        .into_any()
    };
    let beside = if today.jobs.is_empty() {
        view! { <HostNames apps_domain=today.apps_domain.clone() /> }.into_any()
    } else {
        let all = view! { <a href="/activity/jobs">"All jobs"</a> }.into_any();
        view! {
            <Panel title="Latest jobs" aside=Some(all)>
                <JobTable jobs=today.jobs.clone() />
            </Panel>
        }
        .into_any()
    };
    view! {
        <PageHeader title="Today" lead=lead actions=deploy.map(IntoAny::into_any) />
        {broken}
        <CertificateAlerts alerts=today.certificates.alerts.clone() />
        {apps}
        <EndingsPanel endings=today.certificates.endings.clone() />
        <div class="split">
            {beside} <HostPanel gauges=today.gauges.clone() engines=today.engines.clone() />
        </div>
    }
    .into_any()
}
