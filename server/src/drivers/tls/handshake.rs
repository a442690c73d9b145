//! Looks at what an address serves under a name: a handshake that believes nobody, and one request over
//! it. Nothing secret is sent, so there is nothing to be lost to whoever answers; whether browsers would
//! believe them is judged apart.

use std::{error::Error as StdError, io, net::SocketAddr, time::Duration};

use homeport_model::{
    certificate::served::{Plain, Protocol, Secure, Unseen},
    name::HostName,
    text::clean_line,
    time::Timestamp,
    traffic::PROBE_AGENT,
};
use http::{HeaderMap, HeaderName, Request, Response, Version, header};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    AlertDescription, ProtocolVersion,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{pair::above, trust::is_trusted, x509::Read};
use crate::drivers::onlooker;

/// All of a look together.
const WITHIN: Duration = Duration::from_secs(6);
/// More of an answer's head is not read.
const MOST_HEAD_BYTES: usize = 32 << 10;
/// Longer chains are cut.
const MOST_CERTIFICATES: usize = 10;
/// How much of a header is kept, in characters.
const MOST_VALUE: usize = 300;

/// What `address` serves by https under `name`.
///
/// # Errors
/// Why it could not be seen.
pub async fn look_secure(address: SocketAddr, name: &HostName, now: Timestamp) -> Result<Secure, Unseen> {
    tokio::time::timeout(WITHIN, secure(address, name, now)).await.unwrap_or(Err(Unseen::TimedOut))
}

/// An answer by https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The status.
    pub status: u16,
    /// Where it leads on.
    pub location: Option<String>,
    /// Whether browsers believe the certificate, also that it is the name's.
    pub trusted: bool,
}

/// What `address` answers by https under `name` to a question for `path`.
///
/// # Errors
/// Why it could not be asked.
pub async fn ask_secure(address: SocketAddr, name: &HostName, path: &str, now: Timestamp) -> Result<Asked, Unseen> {
    let asked = async {
        let stream = connect(address, name).await?;
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        let is_names = chain
            .first()
            .and_then(|leaf| Read::new(leaf))
            .is_some_and(|leaf| leaf.facts().covers(&name.clone().into()));
        let trusted = is_names && is_trusted(chain, now);
        let http2 = session.alpn_protocol() == Some(b"h2".as_slice());
        let (status, headers) = ask(stream, name, path, http2).await?;
        Ok(Asked { status, location: text(&headers, &header::LOCATION), trusted })
    };
    tokio::time::timeout(WITHIN, asked).await.unwrap_or(Err(Unseen::TimedOut))
}

/// What `address` answers by http under `name`.
///
/// # Errors
/// Why it could not be seen.
pub async fn look_plain(address: SocketAddr, name: &HostName) -> Result<Plain, Unseen> {
    tokio::time::timeout(WITHIN, plain(address, name)).await.unwrap_or(Err(Unseen::TimedOut))
}

type Stream = tokio_rustls::client::TlsStream<TcpStream>;

async fn connect(address: SocketAddr, name: &HostName) -> Result<Stream, Unseen> {
    let config = onlooker::config(&["h2", "http/1.1"]).map_err(|error| Unseen::Broken(error.to_string()))?;
    let asked = ServerName::try_from(name.as_str().to_owned()).map_err(|error| Unseen::Broken(error.to_string()))?;
    let stream = TcpStream::connect(address).await.map_err(unseen)?;
    TlsConnector::from(config).connect(asked, stream).await.map_err(unseen)
}

async fn secure(address: SocketAddr, name: &HostName, now: Timestamp) -> Result<Secure, Unseen> {
    let stream = connect(address, name).await?;
    let (_, session) = stream.get_ref();
    let chain: Vec<CertificateDer<'static>> =
        session.peer_certificates().unwrap_or_default().iter().take(MOST_CERTIFICATES).cloned().collect();
    let protocol = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => Protocol::Tls12,
        _ => Protocol::Tls13,
    };
    let http2 = session.alpn_protocol() == Some(b"h2".as_slice());
    // It does not take an answer to know the certificate.
    let answer = ask(stream, name, "/", http2).await.ok();
    let read: Vec<Read<'_>> = chain.iter().map_while(|der| Read::new(der)).collect();
    let leaf = read.first().ok_or_else(|| Unseen::Broken("the certificate does not read".to_owned()))?;
    let value = |name: &HeaderName| answer.as_ref().and_then(|(_, headers)| text(headers, name));
    Ok(Secure {
        facts: leaf.facts(),
        issuers: read.iter().map(Read::issuer).collect(),
        missing: above(leaf, &read).1,
        self_signed: leaf.is_self_signed(),
        trusted: is_trusted(&chain, now),
        protocol,
        http2,
        status: answer.as_ref().map(|(status, _)| *status),
        hsts: value(&header::STRICT_TRANSPORT_SECURITY),
        compression: value(&header::CONTENT_ENCODING),
    })
}

async fn plain(address: SocketAddr, name: &HostName) -> Result<Plain, Unseen> {
    let stream = TcpStream::connect(address).await.map_err(unseen)?;
    let (status, headers) = ask(stream, name, "/", false).await?;
    Ok(Plain { status, location: text(&headers, &header::LOCATION) })
}

/// Asks for a path; the body is left where it is.
async fn ask<S>(stream: S, name: &HostName, path: &str, http2: bool) -> Result<(u16, HeaderMap), Unseen>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| Unseen::Broken(one_line(&error));
    let uri = if http2 { format!("https://{name}{path}") } else { path.to_owned() };
    let request = Request::get(uri)
        .version(if http2 { Version::HTTP_2 } else { Version::HTTP_11 })
        .header(header::USER_AGENT, PROBE_AGENT)
        .header(header::ACCEPT, "text/html,*/*")
        .header(header::ACCEPT_ENCODING, "gzip, br");
    let request = if http2 { request } else { request.header(header::HOST, name.as_str()) };
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| Unseen::Broken(error.to_string()))?;
    let head = |answer: Response<Incoming>| (answer.status().as_u16(), answer.headers().clone());
    let io = TokioIo::new(stream);
    if http2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.map_err(broken)?;
        let answer = driven(connection, sender.send_request(request)).await;
        return answer.map(head).map_err(broken);
    }
    let mut builder = hyper::client::conn::http1::Builder::new();
    let (mut sender, connection) = builder.max_buf_size(MOST_HEAD_BYTES).handshake(io).await.map_err(broken)?;
    driven(connection, sender.send_request(request)).await.map(head).map_err(broken)
}

/// The answer, while the connection is kept going.
async fn driven<T>(connection: impl Future, answer: impl Future<Output = T>) -> T {
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // The connection's end is not the answer's: what has arrived is still to be read.
        _ = connection => answer.await,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned();
    Some(clean_line(&value).chars().take(MOST_VALUE).collect())
}

fn unseen(error: io::Error) -> Unseen {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(
            AlertDescription::UnrecognisedName | AlertDescription::HandshakeFailure | AlertDescription::AccessDenied,
        )) => Unseen::Rejected,
        Some(rustls::Error::InvalidMessage(_)) => Unseen::Broken("it does not speak TLS".to_owned()),
        _ if error.kind() == io::ErrorKind::ConnectionRefused => Unseen::Refused,
        _ if error.kind() == io::ErrorKind::TimedOut => Unseen::TimedOut,
        _ => Unseen::Broken(one_line(&error)),
    }
}

fn one_line(error: &dyn StdError) -> String {
    clean_line(&error.to_string()).trim_end_matches('.').chars().take(MOST_VALUE).collect()
}
