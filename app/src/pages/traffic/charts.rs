//! Requests by how they ended, and how long answers took, over the same time.

use homeport_model::{
    time::Timestamp,
    traffic::{Class, Point, TrafficPage, Window},
};
use leptos::prelude::*;

use crate::ui::{
    Age, Column, Panel, Table,
    figures::logged_time,
    series::{Legend, Series, SeriesChart},
};

/// Answer times are drawn up to at least this.
const LEAST_US: u64 = 1_000;
/// So many points stand in the table of figures.
const MOST_ROWS: usize = 60;

/// "2026-11-21 03:40 UTC".
fn minute(at: Timestamp) -> String {
    let text = at.to_string().replace('T', " ");
    format!("{} UTC", text.get(..16).unwrap_or(&text))
}

/// What a point says when one points at it.
fn words(point: &Point) -> String {
    let at = minute(point.at);
    let Some(classes) = point.classes else { return format!("{at}: not counted") };
    let mut words = format!("{at}: {} requests", point.requests());
    for class in Class::ALL.into_iter().filter(|class| classes[class.index()] > 0) {
        words += &format!(", {} {}", classes[class.index()], class.as_str());
    }
    if let Some(times) = point.times {
        let [p50, p95, p99] = [times.p50_us, times.p95_us, times.p99_us].map(logged_time);
        words += &format!("; p50 {p50}, p95 {p95}, p99 {p99}");
    }
    words
}

fn words_of(page: &TrafficPage) -> Vec<String> {
    page.points.iter().map(words).collect()
}

/// The switches to a release, in thousandths of the width.
fn events(page: &TrafficPage) -> Vec<u64> {
    let Some(first) = page.points.first() else { return Vec::new() };
    let span = page.window.point_ms() * i64::try_from(page.points.len()).unwrap_or(1);
    let place = |at: Timestamp| u64::try_from(at.since(first.at).saturating_mul(1_000) / span.max(1)).ok();
    page.deploys.iter().filter_map(|(at, _)| place(*at)).collect()
}

fn below(page: &TrafficPage) -> [String; 3] {
    let middle = if page.deploys.is_empty() { "" } else { "ticks: deploys" };
    [format!("{} ago", page.window.short()), middle.into(), "now".into()]
}

fn each(window: Window) -> String {
    format!("each bar: {}", window.point_words())
}

/// Requests, by how they ended.
#[component]
pub fn Requests(
    /// The app.
    name: String,
    /// What is known.
    page: TrafficPage,
) -> impl IntoView {
    // What went wrong stands at the top, where it is seen.
    let order = [
        Class::Informational,
        Class::Success,
        Class::Redirect,
        Class::ClientError,
        Class::Unanswered,
        Class::ServerError,
    ];
    let of = |classes: [u64; 6]| order.map(|class| classes[class.index()]);
    let points: Vec<_> = page.points.iter().map(|point| point.classes.map(of)).collect();
    let series = Series::bars(order.map(Class::key), &points);
    let legend = Class::ALL
        .into_iter()
        .filter(|class| page.totals.of(*class) > 0)
        .map(|class| (class.key(), format!("{} {}", page.totals.of(class), class.as_str())))
        .collect::<Vec<_>>();
    let label = format!("{} requests in the last {}", page.totals.requests(), page.window.words());
    let aside = view! { <small class="muted">{each(page.window)}</small> }.into_any();
    view! {
        <Panel title="Requests" aside=Some(aside)>
            <div class="panel-body stack" data-gap="4">
                <SeriesChart
                    top=series.top.to_string()
                    series=series
                    label=label
                    events=events(&page)
                    words=words_of(&page)
                    below=below(&page)
                />
                <Legend entries=legend />
                <Deploys name=name page=page.clone() />
                <Figures page=page />
            </div>
        </Panel>
    }
    .into_any()
}

