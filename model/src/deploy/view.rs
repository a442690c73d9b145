//! Deploys and releases as pages show them.

use serde::{Deserialize, Serialize};

use super::{Artifact, Commit, Proof, Trigger};
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
    /// The port before and after, when it differs.
    pub port: Option<(u16, u16)>,
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
