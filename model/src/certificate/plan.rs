//! What is planned for one name's certificate, and what is to be done for it now.

use serde::{Deserialize, Serialize};

use super::{
    CertificateFacts, CertificateSource,
    renewal::{AriWindow, due_at, has_come, is_late},
};
use crate::{domain::dns::is_local, name::DomainName, problem::Problem, time::Timestamp};

/// Who sees to a name's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Homeport orders and renews it.
    #[default]
    Automatic,
    /// A person brings it.
    Own,
    /// Nobody: the name is served as it is.
    None,
}

/// How a certificate authority is shown that a name is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ChallengeKind {
    /// It asks for a file by http at port 80.
    #[default]
    #[serde(rename = "http-01")]
    Http01,
    /// It looks for a TXT record.
    #[serde(rename = "dns-01")]
    Dns01,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// As the store and forms spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// From that spelling.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
words!(Policy { Automatic = "automatic", Own = "own", None = "none" });
words!(ChallengeKind { Http01 = "http-01", Dns01 = "dns-01" });

crate::name::parsed!(
    /// A certificate authority's name for a kind of certificate: `classic`, `tlsserver`, `shortlived`.
    ProfileName,
    |text| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.';
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(())
        } else {
            Err("A profile is a word of letters, digits and hyphens.")
        }
    }
);

/// What is planned for one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificatePlan {
    /// The name.
    pub domain: DomainName,
    /// Who sees to it.
    pub policy: Policy,
    /// The profile to ask for; else the one of the settings.
    pub profile: Option<ProfileName>,
    /// How the name is shown to be ours.
    pub challenge: ChallengeKind,
    /// Nothing is tried before this moment.
    pub next_at: Option<Timestamp>,
    /// Tries in a row that failed.
    pub failures: u32,
    /// Looks in a row that found something which keeps an order from being made. They cost nothing, and
    /// do not count as tries.
    pub looks: u32,
    /// Why the last one failed.
    pub problem: Option<Problem>,
    /// When the authority would like it to be renewed.
    pub ari: Option<AriWindow>,
    /// When it is asked for that again.
    pub ask_at: Option<Timestamp>,
    /// Chooses the moment within that window; another one for each certificate.
    pub random: u32,
    /// Somebody asked for one then, whatever is in use; nothing once that was tried.
    pub asked_at: Option<Timestamp>,
}

impl CertificatePlan {
    /// What is planned for a name of which nobody said anything.
    #[must_use]
    pub fn new(domain: DomainName) -> Self {
        let challenge = if domain.is_wildcard() { ChallengeKind::Dns01 } else { ChallengeKind::Http01 };
        Self {
            domain,
            policy: Policy::default(),
            profile: None,
            challenge,
            next_at: None,
            failures: 0,
            looks: 0,
            problem: None,
            ari: None,
            ask_at: None,
            random: 0,
            asked_at: None,
        }
    }

    /// When a certificate in use is to be renewed.
    #[must_use]
    pub fn due_at(&self, facts: &CertificateFacts) -> Timestamp {
        due_at(facts, self.ari, self.random)
    }
}

/// The certificate that a name has.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// Where it came from.
    pub source: CertificateSource,
    /// What it says.
    pub facts: &'a CertificateFacts,
    /// Whether its authority was told to revoke it.
    pub revoked: bool,
    /// Whether it is a staging directory's, while certificates are ordered from another one now.
    pub for_trying: bool,
}

impl Held<'_> {
    /// Whether browsers may believe it for `domain`, as far as its dates do not matter.
    fn is_good_for(&self, domain: &DomainName) -> bool {
        self.source != CertificateSource::SelfSigned && !self.revoked && !self.for_trying && self.facts.covers(domain)
    }
}

/// Whether names below a wildcard need no certificates of their own, because its certificate serves them and
/// goes on to: until its end is so near that whoever renews it seems to have failed. `served` says whether the
/// wildcard itself is served: only then Homeport renews it.
#[must_use]
pub fn serves_below(wildcard: &DomainName, held: Held<'_>, served: bool, now: Timestamp) -> bool {
    let looked_after = served || held.source == CertificateSource::Uploaded;
    looked_after && held.is_good_for(wildcard) && !is_late(held.facts, now)
}

