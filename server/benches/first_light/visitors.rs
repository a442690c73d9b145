//! A visitor with a fresh connection for every request: what an app's address answers, and since when.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::Result;

/// How often a visitor looks whether there is something new.
const LOOK: Duration = Duration::from_millis(1);

/// The body that `host` at `address` answers, `None` unless it answers with 200.
pub async fn body(address: SocketAddr, host: &str) -> Option<String> {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        head.split(' ').nth(1).filter(|status| *status == "200").map(|_| body.trim().to_owned())
    };
    timeout(Duration::from_secs(5), ask).await.ok().flatten()
}

/// Waits until `host` at `address` answers with `expected` and says when that was.
pub async fn first_answer(address: SocketAddr, host: &str, expected: &str) -> Result<Instant> {
    let limit = Instant::now() + Duration::from_secs(90);
    loop {
        let found = body(address, host).await;
        let now = Instant::now();
        if found.as_deref() == Some(expected) {
            return Ok(now);
        }
        if now > limit {
            return Err(format!("{host} never answered with {expected:?}, but with {found:?}").into());
        }
        sleep(LOOK).await;
    }
}

/// Whether the panel at `address` answers at all.
pub async fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", address.port());
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        Some(text.starts_with("HTTP/1.1 200 "))
    };
    timeout(Duration::from_secs(1), ask).await.ok().flatten().unwrap_or(false)
}
