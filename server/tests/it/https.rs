//! What visitors get by https, asked through the real nginx.

use std::net::SocketAddrV4;

use homeport_model::{
    domain::vhost::{
        CertificatePair, Down, Panel, PanelName, PanelUpstream, Target, Upstream, VhostLeads, VhostName, VhostPrefix,
    },
    prelude::*,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    proxy::{ask, asked, form, with},
    support::{
        echo::Echo,
        namespace::{Ground, free_port},
        web::trusting,
    },
};

/// A certificate for a name, as files, and what believes in it.
pub fn certificate(ground: &Ground, host: &str, number: u32) -> (CertificatePair, rustls::RootCertStore) {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).expect("made");
    let key = Secret::new(made.signing_key.serialize_pem().into_bytes());
    let id = CertificateId::new(1, number);
    ground.nginx.ensure_pair(&id, &made.cert.pem(), &key).expect("written");
    let pair = ground.nginx.pair(&id).expect("a path");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    (pair, roots)
}

async fn by_https(port: Port, roots: rustls::RootCertStore, host: &'static str, path: &str) -> String {
    let connector = tokio_rustls::TlsConnector::from(trusting(roots));
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port.get())).await.expect("connected");
    let mut stream = connector.connect(host.try_into().expect("a name"), stream).await.expect("a handshake");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("asked");
    let mut text = Vec::new();
    // nginx closes without a farewell.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn https_is_led_to_unless_somebody_wants_both() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    let (pair, roots) = certificate(&ground, "shop.example.com", 1);
    let https = free_port();
    let mut generation = with(&ground, 1, echo.target(), &form(&[("hsts_max_age", "60")]));
    generation.host.https_port = Some(https);
    generation.apps[0].names[0].tls = Some(pair);
    ground.nginx.apply(&generation).await.expect("applied");
    let answer = ask(&ground, "shop.example.com", "/a?b=c").await;
    assert!(
        answer.status == 301 && answer.text.contains(&format!("Location: https://shop.example.com:{https}/a?b=c")),
        "{}",
        answer.text
    );
    let text = by_https(https, roots.clone(), "shop.example.com", "/x").await;
    assert!(
        text.contains("Strict-Transport-Security: max-age=60\r\n") && text.contains("X-Forwarded-Proto: https"),
        "{text}"
    );
    generation.number = 2;
    generation.apps[0].settings = form(&[("force_https", "off"), ("hsts", "off")]).parse().expect("read");
    ground.nginx.apply(&generation).await.expect("applied");
    assert_eq!(asked(&ask(&ground, "shop.example.com", "/a").await), "GET /a HTTP/1.1");
    let text = by_https(https, roots, "shop.example.com", "/x").await;
    assert!(text.contains("GET /x ") && !text.contains("Strict-Transport-Security"), "{text}");
}

/// Whoever was told to come by https only is told so by every page, those of nginx itself among them.
#[tokio::test]
async fn pages_of_nginx_itself_keep_browsers_at_https() {
    const OF_THE_APP: &str = "Strict-Transport-Security: max-age=60\r\n";
    let ground = Ground::new();
    let (pair, roots) = certificate(&ground, "shop.example.com", 1);
    let https = free_port();
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = |port: u16| Target::Proxied(Upstream::Direct(vec![SocketAddrV4::new([127, 0, 0, 1].into(), port)]));
    let settings = form(&[("hsts_max_age", "60"), ("read_timeout", "1")]);
    let mut generation = with(&ground, 1, at(free_port().get()), &settings);
    generation.host.https_port = Some(https);
    generation.apps[0].names[0].tls = Some(pair);
    let gone = VhostPrefix { path: "/gone".parse().expect("a path"), app: AppId::new(9, 9), strip: true };
    generation.apps[0].names[0].leads = VhostLeads::App(vec![gone]);
    let (panel_pair, panel_roots) = certificate(&ground, "panel.example.com", 2);
    let name = VhostName { name: "panel.example.com".parse().expect("a name"), tls: Some(panel_pair) };
    let names = vec![PanelName::Name(name), PanelName::Localhost];
    generation.panel = Some(Panel { by_tunnel: Vec::new(), names, upstream: PanelUpstream::Port(free_port()) });
    for (target, status) in [
        (at(free_port().get()), 502),
        (at(silent.local_addr().expect("an address").port()), 504),
        (Target::Down(Down::Stopped), 502),
    ] {
        generation.apps[0].target = target;
        ground.nginx.apply(&generation).await.expect("applied");
        generation.number += 1;
        for (path, status) in [("/", status), ("/gone", 502), ("/gone/x", 502)] {
            let text = by_https(https, roots.clone(), "shop.example.com", path).await;
            assert!(text.starts_with(&format!("HTTP/1.1 {status} ")) && text.contains(OF_THE_APP), "{path}: {text}");
            assert_eq!(text.matches("Strict-Transport-Security").count(), 1, "{text}");
        }
    }
    let away = by_https(https, panel_roots, "panel.example.com", "/").await;
    assert!(away.starts_with("HTTP/1.1 502 ") && away.contains("sites keep running"), "{away}");
    assert!(away.contains("Strict-Transport-Security: max-age=15724800\r\n") && away.contains("Retry-After"), "{away}");
    // By http nobody is told anything.
    let plain = ask(&ground, "localhost", "/").await;
    assert!(plain.status == 502 && !plain.text.contains("Strict-Transport-Security"), "{plain:?}");
}
