//! When a certificate is renewed, and when a try that failed is made again. Randomness comes as an
//! argument, so that the same row always names the same moment.

use serde::{Deserialize, Serialize};

use super::CertificateFacts;
use crate::time::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// A day in milliseconds.
const DAY: i64 = 24 * HOUR;

/// Certificates that live shorter are renewed at half of their life, the others at a third of it left
/// (Let's Encrypt, "Integration Guide": shortlived certificates).
const SHORT_LIFE: i64 = 10 * DAY;
/// One that has so little left and is not renewed is in trouble, however long it lives.
const LATE: i64 = 14 * DAY;
/// No certificate authority is believed to want a longer pause.
const LONGEST_PAUSE: i64 = 7 * DAY;
/// Renewal information is asked for at least twice a day (RFC 9773, section 4.3.3).
const ASK_EVERY: i64 = 12 * HOUR;

/// When a certificate authority would like a certificate to be renewed (ARI, RFC 9773).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AriWindow {
    /// Its beginning.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
}

impl AriWindow {
    /// Whether it can be meant: it ends after it begins, and begins while the certificate is still good.
    #[must_use]
    pub fn is_sound(&self, facts: &CertificateFacts) -> bool {
        self.start < self.end && self.start < facts.not_after
    }

    /// A moment in it: `random` of 2^32 on the way through it, and never after `latest`.
    #[must_use]
    pub fn moment(&self, random: u32, latest: Timestamp) -> Timestamp {
        let length = i128::from(self.end.since(self.start));
        let way = length * i128::from(random) / (1 << 32);
        self.start.plus_ms(i64::try_from(way).unwrap_or(0)).min(latest)
    }
}

/// When a certificate is to be renewed: at a moment of the window, if there is a sound one (which may be
/// past: then now); else when a third of its life is left, or half of a short one.
#[must_use]
pub fn due_at(facts: &CertificateFacts, ari: Option<AriWindow>, random: u32) -> Timestamp {
    let by_age = facts.not_after.plus_ms(-margin_ms(facts));
    // A window that is later than the certificate's last sixth comes too late for a second try.
    let latest = facts.not_after.plus_ms(-margin_ms(facts) / 2);
    ari.filter(|window| window.is_sound(facts)).map_or(by_age, |window| window.moment(random, latest))
}

/// Whether a certificate should have been renewed long ago: half of the time that is meant for that is over,
/// and two weeks are left at most.
#[must_use]
pub fn is_late(facts: &CertificateFacts, now: Timestamp) -> bool {
    facts.not_after.plus_ms(-(margin_ms(facts) / 2).min(LATE)) <= now
}

/// How long before its end a certificate is renewed.
fn margin_ms(facts: &CertificateFacts) -> i64 {
    let life = facts.not_after.since(facts.not_before).max(0);
    if life < SHORT_LIFE { life / 2 } else { life / 3 }
}

/// Until when a certificate that has just come stays, whatever its dates or its authority say: a day, or a
/// quarter of a short life. So a clock that is wrong orders once a day and no storm.
#[must_use]
pub fn after_success(facts: &CertificateFacts, now: Timestamp) -> Timestamp {
    let life = facts.not_after.since(facts.not_before).max(0);
    now.plus_ms((life / 4).clamp(HOUR, DAY))
}

/// How long to wait after `failures` tries in a row that failed: 1, 10, 100 minutes, then a day; and a
/// random second.
#[must_use]
pub fn back_off_ms(failures: u32, random: u32) -> i64 {
    let wait = match failures {
        0 | 1 => MINUTE,
        2 => 10 * MINUTE,
        3 => 100 * MINUTE,
        _ => DAY,
    };
    wait + i64::from(random % 60) * SECOND
}

/// When to try again after `failures` in a row, not before the certificate authority wants it.
#[must_use]
pub fn next_try(now: Timestamp, failures: u32, retry_after_s: Option<u64>, random: u32) -> Timestamp {
    let asked = retry_after_s.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(SECOND));
    let asked = asked.map_or(0, |wait| wait.clamp(0, LONGEST_PAUSE) + i64::from(random % 60) * SECOND);
    now.plus_ms(back_off_ms(failures, random).max(asked))
}

/// When to look again, after `looks` in a row, at what keeps an order from being made: that costs nothing,
/// and a person may mend it any minute.
#[must_use]
pub fn next_look(now: Timestamp, looks: u32, random: u32) -> Timestamp {
    let minutes = i64::from(looks.saturating_mul(2).clamp(1, 60));
    now.plus_ms(minutes * MINUTE + i64::from(random % 60) * SECOND)
}

/// Whether the time of `next_at` has come. One that lies farther ahead than any pause was written by a
/// clock that went wrong.
#[must_use]
pub fn has_come(next_at: Option<Timestamp>, now: Timestamp) -> bool {
    next_at.is_none_or(|next_at| next_at <= now || next_at.since(now) > LONGEST_PAUSE + HOUR)
}

