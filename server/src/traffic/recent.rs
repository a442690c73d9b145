//! How quickly apps answer now, for lists of apps: kept in memory, so that a list asks the store nothing.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use homeport_model::{
    id::AppId,
    time::Timestamp,
    traffic::{Grain, Histogram, P95},
};

/// Answer times of this hour and of the one before it.
#[derive(Debug, Default)]
struct Hours {
    now: Histogram,
    before: Histogram,
}

#[derive(Debug, Default)]
struct Seen {
    /// When this hour began.
    hour: Timestamp,
    apps: HashMap<AppId, Hours>,
}

/// Answer times of the apps that were asked something in this hour or the one before it.
#[derive(Debug, Clone, Default)]
pub struct AnswerTimes(Arc<RwLock<Seen>>);

impl AnswerTimes {
    /// In how many microseconds 19 of 20 answers of an app were done, in this hour and the one before it;
    /// `None` where there were none.
    #[must_use]
    pub fn p95_us(&self, app: &AppId) -> Option<u64> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let hours = seen.apps.get(app)?;
        let mut both = hours.now.clone();
        both.merge(&hours.before);
        both.quantile_us(P95)
    }

    /// Adds what was counted at a moment.
    pub(super) fn add(&self, app: &AppId, at: Timestamp, times: &Histogram) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let hour = Grain::Hour.floor(at);
        let away = seen.hour.since(hour);
        if times.total() == 0 || !(0..=Grain::Hour.length_ms()).contains(&away) {
            return;
        }
        let hours = seen.apps.entry(app.clone()).or_default();
        if away == 0 { hours.now.merge(times) } else { hours.before.merge(times) }
    }

    /// Begins another hour where it has come; what is older goes.
    pub(super) fn is_now(&self, now: Timestamp) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let hour = Grain::Hour.floor(now);
        let passed = hour.since(seen.hour);
        if passed == 0 {
            return;
        }
        seen.hour = hour;
        if passed != Grain::Hour.length_ms() {
            seen.apps.clear();
            return;
        }
        for hours in seen.apps.values_mut() {
            hours.before = std::mem::take(&mut hours.now);
        }
        seen.apps.retain(|_, hours| hours.before.total() > 0);
    }

    /// Forgets the apps that are not among `apps`.
    pub(super) fn keep(&self, apps: &[AppId]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).apps.retain(|app, _| apps.contains(app));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hours_are_remembered_and_no_more() {
        const HOUR: i64 = 3_600_000;
        let (times, app) = (AnswerTimes::default(), AppId::new(1, 1));
        let began = Timestamp::from_ms(500_000 * HOUR);
        let mut slow = Histogram::default();
        slow.add(3_000);
        times.is_now(began.plus_ms(10));
        times.add(&app, began.plus_ms(5), &slow);
        times.add(&app, began.plus_ms(-2 * HOUR), &slow);
        times.add(&app, began.plus_ms(HOUR), &slow);
        assert_eq!(times.p95_us(&app), Some(3_000));
        times.is_now(began.plus_ms(HOUR + 1));
        assert_eq!(times.p95_us(&app), Some(3_000));
        times.is_now(began.plus_ms(2 * HOUR));
        assert_eq!(times.p95_us(&app), None);
        assert!(times.0.read().expect("not poisoned").apps.is_empty());
    }
}
