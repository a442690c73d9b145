//! A proxy before the engine's socket that writes down what it is asked: each call's method, and its
//! path with names and ids taken out.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

const ENGINE: &str = "/var/run/docker.sock";

pub struct Recording {
    pub socket: PathBuf,
    calls: Arc<Mutex<BTreeSet<String>>>,
    accepting: JoinHandle<()>,
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Recording {
    pub fn start(folder: &Path) -> Self {
        Self::instead(folder, None)
    }

    /// An engine that answers `call`, like `POST /session`, with this status and body.
    pub fn instead(folder: &Path, instead: Option<(&'static str, u16, &'static str)>) -> Self {
        let socket = folder.join("recording.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let calls = Arc::new(Mutex::new(BTreeSet::new()));
        let recorded = calls.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, recorded.clone(), instead));
            }
        });
        Self { socket, calls, accepting }
    }

    /// Every call so far, once.
    pub fn calls(&self) -> BTreeSet<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn forward(
    client: UnixStream,
    calls: Arc<Mutex<BTreeSet<String>>>,
    instead: Option<(&'static str, u16, &'static str)>,
) {
    let Ok(engine) = UnixStream::connect(ENGINE).await else { return };
    let (mut asked, answer) = client.into_split();
    let (mut from_engine, mut to_engine) = engine.into_split();
    let answer = Arc::new(tokio::sync::Mutex::new(answer));
    let answers = answer.clone();
    let back = tokio::spawn(async move {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from_engine.read(&mut bytes).await {
            if answers.lock().await.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
        let _ = answers.lock().await.shutdown().await;
    });
    let mut bytes = vec![0; 64 << 10];
    // A request line may be cut by the end of a read.
    let mut tail = String::new();
    while let Ok(count @ 1..) = asked.read(&mut bytes).await {
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        // Nobody asks before the last answer is there: a request begins a read.
        let first = text.lines().next().and_then(call);
        if let Some((_, status, body)) = instead.filter(|(call, ..)| first.as_deref() == Some(call)) {
            let head = format!("HTTP/1.1 {status} Instead\r\nContent-Type: application/json\r\n");
            let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            if answer.lock().await.write_all(text.as_bytes()).await.is_err() {
                break;
            }
            continue;
        }
        if to_engine.write_all(&bytes[..count]).await.is_err() {
            break;
        }
        tail.push_str(&text);
        let whole = tail.rfind('\n').map_or(0, |end| end + 1);
        let lines: Vec<_> = tail[..whole].lines().filter_map(call).collect();
        calls.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
        tail.drain(..whole);
    }
    let _ = to_engine.shutdown().await;
    let _ = back.await;
}

/// "GET /containers/{}/json" of a request line; `None` of any other line.
fn call(line: &str) -> Option<String> {
    let mut words = line.trim_end().split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if version != "HTTP/1.1" || !method.bytes().all(|byte| byte.is_ascii_uppercase()) || words.next().is_some() {
        return None;
    }
    let path = target.split('?').next()?;
    let mut parts: Vec<&str> = path.split('/').skip(1).filter(|part| !is_version(part)).collect();
    // An image's name may have slashes.
    let is_verb = |part: &str| matches!(part, "json" | "history" | "push" | "tag" | "get");
    if parts.first() == Some(&"images") && parts.len() > 2 {
        let end = if parts.last().is_some_and(|last| is_verb(last)) { parts.len() - 1 } else { parts.len() };
        parts.drain(2..end);
    }
    // A collection, then what is meant in it, then what is done with that.
    let named = |at: usize, part: &str| at == 1 && !matches!(part, "create" | "json" | "prune" | "load" | "get");
    let parts = parts.iter().enumerate().map(|(at, part)| if named(at, part) { "{}" } else { part });
    Some(format!("{method} /{}", parts.collect::<Vec<_>>().join("/")))
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}
