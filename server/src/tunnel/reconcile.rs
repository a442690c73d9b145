//! Keeps one container of `cloudflared` as the store says, and looks how it is. It outlives the panel: the
//! engine starts it again, and visitors go on coming in.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use homeport_model::{
    event::Topic,
    prelude::Problem,
    tunnel::{Observed, SIDECAR, TunnelState, TunnelToken, connections, last_words},
};
use tokio::time::Instant;

use super::{CONTEXT, Left, Tunnel, store};
use crate::{
    drivers::{
        docker::{self, ContainerState, Image},
        probe,
    },
    failure::Failure,
};

/// How often it looks when nobody nudges.
pub const EVERY: Duration = Duration::from_secs(5);
/// How long its answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// After how long it is tried again to pull an image.
const PULL_AGAIN: Duration = Duration::from_secs(60);
/// How much of its log is read for its last trouble.
const LINES: u32 = 40;

impl Tunnel {
    /// Waits for a nudge. After one an image is pulled again that could not be.
    pub(crate) async fn nudged(&self) {
        self.0.nudge.notified().await;
        *self.0.turn.lock().await = Left::default();
    }

    /// Makes the container what the store says, and looks how it is.
    ///
    /// # Errors
    /// [`Failure`] of the store, or a bug; what the engine refuses is shown as the tunnel's state.
    pub async fn reconcile(&self) -> Result<(), Failure> {
        let mut left = self.0.turn.lock().await;
        let parts = &self.0.apps.parts;
        let Some(kept) = store::find(&parts.db).await? else {
            if !left.nothing {
                match parts.docker.remove_sidecar(SIDECAR).await {
                    // What is not ours stays.
                    Ok(()) | Err(docker::Error::NameTaken { .. }) => left.nothing = true,
                    Err(error) => return Err(error.into()),
                }
            }
            self.note(TunnelState::None);
            return Ok(());
        };
        left.nothing = false;
        let text = parts.sealer.open(&kept.sealed, CONTEXT)?;
        let token = TunnelToken::parse(&String::from_utf8_lossy(text.expose()))?;
        match self.run(&token, &mut left).await {
            Ok(seen) => self.note(TunnelState::of(&seen)),
            Err(Failure::Problem(problem)) => self.note(TunnelState::Trouble { problem }),
            Err(internal) => return Err(internal),
        }
        Ok(())
    }

    async fn run(&self, token: &TunnelToken, left: &mut Left) -> Result<Observed, Failure> {
        let docker = &self.0.apps.parts.docker;
        let Some(image) = self.image(left).await? else {
            // The problem that is shown stays.
            return match &self.0.seen.borrow().0 {
                TunnelState::Trouble { problem } => Err(problem.clone().into()),
                _ => Ok(Observed::default()),
            };
        };
        docker.ensure_sidecar(&self.connector().spec(&image.id, token)).await?;
        let there = docker.find_sidecar(SIDECAR).await?;
        match there {
            Some(there) => Ok(self.observe(&there, token).await),
            None => Ok(Observed::default()),
        }
    }

    /// The image, pulled where the engine has none; `None` where that failed a moment ago.
    async fn image(&self, left: &mut Left) -> Result<Option<Image>, Failure> {
        let (docker, name) = (&self.0.apps.parts.docker, &self.0.settings.image);
        if let Some(image) = docker.find_image(name).await? {
            return Ok(Some(image));
        }
        if left.not_pulled.is_some_and(|at| at.elapsed() < PULL_AGAIN) {
            return Ok(None);
        }
        if !matches!(self.0.seen.borrow().0, TunnelState::Trouble { .. }) {
            self.note(TunnelState::Starting);
        }
        tracing::info!(image = %name, "the tunnel's image is pulled");
        match docker.pull(name, None, |_| {}).await {
            Ok(image) => {
                left.not_pulled = None;
                Ok(Some(image))
            }
            Err(error) => {
                left.not_pulled = Some(Instant::now());
                Err(not_pulled(error.into(), name.as_str()))
            }
        }
    }

    async fn observe(&self, there: &ContainerState, token: &TunnelToken) -> Observed {
        let connections = if there.running { self.connections().await } else { None };
        let is_in_trouble = connections == Some(0) || !there.running || there.restart_count > 0;
        let said = match is_in_trouble && connections.is_none_or(|connections| connections == 0) {
            true => self.0.apps.parts.docker.last_lines(&there.id, LINES).await.ok().and_then(|lines| {
                let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
                last_words(&lines, token)
            }),
            false => None,
        };
        Observed {
            running: there.running,
            restarting: there.restarting,
            restarts: there.restart_count,
            exit_code: there.exit_code,
            connections,
            said,
        }
    }

    /// How many connections it says that it has.
    async fn connections(&self) -> Option<u32> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.0.settings.metrics.get()));
        let question = ("cloudflared.internal".parse(), "/ready".parse());
        let (Ok(host), Ok(path)) = question else { return None };
        let answer = probe::get(address, &host, &path, ANSWER).await.ok()?;
        connections(&answer.first_line)
    }

    /// Remembers what it does, and says so where it is news.
    fn note(&self, state: TunnelState) {
        let parts = &self.0.apps.parts;
        let is_news = self.0.seen.send_if_modified(|(seen, since)| {
            if *seen == state {
                return false;
            }
            let goes_on = std::mem::discriminant(seen) == std::mem::discriminant(&state) && since.is_some();
            if !goes_on {
                *since = Some(parts.clock.now());
                tracing::info!("the tunnel: {}", state.words());
            }
            *seen = state.clone();
            true
        });
        if is_news {
            parts.hub.announce(Topic::Host);
        }
    }
}

fn not_pulled(failure: Failure, image: &str) -> Failure {
    match failure {
        Failure::Problem(problem) => Problem::new(problem.code, format!("The image {image} is not here. {}", problem.title))
            .hint("Check that this server reaches its registry, or start Homeport with --tunnel-image and an image that it has.")
            .into(),
        internal => internal,
    }
}
