//! Times: relative in words, exact in UTC on hover, and moving while the page is open.

use homeport_model::time::Timestamp;
use leptos::prelude::*;

use super::figures::length_of;

/// The server's time, going on in the browser second by second.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<Timestamp>);

impl Clock {
    /// Starts at the page's time and provides itself as a context.
    pub fn provide(start: Timestamp) -> Self {
        let clock = Self(RwSignal::new(start));
        provide_context(clock);
        #[cfg(feature = "hydrate")]
        Effect::new(move || clock.run(start));
        clock
    }

    /// What time it is; reading it subscribes.
    #[must_use]
    pub fn now(self) -> Timestamp {
        self.0.get()
    }

    #[cfg(feature = "hydrate")]
    fn run(self, start: Timestamp) {
        let opened_ms = js_sys::Date::now();
        let tick = move || {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the page opened fit an i64")]
            let passed_ms = (js_sys::Date::now() - opened_ms) as i64;
            self.0.set(start.plus_ms(passed_ms));
        };
        set_interval(tick, std::time::Duration::from_secs(1));
    }
}

fn clock() -> Clock {
    use_context::<Clock>().unwrap_or_else(|| Clock(RwSignal::new(Timestamp::default())))
}

/// What lies ahead by less is a clock that differs, not the future.
const SKEW_MS: i64 = 60_000;

/// The moment from which `at` is looked at: a clock that is a little behind does not make the past
/// the future.
fn seen_from(at: Timestamp, now: Timestamp) -> Timestamp {
    let is_ahead = at.since(now) > SKEW_MS && now != Timestamp::default();
    if is_ahead { now } else { now.max(at) }
}

/// "3 h ago" or "in 89 d", with the exact UTC time on hover.
#[component]
pub fn Age(
    /// When it was.
    at: Timestamp,
) -> impl IntoView {
    let clock = clock();
    let exact = at.to_string();
    view! { <time datetime=exact.clone() title=exact.clone()>{move || at.relative(seen_from(at, clock.now()))}</time> }
}

/// How long something has been going on: "38 s", moving.
#[component]
pub fn Elapsed(
    /// When it began.
    since: Timestamp,
) -> impl IntoView {
    let clock = clock();
    let whole_seconds = move || clock.now().since(since).max(0) / 1_000;
    let words = move || length_of(u64::try_from(whole_seconds()).unwrap_or(0) * 1_000_000);
    view! { <span class="figure">{words}</span> }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, seen_from};

    #[test]
    fn the_future_is_said_and_a_clock_that_differs_is_not() {
        let now = Timestamp::from_ms(1_795_232_519_000);
        let words = |away_ms: i64| {
            let at = now.plus_ms(away_ms);
            at.relative(seen_from(at, now))
        };
        assert_eq!([words(-14_000), words(5_000), words(90 * 86_400_000)], ["14 s ago", "now", "in 90 d"]);
        assert_eq!(now.relative(seen_from(now, Timestamp::default())), "now", "before the clock is known");
    }
}
