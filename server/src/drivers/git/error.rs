//! What can go wrong with a repository, as far as a person can do something about it.

use std::{io, path::PathBuf};

use homeport_model::name::{CommitRef, GitRef};

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
    /// The ssh host is not the one known by this name.
    #[error("the repository's host has another key than before")]
    HostKey,
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
    /// From a fetch that failed, by git's words, which are in English because we ask for that.
    pub(super) fn fetch(error: process::Error, branch: &GitRef) -> Self {
        let stderr = match &error {
            process::Error::TimedOut { limit_s, .. } => return Self::TimedOut { limit_s: *limit_s },
            process::Error::Failed { stderr, .. } => stderr.as_str(),
            _ => return Self::Process(error),
        };
        let says = |words: &[&str]| words.iter().any(|words| stderr.contains(words));
        if says(&["couldn't find remote ref"]) {
            Self::NoSuchRef { name: branch.clone() }
        } else if says(&["Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
            Self::HostKey
        } else if says(&[
            "could not read Username",
            "Authentication failed",
            "Permission denied",
            "error: 401",
            "error: 403",
        ]) {
            Self::SignInWanted
        } else if says(&["not found", "error: 404", "does not appear to be a git repository"]) {
            Self::NotFound
        } else if says(&["Operation too slow", "timed out"]) {
            Self::TimedOut { limit_s: 30 }
        } else if says(&[
            "Could not resolve host",
            "Connection refused",
            "Failed to connect",
            "unable to access",
            "Couldn't connect",
        ]) {
            let line = stderr.lines().rfind(|line| line.starts_with("fatal: ")).unwrap_or(stderr);
            Self::HostAway { words: line.trim_start_matches("fatal: ").to_owned() }
        } else {
            Self::Process(error)
        }
    }
}