/// When to ask for renewal information again: twice a day, or earlier where the authority says so, but
/// not every minute.
#[must_use]
pub fn next_ask(now: Timestamp, retry_after_ms: Option<i64>) -> Timestamp {
    now.plus_ms(retry_after_ms.unwrap_or(ASK_EVERY).clamp(HOUR, ASK_EVERY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_ms(days * DAY)
    }

    fn facts(from: i64, to: i64) -> CertificateFacts {
        CertificateFacts {
            names: vec!["shop.example.com".parse().expect("a name")],
            issuer: "R11".into(),
            serial: "01".into(),
            not_before: at(from),
            not_after: at(to),
        }
    }

    /// A few numbers that look random, the ends among them.
    fn numbers() -> impl Iterator<Item = u32> {
        let mut state = 0x9e37_79b9_u32;
        let random = std::iter::repeat_with(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state
        });
        [0, 1, u32::MAX].into_iter().chain(random.take(500))
    }

    #[test]
    fn without_a_window_a_third_of_its_life_is_left_or_half_of_a_short_one() {
        for (life, due) in [(90, 60), (64, 64 - 64 / 3), (45, 30), (1_826, 1_826 - 1_826 / 3)] {
            let due_at = due_at(&facts(0, life), None, 7);
            assert!((due_at.since(at(due))).abs() <= DAY, "{life}: {due_at}");
        }
        let short = CertificateFacts { not_after: Timestamp::from_ms(160 * HOUR), ..facts(0, 1) };
        assert_eq!(due_at(&short, None, 7), Timestamp::from_ms(80 * HOUR));
        // Dates in the wrong order are no reason to count backwards.
        assert_eq!(due_at(&facts(9, 3), None, 7), at(3));
    }

    #[test]
    fn a_window_is_kept_to_and_its_moment_stands_still() {
        let (facts, window) = (facts(0, 90), AriWindow { start: at(50), end: at(52) });
        for random in numbers() {
            let due = due_at(&facts, Some(window), random);
            assert!(window.start <= due && due <= window.end, "{random}: {due}");
            assert_eq!(due, due_at(&facts, Some(window), random));
        }
        // "Now" and long ago are both past.
        for window in [(1, 2), (-900, -899), (0, 1)] {
            let window = AriWindow { start: at(window.0), end: at(window.1) };
            assert!(due_at(&facts, Some(window), u32::MAX) <= at(2));
        }
    }

    #[test]
    fn a_window_that_cannot_be_meant_is_none() {
        let facts = facts(0, 90);
        let by_age = due_at(&facts, None, 5);
        for (start, end) in [(52, 50), (50, 50), (90, 91), (200, 300), (i64::MAX / DAY, i64::MIN / DAY)] {
            assert_eq!(due_at(&facts, Some(AriWindow { start: at(start), end: at(end) }), 5), by_age, "{start} {end}");
        }
        // One that goes on beyond the certificate's end still leaves time for a second try.
        for random in numbers() {
            let window = AriWindow { start: at(10), end: at(100_000) };
            assert!(due_at(&facts, Some(window), random) <= at(75), "{random}");
        }
    }

    #[test]
    fn tries_come_after_1_10_and_100_minutes_and_then_daily() {
        for (failures, minutes) in [(1, 1), (2, 10), (3, 100), (4, 1_440), (5, 1_440), (4_000_000_000, 1_440)] {
            for random in numbers() {
                let wait = next_try(at(0), failures, None, random).ms();
                assert!((minutes * MINUTE..minutes * MINUTE + MINUTE).contains(&wait), "{failures}: {wait}");
            }
        }
    }

    #[test]
    fn the_authority_may_ask_for_more_but_not_for_ever() {
        assert_eq!(next_try(at(0), 1, Some(3_600), 0).ms(), HOUR);
        assert_eq!(next_try(at(0), 3, Some(60), 0).ms(), 100 * MINUTE);
        for endless in [u64::MAX, 9_999_999_999, u64::MAX / 1_000] {
            assert!(next_try(at(0), 1, Some(endless), 59).ms() <= 7 * DAY + MINUTE, "{endless}");
        }
    }

    #[test]
    fn a_clock_that_jumps_starts_no_storm() {
        // A month ahead and back: what was written there does not hold up the present.
        assert!(has_come(Some(at(30)), at(0)) && !has_come(Some(at(1)), at(0)) && !has_come(Some(at(7)), at(0)));
        assert!(has_come(None, at(0)) && has_come(Some(at(0)), at(0)));
        // The clock says 2038 while the authority's says 2026: one order a day.
        let fresh = facts(20_000, 20_090);
        for now in [at(24_855), at(20_000), at(0)] {
            assert_eq!(after_success(&fresh, now).since(now), DAY);
        }
        let short = CertificateFacts { not_after: at(20_000).plus_ms(8 * HOUR), ..facts(20_000, 20_001) };
        assert_eq!(after_success(&short, at(20_000)), at(20_000).plus_ms(2 * HOUR));
    }

    #[test]
    fn what_costs_nothing_is_looked_at_more_often() {
        let minutes = |failures| next_look(at(0), failures, 0).ms() / MINUTE;
        assert_eq!([1, 2, 10, 30, 4_000_000_000].map(minutes), [2, 4, 20, 60, 60]);
        assert_eq!(next_ask(at(0), None), at(0).plus_ms(12 * HOUR));
        for (asked, hours) in [(0, 1), (-5, 1), (6 * HOUR, 6), (i64::MAX, 12)] {
            assert_eq!(next_ask(at(0), Some(asked)), at(0).plus_ms(hours * HOUR));
        }
    }
}
