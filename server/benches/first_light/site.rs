//! The app of the bench "hundred": this program once more, in a container. It answers at once, slowly,
//! in pieces and over an upgraded connection; it ends at SIGTERM without a word, or ignores it; it may
//! never become healthy.

use std::{path::Path, process::ExitCode, time::Duration};

use bollard::{Docker, query_parameters::CreateImageOptions};
use futures_util::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::Result;

/// The word that makes this program the app.
pub const CHILD: &str = "site";
/// How long `/slow` takes, and how long `/stream` goes on.
pub const SLOW: Duration = Duration::from_millis(1_000);
/// How many pieces `/stream` has.
pub const PIECES: u32 = 10;

/// Serves until it is told to stop.
pub async fn child() -> ExitCode {
    let set = |key: &str| std::env::var(key).unwrap_or_default();
    let port: u16 = set("PORT").parse().unwrap_or(5_000);
    let Ok(listener) = TcpListener::bind(("0.0.0.0", port)).await else { return ExitCode::FAILURE };
    // Without a handler the signal would end it, as it is no first process: the engine's init is.
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return ExitCode::FAILURE };
    let is_stubborn = !set("STUBBORN").is_empty();
    tokio::spawn(async move {
        while terminate.recv().await.is_some() {
            if !is_stubborn {
                std::process::exit(0);
            }
        }
    });
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream));
    }
    ExitCode::FAILURE
}

async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let version = std::env::var("VERSION").unwrap_or_default();
    let mut text = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
                break String::from_utf8_lossy(&text.drain(..end + 4).collect::<Vec<u8>>()).into_owned();
            }
            if stream.read_buf(&mut text).await? == 0 {
                return Ok(());
            }
        };
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        let length: usize = length.unwrap_or(0);
        while text.len() < length {
            if stream.read_buf(&mut text).await? == 0 {
                return Ok(());
            }
        }
        let body: Vec<u8> = text.drain(..length).collect();
        match head.split(' ').nth(1).unwrap_or_default() {
            "/healthz" if std::env::var_os("SICK").is_some() => answer(&mut stream, "503 Sick", b"sick").await?,
            "/slow" => {
                sleep(SLOW).await;
                answer(&mut stream, "200 OK", version.as_bytes()).await?;
            }
            "/stream" => pieces(&mut stream).await?,
            "/socket" => return socket(stream).await,
            "/echo" => answer(&mut stream, "200 OK", &body).await?,
            _ => answer(&mut stream, "200 OK", version.as_bytes()).await?,
        }
    }
}

async fn answer(stream: &mut TcpStream, status: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).await
}

async fn pieces(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    for _ in 0..PIECES {
        sleep(SLOW / PIECES).await;
        stream.write_all(b"6\r\npiece\n\r\n").await?;
    }
    stream.write_all(b"0\r\n\r\n").await
}

/// An upgraded connection gives back what it gets.
async fn socket(mut stream: TcpStream) -> std::io::Result<()> {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut bytes = [0; 256];
    loop {
        match stream.read(&mut bytes).await? {
            0 => return Ok(()),
            count => stream.write_all(&bytes[..count]).await?,
        }
    }
}

/// Imports an image of this program and the libraries that it needs.
pub async fn image(name: &str) -> Result<()> {
    let docker = Docker::connect_with_local_defaults()?;
    let (repository, tag) = name.split_once(':').ok_or("an image without a tag")?;
    let options = CreateImageOptions {
        from_src: Some("-".into()),
        repo: Some(repository.to_owned()),
        tag: Some(tag.to_owned()),
        changes: vec![format!("CMD [\"/app\", \"{CHILD}\"]"), "EXPOSE 5000".into()],
        ..CreateImageOptions::default()
    };
    let mut steps = docker.create_image(Some(options), Some(bollard::body_full(root()?.into())), None).boxed();
    while let Some(step) = steps.next().await {
        step?;
    }
    Ok(())
}

fn root() -> Result<Vec<u8>> {
    let program = std::env::current_exe()?;
    let linked = std::process::Command::new("ldd").arg(&program).output()?;
    let linked = String::from_utf8(linked.stdout)?;
    let libraries = linked.split_whitespace().filter(|word| word.starts_with('/'));
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |path: &str, from: &Path| -> Result<()> {
        let content = std::fs::read(from)?;
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        Ok(tar.append_data(&mut header, path, content.as_slice())?)
    };
    add("app", &program)?;
    for library in libraries {
        add(library.trim_start_matches('/'), Path::new(library))?;
    }
    Ok(tar.into_inner()?)
}
