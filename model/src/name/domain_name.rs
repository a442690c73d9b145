//! Names that vhosts answer to.

use super::{HostName, Refused};

super::parsed!(
    /// What a vhost answers to and a certificate is for: a host name, or `*.` and a host name for every
    /// name that is one label longer.
    DomainName,
    |text| {
        let base = text.strip_prefix(WILDCARD).unwrap_or(text);
        base.parse::<HostName>().map(|_| ()).map_err(|Refused(why)| why)
    }
);

const WILDCARD: &str = "*.";
/// What stands for it in addresses: no host name has an underscore.
const WILDCARD_IN_PATHS: &str = "_.";

impl DomainName {
    /// As a part of a page's address: `*.example.com` is `_.example.com` there.
    #[must_use]
    pub fn in_path(&self) -> String {
        if self.is_wildcard() { format!("{WILDCARD_IN_PATHS}{}", self.base()) } else { self.to_string() }
    }

    /// Reads what [`in_path`](Self::in_path) wrote.
    #[must_use]
    pub fn from_path(part: &str) -> Option<Self> {
        match part.strip_prefix(WILDCARD_IN_PATHS) {
            Some(base) => format!("{WILDCARD}{base}").parse().ok(),
            None => part.parse().ok().filter(|name: &Self| !name.is_wildcard()),
        }
    }

    /// Whether it stands for many names.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.as_str().starts_with(WILDCARD)
    }

    /// The host name, or what follows the `*.`.
    #[must_use]
    pub fn base(&self) -> &str {
        self.as_str().strip_prefix(WILDCARD).unwrap_or(self.as_str())
    }

    /// The host name that it is, unless it stands for many.
    #[must_use]
    pub fn host(&self) -> Option<HostName> {
        self.as_str().parse().ok()
    }

    /// Whether a certificate or a vhost for this name serves `other`, too (RFC 6125: one label, and never
    /// part of one).
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let below = || other.as_str().split_once('.').is_some_and(|(label, rest)| label != "*" && rest == self.base());
        self == other || (self.is_wildcard() && below())
    }
}

impl From<HostName> for DomainName {
    fn from(name: HostName) -> Self {
        Self(name.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let all = name("*.example.com");
        assert!(all.is_wildcard() && all.base() == "example.com" && all.host().is_none());
        assert!(all.covers(&name("shop.example.com")) && all.covers(&all));
        for other in ["example.com", "a.b.example.com", "shopexample.com", "*.shop.example.com"] {
            assert!(!all.covers(&name(other)), "{other}");
        }
        assert!(!name("shop.example.com").covers(&all));
    }

    #[test]
    fn a_name_goes_through_an_address_and_back() {
        for (text, path) in [("shop.example.com", "shop.example.com"), ("*.example.com", "_.example.com")] {
            assert_eq!(name(text).in_path(), path);
            assert_eq!(DomainName::from_path(path), Some(name(text)));
        }
        for path in ["*.example.com", "_", "_.", "_._.example.com", "a/b", "..", "", "_x.example.com"] {
            assert_eq!(DomainName::from_path(path), None, "{path}");
        }
    }

    #[test]
    fn stars_stand_at_the_beginning_only() {
        for text in
            ["*", "*.com", "*.*.example.com", "a.*.com", "w*.example.com", "**.example.com", "*.", ".example.com"]
        {
            assert!(text.parse::<DomainName>().is_err(), "{text}");
        }
    }
}
