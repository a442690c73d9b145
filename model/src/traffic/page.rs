//! An app's traffic as a page shows it: a series with its gaps, what it adds up to, and what was not
//! counted.

use serde::{Deserialize, Serialize};

use super::{Bucket, Class, Entries, Histogram, P50, P95, P99, Which, Window};
use crate::{problem::Problem, time::Timestamp};

/// The choice as it was typed; empty fields choose nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrafficForm {
    /// How far back: `1h`, `24h`, `7d` or `30d`; empty means a day.
    #[serde(default)]
    pub window: String,
    /// `errors` shows only requests that went wrong; empty shows all.
    #[serde(default)]
    pub show: String,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrafficQuery {
    /// How far back.
    pub window: Window,
    /// Which of the newest requests.
    pub which: Which,
}

impl TrafficForm {
    /// Reads the choice.
    ///
    /// # Errors
    /// The first field that is not acceptable, as a problem that names it.
    pub fn parse(&self) -> Result<TrafficQuery, Problem> {
        let window = match self.window.trim() {
            "" => Window::default(),
            text => text.parse().map_err(|_| {
                Problem::invalid("window", "That is no length of time that the page shows.")
                    .hint("Choose 1h, 24h, 7d or 30d.")
            })?,
        };
        let which = [Which::All, Which::Errors].into_iter().find(|which| which.as_str() == self.show.trim());
        let which = which.ok_or_else(|| {
            Problem::invalid("show", "Only all requests can be shown, or the errors.")
                .hint("Choose errors, or leave it empty.")
        })?;
        Ok(TrafficQuery { window, which })
    }
}

impl TrafficQuery {
    /// Its address below `path`.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        let window = self.window.as_str();
        match self.which {
            Which::All => format!("{path}?window={window}"),
            Which::Errors => format!("{path}?window={window}&show={}", self.which.as_str()),
        }
    }
}

/// How long answers took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Half of them took no longer.
    pub p50_us: u64,
    /// Nineteen of twenty.
    pub p95_us: u64,
    /// Ninety-nine of a hundred.
    pub p99_us: u64,
}

impl Times {
    /// What a histogram says; `None` where it counted nothing.
    #[must_use]
    pub fn of(histogram: &Histogram) -> Option<Self> {
        let [p50_us, p95_us, p99_us] = [P50, P95, P99].map(|per_mille| histogram.quantile_us(per_mille));
        Some(Self { p50_us: p50_us?, p95_us: p95_us?, p99_us: p99_us? })
    }
}

/// One point of the series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// When it begins.
    pub at: Timestamp,
    /// Requests by class, in the order of [`Class::ALL`]; `None` where nobody counted.
    pub classes: Option<[u64; 6]>,
    /// How long answers took; `None` where there were none.
    pub times: Option<Times>,
}

impl Point {
    /// Requests of all classes.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.classes.map_or(0, |classes| classes.iter().sum())
    }
}

/// What a window adds up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Requests by class, in the order of [`Class::ALL`].
    pub classes: [u64; 6],
    /// Bytes that were sent.
    pub bytes: u64,
    /// Lines that could not be read.
    pub unreadable: u64,
    /// How long answers took; `None` where there were none.
    pub times: Option<Times>,
    /// For how many seconds somebody counted; 1 or more.
    pub seconds: u64,
}

impl Totals {
    /// Requests of all classes.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// Requests of one class.
    #[must_use]
    pub const fn of(&self, class: Class) -> u64 {
        self.classes[class.index()]
    }

    /// Thousandths of a request a second, over the time in which somebody counted.
    #[must_use]
    pub fn per_second_milli(&self) -> u64 {
        self.requests().saturating_mul(1_000) / self.seconds.max(1)
    }

    /// Hundredths of a percent of the requests that failed (5xx); `None` of nothing.
    #[must_use]
    pub fn failed_centipercent(&self) -> Option<u64> {
        self.of(Class::ServerError).saturating_mul(10_000).checked_div(self.requests())
    }
}

/// The point with the most requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busiest {
    /// When it begins.
    pub at: Timestamp,
    /// How many requests came.
    pub requests: u64,
}

/// A part of the log that was not counted, because there was too much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// The last request before it.
    pub from: Timestamp,
    /// The first request after it.
    pub until: Timestamp,
    /// How much of the log.
    pub bytes: u64,
}

impl Hole {
    /// How many milliseconds it takes from a stretch of time.
    fn within(&self, from: Timestamp, until: Timestamp) -> i64 {
        self.until.min(until).since(self.from.max(from)).max(0)
    }
}

