//! What can go wrong with a repository, as far as a person can do something about it.

use std::{io, path::PathBuf};

use homeport_model::{
    access::SshHost,
    name::{CommitRef, GitRef},
};

use crate::drivers::process;

/// Why a repository gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host wants to know who asks; many hosts say so for repositories that do not exist, too.
    #[error("the repository does not exist, or its host wants a sign-in")]
    SignInWanted,
    /// There is no repository at the address.
    #[error("there is no repository at this address")]
    NotFound,
    /// The repository has no such branch or tag.
    #[error("the repository has no branch or tag {name}")]
    NoSuchRef {
        /// The name.
        name: GitRef,
    },
    /// The repository has no such commit, or the name is the beginning of several.
    #[error("the repository has no commit {name}, or several that begin so")]
    NoSuchCommit {
        /// Its name.
        name: CommitRef,
    },
    /// The host cannot be reached.
    #[error("the repository's host cannot be reached: {words}")]
    HostAway {
        /// git's words.
        words: String,
    },
    /// The host knows the sign-in not, or no longer.
    #[error("the repository's host refuses this user and token")]
    SignInRefused,
    /// The host wants a key.
    #[error("{host} lets nobody in without a key")]
    KeyWanted {
        /// The host.
        host: SshHost,
    },
    /// The host does not know the key.
    #[error("{host} does not know the app's deploy key")]
    KeyRefused {
        /// The host.
        host: SshHost,
    },
    /// The host knows who asks, and says no.
    #[error("the repository's host knows who asks, and does not let them read this repository")]
    NoRight,
    /// The SSH host is not the one known by this name. Nothing was shown to it.
    #[error("{host} has another key than the one it is known by, so nothing was shown to it")]
    OtherHostKey {
        /// The host.
        host: SshHost,
    },
    /// The host sends on to another address, where nothing is shown.
    #[error("the repository's host sends on to another address")]
    Moved,
    /// The host's certificate is not good.
    #[error("the certificate of the repository's host is not good: {words}")]
    Certificate {
        /// git's words.
        words: String,
    },
    /// The host did not answer in time.
    #[error("the repository's host did not answer within {limit_s} s")]
    TimedOut {
        /// What it was allowed.
        limit_s: u64,
    },
    /// The repository is larger than allowed.
    #[error("the repository is larger than {} MiB", limit_bytes >> 20)]
    TooLarge {
        /// What it was allowed.
        limit_bytes: u64,
    },
    /// What was pushed is not whole, or not as git wants it.
    #[error("git refuses what was pushed: {words}")]
    Pack {
        /// git's words.
        words: String,
    },
    /// The repository has more files than allowed.
    #[error("the repository has more than {limit} files")]
    TooManyFiles {
        /// What it was allowed.
        limit: usize,
    },
    /// Plain http is not allowed, or not to this host.
    #[error("the address is plain http, which is allowed only to this machine and its private network, if at all")]
    PlainHttp,
    /// A file that Homeport reads, or a folder on the way to it, is a symbolic link. Code
    /// `repo_symlink`.
    #[error("{path} is a symbolic link")]
    Symlink {
        /// Its path in the repository.
        path: String,
    },
    /// A symbolic link leads out of the folder that is published. Code `repo_symlink`.
    #[error("{path} is a symbolic link to {target}, which is not in the published folder")]
    SymlinkOut {
        /// Its path in the repository.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// The repository has no such file.
    #[error("the repository has no file {path}")]
    NoSuchFile {
        /// The path.
        path: String,
    },
    /// The repository has no such folder, or nothing is in it.
    #[error("the repository has no files in {path}")]
    NoSuchFolder {
        /// The path.
        path: String,
    },
    /// A submodule cannot be fetched from where it says.
    #[error("the submodule {path} cannot be fetched: {why}")]
    Submodule {
        /// Its path.
        path: String,
        /// Why, as a sentence.
        why: &'static str,
    },
    /// There are more submodules than allowed, or they lie too deep in one another.
    #[error("the repository has more than {most} submodules, or they lie more than {deep} deep in one another")]
    TooManySubmodules {
        /// What it was allowed.
        most: usize,
        /// How deep they may lie.
        deep: usize,
    },
    /// A name in the repository could not be a file's.
    #[error("the repository has a file with an impossible name: {path}")]
    BadName {
        /// The name, made printable.
        path: String,
    },
    /// Other users cannot pass this folder, and git runs as one.
    #[error("git's user cannot pass {}: choose a state folder that everybody may pass", folder.display())]
    Unreachable {
        /// The folder.
        folder: PathBuf,
    },
    /// git failed otherwise.
    #[error("git failed")]
    Process(#[source] process::Error),
    /// Files could not be read or written.
    #[error("the repository's files could not be read or written")]
    Files(#[source] io::Error),
    /// git said something that is not understood.
    #[error("git's answer is not understood: {0}")]
    Answer(&'static str),
}

impl Error {
    /// From a question to a host that failed, by git's words, which are in English because we ask
    /// for that.
    pub(super) fn fetch(error: process::Error, branch: &GitRef, shown: Shown) -> Self {
        let stderr = match &error {
            process::Error::TimedOut { limit_s, .. } => return Self::TimedOut { limit_s: *limit_s },
            process::Error::Failed { stderr, .. } => stderr.as_str(),
            _ => return Self::Process(error),
        };
        let says = |words: &[&str]| words.iter().any(|words| stderr.contains(words));
        if says(&["couldn't find remote ref"]) {
            return Self::NoSuchRef { name: branch.clone() };
        }
        let Shown { host, anything } = shown;
        match host {
            Some(host) if says(&["Host key verification failed", "IDENTIFICATION HAS CHANGED"]) => {
                Self::OtherHostKey { host }
            }
            Some(host)
                if says(&["Permission denied (", "Too many authentication failures", "Authentication failed"]) =>
            {
                if anything {
                    Self::KeyRefused { host }
                } else {
                    Self::KeyWanted { host }
                }
            }
            None if says(&[
                "could not read Username",
                "could not read Password",
                "Authentication failed",
                "error: 401",
            ]) =>
            {
                if anything {
                    Self::SignInRefused
                } else {
                    Self::SignInWanted
                }
            }
            _ if says(&["error: 403", "Permission denied", "access denied", "Access denied", "DENIED"]) => {
                Self::NoRight
            }
            _ if says(&[
                "SSL certificate problem",
                "certificate verification failed",
                "SSL: no alternative certificate",
            ]) =>
            {
                Self::Certificate { words: last_line(stderr) }
            }
            _ if says(&["fsck error"]) => Self::Pack { words: fault(stderr) },
            _ if says(&["returned error: 30", "HTTP 30"]) => Self::Moved,
            _ if says(NOT_THERE) => Self::NotFound,
            _ if says(&["Operation too slow", "timed out"]) => Self::TimedOut { limit_s: 30 },
            _ if says(AWAY) => Self::HostAway { words: last_line(stderr) },
            _ => Self::Process(error),
        }
    }
}

const NOT_THERE: &[&str] = &[
    "not found",
    "error: 404",
    "could not be found",
    "does not appear to be a git repository",
    "does not exist",
    "no such repository",
];
const AWAY: &[&str] = &[
    "Could not resolve host",
    "Connection refused",
    "Failed to connect",
    "unable to access",
    "Couldn't connect",
    "No route to host",
    "Network is unreachable",
    "Connection closed",
    "Connection reset",
    "kex_exchange_identification",
];

/// The line that says most: ssh's own, else git's last one.
fn last_line(stderr: &str) -> String {
    let line = stderr.lines().find(|line| line.starts_with("ssh: ") || line.starts_with("kex_exchange"));
    let line = line.or_else(|| stderr.lines().rfind(|line| line.starts_with("fatal: "))).unwrap_or(stderr);
    line.trim_start_matches("fatal: ").trim_end().to_owned()
}

/// What git's check of objects found.
fn fault(stderr: &str) -> String {
    let line = stderr.lines().find(|line| line.contains("error: object ")).unwrap_or(stderr);
    let words = line.rsplit_once("error: ").map_or(line, |(_, words)| words);
    homeport_model::text::clean_line(words).chars().take(200).collect()
}

/// What was shown to a host before it refused.
pub(super) struct Shown {
    /// The SSH server; none over https.
    pub(super) host: Option<SshHost>,
    /// Whether a token or a key was shown.
    pub(super) anything: bool,
}
