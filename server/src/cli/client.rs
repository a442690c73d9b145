//! What the commands that ask a panel over `/api/v1` have in common.

use std::{thread::sleep, time::Duration};

use homeport_model::{name::AppName, problem::Problem, secret::Secret};
use serde::de::DeserializeOwned;
use ureq::{Agent, Body, http::Response};

use crate::{config::Origin, failure::chain};

/// What was asked for failed, or the panel refused it.
pub(super) const FAILED: u8 = 1;
/// The panel could not be asked. As `sysexits.h` has it.
const UNAVAILABLE: u8 = 69;
/// There is no token.
pub(super) const NO_PERMISSION: u8 = 77;

const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// How often it is asked for what is new.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A panel that is being upgraded is away for seconds.
const TRIES: u32 = 30;

/// Why a panel gave no answer.
pub(super) enum Trouble {
    /// No answer; may be tried again.
    Away(String),
    /// An answer that says no.
    Refused(Problem),
}

/// An app of a panel, with a token.
pub(super) struct Panel {
    pub(super) agent: Agent,
    /// The app's address.
    pub(super) app: String,
    token: Secret<String>,
}

impl Panel {
    /// With the token of the environment; without one, says so.
    pub(super) fn of_environment(panel: &Origin, app: &AppName) -> Option<Self> {
        let Ok(token) = std::env::var("HOMEPORT_TOKEN") else {
            complain("HOMEPORT_TOKEN is not set. The panel's Settings make tokens.");
            return None;
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWERS_WITHIN))
            // A redirect would carry the token elsewhere.
            .max_redirects(0)
            .build();
        Some(Self { agent: agent.into(), app: format!("{panel}/api/v1/apps/{app}"), token: Secret::new(token) })
    }

    /// Reads, as often as it takes a panel to come back.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        let mut tries = 0;
        loop {
            let request = self.agent.get(format!("{}{path}", self.app)).header("authorization", self.bearer());
            match read(request.call()) {
                Err(Trouble::Away(_)) if tries < TRIES => tries += 1,
                answer => return answer,
            }
            sleep(LOOK_EVERY * 2);
        }
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }
}

/// The exit code of a command; trouble is told.
pub(super) fn ended(answer: Result<u8, Trouble>, panel: &Origin) -> u8 {
    match answer {
        Ok(code) => code,
        Err(Trouble::Away(why)) => {
            complain(&format!("{panel} does not answer: {why}."));
            UNAVAILABLE
        }
        Err(Trouble::Refused(problem)) => {
            explain(&problem);
            FAILED
        }
    }
}

pub(super) fn read<T: DeserializeOwned>(answer: Result<Response<Body>, ureq::Error>) -> Result<T, Trouble> {
    let mut answer = answer.map_err(|error| Trouble::Away(chain(&error)))?;
    let status = answer.status();
    if status.is_success() {
        return answer.body_mut().read_json().map_err(|error| Trouble::Away(chain(&error)));
    }
    match answer.body_mut().read_json::<Problem>() {
        // Something in between may be away, too, and says so without a problem of ours.
        Ok(problem) if !status.is_server_error() => Err(Trouble::Refused(problem)),
        Ok(problem) => Err(Trouble::Away(problem.title)),
        Err(_) => Err(Trouble::Away(format!("it says {status}"))),
    }
}

pub(super) fn explain(problem: &Problem) {
    let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!(" {hint}"));
    complain(&format!("{}{hint}", problem.title));
}

#[expect(clippy::print_stderr, reason = "a command of the host's shell")]
pub(super) fn complain(text: &str) {
    eprintln!("homeport: {text}");
}
