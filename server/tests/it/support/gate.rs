//! What stands between a panel and Pebble: passes requests on, can be closed, and can say what this Pebble
//! does not: renewal information, profiles, limits.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use homeport_model::name::Port;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::web::trusting;

/// What the gate does.
#[derive(Default, Clone)]
pub struct Says {
    /// Connections are closed at once.
    pub closed: bool,
    /// What it answers for renewal information, with `Retry-After`; none is offered without.
    pub ari: Option<(u16, String)>,
    /// Profiles that it offers.
    pub profiles: Vec<&'static str>,
    /// New orders get this status, problem type and `Retry-After`.
    pub no_orders: Option<(u16, &'static str, &'static str)>,
    /// Every request gets this body with this status.
    pub instead: Option<(u16, &'static str)>,
    /// With this `Retry-After`.
    pub instead_wait: Option<&'static str>,
    /// Orders that name what they replace get this status and problem type.
    pub no_renewals: Option<(u16, &'static str)>,
    /// Nothing may be done any more by accounts that are there.
    pub deactivated: bool,
    /// A refusal of a new order takes so long, in milliseconds.
    pub slow_ms: u64,
}

pub struct Gate {
    pub port: Port,
    says: Arc<Mutex<Says>>,
    orders: Arc<Mutex<Vec<Value>>>,
    server: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Gate {
    pub(super) async fn open(to: Port, trust: Arc<rustls::ClientConfig>, chain: &str, key: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port().try_into().expect("a port");
        let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a pair");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (says, orders): (Arc<Mutex<Says>>, Arc<Mutex<Vec<Value>>>) = (Arc::default(), Arc::default());
        let (heard, seen) = (says.clone(), orders.clone());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if heard.lock().expect("says").closed {
                    continue;
                }
                let (acceptor, says, orders, trust) = (acceptor.clone(), heard.clone(), seen.clone(), trust.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let pass = service_fn(|request| pass(request, to, &trust, &says, &orders, port));
                    let _ =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), pass).await;
                });
            }
        });
        Self { port, says, orders, server }
    }

    pub fn set(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().expect("says"));
    }

    /// What new orders said, those that were passed on.
    pub fn orders(&self) -> Vec<Value> {
        self.orders.lock().expect("orders").clone()
    }
}

async fn pass(
    request: Request<Incoming>,
    to: Port,
    trust: &Arc<rustls::ClientConfig>,
    says: &Mutex<Says>,
    orders: &Mutex<Vec<Value>>,
    own: Port,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let says = says.lock().expect("says").clone();
    if let Some((status, body)) = says.instead {
        return Ok(answer(status, body.to_owned(), says.instead_wait));
    }
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = parts.uri.path().to_owned();
    if path.starts_with("/ari/") {
        let (status, text) = says.ari.unwrap_or((404, "{}".to_owned()));
        return Ok(answer(status, text, Some("21600")));
    }
    let signed: Value = serde_json::from_slice(&body).unwrap_or_default();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(signed["payload"].as_str().unwrap_or_default()).unwrap_or_default();
    let payload: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let is_order = payload.get("identifiers").is_some();
    let problem = |status: u16, kind: &str| {
        let problem = json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": "no", "status": status });
        answer(status, problem.to_string(), None)
    };
    if says.deactivated
        && (is_order || payload.get("contact").is_some() && payload.get("termsOfServiceAgreed").is_none())
    {
        return Ok(problem(401, "unauthorized"));
    }
    if let Some((status, kind)) = says.no_renewals.filter(|_| payload.get("replaces").is_some()) {
        return Ok(problem(status, kind));
    }
    if let Some((status, kind, wait)) = says.no_orders.filter(|_| is_order) {
        tokio::time::sleep(std::time::Duration::from_millis(says.slow_ms)).await;
        let problem = json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": "too many\nof them", "status": status });
        return Ok(answer(status, problem.to_string(), Some(wait)));
    }
    let passed = send(to, trust, Request::from_parts(parts, Full::new(body))).await.expect("Pebble answers");
    let (mut parts, body) = passed.into_parts();
    let mut said: Option<Value> = None;
    if path == "/dir" {
        let mut directory: Value = serde_json::from_slice(&body).expect("a directory");
        if says.ari.is_some() {
            directory["renewalInfo"] = json!(format!("https://127.0.0.1:{own}/ari"));
        }
        directory["meta"]["caaIdentities"] = json!(["authority.example"]);
        for profile in says.profiles {
            directory["meta"]["profiles"][profile] = json!(format!("https://example.com/{profile}"));
        }
        said = Some(directory);
    }
    if is_order {
        if parts.status.is_success() && payload.get("replaces").is_some() {
            let mut order: Value = serde_json::from_slice(&body).expect("an order");
            order["replaces"] = payload["replaces"].clone();
            said = Some(order);
        }
        orders.lock().expect("orders").push(payload);
    }
    let body = said.map_or(body, |said| said.to_string().into());
    for header in ["content-length", "transfer-encoding", "connection"] {
        parts.headers.remove(header);
    }
    Ok(Response::from_parts(parts, Full::new(body)))
}

fn answer(status: u16, body: String, wait: Option<&str>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
    if let Some(wait) = wait {
        answer.headers_mut().insert("retry-after", wait.parse().expect("a value"));
    }
    answer
}

/// Whom an authority's own root makes trusted.
pub(super) fn trust(root: &Path) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).expect("a root")).expect("added");
    trusting(roots)
}

/// Sends one request to a port of 127.0.0.1 over TLS.
pub(super) async fn send(
    port: Port,
    trust: &Arc<rustls::ClientConfig>,
    request: Request<Full<Bytes>>,
) -> std::io::Result<Response<Bytes>> {
    let stream = TcpStream::connect(("127.0.0.1", port.get())).await?;
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let stream = TlsConnector::from(trust.clone()).connect(name, stream).await?;
    let other = std::io::Error::other::<hyper::Error>;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(other)?;
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.map_err(other)?.into_parts();
    Ok(Response::from_parts(parts, body.collect().await.map_err(other)?.to_bytes()))
}

/// The leaf that a port of 127.0.0.1 serves for a name, as PEM, once it is believed.
pub async fn served(port: u16, name: &str, issuer: &str) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(issuer.as_bytes()).expect("a root")).expect("added");
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let server = ServerName::try_from(name.to_owned()).expect("a name");
    let stream = TlsConnector::from(trusting(roots)).connect(server, stream).await?;
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).expect("a leaf").clone();
    let text = base64::prelude::BASE64_STANDARD.encode(&leaf);
    Ok(format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))
}
