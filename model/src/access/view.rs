//! What pages show of an app's access.

use serde::{Deserialize, Serialize};

use super::{GitOrigin, PollRow, SshHost, UserName};
use crate::{
    app::{Origin, Source},
    name::{CommitSha, GitRef},
    problem::Problem,
    time::Timestamp,
};

/// What an app's source calls for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    /// Nothing: it is not fetched from elsewhere.
    Nothing,
    /// A user and a token.
    Https {
        /// Where they are shown.
        origin: GitOrigin,
    },
    /// A deploy key.
    Ssh {
        /// Where it is shown.
        host: SshHost,
    },
}

impl Way {
    /// What a source calls for.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        let Some(Origin::Repo { repo, .. }) = source.files().map(|files| &files.origin) else { return Self::Nothing };
        let https = repo.origin().map(|origin| Self::Https { origin });
        let ssh = || repo.ssh_host().map(|host| Self::Ssh { host });
        https.or_else(ssh).unwrap_or(Self::Nothing)
    }
}

/// An app's access to its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessView {
    /// What the source calls for.
    pub way: Way,
    /// The app's deploy key.
    pub key: Option<KeyRow>,
    /// The app's sign-in over https.
    pub sign_in: Option<SignInRow>,
    /// The key by which the SSH server is known, once it is.
    pub host: Option<HostRow>,
    /// What asking the host for the branch came to last, for an app that wants it.
    pub poll: Option<PollRow>,
}

/// The public half of a deploy key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// `ssh-ed25519 AAAA… comment`, to be given to the Git host.
    pub public: String,
    /// `SHA256:…`, as Git hosts show it.
    pub fingerprint: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A sign-in without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRow {
    /// Where it is shown.
    pub origin: GitOrigin,
    /// The user.
    pub user: UserName,
    /// Since when it is kept.
    pub created_at: Timestamp,
}

/// A known SSH server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRow {
    /// The server.
    pub host: SshHost,
    /// Its key's `SHA256:…`.
    pub fingerprint: String,
    /// Since when it is known; none for one that came with Homeport.
    pub since: Option<Timestamp>,
}

/// What asking the host for the branch came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Tried {
    /// It answers.
    Works {
        /// The branch or tag.
        branch: GitRef,
        /// Where it stands.
        commit: CommitSha,
        /// The server's key, when it was met for the first time.
        met: Option<HostRow>,
    },
    /// The server has another key than the one it is known by; nothing was shown to it.
    OtherKey {
        /// The one it is known by.
        known: HostRow,
        /// The `SHA256:…` of the one it has now.
        offered: String,
    },
    /// It does not work.
    Refused {
        /// Why, and what to do.
        problem: Problem,
    },
}
