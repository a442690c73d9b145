//! Check: the new containers prove themselves before they get traffic. The questions are asked from
//! outside, so that an image needs no curl; a failure says what was found instead.

mod ask;
mod explain;

use std::time::Duration;

use futures_util::future::try_join_all;
use homeport_model::{
    build::{Healthcheck, Probe, Process, Scheme},
    deploy::{
        container::{ContainerSpec, ProcessName},
        plan::{STAYS_UP_MS, WORKER_STAYS_UP_MS},
    },
    prelude::{Code, Problem},
};
use tokio::{sync::Semaphore, time::Instant};

use self::explain::death;
use super::work::{Deploy, DeployWork};
use crate::{drivers::docker::ContainerState, failure::Failure};

/// An app that answers within milliseconds should not wait for the clock: asking begins with this
/// pause, which doubles up to [`EVERY`].
const SOON: Duration = Duration::from_millis(5);
const EVERY: Duration = Duration::from_millis(100);

/// What a container has to show.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    /// Its port accepts connections, and it stays up for a moment after.
    Port,
    /// It stays up: nothing else speaks for a container without a port.
    StaysUp,
    /// What the files or the settings say.
    Declared(Healthcheck),
}

/// Where the checking of one container stands.
pub(super) struct Progress {
    /// When it was first seen to be as it should.
    since: Option<Instant>,
    /// What was wrong when it was asked last.
    trouble: String,
}

impl DeployWork {
    /// Asks every container until it has proved itself or the limit has passed. The processes are
    /// asked side by side.
    pub(super) async fn check(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        if deploy.release.is_site() {
            return Ok("nginx serves a folder: there is nothing to check".to_owned());
        }
        let processes = deploy.release.processes();
        let words = try_join_all(processes.iter().map(|process| self.check_process(deploy, process))).await?;
        let mut said: Vec<String> = Vec::new();
        words.into_iter().flatten().for_each(|words| {
            if !said.contains(&words) {
                said.push(words);
            }
        });
        Ok(if said.is_empty() { "it has no process to check".to_owned() } else { said.join("; ") })
    }

    /// Asks the containers of one process, as many at the same time as its files say. The first of
    /// them run already; each other one starts when one before it has proved itself.
    async fn check_process(&self, deploy: &Deploy<'_>, process: &Process) -> Result<Vec<String>, Failure> {
        let specs = self.container_specs(deploy, process)?;
        let places = &Semaphore::new(process.max_parallel.into());
        let in_turn = specs.iter().map(|spec| async move {
            let _place = places.acquire().await.map_err(|_| Failure::internal("the places of a process are closed"))?;
            if spec.index > u32::from(process.max_parallel) {
                self.start_in_turn(deploy, spec).await?;
            }
            self.check_one(deploy, spec).await
        });
        try_join_all(in_turn).await
    }

    /// Asks one container for all its proofs, in their order.
    async fn check_one(&self, deploy: &Deploy<'_>, spec: &ContainerSpec) -> Result<String, Failure> {
        let declared = deploy.release.spec.checks_of(&spec.process, &deploy.release.declared);
        let proofs: Vec<Proof> = match declared.is_empty() {
            false => declared.into_iter().map(Proof::Declared).collect(),
            true if spec.process == ProcessName::web() && deploy.release.port.is_some() => vec![Proof::Port],
            true => vec![Proof::StaysUp],
        };
        let mut said = Vec::new();
        for proof in &proofs {
            match (self.prove_one(deploy, spec, proof).await, proof) {
                (Ok(words), _) => said.push(words),
                (Err(failure), Proof::Declared(check)) if check.warn_only => {
                    let problem = Problem::from(failure);
                    deploy.context.log.say(format!("Warning: {problem}"));
                    said.push("a check that only warns failed".to_owned());
                }
                (Err(failure), _) => return Err(failure),
            }
        }
        Ok(said.join(", "))
    }

