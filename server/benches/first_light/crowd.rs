//! The load's own process: visitors at a steady pace until its input ends.

use std::{
    io::Read,
    net::SocketAddr,
    process::ExitCode,
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
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use crate::{Result, load::Outcome, write::Series};

/// The word that makes this program the load.
pub const CHILD: &str = "visitors";
/// How many visitors there are.
pub const VISITORS: u32 = 16;
/// How often each asks.
pub const EVERY: Duration = Duration::from_millis(20);
/// The load ends by itself after this.
const LONGEST: Duration = Duration::from_secs(180);
/// A request that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(5);

/// What one visitor saw.
struct Seen {
    keeps: bool,
    sent: usize,
    took: Vec<Duration>,
    failures: Vec<String>,
}

/// Asks until the input ends, then says what came of it, as JSON.
pub async fn child(words: &[String]) -> ExitCode {
    let [address, host] = words else { return ExitCode::from(2) };
    let Ok(address) = address.parse() else { return ExitCode::from(2) };
    let stop = Arc::new(AtomicBool::new(false));
    let mut visitors = JoinSet::new();
    for number in 0..VISITORS {
        let offset = EVERY * number / VISITORS;
        visitors.spawn(visit(address, host.clone(), number % 2 == 0, offset, stop.clone()));
    }
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0; 1]));
    let _ = timeout(LONGEST, end).await;
    stop.store(true, Ordering::Relaxed);
    let (mut outcome, mut times) = (Outcome::default(), Series::default());
    while let Some(Ok(seen)) = visitors.join_next().await {
        let counts = if seen.keeps { &mut outcome.kept } else { &mut outcome.fresh };
        counts.0 += seen.sent;
        counts.1 += seen.failures.len();
        outcome.failures.extend(seen.failures);
        times.extend_ms(&seen.took);
    }
    outcome.failures.truncate(5);
    (outcome.median_ms, outcome.p99_ms) = (times.median(), times.quantile(0.99));
    println!("{}", serde_json::to_string(&outcome).unwrap_or_default());
    // A read of the input may still be under way on its own thread.
    std::process::exit(0)
}

async fn visit(address: SocketAddr, host: String, keeps: bool, offset: Duration, stop: Arc<AtomicBool>) -> Seen {
    let close = if keeps { "" } else { "Connection: close\r\n" };
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{close}\r\n");
    let mut seen = Seen { keeps, sent: 0, took: Vec::new(), failures: Vec::new() };
    let mut kept = None;
    let mut ticks = interval_at(Instant::now() + offset, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let began = Instant::now();
        seen.sent += 1;
        match timeout(LIMIT, exchange(address, &request, kept.take())).await {
            Ok(Ok(connection)) => {
                seen.took.push(began.elapsed());
                kept = connection.filter(|_| keeps);
            }
            Ok(Err(error)) => seen.failures.push(error.to_string()),
            Err(_) => seen.failures.push(format!("no answer within {LIMIT:?}")),
        }
    }
    seen
}

/// One request; returns the connection when the server keeps it.
async fn exchange(address: SocketAddr, request: &str, kept: Option<TcpStream>) -> Result<Option<TcpStream>> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => TcpStream::connect(address).await?,
    };
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    let (head, body) = loop {
        if stream.read_buf(&mut text).await? == 0 {
            return Err(format!("closed after {} bytes of the answer", text.len()).into());
        }
        if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&text[..end]).to_ascii_lowercase(), end + 4);
        }
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.ok_or("an answer without a length")?.parse()?;
    while text.len() < body + length {
        if stream.read_buf(&mut text).await? == 0 {
            return Err("closed within the body".into());
        }
    }
    if !head.starts_with("http/1.1 200 ") {
        return Err(head.lines().next().unwrap_or_default().into());
    }
    Ok((!head.contains("connection: close")).then_some(stream))
}
