//! Requests to addresses that a person chose: https, to public addresses only, to the address that
//! was checked, without redirects, with limits on time and size (security.md, C-28).

use std::time::Duration;

use homeport_model::domain::{
    dns::is_public,
    dns_provider::{ApiRequest, Verb},
};
use ureq::{
    Agent, Body,
    config::Config,
    http::{Method, Request, Response, Uri},
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
    /// After how many seconds to ask again, where it says so in seconds.
    pub retry_after_s: Option<u64>,
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
        let url = url.to_owned();
        self.send(&ApiRequest { verb: Verb::Post, url, headers: vec![sign_in], body: Some(body) }).await
    }

    /// Sends a request; its body is JSON.
    ///
    /// # Errors
    /// [`Error`]; a status of any kind is an answer.
    pub async fn send(&self, request: &ApiRequest) -> Result<Answer, Error> {
        if !request.url.starts_with("https://") && !self.local {
            return Err(Error::Plain);
        }
        let (agent, request) = (self.agent.clone(), request.clone());
        // ureq waits on its thread; its own limit ends it.
        let sent = tokio::task::spawn_blocking(move || {
            let mut answer = run(&agent, request).map_err(said)?;
            let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
            let retry_after_s = retry_after.and_then(|value| value.trim().parse().ok());
            let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string().unwrap_or_default();
            Ok(Answer { status: answer.status().as_u16(), body, retry_after_s })
        });
        sent.await.map_err(|error| Error::Away(error.to_string()))?
    }
}

fn run(agent: &Agent, request: ApiRequest) -> Result<Response<Body>, ureq::Error> {
    let method = match request.verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    };
    let mut built = Request::builder().method(method).uri(request.url);
    for (name, value) in request.headers {
        built = built.header(name, value);
    }
    match request.body {
        Some(body) => agent.run(built.header("content-type", "application/json").body(body)?),
        None => agent.run(built.body(())?),
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

#[cfg(test)]
mod tests {
    use super::*;

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