/// All that the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficPage {
    /// How far back.
    pub window: Window,
    /// Which of the newest requests are shown.
    pub which: Which,
    /// The series, oldest first.
    pub points: Vec<Point>,
    /// What it adds up to.
    pub totals: Totals,
    /// The busiest point, where there was a request.
    pub busiest: Option<Busiest>,
    /// What was not counted of the window.
    pub holes: Vec<Hole>,
    /// Switches to a release in the window, oldest first: when, and its number.
    pub deploys: Vec<(Timestamp, u32)>,
    /// The newest request of all.
    pub last_at: Option<Timestamp>,
    /// The newest requests.
    pub entries: Entries,
    /// When this was put together.
    pub now: Timestamp,
}

impl TrafficPage {
    /// Why there is nothing to draw, and what to do: where nobody asked for anything in the window.
    #[must_use]
    pub fn silence(&self) -> Option<(String, String)> {
        if self.totals.requests() > 0 {
            return None;
        }
        Some(match self.last_at {
            None => (
                "No traffic yet".into(),
                "Requests are counted from nginx's log, from the first one on. Open the app once to see it here."
                    .into(),
            ),
            Some(at) => (
                format!("No request in the last {}", self.window.words()),
                format!("The last one came {}. Look further back to see it.", at.relative(self.now)),
            ),
        })
    }
}

/// What is known of an app's traffic, from which a page is made.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Since when somebody counts; `None` before the first request.
    pub since: Option<Timestamp>,
    /// The newest request of all.
    pub last_at: Option<Timestamp>,
    /// What was not counted.
    pub holes: Vec<Hole>,
    /// Buckets of the window's grain, each with its beginning; in any order, and more than one of the same
    /// time are added up.
    pub buckets: Vec<(Timestamp, Bucket)>,
}

