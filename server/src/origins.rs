//! The addresses that the panel answers to, now: the one of its configuration for ever, so that whoever
//! stands at the host gets in, and the names that it was given since.

use std::sync::{Arc, PoisonError, RwLock};

use homeport_model::name::HostName;

use crate::config::Origin;

/// A panel's addresses; clones share them.
#[derive(Debug, Clone)]
pub struct Origins(Arc<RwLock<Held>>);

#[derive(Debug)]
struct Held {
    configured: Origin,
    /// nginx's port for https, which the added names are reached through.
    https_port: u16,
    /// The names that were added; the first is the primary one, when `moved`.
    added: Vec<Origin>,
    /// Their other addresses, while they come in by two ways.
    also: Vec<Origin>,
    moved: bool,
}

/// A name that was added, and how it comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added<'a> {
    pub(crate) name: &'a HostName,
    /// Whether by the tunnel.
    pub(crate) by_tunnel: bool,
    /// Whether by the other way, too.
    pub(crate) both: bool,
}

impl Origins {
    /// Those of a panel that has only the address of its configuration.
    #[must_use]
    pub fn new(configured: Origin, https_port: u16) -> Self {
        Self(Arc::new(RwLock::new(Held { configured, https_port, added: Vec::new(), also: Vec::new(), moved: false })))
    }

    /// What links that leave the panel begin with.
    #[must_use]
    pub fn primary(&self) -> Origin {
        let held = self.held();
        held.added.first().filter(|_| held.moved).unwrap_or(&held.configured).clone()
    }

    /// The address of the configuration.
    #[must_use]
    pub fn configured(&self) -> Origin {
        self.held().configured.clone()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Origin> {
        let held = self.held();
        std::iter::once(&held.configured).chain(&held.added).cloned().collect()
    }

    /// The one whose host, with the port where it is not the scheme's own, is `authority`.
    #[must_use]
    pub fn of_authority(&self, authority: &str) -> Option<Origin> {
        let held = self.held();
        let mut all = std::iter::once(&held.configured).chain(&held.added).chain(&held.also);
        all.find(|origin| origin.authority() == authority).cloned()
    }

    /// Whether a host name is the panel's.
    #[must_use]
    pub fn has_host(&self, host: &str) -> bool {
        let held = self.held();
        held.configured.host() == host || held.added.iter().any(|origin| origin.host() == host)
    }

    /// The host names that were added.
    #[must_use]
    pub fn added_hosts(&self) -> Vec<HostName> {
        self.held().added.iter().filter_map(|origin| origin.host().parse().ok()).collect()
    }

    /// The address of a name that was added.
    #[must_use]
    pub fn of(&self, name: &HostName) -> Option<Origin> {
        self.held().added.iter().find(|origin| origin.host() == name.as_str()).cloned()
    }

    /// Takes the names that the store has; `moved` when the first of them is the primary one.
    pub(crate) fn replace<'a>(&self, names: impl Iterator<Item = Added<'a>>, moved: bool) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let port = held.https_port;
        // Cloudflare's port is the usual one, whatever nginx's is.
        let address = |name: &HostName, by_tunnel: bool| match port {
            port if by_tunnel || port == 443 => format!("https://{name}").parse().ok(),
            port => format!("https://{name}:{port}").parse().ok(),
        };
        let (mut added, mut also) = (Vec::new(), Vec::new());
        for Added { name, by_tunnel, both } in names {
            added.extend(address(name, by_tunnel));
            also.extend(address(name, !by_tunnel).filter(|_| both));
        }
        (held.added, held.also, held.moved) = (added, also, moved);
    }

    fn held(&self) -> std::sync::RwLockReadGuard<'_, Held> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().expect("an origin")
    }

    #[test]
    fn a_panel_answers_to_its_configured_address_and_to_the_names_it_was_given() {
        let origins = Origins::new(origin("http://localhost:7380"), 443);
        let name: HostName = "panel.example.com".parse().expect("a name");
        assert_eq!(origins.primary(), origin("http://localhost:7380"));
        let added = |name, by_tunnel, both| Added { name, by_tunnel, both };
        origins.replace([added(&name, false, false)].into_iter(), false);
        assert_eq!(origins.primary(), origin("http://localhost:7380"));
        assert_eq!(origins.of_authority("panel.example.com"), Some(origin("https://panel.example.com")));
        assert_eq!(origins.of_authority("panel.example.com:444"), None);
        assert!(origins.has_host("panel.example.com") && origins.has_host("localhost"));
        origins.replace([added(&name, false, false)].into_iter(), true);
        assert_eq!(origins.primary(), origin("https://panel.example.com"));
        assert_eq!(origins.of_authority("localhost:7380"), Some(origin("http://localhost:7380")));
        let odd = Origins::new(origin("http://localhost:7380"), 8443);
        let inside: HostName = "in.example.com".parse().expect("a name");
        odd.replace([added(&name, false, false), added(&inside, true, false)].into_iter(), false);
        let all: Vec<String> = odd.all().iter().map(ToString::to_string).collect();
        assert_eq!(all, ["http://localhost:7380", "https://panel.example.com:8443", "https://in.example.com"]);
        // By two ways it has two addresses, and is one name.
        assert_eq!(odd.of_authority("in.example.com:8443"), None);
        odd.replace([added(&inside, true, true)].into_iter(), false);
        assert_eq!(odd.of_authority("in.example.com:8443"), Some(origin("https://in.example.com:8443")));
        assert_eq!(
            (odd.added_hosts(), odd.of(&inside)),
            (vec![inside.clone()], Some(origin("https://in.example.com")))
        );
    }
}
