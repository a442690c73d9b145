//! The proof of a switch: what visitors would have seen while it happened.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::domain::{Knob, ProxySettings};

/// Who probes: this host itself.
const PROBER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

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
    /// What made the probes go past nginx, straight to the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<Between>,
}

/// What of nginx answers in an app's place, so that asking through it says nothing about the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Between {
    /// A page of ours.
    Maintenance,
    /// Visitors need a password; only its hash is kept.
    Password,
    /// This host is not among those who may come.
    Lists,
    /// So many questions in a row are too many for one visitor.
    Limits,
}

impl Between {
    /// What stands between visitors and an app.
    #[must_use]
    pub fn of(maintenance: bool, passwords: bool, settings: &ProxySettings) -> Option<Self> {
        let has = |list: &[crate::domain::Cidr]| list.iter().any(|range| range.contains(PROBER));
        if maintenance {
            Some(Self::Maintenance)
        } else if passwords {
            Some(Self::Password)
        } else if has(&settings.deny) || !(settings.allow.is_empty() || has(&settings.allow)) {
            Some(Self::Lists)
        } else if settings.get(Knob::RateLimit) > 0 || settings.get(Knob::ConnectionLimit) > 0 {
            Some(Self::Limits)
        } else {
            None
        }
    }

    /// The reason, as it follows a "because".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Maintenance => "the app is in maintenance",
            Self::Password => "visitors need a password",
            Self::Lists => "this server is not among those who may come",
            Self::Limits => "each visitor's requests are limited",
        }
    }
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
            past: None,
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
    fn what_nginx_answers_by_itself_is_no_proof_of_an_app() {
        let with = |change: &dyn Fn(&mut ProxySettings)| {
            let mut settings = ProxySettings::default();
            change(&mut settings);
            Between::of(false, false, &settings)
        };
        let range = |text: &str| text.parse().expect("a range");
        assert_eq!(with(&|_| {}), None);
        assert_eq!(with(&|settings| settings.allow = vec![range("192.0.2.0/24")]), Some(Between::Lists));
        assert_eq!(with(&|settings| settings.allow = vec![range("192.0.2.0/24"), range("127.0.0.0/8")]), None);
        assert_eq!(with(&|settings| settings.deny = vec![range("127.0.0.1")]), Some(Between::Lists));
        assert_eq!(with(&|settings| settings.deny = vec![range("192.0.2.0/24")]), None);
        for knob in [Knob::RateLimit, Knob::ConnectionLimit] {
            let limited = with(&|settings| settings.knobs.set(knob, "5").expect("set"));
            assert_eq!(limited, Some(Between::Limits), "{knob:?}");
        }
        assert_eq!(Between::of(true, true, &ProxySettings::default()), Some(Between::Maintenance));
        assert_eq!(Between::of(false, true, &ProxySettings::default()), Some(Between::Password));
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        let proof = Proof::from_samples(Vec::new(), Method::Link, None);
        assert_eq!((proof.sent, proof.p50_after_us), (0, None));
    }
}