/// Puts a page together.
#[must_use]
pub fn shown(query: TrafficQuery, now: Timestamp, known: Known, deploys: Vec<(Timestamp, u32)>) -> TrafficPage {
    let Known { since, last_at, mut holes, buckets } = known;
    let TrafficQuery { window, which } = query;
    let begins = window.begins(now);
    let end = begins.plus_ms(window.point_ms() * i64::try_from(window.points()).unwrap_or(i64::MAX));
    holes.retain(|hole| hole.within(begins, end) > 0);
    let mut sums = vec![Bucket::default(); window.points()];
    let mut whole = Bucket::default();
    for (at, bucket) in &buckets {
        let place = at.since(begins).div_euclid(window.point_ms());
        if let Some(sum) = usize::try_from(place).ok().and_then(|place| sums.get_mut(place)) {
            sum.merge(bucket);
            whole.merge(bucket);
        }
    }
    let points: Vec<Point> = (0..)
        .zip(&sums)
        .map(|(place, sum): (i64, _)| {
            let at = begins.plus_ms(place * window.point_ms());
            let until = at.plus_ms(window.point_ms());
            let counted =
                since.is_some_and(|since| since < until) && holes.iter().all(|hole| hole.within(at, until) == 0);
            let classes = (counted || sum.requests() > 0).then_some(sum.classes);
            Point { at, classes, times: Times::of(&sum.times) }
        })
        .collect();
    // The last one where several are equal: it is the nearest.
    let busiest = points.iter().max_by_key(|point| point.requests()).filter(|point| point.requests() > 0);
    let counted_from = since.map_or(now, |since| since.max(begins));
    let missed: i64 = holes.iter().map(|hole| hole.within(counted_from, now)).sum();
    let seconds = u64::try_from((now.since(counted_from) - missed) / 1_000).unwrap_or(0).max(1);
    TrafficPage {
        window,
        which,
        busiest: busiest.map(|point| Busiest { at: point.at, requests: point.requests() }),
        totals: Totals {
            classes: whole.classes,
            bytes: whole.bytes,
            unreadable: whole.unreadable,
            times: Times::of(&whole.times),
            seconds,
        },
        points,
        holes,
        deploys: deploys.into_iter().filter(|(at, _)| *at >= begins && *at < end).collect(),
        last_at,
        entries: Entries::default(),
        now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{Grain, Request};

    const NOW: Timestamp = Timestamp::from_ms(1_795_232_519_000);
    const MINUTE: i64 = 60_000;

    fn bucket(requests: &[(u16, u64)]) -> Bucket {
        let mut bucket = Bucket::default();
        for (status, ms) in requests {
            bucket.add(&Request { status: *status, bytes: 1_000, took_us: ms * 1_000, ..Request::default() });
        }
        bucket
    }

    fn hour(known: Known) -> TrafficPage {
        shown(TrafficQuery { window: Window::Hour, which: Which::All }, NOW, known, vec![])
    }

    fn ago(minutes: i64) -> Timestamp {
        Grain::Minute.floor(NOW).plus_ms(-minutes * MINUTE)
    }

    #[test]
    fn zero_is_counted_and_nobody_counting_is_a_gap() {
        let known = Known {
            since: Some(ago(10).plus_ms(30_000)),
            last_at: Some(ago(2)),
            buckets: vec![(ago(5), bucket(&[(200, 10), (500, 30)])), (ago(5), bucket(&[(404, 1)]))],
            holes: vec![Hole { from: ago(4).plus_ms(1), until: ago(2).plus_ms(-1), bytes: 77 }],
        };
        let page = hour(known);
        let of = |minutes: i64| page.points.iter().find(|point| point.at == ago(minutes)).expect("a point");
        assert_eq!(page.points.len(), 60);
        assert_eq!(page.points.last().map(|point| point.at), Some(ago(0)));
        assert_eq!(of(11).classes, None, "before anybody counted");
        assert_eq!(of(10).classes, Some([0; 6]));
        assert_eq!((of(5).classes, of(5).requests()), (Some([0, 1, 0, 1, 1, 0]), 3));
        assert_eq!((of(4).classes, of(3).classes), (None, None), "what was not counted is not zero");
        assert_eq!((of(2).classes, of(2).times), (Some([0; 6]), None));
        let times = of(5).times.expect("times");
        assert!(times.p50_us < times.p95_us && times.p95_us <= times.p99_us, "{times:?}");
        assert_eq!(page.busiest, Some(Busiest { at: ago(5), requests: 3 }));
        assert_eq!(page.totals.failed_centipercent(), Some(3_333));
        // Ten minutes less the half and the two of the hole, and what has passed of this one.
        assert_eq!(page.totals.seconds, 9 * 60 + 30 - 120 + 59);
        assert_eq!(page.silence(), None);
    }

    #[test]
    fn silence_has_words() {
        let never = hour(Known::default());
        assert_eq!(never.silence().expect("words").0, "No traffic yet");
        assert!(never.points.iter().all(|point| point.classes.is_none()));
        assert_eq!((never.totals.per_second_milli(), never.totals.failed_centipercent()), (0, None));
        let quiet = hour(Known { since: Some(ago(9_000)), last_at: Some(ago(180)), ..Known::default() });
        let (title, hint) = quiet.silence().expect("words");
        assert_eq!(title, "No request in the last hour");
        assert!(hint.contains("3 h ago"), "{hint}");
        assert!(quiet.points.iter().all(|point| point.classes == Some([0; 6])));
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let buckets = vec![
            (ago(60), bucket(&[(200, 1)])),
            (NOW.plus_ms(86_400_000), bucket(&[(200, 1)])),
            (Timestamp::from_ms(i64::MIN), bucket(&[(200, 1)])),
            (Timestamp::from_ms(i64::MAX), bucket(&[(200, 1)])),
            (ago(59), bucket(&[(200, 1)])),
        ];
        let known = Known { since: Some(ago(100)), buckets, ..Known::default() };
        let deploys = vec![(ago(70), 1), (ago(20), 2), (NOW.plus_ms(MINUTE), 3)];
        let page = shown(TrafficQuery { window: Window::Hour, which: Which::All }, NOW, known, deploys);
        assert_eq!((page.totals.requests(), page.totals.bytes), (1, 1_000));
        assert_eq!(page.deploys, [(ago(20), 2)]);
    }

    #[test]
    fn a_choice_reads_and_anything_else_says_which_field() {
        let form = |window: &str, show: &str| TrafficForm { window: window.into(), show: show.into() };
        assert_eq!(form("", "").parse(), Ok(TrafficQuery::default()));
        let query = form("7d", "errors").parse().expect("reads");
        assert_eq!(query.address("/apps/shop/traffic"), "/apps/shop/traffic?window=7d&show=errors");
        for (window, show, field) in [
            ("1y", "", "window"),
            ("-1h", "", "window"),
            ("1h\u{0}", "", "window"),
            ("<script>", "", "window"),
            (&"9".repeat(10_000), "", "window"),
            ("1h", "all' OR 1=1", "show"),
        ] {
            let refused = form(window, show).parse().expect_err("refused");
            assert_eq!((refused.field.as_deref(), refused.code.status()), (Some(field), 422));
            assert!(refused.hint.is_some());
        }
    }
}
