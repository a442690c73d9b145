//! Deploys and releases. A deploy is the job that makes a release and switches to it; a release is
//! immutable.

pub mod address;
mod compare;
pub mod container;
pub mod declared;
pub mod ignore;
pub mod plan;
pub mod proof;
mod view;

pub use compare::{Area, Difference, Side, compare};
pub use declared::{Declared, SiteRules};
pub use plan::Step;
pub use proof::{Proof, Sample};
pub use view::{Comparison, DeployDetail, ReleaseChange, ReleaseRow};

use serde::{Deserialize, Serialize};

use crate::{
    id::ReleaseId,
    name::{CommitSha, GitRef},
    time::Timestamp,
};

/// What a release runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Artifact {
    /// An image of the engine, by its content id (`sha256:…`).
    Image {
        /// The content id.
        id: String,
    },
    /// A folder below the app's site folder.
    Site {
        /// The release that laid it out, after which it is named.
        folder: ReleaseId,
        /// How many files it has.
        files: u64,
        /// Their size.
        size_bytes: u64,
    },
}

/// The commit a release was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The whole id.
    pub sha: CommitSha,
    /// The branch it was taken from.
    pub branch: GitRef,
    /// The message's first line.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was made.
    pub at: Timestamp,
}

/// Why a deploy was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// Somebody pressed Deploy.
    Pressed {
        /// Who.
        by: String,
    },
    /// Somebody pressed Roll back, or Homeport did by itself.
    RolledBack {
        /// Who.
        by: String,
        /// To which release's content.
        to: u32,
        /// Why, when nobody pressed: the release before had died.
        #[serde(default)]
        why: String,
    },
    /// What serves was started anew, with the settings and the environment of that time.
    Restarted {
        /// Who.
        by: String,
        /// What for: `3 variables changed`; empty when nobody said.
        why: String,
    },
    /// A webhook told of a push.
    Pushed {
        /// Who pushed, as the sender says; empty when it does not.
        by: String,
        /// Who told: `GitHub`.
        through: String,
    },
}