/// What is to be done for a name now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing, ever, as things are.
    Nothing(Why),
    /// Nothing before that moment.
    Wait(Timestamp),
    /// Order one.
    Order,
}

/// Why there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A person sees to it, or nobody.
    NotAutomatic,
    /// No authority could look for the name: it is known on this machine or in a private network only.
    Local,
    /// A wildcard's certificate serves it.
    Covered,
    /// It comes in by the tunnel: the certificate that its visitors see is Cloudflare's.
    Tunnel,
}

/// Decides. `covered` says whether a wildcard's certificate serves the name, and goes on to:
/// [`serves_below`].
#[must_use]
pub fn decide(plan: &CertificatePlan, held: Option<Held<'_>>, covered: bool, now: Timestamp) -> Step {
    if plan.policy != Policy::Automatic {
        return Step::Nothing(Why::NotAutomatic);
    }
    if is_local(&plan.domain) {
        return Step::Nothing(Why::Local);
    }
    if held.is_none() && covered && plan.asked_at.is_none() {
        return Step::Nothing(Why::Covered);
    }
    if plan.asked_at.is_some() {
        return Step::Order;
    }
    let lasts = held.filter(|held| held.is_good_for(&plan.domain));
    let due = lasts.map(|held| plan.due_at(held.facts)).filter(|due| *due > now);
    let next_at = plan.next_at.filter(|next_at| !has_come(Some(*next_at), now));
    due.max(next_at).map_or(Step::Order, Step::Wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const NOW: Timestamp = Timestamp::from_ms(1_000 * DAY);

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    fn plan(text: &str) -> CertificatePlan {
        CertificatePlan::new(name(text))
    }

    fn facts(names: &str, days_left: i64) -> CertificateFacts {
        CertificateFacts {
            names: vec![name(names)],
            issuer: "R11".into(),
            serial: "01".into(),
            not_before: NOW.plus_ms((days_left - 90) * DAY),
            not_after: NOW.plus_ms(days_left * DAY),
        }
    }

    fn held(facts: &CertificateFacts) -> Option<Held<'_>> {
        Some(Held { source: CertificateSource::Acme, facts, revoked: false, for_trying: false })
    }

    #[test]
    fn a_name_without_a_certificate_gets_one() {
        assert_eq!(decide(&plan("shop.example.com"), None, false, NOW), Step::Order);
        assert_eq!(decide(&plan("shop.example.com"), None, true, NOW), Step::Nothing(Why::Covered));
        for policy in [Policy::Own, Policy::None] {
            let plan = CertificatePlan { policy, ..plan("shop.example.com") };
            assert_eq!(decide(&plan, None, false, NOW), Step::Nothing(Why::NotAutomatic));
        }
        let later = CertificatePlan { next_at: Some(NOW.plus_ms(5)), ..plan("shop.example.com") };
        assert_eq!(decide(&later, None, false, NOW), Step::Wait(NOW.plus_ms(5)));
        assert_eq!(decide(&later, None, false, NOW.plus_ms(5)), Step::Order);
    }

    #[test]
    fn it_is_renewed_in_time_and_when_it_is_no_good() {
        let plan = plan("shop.example.com");
        let good = facts("shop.example.com", 60);
        assert_eq!(decide(&plan, held(&good), false, NOW), Step::Wait(NOW.plus_ms(30 * DAY)));
        for days_left in [30, 1, 0, -60] {
            let old = facts("shop.example.com", days_left);
            assert_eq!(decide(&plan, held(&old), false, NOW), Step::Order, "{days_left} days left");
        }
        let other = facts("blog.example.com", 60);
        assert_eq!(decide(&plan, held(&other), false, NOW), Step::Order, "for another name");
        for bad in [
            Held { source: CertificateSource::SelfSigned, facts: &good, revoked: false, for_trying: false },
            Held { source: CertificateSource::Acme, facts: &good, revoked: true, for_trying: false },
            Held { source: CertificateSource::Acme, facts: &good, revoked: false, for_trying: true },
        ] {
            assert_eq!(decide(&plan, Some(bad), false, NOW), Step::Order, "{bad:?}");
        }
        let asked = CertificatePlan {
            ari: Some(AriWindow { start: NOW.plus_ms(-2 * DAY), end: NOW.plus_ms(-DAY) }),
            ..plan.clone()
        };
        assert_eq!(decide(&asked, held(&good), false, NOW), Step::Order, "the authority wants it");
        let failed = CertificatePlan { next_at: Some(NOW.plus_ms(60_000)), failures: 1, ..asked };
        assert_eq!(decide(&failed, held(&good), false, NOW), Step::Wait(NOW.plus_ms(60_000)));
    }

    #[test]
    fn a_wildcard_covers_what_is_below_it_while_its_certificate_is_good_and_looked_after() {
        use CertificateSource::{Acme, SelfSigned, Uploaded};
        let wild = name("*.example.com");
        let of = |source, days_left, served| {
            let facts = facts("*.example.com", days_left);
            serves_below(&wild, Held { source, facts: &facts, revoked: false, for_trying: false }, served, NOW)
        };
        // Also while it is renewed, and as long as that may still succeed.
        for (days_left, covers) in [(60, true), (29, true), (15, true), (14, false), (0, false), (-1, false)] {
            assert_eq!(of(Acme, days_left, true), covers, "{days_left} days left");
            assert_eq!(of(Uploaded, days_left, false), covers, "brought, {days_left} days left");
        }
        assert!(!of(Acme, 60, false), "nobody renews one that is not served");
        assert!(!of(SelfSigned, 60, true));
        let good = facts("*.example.com", 60);
        let held = Held { source: Acme, facts: &good, revoked: false, for_trying: false };
        assert!(!serves_below(&wild, Held { revoked: true, ..held }, true, NOW));
        assert!(!serves_below(&wild, Held { for_trying: true, ..held }, true, NOW));
        let other = facts("*.example.net", 60);
        assert!(!serves_below(&wild, Held { facts: &other, ..held }, true, NOW));
    }

    #[test]
    fn what_somebody_asks_for_is_ordered_unless_nobody_may() {
        let asked = |text: &str| CertificatePlan { asked_at: Some(NOW.plus_ms(-DAY)), ..plan(text) };
        let (shop, good) = (asked("shop.example.com"), facts("shop.example.com", 60));
        assert_eq!(decide(&shop, held(&good), false, NOW), Step::Order, "one that is good for long");
        assert_eq!(decide(&shop, None, true, NOW), Step::Order, "beside a wildcard's");
        let paused = CertificatePlan { next_at: Some(NOW.plus_ms(DAY)), failures: 3, ..shop.clone() };
        assert_eq!(decide(&paused, held(&good), false, NOW), Step::Order, "before the next try");
        let nobody = CertificatePlan { policy: Policy::None, ..shop };
        assert_eq!(decide(&nobody, held(&good), false, NOW), Step::Nothing(Why::NotAutomatic));
        assert_eq!(decide(&asked("nas.local"), None, false, NOW), Step::Nothing(Why::Local));
    }

    #[test]
    fn names_that_no_authority_knows_are_left_alone() {
        for text in ["shop.localhost", "nas.local", "*.apps.localhost"] {
            assert_eq!(decide(&plan(text), None, false, NOW), Step::Nothing(Why::Local), "{text}");
        }
    }

    #[test]
    fn words_and_profiles() {
        for policy in [Policy::Automatic, Policy::Own, Policy::None] {
            assert_eq!(Policy::from_word(policy.as_str()), Some(policy));
        }
        for kind in [ChallengeKind::Http01, ChallengeKind::Dns01] {
            assert_eq!(ChallengeKind::from_word(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
        }
        assert_eq!(plan("*.example.com").challenge, ChallengeKind::Dns01);
        assert!("shortlived".parse::<ProfileName>().is_ok());
        for text in ["", "a b", "a\"b", "a/b", "a\n", "é", &"a".repeat(65)] {
            assert!(text.parse::<ProfileName>().is_err(), "{text}");
        }
    }
}
