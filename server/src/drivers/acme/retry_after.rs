//! `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use homeport_model::time::Timestamp;
use http::{HeaderMap, HeaderName, header};

/// For how many seconds an answer wants its sender to be left alone. A date counts from the answer's own
/// `Date`, so that a clock of ours that is wrong does no harm; from `now` where there is none. One that is
/// over asks for no pause.
pub(super) fn seconds(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = text(headers, &header::RETRY_AFTER)?;
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let until = date(text)?;
    let from = self::text(headers, &header::DATE).and_then(date).unwrap_or_else(|| system_time(now));
    let wait = until.duration_since(from).unwrap_or(Duration::ZERO);
    // A part of a second is waited for, too.
    Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.ms()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 6 November 1994, 08:49:37.
    const NOW: Timestamp = Timestamp::from_ms(784_111_777_000);

    fn said(retry_after: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, retry_after.parse().expect("a value"));
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().expect("a value"));
        }
        seconds(&headers, NOW)
    }

    #[test]
    fn seconds_and_dates_are_understood_and_nonsense_is_not() {
        for (text, meant) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            // The three forms of a date (RFC 9110, section 5.6.7).
            ("Sun, 06 Nov 1994 09:49:37 GMT", Some(3_600)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:49:38 1994", Some(1)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(86_400)),
            // Now, and over.
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("18446744073709551616", None),
            ("120, 240", None),
            ("Sun, 32 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 +0200", None),
            ("1994-11-06T08:49:37Z", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT; DROP TABLE", None),
        ] {
            assert_eq!(said(text, None), meant, "{text:?}");
        }
        assert_eq!(seconds(&HeaderMap::new(), NOW), None);
    }

    #[test]
    fn a_date_counts_from_the_answers_own() {
        let until = "Sun, 06 Nov 1994 12:00:00 GMT";
        for (date, meant) in [
            (None, 11_423),
            (Some("Sun, 06 Nov 1994 11:58:00 GMT"), 120),
            (Some("Sun, 06 Nov 1994 12:30:00 GMT"), 0),
            (Some("yesterday"), 11_423),
        ] {
            assert_eq!(said(until, date), Some(meant), "{date:?}");
        }
        assert_eq!(said("90", Some("Sun, 06 Nov 1994 11:58:00 GMT")), Some(90), "seconds need no date");
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, until.parse().expect("a value"));
        assert_eq!(seconds(&headers, NOW.plus_ms(1)), Some(11_423), "a part of a second is waited for");
    }
}
