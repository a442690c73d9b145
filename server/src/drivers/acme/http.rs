//! Requests to an authority: https only, its certificate checked, limits on time and size, and what its
//! last answer said about waiting.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use homeport_model::{
    certificate::refusal::{Refusal, RefusalKind},
    domain::dns::is_public,
};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, HttpClient};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Error, Reach, error, retry_after};
use crate::ambient::Clock;

/// One request with its answer.
const WITHIN: Duration = Duration::from_secs(20);
/// A connection to one of a host's addresses: one that swallows packets leaves time for the next.
const CONNECTS_WITHIN: Duration = Duration::from_secs(4);
/// More than any answer has.
const MOST_BYTES: usize = 1 << 20;

/// Whom to believe.
#[derive(Clone)]
pub(super) struct Trust(Arc<ClientConfig>);

impl Trust {
    pub(super) fn new(root: Option<&Path>) -> Result<Self, Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = root {
            let bad = |cause: Box<dyn std::error::Error + Send + Sync>| Error::Root(path.display().to_string(), cause);
            let mut found = 0;
            for one in CertificateDer::pem_file_iter(path).map_err(|cause| bad(cause.into()))? {
                roots.add(one.map_err(|cause| bad(cause.into()))?).map_err(|cause| bad(cause.into()))?;
                found += 1;
            }
            if found == 0 {
                return Err(bad("there is no certificate in it".into()));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| Error::Root("the TLS library".to_owned(), cause.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// What the last answer said beside its body.
#[derive(Clone, Copy, Default)]
struct Seen {
    status: u16,
    retry_after_s: Option<u64>,
}

/// Sends requests, each over a connection of its own: an order has about a dozen.
#[derive(Clone)]
pub(super) struct Http {
    trust: Trust,
    reach: Reach,
    seen: Arc<Mutex<Seen>>,
}

/// Why there was no answer.
#[derive(Debug)]
enum Unreached {
    Away(String),
    NotPublic(String),
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => f.write_str(why),
            Self::NotPublic(host) => write!(f, "{host} is not public"),
        }
    }
}

impl std::error::Error for Unreached {}

impl Http {
    pub(super) fn new(trust: &Trust, reach: Reach) -> Self {
        Self { trust: trust.clone(), reach, seen: Arc::default() }
    }

    /// How long the last answer asked to wait, in seconds.
    pub(super) fn retry_after_s(&self) -> Option<u64> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).retry_after_s
    }

    /// Reads a page.
    pub(super) async fn get(&self, url: &str) -> Result<Bytes, Error> {
        let request = Request::get(url).body(BodyWrapper::default());
        let request = request.map_err(|error| Error::Nonsense(error.to_string()))?;
        let answer = self.exchange(request).await.map_err(unreached)?;
        match answer.status().as_u16() {
            200 => Ok(answer.into_body()),
            status => Err(self.by_status(status).unwrap_or_else(|| Error::Nonsense(format!("status {status}")))),
        }
    }

