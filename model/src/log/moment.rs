//! A moment as the engine writes it beside each line, in nanoseconds: the order of the lines.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const SECOND: i64 = 1_000_000_000;

/// A moment, in nanoseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogTime(i64);

/// A text that is no such moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a moment")]
pub struct NotAMoment;

impl LogTime {
    /// The moment `ns` nanoseconds after 1970.
    #[must_use]
    pub const fn from_ns(ns: i64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn ns(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// This moment moved by `ns`.
    #[must_use]
    pub const fn plus_ns(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// In milliseconds.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp::from_ms(self.0.div_euclid(1_000_000))
    }

    /// The hour: `03:41:59`.
    #[must_use]
    pub fn clock(self) -> String {
        let second = self.seconds().rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
    }
}

impl From<Timestamp> for LogTime {
    fn from(at: Timestamp) -> Self {
        Self(at.ms().saturating_mul(1_000_000))
    }
}

/// RFC 3339 in UTC with nanoseconds, as the engine writes it.
impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Timestamp::from_ms(self.seconds().saturating_mul(1_000)).to_string();
        write!(f, "{}.{:09}Z", whole.trim_end_matches('Z'), self.0.rem_euclid(SECOND))
    }
}

/// Reads `2026-11-21T03:41:59.123456789Z`; seconds, their fraction and `Z` may be left out, as a browser's
/// field of a local time leaves them out.
impl FromStr for LogTime {
    type Err = NotAMoment;
    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (day, hour) = text.split_once('T').ok_or(NotAMoment)?;
        let mut day = day.split('-');
        let (year, month, day_of_month) = (digits(day.next(), 4)?, digits(day.next(), 2)?, digits(day.next(), 2)?);
        let (hour, fraction) = hour.split_once('.').map_or((hour, None), |(hour, fraction)| (hour, Some(fraction)));
        let mut hour = hour.split(':');
        let (hours, minutes) = (digits(hour.next(), 2)?, digits(hour.next(), 2)?);
        let seconds = hour.next().map_or(Ok(0), |seconds| digits(Some(seconds), 2))?;
        let fits = (1970..=2261).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day_of_month)
            && hours < 24
            && minutes < 60
            && seconds <= 60;
        if !fits || day.next().is_some() || hour.next().is_some() {
            return Err(NotAMoment);
        }
        let nanoseconds = match fraction {
            None => 0,
            Some(fraction) if (1..=9).contains(&fraction.len()) => digits(Some(&format!("{fraction:0<9}")), 9)?,
            Some(_) => return Err(NotAMoment),
        };
        let since = days(year, month, day_of_month) * 86_400 + hours * 3_600 + minutes * 60 + seconds;
        Ok(Self(since * SECOND + nanoseconds))
    }
}

fn digits(text: Option<&str>, length: usize) -> Result<i64, NotAMoment> {
    let text = text.filter(|text| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()));
    text.and_then(|text| text.parse().ok()).ok_or(NotAMoment)
}

/// Days since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_the_engine_and_a_browser_write() {
        for (text, ns) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-21T03:41:59.123456789Z", 1_795_232_519_123_456_789),
            ("2026-11-21T03:41:59.5Z", 1_795_232_519_500_000_000),
            ("2026-11-21T03:41", 1_795_232_460_000_000_000),
            ("2000-02-29T00:00:00", 951_782_400_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(LogTime::from_ns(ns)), "{text}");
        }
        for text in [
            "",
            "T",
            "now",
            "2026-11-21",
            "2026-13-01T00:00",
            "2026-01-01T24:00",
            "2026-01-01T00:00:00.",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00+01:00",
            "-026-01-01T00:00",
            "9999-01-01T00:00",
            "2026-01-01-01T00:00",
            "2026-01-01T00:00:00:00",
            "2026-01-01T00:00\n",
        ] {
            assert_eq!(text.parse::<LogTime>(), Err(NotAMoment), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(ns in 0..9_000_000_000_000_000_000_i64) {
            prop_assert_eq!(LogTime::from_ns(ns).to_string().parse(), Ok(LogTime::from_ns(ns)));
        }
    }
}
