//! Time as the model knows it: milliseconds of UTC, handed in by the caller.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `ms` milliseconds after 1970.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This moment moved by `ms`.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// "3 h ago", "in 2 d", "now": at most two words and a unit, as seen at `now`.
    #[must_use]
    pub fn relative(self, now: Self) -> String {
        let away_ms = now.since(self);
        if away_ms.abs() < 1_000 {
            return "now".into();
        }
        let length = short_length(away_ms.abs());
        if away_ms > 0 { format!("{length} ago") } else { format!("in {length}") }
    }
}

/// A length of time in its one largest fitting unit: "14 s", "3 h", "12 d".
#[must_use]
pub fn short_length(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0 => format!("{ms} ms"),
        1..=89 => format!("{seconds} s"),
        90..=5_399 => format!("{} min", (seconds + 30) / 60),
        5_400..=129_599 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} d", (seconds + 43_200) / 86_400),
    }
}

/// RFC 3339 in UTC with seconds: `2026-11-21T03:41:59Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(86_400_000);
        let second = self.0.rem_euclid(86_400_000) / 1_000;
        let (year, month, day) = civil(days);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
    }
}

/// Year, month and day of a day number since 1970 (Howard Hinnant, "chrono-compatible low-level
/// date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc_3339() {
        assert_eq!(Timestamp::from_ms(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_ms(1_795_232_519_000).to_string(), "2026-11-21T03:41:59Z");
        assert_eq!(Timestamp::from_ms(951_782_400_000).to_string(), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn relative_times_read_as_words() {
        let now = Timestamp::from_ms(1_000_000_000);
        assert_eq!(now.relative(now), "now");
        assert_eq!(now.plus_ms(-14_000).relative(now), "14 s ago");
        assert_eq!(now.plus_ms(-3 * 3_600_000).relative(now), "3 h ago");
        assert_eq!(now.plus_ms(9 * 86_400_000).relative(now), "in 9 d");
    }
}
