//! Using a certificate no more: who may not, what is planned then, and what visitors will find.

use serde::{Deserialize, Serialize};

use super::{
    CertificateSource,
    plan::{CertificatePlan, Policy},
    served::Served,
    view::LeadsTo,
};
use crate::{
    domain::dns::is_local,
    name::DomainName,
    problem::{Code, Problem},
    time::short_length,
};

/// What takes a certificate's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Then {
    /// The certificate of a wildcard that is in use.
    Wildcard(DomainName),
    /// One that Homeport orders; http until it is there.
    Ordered,
    /// Nothing: Homeport would order one, and cannot as things are.
    Impossible,
    /// Nothing, and nothing is ordered until somebody asks for it.
    Http,
}

/// What a page says before a certificate is used no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopping {
    /// What takes its place.
    pub then: Then,
    /// For how long browsers that came before refuse http, in words; `None` where none was told to.
    pub hsts: Option<String>,
}

impl Then {
    /// What follows once `domain` has no certificate of its own. `wildcard` is one in use that covers it;
    /// `agreed` says whether anything is ordered at all.
    #[must_use]
    pub fn of(plan: &CertificatePlan, wildcard: Option<&DomainName>, agreed: bool) -> Self {
        match wildcard {
            Some(wildcard) => Self::Wildcard(wildcard.clone()),
            None if plan.policy != Policy::Automatic => Self::Http,
            None if agreed && !is_local(&plan.domain) => Self::Ordered,
            None => Self::Impossible,
        }
    }

    /// As a person is told.
    #[must_use]
    pub fn words(&self, domain: &DomainName) -> String {
        match self {
            Self::Wildcard(wildcard) => format!("The certificate of {wildcard} serves {domain} then."),
            Self::Ordered => format!(
                "Homeport orders one in its place. Until that is there, and if it cannot be had, {domain} is served by http."
            ),
            Self::Impossible => format!(
                "{domain} is served by http then: Homeport orders none for names of private networks, nor before the authority's terms are agreed to."
            ),
            Self::Http => format!(
                "{domain} is served by http then, and nothing is ordered until you choose Homeport for it under Renewal."
            ),
        }
    }
}

/// The plan for a name whose certificate is used no more. One of an authority goes because the name is to
/// be served by http: nothing follows it. In the place of any other Homeport may order one, unless
/// somebody said that nobody sees to the name.
#[must_use]
pub fn plan_after(plan: CertificatePlan, source: CertificateSource) -> CertificatePlan {
    let policy = match (source, plan.policy) {
        (CertificateSource::Acme, _) | (_, Policy::None) => Policy::None,
        _ => Policy::Automatic,
    };
    CertificatePlan { policy, asked_at: None, ..plan }
}

/// Refuses it where it would shut everybody out.
///
/// # Errors
/// [`Code::Conflict`] for a name of the panel's, which passkeys and sessions need https at.
pub fn refuse_stopping(leads_to: &LeadsTo, domain: &DomainName) -> Result<(), Problem> {
    match leads_to {
        LeadsTo::Panel => Err(Problem::new(
            Code::Conflict,
            format!("{domain} leads to this panel: without https nobody could sign in there."),
        )
        .hint("Bring or order another certificate; it takes this one's place.")),
        LeadsTo::App { .. } | LeadsTo::Below { .. } => Ok(()),
    }
}

/// For how long browsers that were served like this refuse plain http, in words; `None` where they were
/// not told to, or told to forget it.
#[must_use]
pub fn hsts_words<'a>(seen: impl IntoIterator<Item = &'a Served>, domain: &DomainName) -> Option<String> {
    let headers = seen.into_iter().filter_map(|served| served.secure.as_ref().ok()?.hsts.as_deref());
    let (seconds, below) = headers.map(parse_hsts).max()?;
    if seconds == 0 {
        return None;
    }
    let names = if below { format!("{domain} and every name below it") } else { domain.to_string() };
    let length = short_length(seconds.saturating_mul(1_000));
    Some(format!(
        "Browsers that were here before were told to reach {names} by https only (HSTS). By http they find nothing, for up to {length} after their last visit."
    ))
}

