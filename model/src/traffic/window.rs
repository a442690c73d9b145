//! How far back a page looks, and how finely.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Grain;
use crate::time::Timestamp;

/// How far back a page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Window {
    /// An hour, by minutes.
    Hour,
    /// A day, by quarters of an hour.
    #[default]
    Day,
    /// Seven days, by hours.
    Week,
    /// Thirty days, by quarters of a day.
    Month,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// Its name in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// Its name on a page: "1 h".
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
        }
    }

    /// The same in a sentence: "in the last hour".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    /// What one point of it is called: "one minute".
    #[must_use]
    pub const fn point_words(self) -> &'static str {
        match self {
            Self::Hour => "one minute",
            Self::Day => "15 minutes",
            Self::Week => "one hour",
            Self::Month => "6 hours",
        }
    }

    /// Which stored buckets it is made of.
    #[must_use]
    pub const fn grain(self) -> Grain {
        match self {
            Self::Hour | Self::Day => Grain::Minute,
            Self::Week | Self::Month => Grain::Hour,
        }
    }

    /// The length of a point, in milliseconds; a whole number of its grains.
    #[must_use]
    pub const fn point_ms(self) -> i64 {
        match self {
            Self::Hour => Grain::Minute.length_ms(),
            Self::Day => 15 * Grain::Minute.length_ms(),
            Self::Week => Grain::Hour.length_ms(),
            Self::Month => 6 * Grain::Hour.length_ms(),
        }
    }

    /// How many points it has.
    #[must_use]
    pub const fn points(self) -> usize {
        match self {
            Self::Hour => 60,
            Self::Day => 96,
            Self::Week => 168,
            Self::Month => 120,
        }
    }

    /// When the first point begins, so that the last one holds `now`.
    #[must_use]
    pub fn begins(self, now: Timestamp) -> Timestamp {
        let last = now.ms().div_euclid(self.point_ms());
        let points = i64::try_from(self.points()).unwrap_or(i64::MAX);
        Timestamp::from_ms((last + 1 - points) * self.point_ms())
    }
}

/// A text that names no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a window")]
pub struct NotAWindow;

impl FromStr for Window {
    type Err = NotAWindow;
    fn from_str(text: &str) -> Result<Self, NotAWindow> {
        Self::ALL.into_iter().find(|window| window.as_str() == text).ok_or(NotAWindow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_fit_what_is_kept() {
        let now = Timestamp::from_ms(1_795_232_519_999);
        for window in Window::ALL {
            assert_eq!(window.as_str().parse(), Ok(window));
            assert_eq!(window.point_ms() % window.grain().length_ms(), 0);
            assert!(now.since(window.begins(now)) < window.grain().kept_ms(), "{window:?}");
            let end = window.begins(now).plus_ms(window.point_ms() * window.points() as i64);
            assert!(end > now && end.since(now) <= window.point_ms());
        }
        assert_eq!(Window::Hour.begins(now).to_string(), "2026-11-21T02:42:00Z");
        for text in ["", "2h", "1H", "30d ", "'; DROP TABLE apps"] {
            assert_eq!(text.parse::<Window>(), Err(NotAWindow), "{text}");
        }
    }
}
