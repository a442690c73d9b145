//! Requests to addresses that a person chose: https, to public addresses only, to the address that
//! was checked, without redirects, with limits on time and size (security.md, C-28).

use std::{net::IpAddr, time::Duration};

use ureq::{
    Agent,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

/// All of a request together.
const WITHIN: Duration = Duration::from_secs(10);
/// More of an answer is not read.
const MOST_BYTES: u64 = 64 * 1024;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Plain http, to something that is not this machine or its home network.
    #[error("Only https is spoken to other hosts")]
    Plain,
    /// The name leads to this machine or into a private network.
    #[error("{0} leads to an address that is not public")]
    Private(String),
    /// It could not be reached, or did not speak HTTP in time.
    #[error("{0}")]
    Away(String),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
}

/// Sends requests out.
#[derive(Debug, Clone)]
pub struct Egress {
    agent: Agent,
    local: bool,
}

impl Egress {
    /// With `local`, hosts of this machine and of its home network may be reached too, over plain
    /// http as well.
    #[must_use]
    pub fn new(local: bool) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("homeport/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: Agent::with_parts(config, DefaultConnector::new(), Guarded { local }), local }
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// [`Error`]; a status of any kind is an answer.
    pub async fn post_json(&self, url: &str, sign_in: (&'static str, String), body: String) -> Result<Answer, Error> {
        if !url.starts_with("https://") && !self.local {
            return Err(Error::Plain);
        }
        let (agent, url) = (self.agent.clone(), url.to_owned());
        // ureq waits on its thread; its own limit ends it.
        let sent = tokio::task::spawn_blocking(move || {
            let request = agent.post(&url).header(sign_in.0, sign_in.1).content_type("application/json");
            let mut answer = request.send(body).map_err(said)?;
            let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string().unwrap_or_default();
            Ok(Answer { status: answer.status().as_u16(), body })
        });
        sent.await.map_err(|error| Error::Away(error.to_string()))?
    }
}

fn said(error: ureq::Error) -> Error {
    match error {
        ureq::Error::Io(io) => match io.get_ref().and_then(|inner| inner.downcast_ref::<NotPublic>()) {
            Some(NotPublic(host)) => Error::Private(host.clone()),
            None => Error::Away(io.to_string()),
        },
        ureq::Error::HostNotFound => Error::Away("the host's name leads nowhere".to_owned()),
        other => Error::Away(other.to_string()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not public")]
struct NotPublic(String);

/// Refuses a name of which any address is not public; what is connected to is what was checked.
#[derive(Debug)]
struct Guarded {
    local: bool,
}

impl Resolver for Guarded {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        if !self.local && found.iter().any(|address| !is_public(address.ip())) {
            let host = uri.host().unwrap_or_default().to_owned();
            return Err(ureq::Error::Io(std::io::Error::other(NotPublic(host))));
        }
        Ok(found)
    }
}

/// Whether an address is one of the internet's.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmarks = a == 198 && (b == 18 || b == 19);
            let protocols = a == 192 && b == 0 && c == 0;
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || a == 0
                || a >= 224
                || shared
                || benchmarks
                || protocols)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4() {
                return is_public(v4.into());
            }
            let segments = v6.segments();
            // Global unicast is 2000::/3; within it 6to4, Teredo and documentation lead elsewhere.
            let global = segments[0] & 0xe000 == 0x2000;
            let detour = segments[0] == 0x2002 || (segments[0] == 0x2001 && matches!(segments[1], 0 | 0xdb8));
            global && !detour
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internets_addresses_are_public() {
        for text in ["8.8.8.8", "140.82.121.4", "2606:4700::1111", "2a00:1450:4001::1"] {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.17.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[tokio::test]
    async fn private_and_plain_addresses_are_not_asked() {
        let egress = Egress::new(false);
        let ask = async |url: &str| egress.post_json(url, ("authorization", String::new()), String::new()).await;
        assert!(matches!(ask("http://example.com/").await, Err(Error::Plain)));
        for url in
            ["https://127.0.0.1/", "https://localhost:1/", "https://169.254.169.254/latest", "https://2130706433/"]
        {
            assert!(matches!(ask(url).await, Err(Error::Private(_) | Error::Away(_))), "{url}");
        }
        assert!(matches!(ask("https://127.0.0.1/").await, Err(Error::Private(_))));
    }
}
