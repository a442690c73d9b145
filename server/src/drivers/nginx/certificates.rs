//! The files that certificates need: a folder for each pair of chain and key, which never changes once
//! a generation names it, and the answers to a certificate authority's questions.

use std::{io, sync::PoisonError};

use homeport_model::{
    certificate::ChallengeToken,
    domain::vhost::{CHALLENGE_PATH, CHALLENGES, CertificatePair},
    id::CertificateId,
    secret::Secret,
};

use super::{Error, Nginx};
use crate::drivers::system::fsroot::{FileMark, FsRoot};

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

/// What the files of a pair looked like when they were as given: the chain's, then the key's.
pub(super) type Laid = (FileMark, FileMark);

impl Nginx {
    /// Where a pair lies.
    pub fn pair(&self, id: &CertificateId) -> Result<CertificatePair, Error> {
        let path = |name: &str| format!("{}/{}/{name}", self.prefix, folder(id)).parse().map_err(Error::Path);
        Ok(CertificatePair { certificate: path(CHAIN)?, key: path(KEY)? })
    }

    /// Whether a pair's files are as [`ensure_pair`](Self::ensure_pair) saw them last. They are not opened.
    #[must_use]
    pub fn has_pair(&self, id: &CertificateId) -> bool {
        let laid = self.laid.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied();
        laid.is_some() && laid == self.look_at_pair(id)
    }

    /// Sees to it that a pair's files are there and as given.
    pub fn ensure_pair(&self, id: &CertificateId, chain: &str, key: &Secret<Vec<u8>>) -> Result<(), Error> {
        let folder = folder(id);
        let is_as_given = |name: &str, bytes: &[u8]| {
            let found = self.root.read(format!("{folder}/{name}"), MOST_BYTES).map(Secret::new);
            found.is_ok_and(|found| found.expose() == bytes)
        };
        // Looked at first: a change while they are read shows the next time.
        let mut laid = self.look_at_pair(id);
        if !(is_as_given(CHAIN, chain.as_bytes()) && is_as_given(KEY, key.expose())) {
            let write = || {
                self.root.create_folder(&folder, 0o700)?;
                self.root.write(format!("{folder}/{KEY}"), key.expose(), 0o600)?;
                self.root.write(format!("{folder}/{CHAIN}"), chain.as_bytes(), 0o600)?;
                self.root.sync_folder(&folder)?;
                self.root.sync_folder(PAIRS)
            };
            write().map_err(Error::Files)?;
            laid = self.look_at_pair(id);
        }
        let mut known = self.laid.lock().unwrap_or_else(PoisonError::into_inner);
        match laid {
            Some(laid) => known.insert(id.clone(), laid),
            None => known.remove(id),
        };
        Ok(())
    }

    fn look_at_pair(&self, id: &CertificateId) -> Option<Laid> {
        let mark = |name: &str| self.root.mark(format!("{}/{name}", folder(id))).ok().flatten();
        mark(CHAIN).zip(mark(KEY))
    }

    /// Removes the pairs that are not among `kept`.
    pub fn prune_pairs(&self, kept: &[CertificateId]) -> Result<(), Error> {
        let names = self.root.names(PAIRS).map_err(Error::Files)?;
        let is_kept = |name: &str| kept.iter().any(|id| id.as_str() == name);
        let old = names.iter().filter(|name| !is_kept(name));
        self.laid.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| kept.contains(id));
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

fn folder(id: &CertificateId) -> String {
    format!("{PAIRS}/{id}")
}

fn challenge(token: &ChallengeToken) -> String {
    format!("{CHALLENGES}{CHALLENGE_PATH}{token}")
}
