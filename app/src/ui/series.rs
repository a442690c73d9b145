//! Figures over time: bars of one stretch each, or lines, with gaps where nobody counted and ticks for
//! events. Server-rendered SVG; it needs no script.

use std::fmt::Write;

use leptos::prelude::*;

use super::chart::plain_top;

/// The units of the view box.
const WIDTH: u64 = 600;
const HEIGHT: u64 = 100;

/// What a series is called, and what it draws.
pub struct Drawn {
    /// The word of the style sheet for its colour.
    pub key: &'static str,
    /// Its path.
    path: String,
}

/// A chart in the units of its view box.
pub struct Series {
    /// What is drawn, the first one at the bottom.
    pub drawn: Vec<Drawn>,
    /// Where nobody counted.
    gaps: String,
    /// The figure at the top of the axis.
    pub top: u64,
    points: u64,
}

fn x(place: usize, points: u64) -> u64 {
    place as u64 * WIDTH * 10 / points.max(1)
}

/// Tenths of a unit, as a number of SVG.
fn tenths(number: u64) -> String {
    if number.is_multiple_of(10) { (number / 10).to_string() } else { format!("{}.{}", number / 10, number % 10) }
}

fn y(value: u64, top: u64) -> u64 {
    let height = u128::from(HEIGHT) * 10;
    let drawn = (u128::from(value) * height).div_ceil(u128::from(top.max(1))).min(height);
    HEIGHT * 10 - u64::try_from(drawn).unwrap_or(HEIGHT * 10)
}

fn gaps(are: impl Iterator<Item = bool>, points: u64) -> String {
    let mut path = String::new();
    for (place, is_gap) in are.enumerate() {
        if is_gap {
            let (from, to) = (x(place, points), x(place + 1, points));
            let _ = write!(path, "M{} 0V{HEIGHT}H{}V0z", tenths(from), tenths(to));
        }
    }
    path
}

