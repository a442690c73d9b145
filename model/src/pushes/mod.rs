//! Pushes: what git's clients say to this server, and what becomes of it.
//!
//! The words of the protocol are those of git's `gitprotocol-pack` and `gitprotocol-common`.

mod command;
mod decide;
mod key;
pub mod pkt;
mod target;

pub use command::{Command, Commands, MOST_COMMANDS, NO_OBJECT, Wants};
pub use decide::{Fate, branch_of_a_new_app, decide};
pub use key::{Remotes, SshKeyForm, SshKeyRow, SshKeySpec, SshServer, SshSettings};
pub use target::Target;

use serde::{Deserialize, Serialize};

/// What a git client may run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Service {
    /// Push.
    ReceivePack,
    /// Clone and fetch.
    UploadPack,
}

impl Service {
    /// The program's name, as git's clients say it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReceivePack => "git-receive-pack",
            Self::UploadPack => "git-upload-pack",
        }
    }

    /// The service of a name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::ReceivePack, Self::UploadPack].into_iter().find(|service| service.as_str() == word)
    }

    /// What a client asks an SSH server to run: `git-receive-pack '/shop.git'`. Nothing else is
    /// understood, so nothing else is run.
    #[must_use]
    pub fn from_exec(line: &[u8]) -> Option<(Self, &str)> {
        let line = std::str::from_utf8(line).ok()?;
        let (word, path) = line.split_once(' ')?;
        let path = path.strip_prefix('\'').and_then(|path| path.strip_suffix('\'')).unwrap_or(path);
        Some((Self::from_word(word)?, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ssh_server_understands_two_commands() {
        let read = |line: &'static str| Service::from_exec(line.as_bytes());
        assert_eq!(read("git-receive-pack '/shop.git'"), Some((Service::ReceivePack, "/shop.git")));
        assert_eq!(read("git-upload-pack shop"), Some((Service::UploadPack, "shop")));
        for line in ["", "ls", "sh -c id", "git-upload-archive 'shop'", "git-receive-pack", "git receive-pack 'shop'"] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(Service::from_exec(b"git-receive-pack '\xff'"), None);
    }
}
