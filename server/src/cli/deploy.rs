//! `homeport deploy`: asks a panel over `/api/v1`, follows the log, and ends as the deploy ends.

use std::{
    fs::File,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use clap::Args;
use homeport_model::{
    api::{ApiDeploy, ApiDeployRequest, ApiLog},
    job::JobState,
    name::{AppName, CommitRef},
    problem::Problem,
    secret::Secret,
};
use serde::{Deserialize, de::DeserializeOwned};
use ureq::{Agent, Body, http::Response};

use super::announce;
use crate::{config::Origin, drivers::system::fsroot::FsRoot, failure::chain};

/// The deploy failed, or the panel refused it.
const FAILED: u8 = 1;
/// The panel could not be asked. As `sysexits.h` has it.
const UNAVAILABLE: u8 = 69;
/// The archive cannot be read.
const NO_INPUT: u8 = 66;
/// There is no token.
const NO_PERMISSION: u8 = 77;

const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
const UPLOADED_WITHIN: Duration = Duration::from_secs(30 * 60);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A panel that is being upgraded is away for seconds.
const TRIES: u32 = 30;

/// What to deploy, and where.
#[derive(Debug, Args)]
pub struct DeployOptions {
    /// The app's name.
    pub app: AppName,

    /// Another tag or digest of the app's image; the app keeps it.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// One commit of the app's repository: its id, or the first seven digits of it at the least.
    #[arg(long = "ref", value_name = "SHA", conflicts_with = "image")]
    pub commit: Option<CommitRef>,

    /// An archive of the app's files (.tar, .tar.gz, .zip) that is uploaded and deployed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["image", "commit"])]
    pub archive: Option<PathBuf>,

    /// Build without anything that earlier builds left.
    #[arg(long, conflicts_with_all = ["image", "archive"])]
    pub no_cache: bool,

    /// The panel's address. The token is taken from the variable HOMEPORT_TOKEN, so that no list of
    /// processes shows it.
    #[arg(long, env = "HOMEPORT_PANEL", value_name = "URL")]
    pub panel: Origin,
}

enum Trouble {
    /// No answer; may be tried again.
    Away(String),
    /// An answer that says no.
    Refused(Problem),
}

#[derive(Deserialize)]
struct Accepted {
    deploy: u32,
    url: String,
}

/// Deploys and returns the exit code.
#[must_use]
pub fn deploy(options: &DeployOptions) -> u8 {
    let Ok(token) = std::env::var("HOMEPORT_TOKEN") else {
        complain("HOMEPORT_TOKEN is not set. The panel's Settings make tokens.");
        return NO_PERMISSION;
    };
    let panel = Panel::new(options, Secret::new(token));
    let asked = match &options.archive {
        Some(path) => match open(path) {
            Ok(file) => panel.upload(path, file),
            Err(error) => {
                complain(&format!("{} cannot be read: {error}.", path.display()));
                return NO_INPUT;
            }
        },
        None => panel.ask(&ApiDeployRequest {
            image: options.image.clone(),
            commit: options.commit.clone().map(String::from),
            no_cache: options.no_cache,
        }),
    };
    match asked.and_then(|accepted| panel.follow(&accepted)) {
        Ok(code) => code,
        Err(Trouble::Away(why)) => {
            complain(&format!("{} does not answer: {why}.", options.panel));
            UNAVAILABLE
        }
        Err(Trouble::Refused(problem)) => {
            explain(&problem);
            FAILED
        }
    }
}

/// Opens a file that the person named.
fn open(path: &Path) -> std::io::Result<File> {
    let absolute = std::path::absolute(path)?;
    let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(std::io::ErrorKind::InvalidInput.into());
    };
    FsRoot::open(folder)?.reader(name)
}

struct Panel {
    agent: Agent,
    app: String,
    token: Secret<String>,
}

impl Panel {
    fn new(options: &DeployOptions, token: Secret<String>) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWERS_WITHIN))
            // A redirect would carry the token elsewhere.
            .max_redirects(0)
            .build();
        Self { agent: agent.into(), app: format!("{}/api/v1/apps/{}", options.panel, options.app), token }
    }

    fn follow(&self, Accepted { deploy, url }: &Accepted) -> Result<u8, Trouble> {
        announce(&format!("Release {deploy} is on its way: {url}"));
        let mut after = 0;
        loop {
            let log: ApiLog = self.get(&format!("/deploys/{deploy}/log?after={after}"))?;
            for line in &log.lines {
                announce(&line.text);
                after = line.number;
            }
            if log.ended {
                break;
            }
            if log.lines.is_empty() {
                sleep(LOOK_EVERY);
            }
        }
        let done: ApiDeploy = self.get(&format!("/deploys/{deploy}"))?;
        if done.state == JobState::Succeeded {
            announce(&format!("Release {deploy} is live: {}", done.url));
            return Ok(0);
        }
        match &done.problem {
            Some(problem) => explain(problem),
            None => complain(&format!("Release {deploy} did not go live.")),
        }
        Ok(FAILED)
    }

    /// Asks for the deploy, once: asked twice, it might be done twice.
    fn ask(&self, asked: &ApiDeployRequest) -> Result<Accepted, Trouble> {
        let request = self.agent.post(format!("{}/deploys", self.app)).header("authorization", self.bearer());
        read(request.send_json(asked))
    }

    /// Sends an archive, once.
    fn upload(&self, path: &Path, file: File) -> Result<Accepted, Trouble> {
        let called = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let request = self
            .agent
            .post(format!("{}/archive", self.app))
            .query("name", called)
            .header("authorization", self.bearer())
            .header("content-type", "application/octet-stream");
        read(request.config().timeout_global(Some(UPLOADED_WITHIN)).build().send(file))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
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

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }
}

fn read<T: DeserializeOwned>(answer: Result<Response<Body>, ureq::Error>) -> Result<T, Trouble> {
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

fn explain(problem: &Problem) {
    let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!(" {hint}"));
    complain(&format!("{}{hint}", problem.title));
}

#[expect(clippy::print_stderr, reason = "a command of the host's shell")]
fn complain(text: &str) {
    eprintln!("homeport: {text}");
}
