//! How much an app is visited and how it answers: figures, two charts, and the newest requests. The
//! address holds the choice, so that every view is a link and works without script.

pub mod charts;
pub mod newest;

use homeport_model::{
    event::Topic,
    id::AppId,
    traffic::{Class, TrafficForm, TrafficPage, TrafficQuery, Window},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::apps::{ThisApp, app_name};
use crate::{
    api::{WireError, traffic::read_traffic},
    live::Live,
    ui::{
        Age, Panel, PanelSkeleton,
        figures::{count, logged_time, size_of, thousandths},
        loaded,
    },
};
use charts::{Requests, TimesChart};
use newest::Newest;

async fn load(name: String, form: TrafficForm) -> Result<(String, TrafficPage), WireError> {
    let page = read_traffic(app_name(&name)?, form).await?;
    Ok((name, page))
}

/// The tab.
#[component]
pub fn TrafficTab() -> impl IntoView {
    let this = ThisApp::current();
    let query = use_query_map();
    let form = Memo::new(move |_| {
        let field = |name: &str| query.read().get(name).unwrap_or_default();
        TrafficForm { window: field("window"), show: field("show") }
    });
    let (live, id) = (use_context::<Live>(), RwSignal::new(None::<AppId>));
    Effect::new(move || {
        if let Some(Ok(detail)) = this.detail.get() {
            id.set(Some(detail.row.id));
        }
    });
    let version = Memo::new(move |_| {
        let topic = id.get().map(Topic::Traffic);
        live.zip(topic).map_or(0, |(live, topic)| live.version(&topic))
    });
    let answer =
        Resource::new(move || (this.name.get(), form.get(), version.get()), |(name, form, _)| load(name, form));
    loaded(answer, || view! { <PanelSkeleton rows=10 /> }, |(name, page)| view! { <Shown name=name page=page /> })
}

/// Links to the other lengths of time.
#[component]
fn Windows(path: String, page: TrafficPage) -> impl IntoView {
    let links = Window::ALL
        .map(|window| {
            let href = TrafficQuery { window, which: page.which }.address(&path);
            let current = (window == page.window).then_some("page");
            view! {
                <a href=href aria-current=current>
                    {window.short()}
                </a>
            }
        })
        .collect_view();
    view! {
        <nav class="series-windows" aria-label="How far back">
            {links}
        </nav>
    }
    .into_any()
}

#[component]
fn Shown(name: String, page: TrafficPage) -> impl IntoView {
    let path = format!("/apps/{name}/traffic");
    let windows = view! { <Windows path=path.clone() page=page.clone() /> }.into_any();
    let body = match page.silence() {
        Some((title, hint)) => view! {
            <div class="empty">
                <h3>{title}</h3>
                <p>{hint}</p>
            </div>
        }
        .into_any(),
        None => view! {
            <div class="panel-body">
                <Figures page=page.clone() />
            </div>
        }
        .into_any(),
    };
    let drawn = (page.totals.requests() > 0).then(|| {
        view! {
            <Requests name=name.clone() page=page.clone() />
            <TimesChart page=page.clone() />
        }
    });
    let newest = page.last_at.map(|_| view! { <Newest path=path page=page.clone() /> });
    view! {
        <Panel title=format!("Traffic in the last {}", page.window.words()) aside=Some(windows)>
            <NotCounted page=page.clone() />
            {body}
        </Panel>
        {drawn}
        {newest}
    }
    .into_any()
}

/// What the figures leave out.
#[component]
fn NotCounted(page: TrafficPage) -> impl IntoView {
    let bytes: u64 = page.holes.iter().map(|hole| hole.bytes).sum();
    let passed_over = page.holes.first().zip(page.holes.last()).map(|(first, last)| {
        view! {
            <p class="output-note" role="status">
                {format!("{} of the log were not counted, because it had grown too long: from ", size_of(bytes))}
                <Age at=first.from /> " to " <Age at=last.until /> ". The figures of that time are too low."
            </p>
        }
    });
    let unreadable = (page.totals.unreadable > 0).then(|| {
        let lines = usize::try_from(page.totals.unreadable).unwrap_or(usize::MAX);
        let words = format!("{} of the log could not be read and did not count.", count(lines, "line", "lines"));
        view! { <p class="output-note">{words}</p> }
    });
    view! {
        {passed_over}
        {unreadable}
    }
    .into_any()
}

/// "0.42 %" of hundredths of a percent.
fn share(centipercent: u64) -> String {
    match centipercent {
        0 => "0 %".into(),
        part if part.is_multiple_of(100) => format!("{} %", part / 100),
        part => format!("{}.{:02} %", part / 100, part % 100),
    }
}

/// The figures that can be read across the room.
#[component]
fn Figures(page: TrafficPage) -> impl IntoView {
    let totals = &page.totals;
    let figure = |name: &'static str, words: String, bad: bool| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd data-state=bad.then_some("bad")>{words}</dd>
            </div>
        }
    };
    let times = totals.times.map(|times| {
        view! {
            {figure("p50", logged_time(times.p50_us), false)}
            {figure("p95", logged_time(times.p95_us), false)} {figure("p99", logged_time(times.p99_us), false)}
        }
    });
    let failed = totals.of(Class::ServerError);
    let left = totals.of(Class::Unanswered);
    let busiest = page.busiest.map(|busiest| {
        let of = page.window.point_words();
        view! {
            <p class="muted">
                {format!("Busiest: {} requests within {of}, ", busiest.requests)} <Age at=busiest.at />
                {(left > 0).then(|| format!(". {left} got no answer: the visitor left first, or the connection was closed"))}
                "."
            </p>
        }
    });
    view! {
        <div class="stack" data-gap="4">
            <dl class="proof-figures">
                {figure("requests", totals.requests().to_string(), false)}
                {figure("requests a second", thousandths(totals.per_second_milli()), false)}
                {figure("failed (5xx)", share(totals.failed_centipercent().unwrap_or(0)), failed > 0)} {times}
                {figure("sent", size_of(totals.bytes), false)}
            </dl>
            {busiest}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_read_as_words() {
        assert_eq!([0, 4, 100, 3_333, 10_000].map(share), ["0 %", "0.04 %", "1 %", "33.33 %", "100 %"]);
    }
}