impl Series {
    /// Bars that stand on one another; a point without values is a gap.
    #[must_use]
    pub fn bars<const N: usize>(keys: [&'static str; N], points: &[Option<[u64; N]>]) -> Self {
        let sum = |values: &[u64; N]| values.iter().fold(0_u64, |sum, value| sum.saturating_add(*value));
        let top = plain_top(points.iter().flatten().map(sum).max().unwrap_or(0), 5);
        let count = points.len() as u64;
        let mut paths: Vec<String> = vec![String::new(); N];
        for (place, values) in points.iter().enumerate() {
            let Some(values) = values else { continue };
            let (from, to) = (x(place, count), x(place + 1, count));
            // A little room between two bars.
            let to = to - (to - from).min(60) / 6;
            let (mut below, mut low) = (0_u64, HEIGHT * 10);
            let mut above = values.iter().filter(|value| **value > 0).count() as u64;
            for (path, value) in paths.iter_mut().zip(values).filter(|(_, value)| **value > 0) {
                below = below.saturating_add(*value);
                above -= 1;
                // One failure among thousands is seen: each part has a unit at least, also at the top.
                let high = y(below, top).min(low.saturating_sub(10)).max(above * 10);
                let (from, to) = (tenths(from), tenths(to));
                let _ = write!(path, "M{from} {}V{}H{to}V{}z", tenths(low), tenths(high), tenths(low));
                low = high;
            }
        }
        let drawn = keys.into_iter().zip(paths).map(|(key, path)| Drawn { key, path }).collect();
        Self { drawn, gaps: gaps(points.iter().map(Option::is_none), count), top, points: count }
    }

    /// Lines; each point stands in the middle of its stretch, and one without values interrupts them.
    /// The axis ends at one of 1, 2, 5, … times `least`.
    #[must_use]
    pub fn lines<const N: usize>(keys: [&'static str; N], points: &[Option<[u64; N]>], least: u64) -> Self {
        let top = plain_top(points.iter().flatten().flatten().copied().max().unwrap_or(0), least);
        let count = points.len() as u64;
        let draw = |line: usize| {
            let (mut path, mut pen_is_down) = (String::new(), false);
            for (place, values) in points.iter().enumerate() {
                if let Some(values) = values {
                    let at = (x(place, count) + x(place + 1, count)) / 2;
                    let (at, height) = (tenths(at), tenths(y(values[line], top)));
                    // A point alone is a dot: a line of no length with round ends.
                    let _ = if pen_is_down { write!(path, "L{at} {height}") } else { write!(path, "M{at} {height}h0") };
                }
                pen_is_down = values.is_some();
            }
            path
        };
        let drawn = keys.into_iter().enumerate().map(|(line, key)| Drawn { key, path: draw(line) }).collect();
        Self { drawn, gaps: String::new(), top, points: count }
    }

    /// The same with these places marked as those where nobody counted.
    #[must_use]
    pub fn with_gaps(self, are: impl Iterator<Item = bool>) -> Self {
        Self { gaps: gaps(are, self.points), ..self }
    }
}

/// The chart of a series.
#[component]
pub fn SeriesChart(
    /// What is drawn.
    series: Series,
    /// What the chart shows, in words.
    #[prop(into)]
    label: String,
    /// The figure at the top of the axis, in words.
    top: String,
    /// Events: how far from the left, in thousandths of the width.
    events: Vec<u64>,
    /// The words of each point, shown when one points at it.
    words: Vec<String>,
    /// The words below: at the left, in the middle, at the right.
    below: [String; 3],
    /// Lines instead of bars.
    #[prop(optional)]
    lines: bool,
) -> impl IntoView {
    let Series { drawn, gaps, points, .. } = series;
    let paths = drawn
        .into_iter()
        .filter(|drawn| !drawn.path.is_empty())
        .map(|Drawn { key, path }| view! { <path class=if lines { "series-line" } else { "series-bar" } data-key=key d=path /> })
        .collect_view();
    let mut ticks = String::new();
    for event in events {
        let _ = write!(ticks, "M{} {}v8", tenths(event * WIDTH / 100), HEIGHT - 2);
    }
    let hints = words
        .into_iter()
        .enumerate()
        .map(|(place, words)| {
            let (from, to) = (x(place, points), x(place + 1, points));
            view! {
                <rect x=tenths(from) y="0" width=tenths(to - from) height=HEIGHT>
                    <title>{words}</title>
                </rect>
            }
        })
        .collect_view();
    let [left, middle, right] = below;
    view! {
        <figure class="chart series">
            <div class="chart-y" aria-hidden="true">
                <span>{top}</span>
                <span>"0"</span>
            </div>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                <path class="series-gap" d=gaps />
                <path class="chart-grid" d=format!("M0 0H{WIDTH}M0 {}H{WIDTH}M0 {HEIGHT}H{WIDTH}", HEIGHT / 2) />
                {paths}
                <path class="series-event" d=ticks />
                <g class="series-hints">{hints}</g>
            </svg>
            <figcaption class="chart-x">
                <span>{left}</span>
                <span>{middle}</span>
                <span>{right}</span>
            </figcaption>
        </figure>
    }
    .into_any()
}

/// What the colours of a chart mean.
#[component]
pub fn Legend(
    /// The word of the style sheet, and the words for people.
    entries: Vec<(&'static str, String)>,
) -> impl IntoView {
    let entries = entries.into_iter().map(|(key, words)| view! { <li data-key=key>{words}</li> }).collect_view();
    view! { <ul class="series-legend">{entries}</ul> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path<'a>(series: &'a Series, key: &str) -> &'a str {
        &series.drawn.iter().find(|drawn| drawn.key == key).expect("a series").path
    }

    #[test]
    fn bars_stand_on_one_another_and_gaps_stay_empty() {
        let series = Series::bars(["2xx", "5xx"], &[Some([4, 1]), None, Some([0, 0]), Some([0, 2])]);
        assert_eq!(series.top, 5);
        assert_eq!(path(&series, "2xx"), "M0 100V20H149V100z");
        assert_eq!(path(&series, "5xx"), "M0 20V0H149V20zM450 100V60H599V100z");
        assert_eq!(series.gaps, "M150 0V100H300V0z");
    }

    #[test]
    fn a_line_is_interrupted_and_a_point_alone_is_a_dot() {
        let series = Series::lines(["p50"], &[Some([5_000]), Some([10_000]), None, Some([0])], 1_000);
        assert_eq!(series.top, 10_000);
        assert_eq!(path(&series, "p50"), "M75 50h0L225 0M525 100h0");
    }

    #[test]
    fn nothing_and_far_too_much_can_be_drawn() {
        let none = Series::bars(["2xx"], &[]);
        assert_eq!((none.top, none.gaps.as_str(), path(&none, "2xx")), (5, "", ""));
        let most = Series::bars(["2xx", "5xx"], &[Some([u64::MAX, u64::MAX])]);
        assert_eq!(path(&most, "2xx"), "M0 100V1H599V100z");
        let rare = Series::bars(["2xx", "5xx"], &[Some([99_999, 1])]);
        assert_eq!(path(&rare, "5xx"), "M0 1V0H599V1z");
        assert!(!path(&Series::lines(["p50"], &[Some([u64::MAX])], 1_000), "p50").contains('-'));
    }
}