    async fn prove_one(&self, deploy: &Deploy<'_>, spec: &ContainerSpec, proof: &Proof) -> Result<String, Failure> {
        let began = Instant::now();
        let limit = self.limit_of(deploy, spec, proof);
        let delay = match proof {
            Proof::Declared(check) => Duration::from_secs(check.initial_delay_s.into()),
            _ => Duration::ZERO,
        };
        let mut progress = Progress { since: None, trouble: format!("port {} did not answer", spec.port) };
        let mut pause = SOON;
        loop {
            let Some(state) = self.engines.docker.find_container(spec).await? else {
                return Err(Problem::new(Code::Engine, "The new container is gone.")
                    .hint("Somebody or something removed it. Deploy again.")
                    .into());
            };
            if let Some(problem) = death(&state, &spec.process) {
                self.show_output(deploy, &state.id).await;
                return Err(problem.into());
            }
            if state.running && state.restart_count > 0 {
                progress = Progress { since: None, trouble: "it ended and the engine started it again".to_owned() };
            } else if state.running
                && began.elapsed() >= delay
                && self.holds(deploy, spec, proof, &state, &mut progress).await
            {
                let words = words_of(proof, spec);
                deploy.context.log.say(format!("{}: {words}, after {} ms.", state.name, began.elapsed().as_millis()));
                return Ok(words);
            }
            if began.elapsed() > limit {
                self.show_output(deploy, &state.id).await;
                return Err(self.explain(&state.id, spec, &progress, limit).await.into());
            }
            tokio::time::sleep(progress.still_to_stay(proof).map_or(pause, |left| left.min(EVERY))).await;
            pause = (pause * 2).min(EVERY);
        }
    }

    /// How long a container may take for a proof. What files declare goes on for as long as Dokku
    /// would have tried, though the questions come closer together.
    fn limit_of(&self, deploy: &Deploy<'_>, spec: &ContainerSpec, proof: &Proof) -> Duration {
        let patience = u64::from(self.patience.check_s);
        let declared = &deploy.release.declared;
        let by_files = declared.app_json.healthchecks.contains_key(&spec.process) || !declared.checks.is_empty();
        let limit_s = match proof {
            Proof::Declared(check) if by_files => {
                let tries = u64::from(check.attempts) * u64::from(check.wait_s + check.timeout_s);
                let up = match check.probe {
                    Probe::Uptime { seconds } => u64::from(seconds),
                    _ => 0,
                };
                u64::from(check.initial_delay_s) + tries.max(1) + up
            }
            _ => patience,
        };
        Duration::from_secs(limit_s)
    }

    /// One question; whether the answer is the one that is wanted.
    async fn holds(
        &self,
        deploy: &Deploy<'_>,
        spec: &ContainerSpec,
        proof: &Proof,
        state: &ContainerState,
        progress: &mut Progress,
    ) -> bool {
        match self.ask(deploy, spec, proof, state).await {
            Ok(()) => {
                let since = *progress.since.get_or_insert_with(Instant::now);
                since.elapsed() >= stays(proof)
            }
            Err(trouble) => {
                progress.since = None;
                progress.trouble = trouble;
                false
            }
        }
    }
}

impl Progress {
    /// How much longer it has to stay as it is.
    fn still_to_stay(&self, proof: &Proof) -> Option<Duration> {
        self.since.map(|since| stays(proof).saturating_sub(since.elapsed()))
    }
}

/// How long the answer must stay the wanted one.
fn stays(proof: &Proof) -> Duration {
    match proof {
        Proof::Port => Duration::from_millis(STAYS_UP_MS),
        Proof::StaysUp => Duration::from_millis(WORKER_STAYS_UP_MS),
        Proof::Declared(Healthcheck { probe: Probe::Uptime { seconds }, .. }) => Duration::from_secs((*seconds).into()),
        Proof::Declared(_) => Duration::ZERO,
    }
}

fn words_of(proof: &Proof, spec: &ContainerSpec) -> String {
    match proof {
        Proof::Port => format!("port {} answers", spec.port),
        Proof::StaysUp => format!("{} stays up", spec.process),
        Proof::Declared(check) => match &check.probe {
            Probe::Http { path, content, scheme, .. } => {
                let over = if *scheme == Scheme::Https { " over https" } else { "" };
                let and = if content.is_some() { " and what was expected" } else { "" };
                format!("{path} answers with 2xx{over}{and}")
            }
            Probe::Command { words } => format!("{} ends with 0", words.first().map_or("the command", String::as_str)),
            Probe::Listening => format!("{} listens on port {}", spec.process, check.port.unwrap_or(spec.port)),
            Probe::Uptime { seconds } => format!("{} stays up for {seconds} s", spec.process),
        },
    }
}
