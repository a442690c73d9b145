//! SSH keys of people, and where to push to, as pages show them.

use serde::{Deserialize, Serialize};

use crate::{id::SshKeyId, name::Label, problem::Problem, time::Timestamp};

/// The longest public key that is read, in bytes.
const MOST_KEY_BYTES: usize = 4_096;

/// What a person types about a key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SshKeyForm {
    /// What it is called.
    pub name: String,
    /// The line of the `.pub` file.
    pub key: String,
}

/// A form that reads; the key's own content is read by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshKeySpec {
    /// What it is called.
    pub name: Label,
    /// One line: the algorithm, the key, maybe a comment.
    pub line: String,
}

impl SshKeyForm {
    /// Reads the form.
    ///
    /// # Errors
    /// The first field that is not acceptable.
    pub fn parse(&self) -> Result<SshKeySpec, Problem> {
        let name = Label::try_from(self.name.trim().to_owned());
        let name = name.map_err(|refused| Problem::invalid("key_name", refused.to_string()))?;
        let refuse = |title: &str, hint: &str| Err(Problem::invalid("key", title).hint(hint));
        let line = self.key.trim();
        if line.contains("PRIVATE KEY") {
            return refuse(
                "That is the private half; keep it to yourself.",
                "The public half is in the file that ends in .pub.",
            );
        }
        if line.is_empty() || line.len() > MOST_KEY_BYTES || line.chars().any(char::is_control) {
            return refuse(
                "Paste the one line of a public key.",
                "It is in ~/.ssh/id_ed25519.pub and begins with ssh-ed25519.",
            );
        }
        if !line.starts_with("ssh-ed25519 ") && !line.starts_with("ecdsa-sha2-nistp") {
            return refuse("Only Ed25519 and ECDSA keys are taken.", "Make one with: ssh-keygen -t ed25519");
        }
        Ok(SshKeySpec { name, line: line.to_owned() })
    }
}

/// A key in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshKeyRow {
    /// Its id.
    pub id: SshKeyId,
    /// What it is called.
    pub name: String,
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_address: Option<String>,
}

/// What Settings shows of pushing over SSH.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SshSettings {
    /// The person's keys, newest first.
    pub keys: Vec<SshKeyRow>,
    /// This server's SSH server.
    pub server: SshServer,
}

/// How it stands with this server's SSH server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SshServer {
    /// It is not wanted.
    #[default]
    Off,
    /// It listens.
    Listens {
        /// `ssh://git@panel.example.com:2222`
        address: String,
        /// Its own key's, as a client shows it at the first contact: `SHA256:…`.
        fingerprint: String,
    },
    /// It does not listen.
    Fails {
        /// A sentence.
        why: String,
    },
}

impl SshServer {
    /// `ssh://git@panel.example.com:2222`, while it listens.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Listens { address, .. } => Some(address),
            Self::Off | Self::Fails { .. } => None,
        }
    }
}

/// Where an app is pushed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remotes {
    /// `https://panel.example.com/git/shop`
    pub https: String,
    /// `ssh://git@panel.example.com:2222/shop`, while the SSH server listens.
    pub ssh: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_reads_or_names_its_field() {
        let form = |name: &str, key: &str| SshKeyForm { name: name.into(), key: key.into() }.parse();
        let spec = form(" Laptop ", " ssh-ed25519 AAAA ada@laptop\n").expect("reads");
        assert_eq!((spec.name.as_str(), spec.line.as_str()), ("Laptop", "ssh-ed25519 AAAA ada@laptop"));
        let field = |name: &str, key: &str| form(name, key).expect_err("refused").field;
        assert_eq!(field("", "ssh-ed25519 AAAA").as_deref(), Some("key_name"));
        for key in [
            "",
            "x",
            "ssh-rsa AAAA",
            "ssh-ed25519 AAAA\nssh-ed25519 BBBB",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "command=\"id\" ssh-ed25519 AAAA",
            &format!("ssh-ed25519 {}", "A".repeat(5_000)),
        ] {
            assert_eq!(field("Laptop", key).as_deref(), Some("key"), "{key}");
        }
    }
}
