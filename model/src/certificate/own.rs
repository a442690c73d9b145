//! Certificates that people bring: which are taken, and what is special about some.

use super::CertificateFacts;
use crate::{
    name::DomainName,
    problem::Problem,
    time::{Timestamp, short_length},
};

/// How Cloudflare's origin authorities begin their names (Origin CA, RSA and ECC root). Nobody but
/// Cloudflare's own servers knows them.
const CLOUDFLARE_ORIGIN: &str = "CloudFlare Origin SSL ";

/// For how long a self-signed certificate is made.
pub const SELF_SIGNED_MS: i64 = 365 * 86_400_000;

/// Whether a certificate comes from a CDN for the way between it and here, which no browser believes.
#[must_use]
pub fn is_cdn_origin(facts: &CertificateFacts) -> bool {
    facts.issuer.starts_with(CLOUDFLARE_ORIGIN)
}

/// What is to be known of a certificate that was taken; `None` when there is nothing special.
#[must_use]
pub fn note(facts: &CertificateFacts, self_signed: bool) -> Option<&'static str> {
    if is_cdn_origin(facts) {
        Some("Only Cloudflare believes it: keep the name proxied there, with the mode Full (strict).")
    } else if self_signed {
        Some("It is its own issuer: browsers warn until there is one of an authority.")
    } else {
        None
    }
}

/// Refuses a certificate that would not do for `domain` at `now`. `missing` is the issuer whose
/// certificate belongs between it and a root and is not there.
///
/// # Errors
/// [`Code::Invalid`](crate::problem::Code::Invalid) with field `certificate`.
pub fn refuse_unusable(
    facts: &CertificateFacts,
    missing: Option<&str>,
    domain: &DomainName,
    now: Timestamp,
) -> Result<(), Problem> {
    let refuse = |title: String, hint: &str| Err(Problem::invalid("certificate", title).hint(hint));
    if !facts.covers(domain) {
        return match names_in_words(&facts.names) {
            Some(names) => refuse(
                format!("The certificate is for {names}, not for {domain}."),
                "Bring one with this name among its alternative names.",
            ),
            None => refuse(
                "The certificate has no alternative names, so no browser takes it for any site.".to_owned(),
                "Ask the authority for one that names the site there, not only as its common name.",
            ),
        };
    }
    if facts.not_after <= now {
        let ago = facts.not_after.relative(now);
        return refuse(format!("The certificate ended {ago}, at {}.", facts.not_after), "Bring its successor.");
    }
    if facts.not_before > now {
        let wait = facts.not_before.relative(now);
        return refuse(
            format!("The certificate is good from {} only, {wait}.", facts.not_before),
            "Bring it again then, and look at this server's clock.",
        );
    }
    match missing.filter(|_| !is_cdn_origin(facts)) {
        Some(issuer) => refuse(
            format!("The chain is not complete: the certificate of “{issuer}” is missing."),
            "Add it behind the other; the authority sends it as chain, bundle or CA file. A root of your own belongs there, too.",
        ),
        None => Ok(()),
    }
}

fn names_in_words(names: &[DomainName]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    Some(match rest {
        [] => first.to_string(),
        [second] => format!("{first} and {second}"),
        more => format!("{first} and {} more", more.len()),
    })
}

/// How long a certificate is still good: "12 d left", "ended 3 h ago".
#[must_use]
pub fn left_words(facts: &CertificateFacts, now: Timestamp) -> String {
    match facts.not_after.since(now) {
        left if left > 0 => format!("{} left", short_length(left)),
        _ => format!("ended {}", facts.not_after.relative(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn facts(names: &[&str], issuer: &str) -> CertificateFacts {
        CertificateFacts {
            names: names.iter().map(|name| name.parse().expect("a name")).collect(),
            issuer: issuer.to_owned(),
            serial: "1".to_owned(),
            not_before: Timestamp::from_ms(10 * DAY),
            not_after: Timestamp::from_ms(100 * DAY),
        }
    }

    #[test]
    fn what_would_not_do_is_refused_in_words() {
        let good = facts(&["shop.example.com"], "R11");
        let shop: DomainName = "shop.example.com".parse().expect("a name");
        let at = |day: i64| Timestamp::from_ms(day * DAY);
        assert_eq!(refuse_unusable(&good, None, &shop, at(50)), Ok(()));
        let many = facts(&["a.example", "b.example", "c.example"], "R11");
        let none = facts(&[], "R11");
        let far = facts(&["example.com", "*.example.org"], "R11");
        for (facts, missing, day, says) in [
            (&good, None, 100, "ended now, at 1970-04-11T00:00:00Z"),
            (&good, None, 130, "ended 30 d ago"),
            (&good, None, 9, "good from 1970-01-11T00:00:00Z only, in 24 h"),
            (&good, Some("R11"), 50, "the certificate of “R11” is missing"),
            (&many, None, 50, "for a.example and 2 more, not for shop.example.com"),
            (&far, None, 50, "for example.com and *.example.org, not"),
            (&none, None, 50, "has no alternative names"),
        ] {
            let problem = refuse_unusable(facts, missing, &shop, at(day)).expect_err(says);
            assert!(problem.title.contains(says) && problem.hint.is_some(), "{problem}");
            assert_eq!(problem.field.as_deref(), Some("certificate"));
        }
    }

    #[test]
    fn a_cdns_certificate_is_complete_by_itself_and_marked() {
        let origin = facts(&["shop.example.com"], "CloudFlare Origin SSL Certificate Authority");
        let shop = "shop.example.com".parse().expect("a name");
        assert_eq!(refuse_unusable(&origin, Some(&origin.issuer), &shop, Timestamp::from_ms(50 * DAY)), Ok(()));
        assert!(note(&origin, false).is_some_and(|words| words.contains("Full (strict)")));
        assert!(note(&facts(&["a.example"], "a.example"), true).is_some_and(|words| words.contains("browsers warn")));
        assert_eq!(note(&facts(&["a.example"], "Cloudflare Inc ECC CA-3"), false), None);
        assert_eq!(left_words(&origin, Timestamp::from_ms(88 * DAY)), "12 d left");
    }
}
