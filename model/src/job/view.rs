//! Jobs as pages show them.

use serde::{Deserialize, Serialize};

use super::JobState;
use crate::{id::JobId, name::AppName, problem::Problem, time::Timestamp};

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Make a release and switch to it.
    Deploy,
    /// Switch to a kept release.
    RollBack,
    /// Start what serves anew, without a build.
    Restart,
    /// Remove an app with all that it has.
    DeleteApp,
}

impl JobKind {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::RollBack => "roll_back",
            Self::Restart => "restart",
            Self::DeleteApp => "delete_app",
        }
    }

    /// Reads the store's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Deploy, Self::RollBack, Self::Restart, Self::DeleteApp].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A job in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// The app it is about.
    pub app: AppName,
    /// The release it makes, by number.
    pub release: Option<u32>,
    /// Where it is.
    pub state: JobState,
    /// The step it is at, while it runs.
    pub step: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When work on it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed or was cancelled.
    pub problem: Option<Problem>,
    /// What it waits for, while it does.
    #[serde(default)]
    pub waits_for: Option<WaitsFor>,
}

/// A job that another one waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitsFor {
    /// Its id.
    pub job: JobId,
    /// What it does.
    pub kind: JobKind,
    /// The app it is about.
    pub app: AppName,
    /// The release it makes, by number.
    pub release: Option<u32>,
    /// The step it is at; none while it waits itself for its turn.
    pub step: Option<String>,
}

impl WaitsFor {
    /// "Waits for shop release 12, which is building."
    #[must_use]
    pub fn sentence(&self) -> String {
        let app = &self.app;
        let what = match (self.kind, self.release) {
            (JobKind::DeleteApp, _) => return format!("Waits for the removal of {app}."),
            (_, Some(number)) => format!("{app} release {number}"),
            (_, None) => app.to_string(),
        };
        let doing = match self.step.as_deref() {
            None => "is queued",
            Some("fetch") => "is being fetched",
            Some("build") => "is building",
            Some("start") => "is starting",
            Some("check") => "is proving itself",
            Some("switch" | "prove") => "is going live",
            Some(_) => "is ending",
        };
        format!("Waits for {what}, which {doing}.")
    }
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Being done.
    Running,
    /// Done.
    Done,
    /// Did not work.
    Failed,
    /// Was done and has been undone.
    Undone,
}

impl StepState {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undone => "undone",
        }
    }

    /// Reads the store's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Undone]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A step as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Its word: "fetch", "build", …
    pub name: String,
    /// Where it is.
    pub state: StepState,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How long it took, in microseconds: a switch takes less than a millisecond can say.
    pub took_us: Option<u64>,
    /// One sentence of what it found or did.
    pub note: Option<String>,
}

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Homeport itself.
    Panel,
    /// git or the builder.
    Build,
    /// The container's standard output.
    Out,
    /// The container's standard error.
    Err,
}

impl LogStream {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Build => "build",
            Self::Out => "out",
            Self::Err => "err",
        }
    }

    /// Reads the store's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Panel, Self::Build, Self::Out, Self::Err].into_iter().find(|stream| stream.as_str() == word)
    }
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number within the job, from 1.
    pub number: u64,
    /// The step it belongs to.
    pub step: String,
    /// Where it came from.
    pub stream: LogStream,
    /// When it was written.
    pub at: Timestamp,
    /// The text, without control characters.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_waits_for_is_a_sentence() {
        let app: AppName = "shop".parse().expect("a name");
        let mut waits = WaitsFor {
            job: JobId::new(1, 1),
            kind: JobKind::Deploy,
            app,
            release: Some(12),
            step: Some("build".into()),
        };
        assert_eq!(waits.sentence(), "Waits for shop release 12, which is building.");
        waits.step = None;
        assert_eq!(waits.sentence(), "Waits for shop release 12, which is queued.");
        waits.kind = JobKind::DeleteApp;
        assert_eq!(waits.sentence(), "Waits for the removal of shop.");
    }
}
