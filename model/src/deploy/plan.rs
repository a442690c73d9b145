//! The steps of a deploy, in order, and what may be done about each.

use serde::{Deserialize, Serialize};

/// One step of a deploy. Every step may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Fetch the commit, or find or pull the image.
    Fetch,
    /// Build the image, or lay out the site's folder.
    Build,
    /// Run what the files say is to run before a release: `predeploy`, whose changes are kept, then
    /// `release`.
    Release,
    /// Create and start the new containers.
    Start,
    /// Wait until they prove themselves.
    Check,
    /// Send new connections to them. The commit point: before it, a failure leaves the old release
    /// serving; after it, the new one serves and only tidying is left.
    Switch,
    /// Go on asking through nginx for a moment, and keep what visitors would have seen.
    Prove,
    /// Run what the files say is to run after a switch: `postdeploy`.
    Postdeploy,
    /// Wait until the old containers have answered what they had taken.
    Drain,
    /// Stop the old containers; their image is kept for rolling back.
    Retire,
    /// Remove releases beyond the kept ones.
    Prune,
}

/// How many releases are kept for rolling back, the serving one included.
pub const KEPT_RELEASES: u32 = 5;

/// How long the probe goes on after the switch, in milliseconds.
pub const PROVE_MS: u64 = 1_000;

/// How long things may take; a test has less patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long the old container may finish what it has taken, in seconds.
    pub drain_s: u32,
    /// How long a container has between SIGTERM and SIGKILL, in seconds.
    pub stop_grace_s: u32,
    /// How long a new container may take to prove itself, in seconds.
    pub check_s: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { drain_s: 30, stop_grace_s: 30, check_s: 60 }
    }
}

/// How long a release is watched after its switch, in milliseconds: one that dies within is rolled
/// back by itself.
pub const WATCH_MS: i64 = 60_000;

/// How long a new container must stay up after its port has answered, in milliseconds.
pub const STAYS_UP_MS: u64 = 500;

/// How long a container without a port must stay up, in milliseconds: nothing else speaks for it.
pub const WORKER_STAYS_UP_MS: u64 = 2_000;

/// The plan of a deploy that makes something new.
#[must_use]
pub const fn deploy(is_static: bool) -> &'static [Step] {
    use Step::{Build, Check, Drain, Fetch, Postdeploy, Prove, Prune, Release, Retire, Start, Switch};
    if is_static {
        &[Fetch, Build, Switch, Prove, Prune]
    } else {
        &[Fetch, Build, Release, Start, Check, Switch, Prove, Postdeploy, Drain, Retire, Prune]
    }
}

/// The plan of rolling back to a release that is kept.
#[must_use]
pub const fn roll_back(is_static: bool) -> &'static [Step] {
    use Step::{Check, Drain, Prove, Prune, Retire, Start, Switch};
    if is_static { &[Switch, Prove, Prune] } else { &[Start, Check, Switch, Prove, Drain, Retire, Prune] }
}

impl Step {
    /// The word on the page and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Build => "build",
            Self::Release => "release",
            Self::Start => "start",
            Self::Check => "check",
            Self::Switch => "switch",
            Self::Prove => "prove",
            Self::Postdeploy => "postdeploy",
            Self::Drain => "drain",
            Self::Retire => "retire",
            Self::Prune => "prune",
        }
    }

    /// Reads the store's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        use Step::{Build, Check, Drain, Fetch, Postdeploy, Prove, Prune, Release, Retire, Start, Switch};
        let all = [Fetch, Build, Release, Start, Check, Switch, Prove, Postdeploy, Drain, Retire, Prune];
        all.into_iter().find(|step| step.as_str() == word)
    }

    /// Whether a failure here can no longer undo the deploy.
    #[must_use]
    pub const fn is_past_commit(self) -> bool {
        matches!(self, Self::Prove | Self::Postdeploy | Self::Drain | Self::Retire | Self::Prune)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_has_one_commit_point_and_only_tidying_after_it() {
        for plan in [deploy(true), deploy(false), roll_back(true), roll_back(false)] {
            let switch = plan.iter().position(|step| *step == Step::Switch).expect("a switch");
            assert!(plan[..switch].iter().all(|step| !step.is_past_commit()));
            assert!(plan[switch + 1..].iter().all(|step| step.is_past_commit()));
            assert!(plan.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
        }
    }
}
