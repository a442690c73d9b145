//! The proof of a switch: what visitors would have seen while it happened.

use serde::{Deserialize, Serialize};

/// One probe through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Milliseconds from the switch; negative before it.
    pub at_ms: i32,
    /// How long the answer took, in microseconds.
    pub took_us: u32,
    /// Whether it was an answer (below 500).
    pub ok: bool,
}

/// The probes of one switch, kept with the release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proof {
    /// Requests sent.
    pub sent: u32,
    /// Requests that failed: refused, timed out or answered with 5xx.
    pub failed: u32,
    /// Median time before the switch, in microseconds.
    pub p50_before_us: Option<u32>,
    /// 95th percentile before the switch, in microseconds.
    pub p95_before_us: Option<u32>,
    /// Median time after the switch, in microseconds.
    pub p50_after_us: Option<u32>,
    /// 95th percentile after the switch, in microseconds.
    pub p95_after_us: Option<u32>,
    /// How the switch was made.
    pub method: Option<Method>,
    /// The probes, oldest first, at most [`Proof::MOST_SAMPLES`].
    pub samples: Vec<Sample>,
    /// The first failure in words.
    pub first_failure: Option<String>,
}

/// How traffic was sent to the new release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// One element of the nftables map was replaced.
    MapElement,
    /// nginx was given a new configuration.
    Reload,
    /// The site's link was swapped.
    Link,
}

impl Proof {
    /// At most this many probes are kept.
    pub const MOST_SAMPLES: usize = 400;

    /// Sums up probes.
    #[must_use]
    pub fn from_samples(samples: Vec<Sample>, method: Method, first_failure: Option<String>) -> Self {
        let times = |wanted: fn(&Sample) -> bool| {
            let mut times: Vec<u32> = samples.iter().filter(|s| s.ok && wanted(s)).map(|s| s.took_us).collect();
            times.sort_unstable();
            times
        };
        let before = times(|sample| sample.at_ms < 0);
        let after = times(|sample| sample.at_ms >= 0);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let skip = samples.len().saturating_sub(Self::MOST_SAMPLES);
        Self {
            sent: count(samples.len()),
            failed: count(samples.iter().filter(|sample| !sample.ok).count()),
            p50_before_us: percentile(&before, 50),
            p95_before_us: percentile(&before, 95),
            p50_after_us: percentile(&after, 50),
            p95_after_us: percentile(&after, 95),
            method: Some(method),
            samples: samples.into_iter().skip(skip).collect(),
            first_failure,
        }
    }
}

/// The nearest-rank percentile of sorted values.
fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ms: i32, took_us: u32, ok: bool) -> Sample {
        Sample { at_ms, took_us, ok }
    }

    #[test]
    fn sums_up_before_and_after() {
        let mut samples: Vec<Sample> = (1..=100).map(|n| sample(-n, n.unsigned_abs() * 10, true)).collect();
        samples.push(sample(5, 7_000, true));
        samples.push(sample(6, 9_000, false));
        let proof = Proof::from_samples(samples, Method::MapElement, Some("answered 502".into()));
        assert_eq!((proof.sent, proof.failed), (102, 1));
        assert_eq!((proof.p50_before_us, proof.p95_before_us), (Some(500), Some(950)));
        assert_eq!((proof.p50_after_us, proof.p95_after_us), (Some(7_000), Some(7_000)));
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        let proof = Proof::from_samples(Vec::new(), Method::Link, None);
        assert_eq!((proof.sent, proof.p50_after_us), (0, None));
    }
}
