//! Deploys and releases as pages show them.

use serde::{Deserialize, Serialize};

use super::{Artifact, Commit, Difference, Proof, Trigger};
use crate::{
    app::EnvChange,
    id::ReleaseId,
    job::{JobRow, StepRow},
    name::{AppName, EnvKey},
    time::Timestamp,
};

/// A release in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRow {
    /// Its id.
    pub id: ReleaseId,
    /// Its number within the app, from 1.
    pub number: u32,
    /// What it runs, once built.
    pub artifact: Option<Artifact>,
    /// Its commit, when it came from git.
    pub commit: Option<Commit>,
    /// The image's name, when it came from one.
    pub image: Option<String>,
    /// Whether it serves now.
    pub serving: bool,
    /// Whether its image or folder is still here, so that one can roll back to it.
    pub kept: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When traffic was first sent to it.
    pub switched_at: Option<Timestamp>,
    /// Why it was made.
    pub trigger: Trigger,
    /// The job that made it.
    pub job: JobRow,
    /// Requests sent and failed during its switch.
    pub proof: Option<(u32, u32)>,
}

/// What differs from the release before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReleaseChange {
    /// The number of the release compared with.
    pub from: Option<u32>,
    /// The commit before, when it is another.
    pub commit: Option<Commit>,
    /// Whether image or files are others.
    pub artifact: bool,
    /// Variables that differ; values never leave the server.
    pub env: Vec<(EnvKey, EnvChange)>,
    /// What differs of settings and of what the files say.
    #[serde(default)]
    pub settings: Vec<Difference>,
}

/// Two releases of an app beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The older side; the newer one's `change` is seen from it.
    pub from: ReleaseRow,
    /// The newer side.
    pub to: ReleaseRow,
    /// What differs.
    pub change: ReleaseChange,
    /// The commits that the newer side has and the older one has not, newest first; at most 50.
    pub commits: Vec<Commit>,
    /// Whether the older side's commit is an ancestor of the newer one's, as far as is known here.
    pub whole: bool,
    /// The numbers of all releases, newest first.
    pub numbers: Vec<u32>,
}

/// One deploy with its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployDetail {
    /// The app.
    pub app: AppName,
    /// Where to open the app.
    pub url: String,
    /// The release it makes.
    pub release: ReleaseRow,
    /// Its steps, done and to come.
    pub steps: Vec<StepRow>,
    /// The switch's probes.
    pub proof: Option<Proof>,
    /// What changed.
    pub change: ReleaseChange,
    /// The newest kept release before this one: where Roll back leads.
    pub previous: Option<u32>,
    /// The number of lines in the log so far.
    pub log_lines: u64,
}
