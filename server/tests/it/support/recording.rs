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
        Self::without(folder, None)
    }

    /// An engine that knows nothing of `call`, like `POST /session`.
    pub fn without(folder: &Path, call: Option<&'static str>) -> Self {
        let socket = folder.join("recording.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let calls = Arc::new(Mutex::new(BTreeSet::new()));
        let recorded = calls.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, recorded.clone(), call));
            }
        });
        Self { socket, calls, accepting }
    }

    /// Every call so far, once.
    pub fn calls(&self) -> BTreeSet<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn forward(mut client: UnixStream, calls: Arc<Mutex<BTreeSet<String>>>, without: Option<&str>) {
    let unknown = async |client: &mut UnixStream| {
        let mut first = [0; 64];
        // A request's first line comes in one piece over a socket like this.
        client.readable().await.ok()?;
        let count = rustix::net::recv(&client, &mut first, rustix::net::RecvFlags::PEEK).ok()?.0;
        let first = String::from_utf8_lossy(&first[..count]).into_owned();
        (call(first.lines().next()?)?.as_str() == without?).then_some(())
    };
    if without.is_some() && unknown(&mut client).await.is_some() {
        let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
        let _ = client.write_all(answer.as_bytes()).await;
        return;
    }
    let Ok(engine) = UnixStream::connect(ENGINE).await else { return };
    let (mut asked, mut answer) = client.into_split();
    let (mut from_engine, mut to_engine) = engine.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_engine, &mut answer).await;
        let _ = answer.shutdown().await;
    });
    let mut bytes = vec![0; 64 << 10];
    // A request line may be cut by the end of a read.
    let mut tail = String::new();
    while let Ok(count) = asked.read(&mut bytes).await {
        if count == 0 || to_engine.write_all(&bytes[..count]).await.is_err() {
            break;
        }
        tail.push_str(&String::from_utf8_lossy(&bytes[..count]));
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
    let is_verb = |part: &str| matches!(part, "json" | "history" | "push" | "tag");
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
