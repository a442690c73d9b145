//! A visitor: one request at a time over a fresh connection, and a crowd of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use homeport_model::name::Port;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

/// A browser's side of TLS that believes these authorities and no other.
pub fn trusting(roots: rustls::RootCertStore) -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// An answer: the status, 0 for a connection that was closed without one, and all of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// Asks for a path of a host at a port of 127.0.0.1.
pub async fn get(port: Port, host: &str, path: &str) -> std::io::Result<Answer> {
    raw(port, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
}

/// Sends a text and reads what comes.
pub async fn raw(port: Port, request: &str) -> std::io::Result<Answer> {
    bytes(port, request.as_bytes()).await
}

/// Sends bytes and reads what comes.
pub async fn bytes(port: Port, request: &[u8]) -> std::io::Result<Answer> {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port.get())).await?;
        stream.write_all(request).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok(Answer { status, text })
    };
    timeout(Duration::from_secs(20), ask).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

/// Visitors who ask without pause until they are told to stop.
pub struct Crowd {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
    counts: Arc<(AtomicUsize, AtomicUsize)>,
    failures: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Crowd {
    pub fn send(port: Port, host: &'static str, size: usize) -> Self {
        let mut crowd =
            Self { tasks: JoinSet::new(), stop: Arc::default(), counts: Arc::default(), failures: Arc::default() };
        for _ in 0..size {
            let (stop, counts, failures) = (crowd.stop.clone(), crowd.counts.clone(), crowd.failures.clone());
            crowd.tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = get(port, host, "/").await;
                    counts.0.fetch_add(1, Ordering::Relaxed);
                    if !answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                        counts.1.fetch_add(1, Ordering::Relaxed);
                        failures.lock().expect("the list").push(format!("{answer:?}"));
                    }
                }
            });
        }
        crowd
    }

    /// How many asked, and what went wrong.
    pub async fn home(mut self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
        let failures = self.failures.lock().expect("the list").clone();
        (self.counts.0.load(Ordering::Relaxed), failures)
    }
}
