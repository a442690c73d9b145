//! What will break, or is broken already, with the certificates: computed from what is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CertificateRow, CertificateSource, own::left_words, served::Severity, view::Look};
use crate::{name::DomainName, time::Timestamp};

const DAY_MS: i64 = 86_400_000;
/// So many days before its end a certificate is spoken of.
pub const STAGES_DAYS: [i64; 5] = [21, 14, 7, 3, 1];

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The certificate ends soon, or has ended.
    Expiry,
    /// What is served is not what is meant.
    Served,
}

/// Something that somebody has to see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Of which domain.
    pub domain: DomainName,
    /// What it is about.
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: Severity,
    /// Since when.
    pub since: Timestamp,
    /// A sentence.
    pub words: String,
    /// Why, and what to do.
    pub cause: String,
}

/// A certificate's end, as a list of what comes next shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Of which domain.
    pub domain: DomainName,
    /// When.
    pub at: Timestamp,
    /// Whether Homeport renews it.
    pub renews: bool,
}

/// What the first page shows of certificates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outlook {
    /// The worst first.
    pub alerts: Vec<Alert>,
    /// The next to end first.
    pub endings: Vec<Ending>,
}

impl Outlook {
    /// How many domains visitors have trouble with.
    #[must_use]
    pub fn troubled(&self) -> usize {
        let bad = self.alerts.iter().filter(|alert| alert.severity == Severity::Bad);
        bad.map(|alert| &alert.domain).collect::<BTreeSet<_>>().len()
    }
}

/// What is to be said of one domain at `now`. `looks` are the last at it; `trouble` is why the last try
/// to renew it failed.
#[must_use]
pub fn alerts(
    domain: &DomainName,
    row: Option<&CertificateRow>,
    looks: &[Look],
    trouble: Option<&str>,
    now: Timestamp,
) -> Vec<Alert> {
    let mut all: Vec<Alert> = row.and_then(|row| expiry(domain, row, trouble, now)).into_iter().collect();
    for look in looks {
        for found in look.differences.iter().filter(|found| found.severity >= Severity::Warning) {
            if !all.iter().any(|alert| alert.words == found.words) {
                all.push(Alert {
                    domain: domain.clone(),
                    kind: AlertKind::Served,
                    severity: found.severity,
                    since: look.since,
                    words: found.words.clone(),
                    cause: found.hint.clone(),
                });
            }
        }
    }
    sort(&mut all);
    all
}

/// The worst first, then the oldest.
pub fn sort(alerts: &mut [Alert]) {
    alerts.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.since.cmp(&b.since)).then(a.domain.cmp(&b.domain)));
}

