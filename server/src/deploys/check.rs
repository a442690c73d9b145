//! Check: the new container proves itself before it gets traffic. The questions are asked from
//! outside, so that an image needs no curl; a failure says what was found instead.

use std::{net::SocketAddr, time::Duration};

use homeport_model::{
    app::Health,
    deploy::{container::ContainerId, plan::STAYS_UP_MS},
    job::LogStream,
    prelude::{Code, Problem},
};
use tokio::time::Instant;

use super::{
    start::port_of,
    work::{Deploy, DeployWork},
};
use crate::{
    drivers::{docker::ContainerState, probe},
    failure::Failure,
};

/// An app that answers within milliseconds should not wait for the clock: asking begins with this
/// pause, which doubles up to [`EVERY`].
const SOON: Duration = Duration::from_millis(5);
const EVERY: Duration = Duration::from_millis(100);
const ONE_TRY: Duration = Duration::from_secs(5);
/// How many lines of its output a failed container shows.
const SHOWN_LINES: u32 = 50;

/// Where the checking stands.
struct Progress {
    port_open_since: Option<Instant>,
    last_trouble: String,
}

impl Progress {
    /// How much longer an open port has to stay open.
    fn still_to_stay_up(&self) -> Option<Duration> {
        self.port_open_since.map(|since| Duration::from_millis(STAYS_UP_MS).saturating_sub(since.elapsed()))
    }
}

impl DeployWork {
    /// Asks until the container has proved itself or the limit has passed.
    pub(super) async fn check(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let spec = self.container_spec(deploy)?;
        let port = port_of(&deploy.release)?;
        let began = Instant::now();
        let limit = Duration::from_secs(self.patience.check_s.into());
        let mut progress = Progress { port_open_since: None, last_trouble: format!("port {port} did not answer") };
        let mut pause = SOON;
        loop {
            let Some(state) = self.engines.docker.find_container(&spec).await? else {
                return Err(Problem::new(Code::Engine, "The new container is gone.")
                    .hint("Somebody or something removed it. Deploy again.")
                    .into());
            };
            if let Some(problem) = death(&state) {
                self.show_output(deploy, &state.id).await;
                return Err(problem.into());
            }
            if let Some(address) = state.address {
                let address = SocketAddr::from((address, port.get()));
                if self.ask(deploy, address, &mut progress).await {
                    let took = began.elapsed().as_millis();
                    deploy.context.log.say(format!("It answers on port {port} after {took} ms."));
                    return Ok(match &deploy.release.spec.health {
                        Health::Port => format!("port {port} answers"),
                        Health::Http { path } => format!("{path} answers with 2xx"),
                    });
                }
            }
            if began.elapsed() > limit {
                self.show_output(deploy, &state.id).await;
                return Err(self.explain(&state.id, deploy, &progress).await.into());
            }
            tokio::time::sleep(progress.still_to_stay_up().map_or(pause, |left| left.min(EVERY))).await;
            pause = (pause * 2).min(EVERY);
        }
    }

    /// One round of questions; whether all have been answered.
    async fn ask(&self, deploy: &Deploy<'_>, address: SocketAddr, progress: &mut Progress) -> bool {
        match &deploy.release.spec.health {
            Health::Port => match probe::connect(address, ONE_TRY).await {
                Ok(()) => {
                    let since = *progress.port_open_since.get_or_insert_with(Instant::now);
                    since.elapsed() >= Duration::from_millis(STAYS_UP_MS)
                }
                Err(error) => {
                    progress.port_open_since = None;
                    progress.last_trouble = format!("port {}: {error}", address.port());
                    false
                }
            },
            Health::Http { path } => {
                let host = self.apps.first_host_name(&deploy.release.spec);
                match probe::get(address, &host, path, ONE_TRY).await {
                    Ok(answer) if answer.status.is_success() => true,
                    Ok(answer) => {
                        let status = answer.status.as_u16();
                        let took = answer.took.as_millis();
                        progress.last_trouble =
                            format!("{path} answered {status} after {took} ms: {}", answer.first_line);
                        false
                    }
                    Err(error) => {
                        progress.last_trouble = format!("{path} on port {}: {error}", address.port());
                        false
                    }
                }
            }
        }
    }

    /// Why it did not prove itself, with what it does instead.
    async fn explain(&self, container: &ContainerId, deploy: &Deploy<'_>, progress: &Progress) -> Problem {
        let trouble = &progress.last_trouble;
        let limit_s = self.patience.check_s;
        let title = format!("The new release did not answer within {limit_s} s: {trouble}.");
        let problem = Problem::new(Code::Engine, title);
        let listening = self.engines.docker.listening_ports(container).await.unwrap_or_default();
        let wanted = deploy.release.port;
        if listening.iter().any(|port| Some(port.port) == wanted && port.loopback_only) {
            return problem.hint(
                "It listens on 127.0.0.1 only, which nobody outside the container reaches. Let it listen on 0.0.0.0.",
            );
        }
        let others: Vec<String> =
            listening.iter().filter(|port| Some(port.port) != wanted).map(|port| port.port.to_string()).collect();
        match others.as_slice() {
            [] => problem.hint("The process listens on no port. Look at its last lines below."),
            others => problem.hint(format!(
                "The process listens on {} instead. Set that port in the app's settings, or let it listen on $PORT.",
                others.join(", ")
            )),
        }
    }

    async fn show_output(&self, deploy: &Deploy<'_>, container: &ContainerId) {
        let lines = self.engines.docker.last_lines(container, SHOWN_LINES).await.unwrap_or_default();
        if lines.is_empty() {
            deploy.context.log.say("The container wrote nothing.");
        }
        for line in lines {
            let stream = if line.stderr { LogStream::Err } else { LogStream::Out };
            deploy.context.log.line(stream, &line.text);
        }
    }
}

/// Why a container that has ended did so.
fn death(state: &ContainerState) -> Option<Problem> {
    if let Some(error) = state.error.as_deref().filter(|error| !error.is_empty()) {
        return Some(Problem::new(Code::Engine, format!("The container could not be started: {error}")));
    }
    if state.oom_killed {
        return Some(
            Problem::new(Code::Engine, "The container used up its memory and was killed.")
                .hint("Let it use less, or give it more."),
        );
    }
    // The engine starts it again and again; once is enough to know.
    if state.running && state.restart_count == 0 {
        return None;
    }
    if !state.running && !state.restarting && state.exit_code.is_none() {
        return None;
    }
    let how = match state.exit_code {
        Some(0) => "The container ended by itself (exit code 0)".to_owned(),
        Some(127) => "The container's command was not found (exit code 127)".to_owned(),
        Some(code) => format!("The container exited with code {code}"),
        None => "The container ended".to_owned(),
    };
    Some(Problem::new(Code::Engine, format!("{how} right after its start.")).hint("Look at its last lines below."))
}
