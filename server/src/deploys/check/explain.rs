//! Why a container did not prove itself, in words, with what it does instead and what to do about it.

use std::time::Duration;

use homeport_model::{
    deploy::container::{ContainerId, ContainerSpec, ProcessName},
    job::LogStream,
    prelude::{Code, Problem},
    problem::Fix,
};

use super::{Deploy, DeployWork, Progress};
use crate::drivers::docker::ContainerState;

/// How many lines of its output a failed container shows: where it began, and where it ended.
const FIRST_LINES: usize = 20;
const LAST_LINES: usize = 50;

impl DeployWork {
    /// What was wrong at the end of its time, and what it does instead.
    pub(super) async fn explain(
        &self,
        container: &ContainerId,
        spec: &ContainerSpec,
        progress: &Progress,
        limit: Duration,
    ) -> Problem {
        let (trouble, limit_s) = (&progress.trouble, limit.as_secs());
        let title = match spec.process == ProcessName::web() {
            true => format!("The new release did not answer within {limit_s} s: {trouble}."),
            false => format!("The new {} did not prove itself within {limit_s} s: {trouble}.", spec.process),
        };
        let problem = Problem::new(Code::Engine, title);
        if spec.process != ProcessName::web() {
            return problem.hint("Look at its lines in the log.");
        }
        let listening = self.engines.docker.listening_ports(container).await.unwrap_or_default();
        if listening.iter().any(|port| port.port == spec.port && port.loopback_only) {
            return problem.hint(
                "It listens on 127.0.0.1 only, which nobody outside the container reaches. Let it listen on 0.0.0.0.",
            );
        }
        if listening.iter().any(|port| port.port == spec.port) {
            return problem.hint("Its port is open. Look at its lines in the log, and at the check.");
        }
        let others: Vec<_> = listening.iter().filter(|port| port.port != spec.port).collect();
        match others.as_slice() {
            [] => problem.hint("The process listens on no port. Look at its last lines below."),
            [only] if !only.loopback_only => problem
                .hint(format!(
                    "The process listens on {} instead. Set that port in the app's settings, or let it listen on $PORT.",
                    only.port
                ))
                .fix(Fix::SetPort { port: only.port }),
            others => {
                let ports: Vec<String> = others.iter().map(|port| port.port.to_string()).collect();
                problem.hint(format!(
                    "The process listens on {} instead. Set that port in the app's settings, or let it listen on $PORT.",
                    ports.join(", ")
                ))
            }
        }
    }

    /// Shows the first and the last lines that a container wrote.
    pub(super) async fn show_output(&self, deploy: &Deploy<'_>, container: &ContainerId) {
        let log = &deploy.context.log;
        let Ok(first) = self.engines.docker.first_lines(container, FIRST_LINES + LAST_LINES).await else { return };
        if first.is_empty() {
            log.say("The container wrote nothing.");
        }
        let is_all = first.len() < FIRST_LINES + LAST_LINES;
        let show = |line: &crate::drivers::docker::LogLine| {
            log.line(if line.stderr { LogStream::Err } else { LogStream::Out }, &line.text);
        };
        if is_all {
            first.iter().for_each(show);
            return;
        }
        first[..FIRST_LINES].iter().for_each(show);
        log.say("…");
        let last = self.engines.docker.last_lines(container, LAST_LINES as u32).await.unwrap_or_default();
        last.iter().for_each(show);
    }
}

/// Why a container that has ended did so.
pub(super) fn death(state: &ContainerState, process: &ProcessName) -> Option<Problem> {
    let what = if *process == ProcessName::web() { "container".to_owned() } else { format!("{process} container") };
    if let Some(error) = state.error.as_deref().filter(|error| !error.is_empty()) {
        return Some(Problem::new(Code::Engine, format!("The {what} could not be started: {error}")));
    }
    if state.oom_killed {
        return Some(
            Problem::new(Code::Engine, format!("The {what} used up its memory and was killed."))
                .hint("Let it use less, or give it more."),
        );
    }
    // The engine starts it again and again; once is enough to know. While it runs again its exit
    // code is not told: the next look will find it.
    let code = state.exit_code.filter(|_| !state.running)?;
    if !state.restarting && state.restart_count == 0 && state.started_at.is_none() {
        return None;
    }
    let how = match code {
        0 => format!("The {what} ended by itself (exit code 0)"),
        127 => format!("The {what}'s command was not found (exit code 127)"),
        code => format!("The {what} exited with code {code}"),
    };
    Some(Problem::new(Code::Engine, format!("{how} right after its start.")).hint("Look at its last lines below."))
}
