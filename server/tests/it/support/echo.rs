//! An app of the tests that says what it was asked.

use std::{
    net::SocketAddrV4,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use homeport_model::domain::vhost::{Target, Upstream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// What the app says of its own accord.
const OWN_HEADERS: &str = "X-Frame-Options: SAMEORIGIN\r\nAccess-Control-Allow-Origin: https://own.example\r\n";

fn status_of(asked: &str) -> &'static str {
    match asked {
        _ if asked.contains(" /missing") => "404 Not Found",
        _ if asked.contains(" /broken") => "502 Bad Gateway",
        _ if to_of(asked).is_some() => "302 Found",
        _ => "200 OK",
    }
}

/// Where `/to?…` leads.
fn to_of(asked: &str) -> Option<&str> {
    asked.lines().next()?.split(' ').nth(1)?.strip_prefix("/to?")
}

/// An app that answers each request with what it was asked; 404 for `/missing`, 502 for `/broken`, and leads from
/// `/to?…` to what stands behind the question mark. It counts connections.
pub struct Echo {
    pub at: SocketAddrV4,
    pub connections: Arc<AtomicUsize>,
}

impl Echo {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let std::net::SocketAddr::V4(at) = listener.local_addr().expect("an address") else { panic!("not IPv4") };
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 * 1024];
                    loop {
                        let read = stream.read(&mut buffer).await.unwrap_or(0);
                        if read == 0 {
                            return;
                        }
                        let asked = String::from_utf8_lossy(&buffer[..read]).into_owned();
                        let status = status_of(&asked);
                        let more = to_of(&asked).map_or_else(String::new, |to| format!("Location: {to}\r\n"));
                        let length = asked.len();
                        let head = format!("HTTP/1.1 {status}\r\n{OWN_HEADERS}{more}Content-Length: {length}\r\n\r\n");
                        if stream.write_all((head + &asked).as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { at, connections }
    }

    pub fn target(&self) -> Target {
        Target::Proxied(Upstream::Direct(vec![self.at]))
    }
}
