//! A certificate authority: Pebble with its DNS server, on free ports of 127.0.0.1 and in a folder of its
//! own. The panel reaches it through a [`Gate`], which can be closed and can say more than this Pebble
//! does. All of it goes away with the value.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use homeport_model::{certificate::settings::DirectoryUrl, name::Port};
use http::{Method, Request};
use http_body_util::Full;
use hyper::body::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::UdpSocket, task::JoinHandle};

use super::{
    gate::{self, Gate},
    namespace::free_port,
    web,
};

pub struct Pebble {
    /// Where the panel talks to it.
    pub gate: Gate,
    /// Answers A, AAAA, CAA and TXT as the test says.
    pub dns: Port,
    resolver: JoinHandle<()>,
    folder: TempDir,
    /// Where its DNS server is told what to answer.
    pub tell: Port,
    manage: Port,
    trust: Arc<rustls::ClientConfig>,
    programs: Vec<Child>,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.resolver.abort();
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

impl Pebble {
    /// One that asks port `http` for answers, with more environment (`PEBBLE_WFE_NONCEREJECT`; `EAB` wants
    /// accounts to be bound).
    pub async fn with(http: Port, more: &[(&str, &str)]) -> Self {
        Self::start(http, more, None).await
    }

    /// One that asks this name server, as the world would.
    pub async fn asking(http: Port, names: SocketAddr) -> Self {
        Self::start(http, &[], Some(names)).await
    }

    async fn start(http: Port, more: &[(&str, &str)], asks: Option<SocketAddr>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (listen, manage, dns, tell) = (free_port(), free_port(), free_port(), free_port());
        let (chain, key) = certificates(&folder);
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{listen}"),
            "managementListenAddress": format!("127.0.0.1:{manage}"),
            "certificate": folder.path().join("cert.pem"),
            "privateKey": folder.path().join("key.pem"),
            "httpPort": http.get(),
            "tlsPort": free_port().get(),
            "externalAccountBindingRequired": more.iter().any(|(name, _)| *name == "EAB"),
            "externalAccountMACKeys": { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" },
        }});
        fs::write(folder.path().join("pebble.json"), config.to_string()).expect("written");
        let log = || Stdio::from(fs::File::create(folder.path().join(format!("log-{}", free_port()))).expect("a log"));
        let names = Command::new("/usr/bin/pebble-challtestsrv")
            .args(["-dns01", &format!("127.0.0.1:{dns}"), "-management", &format!("127.0.0.1:{tell}")])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""])
            .stdout(log())
            .stderr(log())
            .spawn()
            .expect("pebble-challtestsrv; script/setup --test installs it");
        let mut settings =
            vec![("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0"), ("PEBBLE_AUTHZREUSE", "0")];
        settings.extend(more);
        let asked = asks.map_or_else(|| format!("127.0.0.1:{dns}"), |server| server.to_string());
        let authority = Command::new("/usr/bin/pebble")
            .args(["-config", "pebble.json", "-dnsserver", &asked, "-strict"])
            .current_dir(folder.path())
            .envs(settings)
            .stdout(log())
            .stderr(log())
            .spawn()
            .expect("pebble; script/setup --test installs it");
        let trust = gate::trust(&folder.path().join("root.pem"));
        let gate = Gate::open(listen, trust.clone(), &chain, &key).await;
        let (dns, resolver) = resolver(dns).await;
        let pebble = Self { gate, dns, resolver, folder, tell, manage, trust, programs: vec![names, authority] };
        for port in [listen, manage, tell] {
            pebble.wait_for(port).await;
        }
        pebble
    }

    async fn wait_for(&self, port: Port) {
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port.get())).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing listens at {port}");
    }

    /// The directory's address, through the gate.
    pub fn directory(&self) -> DirectoryUrl {
        format!("https://127.0.0.1:{}/dir", self.gate.port).parse().expect("an address")
    }

    /// The same directory by another name: it counts as the one for trying out.
    pub fn staging(&self) -> DirectoryUrl {
        format!("https://localhost:{}/dir", self.gate.port).parse().expect("an address")
    }

    /// The authority of the directory's own certificate.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Has DNS answer otherwise: `add-a`, `set-txt`, `add-caa`, `set-servfail`.
    pub async fn dns_says(&self, what: &str, value: Value) {
        dns_says(self.tell, what, value).await;
    }

    /// Its root of now, as PEM.
    pub async fn issuer(&self) -> String {
        String::from_utf8_lossy(self.managed("/roots/0").await.body()).into_owned()
    }

    /// "Valid" or "Revoked", as Pebble says of a serial number.
    pub async fn status_of(&self, serial: &str) -> String {
        let answer = self.managed(&format!("/cert-status-by-serial/{serial}")).await;
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
        said["Status"].as_str().unwrap_or_default().to_owned()
    }

    async fn managed(&self, path: &str) -> http::Response<Bytes> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(path)
            .header("host", format!("127.0.0.1:{}", self.manage))
            .body(Full::new(Bytes::new()))
            .expect("a request");
        gate::send(self.manage, &self.trust, request).await.expect("an answer")
    }
}

/// Has the DNS server that is told at `tell` answer otherwise.
pub async fn dns_says(tell: Port, what: &str, value: Value) {
    let body = value.to_string();
    let request = format!(
        "POST /{what} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = web::raw(tell, &request).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A resolver before Pebble's DNS server, which does not say of itself that it resolves.
async fn resolver(to: Port) -> (Port, JoinHandle<()>) {
    const RECURSION_AVAILABLE: u8 = 0x80;
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port"));
    let port = socket.local_addr().expect("an address").port().try_into().expect("a port");
    let task = tokio::spawn(async move {
        let mut question = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut question).await {
            let (socket, question) = (socket.clone(), question[..length].to_vec());
            tokio::spawn(async move {
                let upstream = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
                upstream.send_to(&question, ("127.0.0.1", to.get())).await.expect("sent");
                let mut answer = [0; 2_048];
                let length = upstream.recv(&mut answer).await.expect("an answer");
                answer[3] |= RECURSION_AVAILABLE;
                let _ = socket.send_to(&answer[..length], from).await;
            });
        }
    });
    (port, task)
}

/// An authority and a certificate for 127.0.0.1, as files; the latter's chain and key also as PEM.
fn certificates(folder: &TempDir) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).expect("parameters");
    let leaf = params.signed_by(&key, &root).expect("a certificate");
    for (name, text) in [("root.pem", root.pem()), ("cert.pem", leaf.pem()), ("key.pem", key.serialize_pem())] {
        fs::write(folder.path().join(name), text).expect("written");
    }
    (leaf.pem(), key.serialize_pem())
}
