//! An app as pages show it.

use serde::{Deserialize, Serialize};

use super::AppSpec;
use crate::{
    build::Process,
    deploy::ReleaseRow,
    id::{AppId, JobId},
    job::JobRow,
    name::{AppName, HostName},
    pushes::Remotes,
    time::Timestamp,
};

/// What an app is doing, as observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AppState {
    /// Nothing has been deployed yet.
    NotDeployed,
    /// A release answers.
    Serving {
        /// Its number.
        release: u32,
        /// Since when it serves.
        since: Timestamp,
    },
    /// A release answers, and something of it does not run.
    Partly {
        /// Its number.
        release: u32,
        /// What, in words.
        why: String,
    },
    /// A release should serve, and does not.
    Down {
        /// Its number.
        release: u32,
        /// Why, in words.
        why: String,
    },
    /// Nobody has looked yet, or looking failed.
    Unknown {
        /// Why, in words.
        why: String,
    },
    /// It is being removed, or was half removed when that failed: then it can be removed again, and
    /// nothing else.
    Removing,
}

/// An app in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRow {
    /// Its id.
    pub id: AppId,
    /// Its name.
    pub name: AppName,
    /// Its first host name.
    pub host_name: HostName,
    /// Where to open it in a browser.
    pub url: String,
    /// What it is doing.
    pub state: AppState,
    /// When that was seen.
    pub observed_at: Option<Timestamp>,
    /// "main@3f9c2e1" or the image.
    pub version: Option<String>,
    /// Its queued or running job.
    pub job: Option<JobRow>,
    /// How its newest deploy failed, when it did and nothing newer succeeded.
    pub last_failure: Option<String>,
    /// In how many microseconds 19 of 20 answers were done, in this hour and the one before it.
    #[serde(default)]
    pub p95_us: Option<u64>,
}

/// A process of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRow {
    /// As the next release would run it.
    pub process: Process,
    /// As the serving release runs it, if it does.
    pub serving: Option<Process>,
    /// How many of its containers run now.
    pub running: u16,
    /// Whether `app.json` says how many there are, so that nobody else does.
    pub is_fixed: bool,
}

impl ProcessRow {
    /// Whether the next release would run it in another way.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.serving.as_ref() != Some(&self.process)
    }
}

/// One app with all that its pages show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppDetail {
    /// The list's row.
    pub row: AppRow,
    /// What the person decided.
    pub spec: AppSpec,
    /// What built it last and why, like `buildpacks: Procfile found, no Dockerfile`.
    pub built_by: Option<String>,
    /// All its addresses.
    pub urls: Vec<String>,
    /// How a request reaches it, hop by hop.
    pub picture: Vec<Hop>,
    /// The releases that are kept, newest first.
    pub releases: Vec<ReleaseRow>,
    /// Its newest jobs.
    pub jobs: Vec<JobRow>,
    /// Its processes, `web` first; none for a site that nginx serves.
    pub processes: Vec<ProcessRow>,
    /// How many variables wait for the next deploy.
    pub pending_env: u32,
    /// The job that a deploy would wait for.
    pub busy: Option<JobId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where it is pushed to, when its files come so.
    #[serde(default)]
    pub remotes: Option<Remotes>,
}

/// What a hop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopKind {
    /// Host names.
    Domain,
    /// The proxy.
    Nginx,
    /// A container.
    Process,
    /// A folder that nginx serves.
    Folder,
}

/// How a hop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopState {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Not seen.
    Unknown,
}

/// One hop of a request's way to the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// What it is.
    pub kind: HopKind,
    /// Its name: host name, "nginx", container.
    pub name: String,
    /// What is known of it: "HTTP 8080", "172.18.0.4:5000".
    pub detail: String,
    /// How it is.
    pub state: HopState,
}
