//! The files that certificates need: a folder for each pair of chain and key, which never changes once
//! a generation names it, and the answers to a certificate authority's questions.

use std::io;

use homeport_model::{
    certificate::ChallengeToken,
    domain::vhost::{CHALLENGE_PATH, CHALLENGES, CertificatePair},
    id::CertificateId,
    secret::Secret,
};

use super::{Error, Nginx};
use crate::drivers::system::fsroot::FsRoot;

/// The folder of all pairs, below the prefix. Only the master opens it, as root.
pub(super) const PAIRS: &str = "certificates";
const CHAIN: &str = "chain.pem";
const KEY: &str = "key.pem";
/// More than any chain has.
const MOST_BYTES: u64 = 1 << 20;

/// Makes the folders.
pub(super) fn prepare(root: &FsRoot) -> io::Result<()> {
    root.create_folder(PAIRS, 0o700)?;
    // The workers pass these and read the files in the last.
    root.create_folder(format!("{CHALLENGES}{}", CHALLENGE_PATH.trim_end_matches('/')), 0o711)
}

impl Nginx {
    /// Sees to it that a pair's files are there and as given; says where.
    pub fn ensure_pair(
        &self,
        id: &CertificateId,
        chain: &str,
        key: &Secret<Vec<u8>>,
    ) -> Result<CertificatePair, Error> {
        let folder = format!("{PAIRS}/{id}");
        let path = |name: &str| format!("{}/{folder}/{name}", self.prefix).parse().map_err(Error::Path);
        let is_as_given = |name: &str, bytes: &[u8]| {
            self.root.read(format!("{folder}/{name}"), MOST_BYTES).is_ok_and(|found| found == bytes)
        };
        if !(is_as_given(CHAIN, chain.as_bytes()) && is_as_given(KEY, key.expose())) {
            let write = || {
                self.root.create_folder(&folder, 0o700)?;
                self.root.write(format!("{folder}/{KEY}"), key.expose(), 0o600)?;
                self.root.write(format!("{folder}/{CHAIN}"), chain.as_bytes(), 0o600)?;
                self.root.sync_folder(&folder)?;
                self.root.sync_folder(PAIRS)
            };
            write().map_err(Error::Files)?;
        }
        Ok(CertificatePair { certificate: path(CHAIN)?, key: path(KEY)? })
    }

    /// Removes the pairs that are not among `kept`.
    pub fn prune_pairs(&self, kept: &[CertificateId]) -> Result<(), Error> {
        let names = self.root.names(PAIRS).map_err(Error::Files)?;
        let is_kept = |name: &str| kept.iter().any(|id| id.as_str() == name);
        let old = names.iter().filter(|name| !is_kept(name));
        old.into_iter().try_for_each(|name| self.root.remove_tree(format!("{PAIRS}/{name}")).map_err(Error::Files))
    }

    /// Has every name answer `token` with `text` when a certificate authority asks by http.
    pub fn answer_challenge(&self, token: &ChallengeToken, text: &str) -> Result<(), Error> {
        self.root.write(challenge(token), text.as_bytes(), 0o644).map_err(Error::Files)
    }

    /// Answers nothing any more.
    pub fn forget_challenges(&self) -> Result<(), Error> {
        let folder = format!("{CHALLENGES}{CHALLENGE_PATH}");
        let names = self.root.names(folder.trim_end_matches('/')).map_err(Error::Files)?;
        names.iter().try_for_each(|name| self.root.remove_file(format!("{folder}{name}")).map_err(Error::Files))
    }

    /// Answers `token` no more.
    pub fn forget_challenge(&self, token: &ChallengeToken) -> Result<(), Error> {
        self.root.remove_file(challenge(token)).map_err(Error::Files)
    }
}

fn challenge(token: &ChallengeToken) -> String {
    format!("{CHALLENGES}{CHALLENGE_PATH}{token}")
}
