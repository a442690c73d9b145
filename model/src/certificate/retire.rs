//! When a certificate and a plan go because nothing serves their domain any more.

use crate::{name::DomainName, time::Timestamp};

/// They stay for a week: a name that comes back, or that another app gets, costs no order.
const STAYS_MS: i64 = 7 * 86_400_000;

/// Whether a domain's certificate and plan are of use to anybody. `served` are all names that are served, `own`
/// the domains that have certificates in use.
///
/// A wildcard that is not served itself is needed while a name below it has no certificate of its own; one that
/// a person `brought`, while there is any name below it.
#[must_use]
pub fn is_needed(domain: &DomainName, served: &[DomainName], own: &[&DomainName], brought: bool) -> bool {
    let has_one = own.contains(&domain);
    let below = |name: &DomainName| has_one && domain.covers(name) && (brought || !own.contains(&name));
    served.iter().any(|name| name == domain || below(name))
}

/// Whether what nothing has served since a moment goes now.
#[must_use]
pub fn is_over(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) >= STAYS_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    #[test]
    fn what_is_served_stays_and_what_something_leans_on() {
        let (wild, shop, blog) = (name("*.example.com"), name("shop.example.com"), name("blog.example.com"));
        let served = [shop.clone(), name("example.net")];
        assert!(is_needed(&shop, &served, &[&shop], false));
        assert!(!is_needed(&blog, &served, &[&blog], true), "nothing serves it");
        assert!(is_needed(&wild, &served, &[&wild], false), "the shop leans on it");
        assert!(!is_needed(&wild, &served, &[&wild, &shop], false), "the shop has one of its own");
        assert!(is_needed(&wild, &served, &[&wild, &shop], true), "somebody brought it for names below");
        assert!(!is_needed(&wild, &served, &[], false), "there is nothing to lean on");
        assert!(!is_needed(&wild, &[name("example.net")], &[&wild], true));
    }

    #[test]
    fn it_goes_after_a_week() {
        let since = Timestamp::from_ms(5);
        assert!(!is_over(since, since) && !is_over(since, since.plus_ms(STAYS_MS - 1)));
        assert!(is_over(since, since.plus_ms(STAYS_MS)));
    }
}