/// The seconds of a header `Strict-Transport-Security`, and whether names below count (RFC 6797, section
/// 6.1); 0 for one that no browser heeds.
fn parse_hsts(header: &str) -> (i64, bool) {
    let parts = || header.split(';').map(str::trim);
    let age = parts().find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.parse::<i64>().ok())?
    });
    (age.unwrap_or(0).max(0), parts().any(|part| part.eq_ignore_ascii_case("includeSubDomains")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        certificate::{
            CertificateFacts,
            served::{Plain, Protocol, Secure, Unseen, Way},
        },
        time::Timestamp,
    };

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    #[test]
    fn an_issued_one_leaves_http_and_any_other_makes_room() {
        use CertificateSource::{Acme, SelfSigned, Uploaded};
        for (source, before, after) in [
            (Acme, Policy::Automatic, Policy::None),
            (Acme, Policy::Own, Policy::None),
            (Acme, Policy::None, Policy::None),
            (Uploaded, Policy::Own, Policy::Automatic),
            (Uploaded, Policy::None, Policy::None),
            (SelfSigned, Policy::Automatic, Policy::Automatic),
            (SelfSigned, Policy::None, Policy::None),
        ] {
            let plan = CertificatePlan { policy: before, ..CertificatePlan::new(name("shop.example.com")) };
            let asked = CertificatePlan { asked_at: Some(Timestamp::from_ms(1)), ..plan };
            let plan = plan_after(asked, source);
            assert_eq!((plan.policy, plan.asked_at), (after, None), "{source:?} {before:?}");
        }
    }

    #[test]
    fn what_follows_is_said() {
        let plan = |text: &str, policy| CertificatePlan { policy, ..CertificatePlan::new(name(text)) };
        let shop = plan("shop.example.com", Policy::Automatic);
        assert_eq!(Then::of(&shop, None, true), Then::Ordered);
        assert_eq!(Then::of(&shop, None, false), Then::Impossible, "nobody agreed to terms");
        assert_eq!(Then::of(&plan("nas.local", Policy::Automatic), None, true), Then::Impossible);
        assert_eq!(Then::of(&plan("shop.example.com", Policy::None), None, true), Then::Http);
        let wildcard = name("*.example.com");
        let shared = Then::of(&shop, Some(&wildcard), true);
        assert_eq!(shared, Then::Wildcard(wildcard));
        for (then, says) in [
            (shared, "*.example.com serves"),
            (Then::Ordered, "orders one"),
            (Then::Impossible, "terms are agreed to"),
            (Then::Http, "until you choose Homeport"),
        ] {
            assert!(then.words(&shop.domain).contains(says), "{then:?}");
        }
    }

    #[test]
    fn the_panel_keeps_its_certificate() {
        let domain = name("panel.example.com");
        let refused = refuse_stopping(&LeadsTo::Panel, &domain).expect_err("refused");
        assert!(refused.code == Code::Conflict && refused.hint.is_some(), "{refused}");
        let app = LeadsTo::App { name: "shop".parse().expect("a name") };
        assert!(refuse_stopping(&app, &domain).is_ok());
    }

    #[test]
    fn hsts_is_warned_of_in_words() {
        let domain = name("shop.example.com");
        let facts = CertificateFacts {
            names: Vec::new(),
            issuer: "R11".into(),
            serial: "1".into(),
            not_before: Timestamp::from_ms(0),
            not_after: Timestamp::from_ms(1),
        };
        let seen = |hsts: Option<&str>| Served {
            at: Timestamp::from_ms(0),
            way: Way::Loopback,
            secure: Ok(Secure {
                facts: facts.clone(),
                issuers: Vec::new(),
                missing: None,
                self_signed: false,
                trusted: true,
                protocol: Protocol::Tls13,
                http2: true,
                status: Some(200),
                hsts: hsts.map(str::to_owned),
                compression: None,
            }),
            plain: Ok(Plain { status: 301, location: None }),
            ipv6: None,
            ipv6_serial: None,
        };
        let words = |headers: &[Option<&str>]| {
            let seen: Vec<Served> = headers.iter().map(|header| seen(*header)).collect();
            hsts_words(&seen, &domain)
        };
        for (header, length) in [
            ("max-age=15724800", "182 d"),
            ("MAX-AGE = \"3600\"; preload", "60 min"),
            ("includeSubDomains; max-age=31536000", "365 d"),
            ("max-age=9223372036854775807", " d after"),
        ] {
            let said = words(&[None, Some(header)]).unwrap_or_else(|| panic!("{header}"));
            assert!(said.contains(length) && said.contains("shop.example.com"), "{said}");
            assert_eq!(said.contains("every name below it"), header.contains("include"), "{said}");
        }
        for header in ["max-age=0", "max-age=-5", "max-age=soon", "", "preload", "<script>"] {
            assert_eq!(words(&[Some(header)]), None, "{header}");
        }
        let said = words(&[Some("max-age=60"), Some("max-age=7200")]);
        assert!(said.is_some_and(|said| said.contains("up to 2 h")), "the longest counts");
        let away = Served { secure: Err(Unseen::Rejected), ..seen(None) };
        assert_eq!((words(&[None]), hsts_words([&away], &domain)), (None, None));
    }
}
