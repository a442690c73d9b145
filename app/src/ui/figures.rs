//! Figures as people read them: lengths of time, sizes, shares.

use homeport_model::time::Timestamp;

/// "240 µs", "11 ms", "0.3 s", "41.7 s", "38 s", "1 min 12 s", "2 h 5 min".
#[must_use]
pub fn length_of(took_us: u64) -> String {
    let tenths = took_us.saturating_add(50_000) / 100_000;
    let seconds = took_us.saturating_add(500_000) / 1_000_000;
    match took_us {
        0..=999 if took_us > 0 => format!("{took_us} µs"),
        1_000..=99_999 => format!("{} ms", (took_us + 500) / 1_000),
        _ if took_us.is_multiple_of(1_000_000) && seconds < 60 => format!("{seconds} s"),
        _ if tenths < 600 => format!("{}.{} s", tenths / 10, tenths % 10),
        _ if seconds < 3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// How long something took from one moment to another.
#[must_use]
pub fn length_between(from: Timestamp, to: Timestamp) -> String {
    length_of(u64::try_from(to.since(from)).unwrap_or(0).saturating_mul(1_000))
}

/// "18 ms", "1.4 ms", "240 µs": how long an answer took.
#[must_use]
pub fn answer_time(took_us: u32) -> String {
    match took_us {
        0..=999 => format!("{took_us} µs"),
        1_000..=9_999 => format!("{}.{} ms", took_us / 1_000, took_us / 100 % 10),
        10_000..=999_999 => format!("{} ms", (took_us + 500) / 1_000),
        _ => format!("{}.{} s", took_us / 1_000_000, took_us / 100_000 % 10),
    }
}

/// The same for what nginx measured: "< 1 ms" where its clock saw nothing pass.
#[must_use]
pub fn logged_time(took_us: u64) -> String {
    match took_us {
        0..=999 => "< 1 ms".into(),
        _ => answer_time(u32::try_from(took_us).unwrap_or(u32::MAX)),
    }
}

/// "0.04", "3.2", "128": thousandths of something in at most three figures; "< 0.01" for what is almost none.
#[must_use]
pub fn thousandths(milli: u64) -> String {
    match milli {
        0 => "0".into(),
        1..=9 => "< 0.01".into(),
        10..=9_999 => format!("{}.{:02}", milli / 1_000, milli % 1_000 / 10),
        10_000..=99_999 => format!("{}.{}", milli / 1_000, milli % 1_000 / 100),
        _ => (milli / 1_000).to_string(),
    }
}

/// "612 MiB", "34.2 GiB": a size in the unit that gives it at most four figures.
#[must_use]
pub fn size_of(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = bytes.saturating_mul(10);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    if unit < 3 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// How many whole percent `part` is of `all`; 0 of nothing.
#[must_use]
pub fn percent(part: u64, all: u64) -> u64 {
    part.saturating_mul(100).checked_div(all).unwrap_or(0).min(100)
}

/// "1 app", "3 apps".
#[must_use]
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_words() {
        let cases = [
            (240, "240 µs"),
            (11_000, "11 ms"),
            (180_000, "0.2 s"),
            (41_700_000, "41.7 s"),
            (38_000_000, "38 s"),
            (72_000_000, "1 min 12 s"),
            (7_500_000_000, "2 h 5 min"),
        ];
        for (took_us, words) in cases {
            assert_eq!(length_of(took_us), words);
        }
    }

    #[test]
    fn small_rates_and_times_of_a_coarse_clock() {
        let rates = [0, 4, 40, 3_215, 12_340, 128_000].map(thousandths);
        assert_eq!(rates, ["0", "< 0.01", "0.04", "3.21", "12.3", "128"]);
        assert_eq!([0, 999, 1_000, 41_600].map(logged_time), ["< 1 ms", "< 1 ms", "1.0 ms", "42 ms"]);
    }

    #[test]
    fn sizes_and_shares() {
        assert_eq!(size_of(612 * 1_024 * 1_024), "612 MiB");
        assert_eq!(size_of(34 * 1_024 * 1_024 * 1_024 + 220_000_000), "34.2 GiB");
        assert_eq!((percent(1, 3), percent(1, 0), percent(9, 3)), (33, 0, 100));
        assert_eq!((count(1, "app", "apps"), count(0, "app", "apps")), ("1 app".into(), "0 apps".into()));
        assert_eq!([answer_time(240), answer_time(1_440), answer_time(17_600)], ["240 µs", "1.4 ms", "18 ms"]);
    }
}