/// The switches of the window, as links.
#[component]
fn Deploys(name: String, page: TrafficPage) -> impl IntoView {
    let links = page
        .deploys
        .iter()
        .rev()
        .take(8)
        .map(|(at, number)| {
            view! {
                <li>
                    <a href=format!("/apps/{name}/deploys/{number}")>{format!("release {number}")}</a>
                    " "
                    <span class="muted">
                        <Age at=*at />
                    </span>
                </li>
            }
        })
        .collect_view();
    (!page.deploys.is_empty()).then(|| {
        view! {
            <ul class="cluster" aria-label="Deploys in this time">
                {links}
            </ul>
        }
    })
}

/// The figures of the newest points, for those who cannot see the chart.
#[component]
fn Figures(page: TrafficPage) -> impl IntoView {
    let rows = page
        .points
        .iter()
        .rev()
        .filter(|point| point.requests() > 0)
        .take(MOST_ROWS)
        .map(|point| {
            let failed = point.classes.map_or(0, |classes| classes[Class::ServerError.index()]);
            let time = |took: fn(&homeport_model::traffic::Times) -> u64| {
                point.times.as_ref().map_or_else(|| "none".to_owned(), |times| logged_time(took(times)))
            };
            view! {
                <tr>
                    <th scope="row" data-cell="name">
                        {minute(point.at)}
                    </th>
                    <td class="figure" data-cell="side">
                        {point.requests()}
                    </td>
                    <td class="figure">{failed}</td>
                    <td class="figure">{time(|times| times.p50_us)}</td>
                    <td class="figure" data-cell="end">
                        {time(|times| times.p95_us)}
                    </td>
                    <td class="figure">{time(|times| times.p99_us)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="disclosure">
            <summary>"The figures as a table"</summary>
            <Table columns=[
                Column::text("From"),
                Column::figure("Requests"),
                Column::figure("Failed"),
                Column::figure("p50"),
                Column::figure("p95"),
                Column::figure("p99"),
            ]>{rows}</Table>
        </details>
    }
    .into_any()
}

/// How long answers took.
#[component]
pub fn TimesChart(
    /// What is known.
    page: TrafficPage,
) -> impl IntoView {
    let points: Vec<_> =
        page.points.iter().map(|point| point.times.map(|times| [times.p50_us, times.p95_us, times.p99_us])).collect();
    let series = Series::lines(["p50", "p95", "p99"], &points, LEAST_US)
        .with_gaps(page.points.iter().map(|point| point.classes.is_none()));
    let legend = page.totals.times.map(|times| {
        let of = |key: &'static str, took_us: u64| (key, format!("{key} {}", logged_time(took_us)));
        vec![of("p50", times.p50_us), of("p95", times.p95_us), of("p99", times.p99_us)]
    });
    let label = match page.totals.times {
        Some(times) => format!("Answer times: 95 of 100 within {}", logged_time(times.p95_us)),
        None => "Answer times: there were none".into(),
    };
    let aside = view! { <small class="muted">"of 100 answers, 50, 95 and 99 took no longer"</small> }.into_any();
    view! {
        <Panel title="Answer times" aside=Some(aside)>
            <div class="panel-body stack" data-gap="4">
                <SeriesChart
                    top=logged_time(series.top)
                    series=series
                    label=label
                    events=events(&page)
                    words=words_of(&page)
                    below=below(&page)
                    lines=true
                />
                {legend.map(|entries| view! { <Legend entries=entries /> })}
            </div>
        </Panel>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use homeport_model::traffic::Times;

    use super::*;

    #[test]
    fn a_point_reads_all_series_at_its_time() {
        let times = Times { p50_us: 11_000, p95_us: 42_000, p99_us: 0 };
        let at = Timestamp::from_ms(1_795_232_519_000);
        let point = Point { at, classes: Some([0, 10, 0, 1, 2, 0]), times: Some(times) };
        assert_eq!(
            words(&point),
            "2026-11-21 03:41 UTC: 13 requests, 10 2xx, 1 4xx, 2 5xx; p50 11 ms, p95 42 ms, p99 < 1 ms"
        );
        let gap = Point { at, classes: None, times: None };
        assert_eq!(words(&gap), "2026-11-21 03:41 UTC: not counted");
    }
}
