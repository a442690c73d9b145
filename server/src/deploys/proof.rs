//! Asks through nginx while traffic is switched, and keeps what visitors would have seen.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use homeport_model::{
    build::Scheme,
    deploy::{
        Proof, Sample,
        proof::{Between, Method},
    },
    name::{HostName, UrlPath},
};
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::drivers::probe;

/// Twenty requests a second.
const EVERY: Duration = Duration::from_millis(50);
/// A request that takes longer than this has failed.
const LIMIT: Duration = Duration::from_secs(5);

struct Seen {
    /// When it was sent, when it was answered, whether that was an answer.
    samples: Vec<(Instant, Duration, bool)>,
    first_failure: Option<String>,
}

/// A running probe; it stops when dropped.
pub(super) struct Probe {
    seen: Arc<Mutex<Seen>>,
    past: Option<Between>,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Probe {
    /// Asks `address` for `path` of `host` until it is ended: nginx, or what lies `past` it for that reason.
    pub(super) fn start(
        address: SocketAddr,
        scheme: Scheme,
        host: HostName,
        path: UrlPath,
        past: Option<Between>,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Seen { samples: Vec::new(), first_failure: None }));
        let stop = CancellationToken::new();
        let task = AbortOnDropHandle::new(tokio::spawn(ask_until_stopped(
            Arc::clone(&seen),
            stop.clone(),
            address,
            scheme,
            host,
            path,
        )));
        Self { seen, past, stop, task }
    }

    /// Ends the probe and sums up around `switched`. A release that is the first has nothing before
    /// it: what was asked before the switch does not count then.
    pub(super) async fn end(self, switched: Instant, is_first: bool, method: Method) -> Proof {
        self.stop.cancel();
        let _ = self.task.await;
        let seen = std::mem::replace(
            &mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner),
            Seen { samples: Vec::new(), first_failure: None },
        );
        let samples = seen
            .samples
            .into_iter()
            .filter(|(sent, _, _)| !is_first || *sent >= switched)
            .map(|(sent, took, ok)| Sample {
                at_ms: if sent >= switched { ms(sent - switched) } else { -ms(switched - sent).max(1) },
                took_us: u32::try_from(took.as_micros()).unwrap_or(u32::MAX),
                ok,
            })
            .collect::<Vec<_>>();
        let failure = if samples.iter().all(|sample| sample.ok) { None } else { seen.first_failure };
        Proof { past: self.past, ..Proof::from_samples(samples, method, failure) }
    }
}

fn ms(length: Duration) -> i32 {
    i32::try_from(length.as_millis()).unwrap_or(i32::MAX)
}

async fn ask_until_stopped(
    seen: Arc<Mutex<Seen>>,
    stop: CancellationToken,
    address: SocketAddr,
    scheme: Scheme,
    host: HostName,
    path: UrlPath,
) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let sent = Instant::now();
        let question = probe::Question { host: &host, path: &path, headers: &[], scheme, limit: LIMIT };
        let answer = probe::ask(address, &question).await;
        let (ok, failure) = match &answer {
            Ok(answer) if answer.status.is_server_error() => {
                (false, Some(format!("answered {}", answer.status.as_u16())))
            }
            Ok(_) => (true, None),
            Err(error) => (false, Some(error.to_string())),
        };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.samples.push((sent, sent.elapsed(), ok));
        if seen.first_failure.is_none() {
            seen.first_failure = failure;
        }
    }
}
