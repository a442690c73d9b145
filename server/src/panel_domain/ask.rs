//! The panel asks for itself under a public name, as everybody does, and sees which way its question comes
//! in. Nobody else knows the question, so its arrival is the proof that the name leads here.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use homeport_model::{
    certificate::served::Unseen,
    domain::dns::is_public,
    name::HostName,
    panel_domain::{BY_TUNNEL, DIRECTLY, Heard, WAY_PATH},
    time::Timestamp,
};

use super::PanelDomain;
use crate::{
    ambient,
    drivers::tls::{Asked, ask_secure},
};

/// Where Cloudflare asks for a sign-in lies below this name.
const ACCESS: &str = ".cloudflareaccess.com";
/// Cloudflare's port for https.
const CLOUDFLARE: u16 = 443;

/// Where the panel's names are asked from outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outside {
    /// An address that stands in for what DNS gives, and that is believed whatever certificate it shows;
    /// none in a running panel.
    pub instead: Option<SocketAddr>,
}

/// What is waited for, and what came back.
#[derive(Debug, Clone, Default)]
pub(super) struct Ears(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    /// Questions that are on their way, each with whether it came in by the tunnel.
    awaited: HashMap<String, Option<bool>>,
    /// What was last heard of each name.
    heard: HashMap<HostName, (Heard, Timestamp)>,
}

impl Ears {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn last(&self, name: &HostName) -> Option<(Heard, Timestamp)> {
        self.held().heard.get(name).cloned()
    }

    /// Says whether it is news.
    pub(super) fn keep(&self, name: &HostName, heard: Heard, now: Timestamp) -> bool {
        let before = self.held().heard.insert(name.clone(), (heard.clone(), now));
        before.is_none_or(|(before, _)| before != heard)
    }

    fn await_one(&self) -> Question {
        let text: String = ambient::random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        self.held().awaited.insert(text.clone(), None);
        Question { ears: self.clone(), text }
    }

    pub(super) fn forget(&self, name: &HostName) {
        self.held().heard.remove(name);
    }
}

/// A question on its way. It is waited for until this is dropped, also when nobody reads the answer.
struct Question {
    ears: Ears,
    text: String,
}

impl Question {
    /// Whether it came in by the tunnel; `None` when it did not come in.
    fn arrived(&self) -> Option<bool> {
        self.ears.held().awaited.get(&self.text).copied().flatten()
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.ears.held().awaited.remove(&self.text);
    }
}

impl PanelDomain {
    /// A question came in by a way, as nginx says.
    pub(crate) fn arrived(&self, question: &str, way: &str) {
        let by_tunnel = match way {
            BY_TUNNEL => true,
            DIRECTLY => false,
            _ => return,
        };
        if let Some(awaited) = self.ears.held().awaited.get_mut(question) {
            *awaited = Some(by_tunnel);
        }
    }

    /// Asks for the panel under `name`, where it is to come in by the tunnel or directly.
    pub(super) async fn ask_outside(&self, name: &HostName, by_tunnel: bool) -> Heard {
        let port = if by_tunnel { CLOUDFLARE } else { self.https_port() };
        let address = match self.outside.instead {
            Some(instead) => instead,
            None => match self.public_address(name).await {
                Ok(address) => SocketAddr::new(address, port),
                Err(unseen) => return Heard::Otherwise(unseen.words()),
            },
        };
        let question = self.ears.await_one();
        let path = format!("{WAY_PATH}?{}", question.text);
        match ask_secure(address, name, &path, self.apps.parts.clock.now()).await {
            Err(unseen) => Heard::Otherwise(unseen.words()),
            Ok(asked) => heard(&asked, question.arrived(), self.outside.instead.is_some()),
        }
    }

    fn https_port(&self) -> u16 {
        self.apps.parts.domains.https_addresses().first().map_or(CLOUDFLARE, SocketAddr::port)
    }

    /// The address that visitors are given; private ones are not connected to (security.md, C-23).
    async fn public_address(&self, name: &HostName) -> Result<IpAddr, Unseen> {
        let found = self.dns.addresses(name).await;
        let found = found.map_err(|none| none.trouble().map_or(Unseen::NoAddress, Unseen::Unresolved))?;
        let mut public = found.into_iter().filter(|address| is_public(*address));
        let first = public.next().ok_or(Unseen::NotPublic)?;
        Ok(if first.is_ipv4() { first } else { public.find(IpAddr::is_ipv4).unwrap_or(first) })
    }
}

/// What an answer means, where the question `arrived` by the tunnel or directly, or not at all.
fn heard(asked: &Asked, arrived: Option<bool>, is_believed: bool) -> Heard {
    if !asked.trusted && !is_believed {
        return Heard::Otherwise("Browsers do not believe the certificate that visitors are shown.".to_owned());
    }
    if let Some(by_tunnel) = arrived {
        return Heard::Here { by_tunnel };
    }
    let leads_on = asked.location.as_deref().and_then(|location| location.strip_prefix("https://"));
    let host = leads_on.and_then(|rest| rest.split(['/', '?', '#', ':']).next());
    if (300..400).contains(&asked.status) && host.is_some_and(|host| host.ends_with(ACCESS)) {
        return Heard::Guarded;
    }
    Heard::Otherwise(format!("Something answers there with {}, and the question did not arrive here.", asked.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_arrived_under_a_believed_certificate_counts() {
        let asked = |status, location: &str, trusted| Asked {
            status,
            location: (!location.is_empty()).then(|| location.to_owned()),
            trusted,
        };
        let ok = asked(200, "", true);
        assert_eq!(heard(&ok, Some(true), false), Heard::Here { by_tunnel: true });
        assert_eq!(heard(&ok, Some(false), false), Heard::Here { by_tunnel: false });
        assert!(matches!(heard(&ok, None, false), Heard::Otherwise(_)), "any server can answer");
        assert!(matches!(heard(&asked(200, "", false), Some(true), false), Heard::Otherwise(_)));
        let access = "https://team.cloudflareaccess.com/cdn-cgi/access/login/panel.example.com";
        assert_eq!(heard(&asked(302, access, true), None, false), Heard::Guarded);
        for other in ["https://evil.example/?x=.cloudflareaccess.com", "http://team.cloudflareaccess.com/", "/login"] {
            assert!(matches!(heard(&asked(302, other, true), None, false), Heard::Otherwise(_)), "{other}");
        }
    }
}
