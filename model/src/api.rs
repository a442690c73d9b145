//! What `/api/v1` takes and answers. Names and meanings here only grow.

use serde::{Deserialize, Serialize};

use crate::{
    app::{AppRow, AppState},
    deploy::DeployDetail,
    job::{JobState, LogLine, LogStream},
    log::{LogPage, Written},
    name::AppName,
    problem::Problem,
    time::Timestamp,
};

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiApp {
    /// Its name.
    pub name: AppName,
    /// Where it answers.
    pub url: String,
    /// `serving`, `down`, `not_deployed`, `removing` or `unknown`.
    pub state: String,
    /// The release that serves or should.
    pub release: Option<u32>,
}

impl From<AppRow> for ApiApp {
    fn from(row: AppRow) -> Self {
        let (state, release) = match row.state {
            AppState::NotDeployed => ("not_deployed", None),
            AppState::Serving { release, .. } => ("serving", Some(release)),
            AppState::Partly { release, .. } => ("partly", Some(release)),
            AppState::Down { release, .. } => ("down", Some(release)),
            AppState::Unknown { .. } => ("unknown", None),
            AppState::Removing => ("removing", None),
        };
        Self { name: row.name, url: row.url, state: state.to_owned(), release }
    }
}

/// What a deploy may say beside the app.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiDeployRequest {
    /// Another tag or digest of the app's image, which it then keeps.
    #[serde(default)]
    pub image: Option<String>,
    /// One commit of the app's repository: its id, or its beginning.
    #[serde(default, rename = "ref")]
    pub commit: Option<String>,
    /// Whether the build takes nothing from earlier ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_cache: bool,
}

/// What a roll back says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiRollBackRequest {
    /// The release whose content comes back.
    pub to: u32,
}

/// A deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiDeploy {
    /// The app.
    pub app: AppName,
    /// The release's number.
    pub number: u32,
    /// How its job stands.
    pub state: JobState,
    /// Whether the job is over.
    pub ended: bool,
    /// Whether this release serves.
    pub serving: bool,
    /// Why it failed.
    pub problem: Option<Problem>,
    /// Where the app answers.
    pub url: String,
    /// How many lines its log has.
    pub log_lines: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its job ended.
    pub finished_at: Option<Timestamp>,
}

impl From<DeployDetail> for ApiDeploy {
    fn from(detail: DeployDetail) -> Self {
        let job = detail.release.job;
        Self {
            app: detail.app,
            number: detail.release.number,
            state: job.state,
            ended: job.state.is_final(),
            serving: detail.release.serving,
            problem: job.problem,
            url: detail.url,
            log_lines: detail.log_lines,
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

/// A piece of a deploy's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiLog {
    /// Lines after the asked-for number, at most a thousand.
    pub lines: Vec<LogLine>,
    /// Whether no more will come.
    pub ended: bool,
}

/// A part of what an app's containers wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiOutput {
    /// The release that wrote it; none where nothing was ever started.
    pub release: Option<u32>,
    /// The lines, oldest first, at most 500.
    pub lines: Vec<ApiOutputLine>,
    /// Whether there are older lines.
    pub earlier: bool,
    /// Whether there are newer lines.
    pub later: bool,
    /// Whether a container of it runs.
    pub running: bool,
}

/// A line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiOutputLine {
    /// When, as RFC 3339 with nanoseconds; `before` and `after` take it.
    pub at: String,
    /// The process and its number: `web.1`.
    pub from: String,
    /// `out` or `err`.
    pub stream: LogStream,
    /// The text, without control characters.
    pub text: String,
}

impl From<LogPage> for ApiOutput {
    fn from(page: LogPage) -> Self {
        let LogPage { release, earlier, later, running, .. } = page;
        Self { release, lines: page.lines.into_iter().map(ApiOutputLine::from).collect(), earlier, later, running }
    }
}

impl From<Written> for ApiOutputLine {
    fn from(Written { at, from, stream, text, .. }: Written) -> Self {
        Self { at: at.to_string(), from, stream, text }
    }
}
