//! A Git server on 127.0.0.1: `git http-backend` behind a listener, and repositories to serve. It
//! can also be one that accepts and says nothing, one that wants a sign-in, or one that sends on.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use homeport_model::name::RepoUrl;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The server and its repositories; both go away with it.
pub struct GitServer {
    folder: TempDir,
    port: u16,
    server: JoinHandle<()>,
    manner: Arc<Mutex<Manner>>,
}

/// How it treats those who ask.
#[derive(Default)]
struct Manner {
    /// The only `Authorization` that is let in.
    wants: Option<String>,
    /// The status for whoever is let in, instead of an answer.
    says: Option<&'static str>,
    /// Sends everybody on to this origin.
    sends_on: Option<String>,
    /// Every `Authorization` that came.
    seen: Vec<String>,
}

impl GitServer {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let root = folder.path().to_owned();
        let manner: Arc<Mutex<Manner>> = Arc::default();
        let of = manner.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, root.clone(), of.clone()));
            }
        });
        Self { folder, port, server, manner }
    }

    /// Lets only this user with this token in from now on.
    pub fn lock(&self, user: &str, token: &str) {
        let wants = format!("Basic {}", STANDARD.encode(format!("{user}:{token}")));
        self.manner.lock().expect("not poisoned").wants = Some(wants);
    }

    /// Answers whoever is let in with this status.
    pub fn say(&self, status: &'static str) {
        self.manner.lock().expect("not poisoned").says = Some(status);
    }

    /// Sends everybody who is let in on to another server.
    pub fn send_on(&self, to: &Self) {
        self.manner.lock().expect("not poisoned").sends_on = Some(format!("http://127.0.0.1:{}", to.port));
    }

    /// Every `Authorization` that came.
    pub fn seen(&self) -> Vec<String> {
        self.manner.lock().expect("not poisoned").seen.clone()
    }

    /// The folder of a repository, for a server of another kind.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.git"))
    }

    /// An address whose host accepts and never answers.
    pub async fn silent() -> (RepoUrl, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
            }
        });
        (format!("http://127.0.0.1:{port}/silent.git").parse().expect("an address"), server)
    }

    pub fn url(&self, name: &str) -> RepoUrl {
        format!("http://127.0.0.1:{}/{name}.git", self.port).parse().expect("an address")
    }

    /// A repository with a work tree beside it.
    pub fn repository(&self, name: &str) -> Repository {
        let (bare, work) = (self.folder.path().join(format!("{name}.git")), self.folder.path().join(name));
        std::fs::create_dir_all(&work).expect("a folder");
        let repository = Repository { work };
        repository.git(&["init", "--quiet", "--initial-branch=main", "."]);
        let bare = bare.to_str().expect("a path");
        repository.git(&["clone", "--quiet", "--bare", ".", bare]);
        repository.git(&["remote", "add", "origin", bare]);
        repository
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A work tree whose commits are pushed to the server.
pub struct Repository {
    work: PathBuf,
}

impl Repository {
    pub fn write(&self, path: &str, content: &str) -> &Self {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, content).expect("written");
        self
    }

    pub fn link(&self, path: &str, target: &str) -> &Self {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::os::unix::fs::symlink(target, path).expect("linked");
        self
    }

    /// Writes every file of a folder, over those that are there.
    pub fn copy(&self, folder: &Path) -> &Self {
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = std::fs::read_to_string(&path).expect("a text");
                    let inside = path.strip_prefix(folder).expect("inside").to_str().expect("a path");
                    self.write(inside, &content);
                }
            }
        }
        self
    }

    /// Commits everything, pushes it and says the commit.
    pub fn push(&self, subject: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", subject]);
        self.git(&["push", "--quiet", "--force", "--all", "origin"]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn git(&self, args: &[&str]) -> String {
        git(&self.work, args)
    }
}

fn git(folder: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always"];
    let output = Command::new("git").args(identity).args(args).current_dir(folder).output().expect("git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Answers one request by `git http-backend`, the CGI way.
async fn answer(mut stream: TcpStream, root: PathBuf, manner: Arc<Mutex<Manner>>) {
    let mut text = Vec::new();
    let head_end = loop {
        let mut piece = [0; 4096];
        let Ok(count @ 1..) = stream.read(&mut piece).await else { return };
        text.extend_from_slice(&piece[..count]);
        if let Some(at) = text.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
    };
    let head = String::from_utf8_lossy(&text[..head_end]).into_owned();
    let header = |name: &str| {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .next()
            .unwrap_or_default()
    };
    let mut body = text[head_end + 4..].to_vec();
    let length: usize = header("content-length").parse().unwrap_or(0);
    while body.len() < length {
        let mut piece = [0; 4096];
        let Ok(count @ 1..) = stream.read(&mut piece).await else { return };
        body.extend_from_slice(&piece[..count]);
    }
    if let Some(instead) = instead(&manner, &header("authorization"), head.split(' ').nth(1).unwrap_or_default()) {
        let _ = stream.write_all(instead.as_bytes()).await;
        let _ = stream.shutdown().await;
        return;
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let (path, query) = target.split_once('?').map_or((target.clone(), String::new()), |(a, b)| (a.into(), b.into()));
    let cgi = [
        ("GIT_PROJECT_ROOT", root.display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".into()),
        ("PATH_INFO", path),
        ("QUERY_STRING", query),
        ("REQUEST_METHOD", method),
        ("CONTENT_TYPE", header("content-type")),
        ("CONTENT_LENGTH", length.to_string()),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("GIT_PROTOCOL", header("git-protocol")),
        ("REMOTE_ADDR", "127.0.0.1".into()),
    ];
    let mut backend = tokio::process::Command::new("git");
    backend
        .arg("http-backend")
        .envs(cgi)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = backend.spawn().expect("git http-backend");
    let mut stdin = child.stdin.take().expect("an input");
    let _ = stdin.write_all(&body).await;
    drop(stdin);
    let output = child.wait_with_output().await.expect("an answer").stdout;
    let Some(end) = output.windows(4).position(|four| four == b"\r\n\r\n") else { return };
    let headers = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = headers.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let start = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    let _ = stream.write_all(start.as_bytes()).await;
    let _ = stream.write_all(&output).await;
    let _ = stream.shutdown().await;
}

/// What is said instead of an answer.
fn instead(manner: &Mutex<Manner>, shown: &str, target: &str) -> Option<String> {
    let mut manner = manner.lock().expect("not poisoned");
    if !shown.is_empty() {
        manner.seen.push(shown.to_owned());
    }
    let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    if manner.wants.as_ref().is_some_and(|wants| wants != shown) {
        return Some(format!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n{end}"));
    }
    if let Some(origin) = &manner.sends_on {
        return Some(format!("HTTP/1.1 302 Found\r\nLocation: {origin}{target}\r\n{end}"));
    }
    manner.says.map(|status| format!("HTTP/1.1 {status}\r\n{end}"))
}
