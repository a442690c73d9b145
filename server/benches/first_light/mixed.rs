//! Visitors of every kind at once: fresh and kept connections, POST that nobody repeats, slow answers,
//! answers in pieces, upgraded connections.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{Result, site};

/// A kind of visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Fresh,
    Kept,
    Post,
    Slow,
    Stream,
    Socket,
}

/// Each with how many of it there are, and how long one waits between two requests.
const CROWD: [(Kind, u32, Duration); 6] = [
    (Kind::Fresh, 6, Duration::from_millis(20)),
    (Kind::Kept, 6, Duration::from_millis(20)),
    (Kind::Post, 4, Duration::from_millis(20)),
    (Kind::Slow, 4, Duration::ZERO),
    (Kind::Stream, 4, Duration::ZERO),
    (Kind::Socket, 4, Duration::ZERO),
];
/// A request that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(10);
/// An upgraded connection sends so many lines before it ends.
const LINES: u32 = 8;

impl Kind {
    /// As it is printed.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fresh => "GET, fresh connections",
            Self::Kept => "GET, kept connections",
            Self::Post => "POST, never repeated",
            Self::Slow => "answers that take a second",
            Self::Stream => "answers in pieces over a second",
            Self::Socket => "upgraded connections",
        }
    }
}

/// What a kind of visitor saw: how many requests, and why some failed.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub sent: u64,
    pub failed: u64,
    pub first_failure: Option<String>,
}

/// Visitors at work.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    visitors: JoinSet<(Kind, Seen)>,
}

impl Crowd {
    pub fn begin(address: SocketAddr, host: &str) -> Self {
        let (stop, mut visitors) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        for (kind, count, every) in CROWD {
            for number in 0..count {
                let (stop, host) = (stop.clone(), host.to_owned());
                visitors.spawn(async move {
                    sleep(every * number / count).await;
                    (kind, visit(kind, address, &host, every, &stop).await)
                });
            }
        }
        Self { stop, visitors }
    }

    pub async fn end(mut self) -> Result<BTreeMap<Kind, Seen>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all: BTreeMap<Kind, Seen> = BTreeMap::new();
        while let Some(seen) = self.visitors.join_next().await {
            let (kind, seen) = seen?;
            let sum = all.entry(kind).or_default();
            sum.sent += seen.sent;
            sum.failed += seen.failed;
            sum.first_failure = sum.first_failure.take().or(seen.first_failure);
        }
        Ok(all)
    }
}

async fn visit(kind: Kind, address: SocketAddr, host: &str, every: Duration, stop: &AtomicBool) -> Seen {
    let (mut seen, mut kept) = (Seen::default(), None);
    while !stop.load(Ordering::Relaxed) {
        seen.sent += 1;
        let asked = timeout(LIMIT, ask(kind, address, host, kept.take())).await;
        match asked.map_err(|_| format!("no answer within {LIMIT:?}").into()).and_then(|done| done) {
            Ok(connection) => kept = connection,
            Err(error) => {
                seen.failed += 1;
                seen.first_failure.get_or_insert_with(|| format!("{}: {error}", kind.words()));
            }
        }
        sleep(every).await;
    }
    seen
}

async fn ask(kind: Kind, address: SocketAddr, host: &str, kept: Option<TcpStream>) -> Result<Option<TcpStream>> {
    let stream = match kept {
        Some(stream) => stream,
        None => TcpStream::connect(address).await?,
    };
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n");
    match kind {
        Kind::Fresh => expect_answer(stream, &get("/", "Connection: close\r\n"), None).await.map(|_| None),
        Kind::Kept => expect_answer(stream, &get("/", ""), None).await,
        Kind::Slow => expect_answer(stream, &get("/slow", ""), None).await,
        Kind::Post => {
            let body = "exactly once";
            let length = body.len();
            let request = format!(
                "POST /echo HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            expect_answer(stream, &request, Some(body)).await.map(|_| None)
        }
        Kind::Stream => in_pieces(stream, &get("/stream", "Connection: close\r\n")).await.map(|()| None),
        Kind::Socket => {
            let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
            upgraded(stream, &get("/socket", upgrade)).await.map(|()| None)
        }
    }
}

async fn head(stream: &mut TcpStream, text: &mut Vec<u8>) -> Result<String> {
    loop {
        if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(String::from_utf8_lossy(&text.drain(..end + 4).collect::<Vec<u8>>()).to_ascii_lowercase());
        }
        if stream.read_buf(text).await? == 0 {
            return Err("closed before an answer".into());
        }
    }
}

async fn expect_answer(mut stream: TcpStream, request: &str, expected: Option<&str>) -> Result<Option<TcpStream>> {
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    let head = head(&mut stream, &mut text).await?;
    if !head.starts_with("http/1.1 200 ") {
        return Err(head.lines().next().unwrap_or_default().into());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.ok_or("an answer without a length")?.parse()?;
    while text.len() < length {
        if stream.read_buf(&mut text).await? == 0 {
            return Err("closed within the body".into());
        }
    }
    match expected {
        Some(expected) if text != expected.as_bytes() => Err("another body than was sent".into()),
        _ => Ok((!head.contains("connection: close")).then_some(stream)),
    }
}

async fn in_pieces(mut stream: TcpStream, request: &str) -> Result<()> {
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    let text = String::from_utf8_lossy(&text);
    let pieces = text.matches("piece").count();
    if text.starts_with("HTTP/1.1 200 ") && pieces == site::PIECES as usize {
        return Ok(());
    }
    Err(format!("{pieces} pieces of {}: {}", site::PIECES, text.lines().next().unwrap_or_default()).into())
}

async fn upgraded(mut stream: TcpStream, request: &str) -> Result<()> {
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    let head = head(&mut stream, &mut text).await?;
    if !head.starts_with("http/1.1 101 ") {
        return Err(head.lines().next().unwrap_or_default().into());
    }
    for number in 0..LINES {
        let line = format!("line {number}\n");
        stream.write_all(line.as_bytes()).await?;
        while text.len() < line.len() {
            if stream.read_buf(&mut text).await? == 0 {
                return Err(format!("cut after {number} lines of {LINES}").into());
            }
        }
        if text != line.as_bytes() {
            return Err("another line came back".into());
        }
        text.clear();
        sleep(Duration::from_millis(150)).await;
    }
    Ok(())
}