fn expiry(domain: &DomainName, row: &CertificateRow, trouble: Option<&str>, now: Timestamp) -> Option<Alert> {
    let facts = &row.facts;
    let (left, life) = (facts.not_after.since(now), facts.not_after.since(facts.not_before));
    let renews = row.source == CertificateSource::Acme;
    // What is renewed by itself has its time: from a third of its life, or half of a short one, on.
    let is_due = |days: i64| !renews || trouble.is_some() || days * DAY_MS <= life / 4;
    let stage = STAGES_DAYS.into_iter().rev().find(|days| left <= days * DAY_MS && is_due(*days));
    let (since, severity) = match stage {
        _ if left <= 0 => (facts.not_after, Severity::Bad),
        Some(days) => {
            (facts.not_after.plus_ms(-days * DAY_MS), if days <= 3 { Severity::Bad } else { Severity::Warning })
        }
        None => return None,
    };
    let words = match left {
        ..=0 => format!("The certificate of {} {}.", row.domain, left_words(facts, now)),
        _ => format!("The certificate of {} ends {}.", row.domain, facts.not_after.relative(now)),
    };
    let cause = match (row.source, trouble) {
        (CertificateSource::Acme, Some(why)) => format!("Renewing it failed: {why}"),
        (CertificateSource::Acme, None) => {
            "It should have been renewed by now; its page says when that is tried.".into()
        }
        (CertificateSource::Uploaded, _) => {
            "It is one of your own, which Homeport cannot renew: bring a new one.".into()
        }
        (CertificateSource::SelfSigned, _) => "It is self-signed: issue one of an authority, or make it anew.".into(),
    };
    Some(Alert { domain: domain.clone(), kind: AlertKind::Expiry, severity, since, words, cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{
        CertificateFacts,
        served::{Meant, Served, Unseen, Way, differences},
    };

    fn row(source: CertificateSource, days: i64) -> CertificateRow {
        let domain: DomainName = "shop.example.com".parse().expect("a name");
        let facts = CertificateFacts {
            names: vec![domain.clone()],
            issuer: "R11".into(),
            serial: "1".into(),
            not_before: Timestamp::from_ms(0),
            not_after: Timestamp::from_ms(days * DAY_MS),
        };
        CertificateRow { domain, source, facts, since: Timestamp::from_ms(0) }
    }

    fn said(row: &CertificateRow, left_days: i64, trouble: Option<&str>) -> Option<Alert> {
        let now = row.facts.not_after.plus_ms(-left_days * DAY_MS);
        alerts(&row.domain, Some(row), &[], trouble, now).pop()
    }

    #[test]
    fn ones_own_count_down_in_stages() {
        let own = row(CertificateSource::Uploaded, 90);
        assert_eq!(said(&own, 22, None), None);
        for (left, stage, severity) in [
            (21, 21, Severity::Warning),
            (20, 21, Severity::Warning),
            (14, 14, Severity::Warning),
            (8, 14, Severity::Warning),
            (7, 7, Severity::Warning),
            (3, 3, Severity::Bad),
            (1, 1, Severity::Bad),
        ] {
            let alert = said(&own, left, None).expect("an alert");
            assert_eq!(
                (alert.since, alert.severity),
                (own.facts.not_after.plus_ms(-stage * DAY_MS), severity),
                "{left}"
            );
            assert!(alert.cause.contains("bring a new one"), "{alert:?}");
        }
        let ended = said(&own, -2, None).expect("an alert");
        assert_eq!(ended.words, "The certificate of shop.example.com ended 2 d ago.");
        assert_eq!((ended.severity, ended.since), (Severity::Bad, own.facts.not_after));
    }

    #[test]
    fn what_renews_itself_is_spoken_of_when_it_does_not() {
        let acme = row(CertificateSource::Acme, 64);
        assert_eq!(said(&acme, 20, None), None, "its time has only begun");
        let late = said(&acme, 14, None).expect("an alert");
        assert!(late.cause.contains("should have been renewed"), "{late:?}");
        let failed = said(&acme, 20, Some("DNS leads elsewhere.")).expect("an alert");
        assert_eq!(failed.cause, "Renewing it failed: DNS leads elsewhere.");
        let short = row(CertificateSource::Acme, 6);
        assert_eq!(said(&short, 5, None), None, "a short one is always near its end");
        assert!(said(&short, 1, None).is_some());
        assert!(
            said(&row(CertificateSource::SelfSigned, 365), 3, None).is_some_and(|a| a.cause.contains("self-signed"))
        );
    }

    #[test]
    fn what_is_served_otherwise_is_an_alert_and_a_look_that_failed_is_none() {
        let own = row(CertificateSource::Uploaded, 90);
        let look = |secure, row: Option<&CertificateRow>| {
            let (at, plain) = (Timestamp::from_ms(8), Err(Unseen::Refused));
            let served = Served { at, way: Way::Loopback, secure: Err(secure), plain, ipv6: None, ipv6_serial: None };
            let differences =
                differences(&served, &own.domain, Meant { certificate: row.map(|row| &row.facts), ..Meant::default() });
            Look { served, differences, since: Timestamp::from_ms(5) }
        };
        let now = Timestamp::from_ms(9);
        let of = |why| alerts(&own.domain, Some(&own), &[look(why, Some(&own))], None, now);
        let found = of(Unseen::Rejected);
        assert_eq!((found[0].kind, found[0].severity, found[0].since.ms()), (AlertKind::Served, Severity::Bad, 5));
        assert_eq!(of(Unseen::Refused), []);
        assert_eq!(alerts(&own.domain, None, &[look(Unseen::Rejected, None)], None, now), []);
    }
}
