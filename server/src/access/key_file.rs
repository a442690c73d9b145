//! Ed25519 keys in the two shapes that OpenSSH has for them (RFC 8709; openssh-portable,
//! PROTOCOL.key).

use base64::{Engine, engine::general_purpose::STANDARD};
use homeport_model::{access::HostKey, secret::Secret};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};

use crate::{ambient, failure::Failure};

const KIND: &[u8] = b"ssh-ed25519";
/// The container's private part is filled up to a multiple of this.
const BLOCK: usize = 8;
const LINE: usize = 70;

/// A key pair, made of its seed.
pub(super) struct DeployKeyPair {
    seed: Secret<Vec<u8>>,
    public: Vec<u8>,
}

impl DeployKeyPair {
    /// A new one.
    pub(super) fn generate() -> Result<Self, Failure> {
        Self::of(Secret::new(ambient::random_bytes::<32>().to_vec()))
    }

    /// The one of this seed.
    pub(super) fn of(seed: Secret<Vec<u8>>) -> Result<Self, Failure> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .map_err(|_| Failure::internal("a seed of a deploy key has not 32 bytes"))?;
        Ok(Self { public: pair.public_key().as_ref().to_vec(), seed })
    }

    pub(super) fn seed(&self) -> &Secret<Vec<u8>> {
        &self.seed
    }

    /// The line for the Git host. A comment is for people only.
    pub(super) fn public_line(&self, comment: &str) -> String {
        format!("ssh-ed25519 {} {comment}", STANDARD.encode(self.public_blob()))
    }

    /// The private key's file, without a passphrase.
    pub(super) fn private_file(&self) -> Secret<String> {
        let check: [u8; 4] = ambient::random_bytes();
        let mut private = Vec::with_capacity(256);
        private.extend([check, check].concat());
        put(&mut private, KIND);
        put(&mut private, &self.public);
        let both = Secret::new([self.seed.expose().as_slice(), &self.public].concat());
        put(&mut private, both.expose());
        put(&mut private, b"");
        let fill = (BLOCK - private.len() % BLOCK) % BLOCK;
        private.extend((1..=fill).filter_map(|byte| u8::try_from(byte).ok()));
        let private = Secret::new(private);
        let mut all = Vec::with_capacity(512);
        all.extend(b"openssh-key-v1\0");
        put(&mut all, b"none");
        put(&mut all, b"none");
        put(&mut all, b"");
        all.extend(1u32.to_be_bytes());
        put(&mut all, &self.public_blob());
        put(&mut all, private.expose());
        let text = Secret::new(STANDARD.encode(Secret::new(all).expose()));
        let mut file = String::with_capacity(1024);
        file.push_str("-----BEGIN OPENSSH PRIVATE KEY-----\n");
        let mut rest = text.expose().as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(LINE));
            file.push_str(line);
            file.push('\n');
            rest = more;
        }
        file.push_str("-----END OPENSSH PRIVATE KEY-----\n");
        Secret::new(file)
    }

    fn public_blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, KIND);
        put(&mut blob, &self.public);
        blob
    }
}

/// A string of the SSH protocol: its length, then its bytes.
fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    // All of these are short.
    into.extend(u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
    into.extend(bytes);
}

/// `SHA256:…` of a key's base64, as ssh-keygen and Git hosts show it.
pub(super) fn fingerprint(content: &str) -> String {
    let blob = STANDARD.decode(content).unwrap_or_default();
    format!("SHA256:{}", STANDARD.encode(Sha256::digest(blob)).trim_end_matches('='))
}

/// The same of a server's key.
pub(super) fn fingerprint_of(key: &HostKey) -> String {
    fingerprint(key.content())
}

#[cfg(test)]
mod tests {
    use homeport_model::access::well_known;

    use super::*;

    #[test]
    fn the_built_in_keys_have_the_fingerprints_that_their_owners_publish() {
        for (host, print) in [
            ("github.com", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
            ("gitlab.com", "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8"),
            ("bitbucket.org", "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM"),
            ("codeberg.org", "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g"),
        ] {
            let key = well_known(&host.parse().expect("a host")).expect("known");
            assert_eq!(fingerprint_of(&key), print, "{host}");
        }
    }

    #[test]
    fn a_seed_makes_the_same_key_again() {
        let pair = DeployKeyPair::generate().expect("made");
        let again = DeployKeyPair::of(pair.seed().clone()).expect("made");
        assert_eq!(pair.public_line("x"), again.public_line("x"));
        assert_ne!(pair.public_line("x"), DeployKeyPair::generate().expect("made").public_line("x"));
        assert!(DeployKeyPair::of(Secret::new(vec![0; 31])).is_err());
        assert!(pair.private_file().expose().lines().all(|line| line.len() <= LINE));
    }
}