    /// What an error of instant-acme means, together with what was last answered.
    pub(super) fn said(&self, error: instant_acme::Error) -> Error {
        use instant_acme::Error as E;
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            E::Api(problem) => {
                let Refusal { kind, said } = error::refusal(&problem);
                // What it found at the name stands in an authorisation; here it is about who asks (RFC 8555,
                // sections 7.3.6 and 7.6).
                let kind = if kind == RefusalKind::WrongAnswer { RefusalKind::Account } else { kind };
                Error::Refused { refusal: Refusal { kind, said }, retry_after_s: seen.retry_after_s }
            }
            E::Timeout(_) => Error::Undecided,
            E::Other(cause) => match cause.downcast::<Unreached>() {
                Ok(cause) => unreached(*cause),
                Err(cause) => Error::Nonsense(cause.to_string()),
            },
            other => self.by_status(seen.status).unwrap_or_else(|| Error::Nonsense(other.to_string())),
        }
    }

    /// What a status means where the body says nothing.
    fn by_status(&self, status: u16) -> Option<Error> {
        let kind = match status {
            429 => RefusalKind::RateLimited,
            500..=599 => RefusalKind::Server,
            _ => return None,
        };
        let refusal = Refusal::new(kind, &format!("status {status}"));
        Some(Error::Refused { refusal, retry_after_s: self.retry_after_s() })
    }

    async fn exchange(&self, request: Request<BodyWrapper<Bytes>>) -> Result<Response<Bytes>, Unreached> {
        let answer = match tokio::time::timeout(WITHIN, self.ask(request)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(Unreached::Away(format!("no answer within {} s", WITHIN.as_secs()))),
        };
        let retry_after_s = retry_after::seconds(answer.headers(), Clock::default().now());
        let seen = Seen { status: answer.status().as_u16(), retry_after_s };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        Ok(answer)
    }

    async fn ask(&self, mut request: Request<BodyWrapper<Bytes>>) -> Result<Response<Bytes>, Unreached> {
        let uri = request.uri().clone();
        if uri.scheme_str() != Some("https") {
            return Err(Unreached::Away("it names an address that is not https".to_owned()));
        }
        let (host, port) = (uri.host().unwrap_or_default().to_owned(), uri.port_u16().unwrap_or(443));
        let stream = self.connect(&host, port).await?;
        let away = |what: &dyn fmt::Display| Unreached::Away(what.to_string());
        let name = ServerName::try_from(host.clone()).map_err(|error| away(&error))?;
        let stream =
            TlsConnector::from(self.trust.0.clone()).connect(name, stream).await.map_err(|error| away(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| away(&error))?;
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_str(&authority).map_err(|error| away(&error))?);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("homeport/", env!("CARGO_PKG_VERSION"))));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = Uri::try_from(path).map_err(|error| away(&error))?;
        let answer = async {
            let (parts, body) = sender.send_request(request).await.map_err(|error| away(&error))?.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| away(&error))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        tokio::pin!(answer);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            _ = &mut connection => {}
        }
        // The connection has ended; all that it brought is there.
        answer.await
    }

    /// A connection to an address that was checked.
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Unreached> {
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((plain, port)).await.map_err(|error| Unreached::Away(error.to_string()))?;
        let found: Vec<SocketAddr> = found.collect();
        if self.reach == Reach::Public && found.iter().any(|address| !is_public(address.ip())) {
            return Err(Unreached::NotPublic(host.to_owned()));
        }
        first_of(&found).await.unwrap_or_else(|| Err(Unreached::Away(format!("{host} leads nowhere"))))
    }
}

/// A connection to the first of a host's addresses that answers; none where there is no address.
async fn first_of(found: &[SocketAddr]) -> Option<Result<TcpStream, Unreached>> {
    let mut last = None;
    for address in found {
        let why = match tokio::time::timeout(CONNECTS_WITHIN, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Some(Ok(stream)),
            Ok(Err(error)) => Unreached::Away(error.to_string()),
            Err(_) => Unreached::Away(format!("{address} does not answer")),
        };
        last = Some(Err(why));
    }
    last
}

fn unreached(cause: Unreached) -> Error {
    match cause {
        Unreached::Away(why) => Error::Away(why),
        Unreached::NotPublic(host) => Error::NotPublic(host),
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let http = self.clone();
        Box::pin(async move {
            match http.exchange(request).await {
                Ok(answer) => Ok(BytesResponse::from(answer.map(Full::new))),
                Err(cause) => Err(instant_acme::Error::Other(Box::new(cause))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As with IPv6 that leads nowhere: the next address has its turn while there is time.
    #[tokio::test]
    async fn an_address_that_swallows_packets_leaves_time_for_the_next() {
        // A listener whose queue is full answers nobody.
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let full = socket.listen(1).expect("listens");
        let deaf = full.local_addr().expect("an address");
        let mut waiting = Vec::new();
        for _ in 0..8 {
            match tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(deaf)).await {
                Ok(stream) => waiting.push(stream.expect("connected")),
                Err(_) => break,
            }
        }
        let good = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let answers = good.local_addr().expect("an address");
        let found = tokio::time::timeout(WITHIN / 2, first_of(&[deaf, answers])).await.expect("in time");
        let stream = found.expect("addresses").expect("connected");
        assert_eq!(stream.peer_addr().expect("an address"), answers);
        assert!(first_of(&[]).await.is_none());
    }
}
