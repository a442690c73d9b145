//! Seals secrets before they reach the store: XChaCha20-Poly1305 under the key file of the state
//! folder, which is never inside the database.
//!
//! The context ("app/<id>/env/<key>") is authenticated with the value, so that a sealed value moved
//! to another row does not open there.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use homeport_model::secret::Secret;

use crate::ambient;

/// First byte of everything sealed, so that the scheme can change.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// A value that this key does not open in this context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret does not open with this key file")]
pub struct Unsealable;

/// Seals and opens.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    /// A sealer with the 32 bytes of the key file.
    #[must_use]
    pub fn new(key: &Secret<[u8; 32]>) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.expose().into()) }
    }

    /// Seals `plain` for `context`: version, nonce, ciphertext with its tag.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = ambient::random_bytes();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&nonce);
        // Encryption fails only above 256 GiB, which no caller reaches; sealing nothing would lose
        // the value, so such a caller stops here.
        #[expect(clippy::expect_used, reason = "only a value above 256 GiB gets here")]
        let ciphertext = self.cipher.encrypt(XNonce::from_slice(&nonce), payload).expect("a value below 256 GiB");
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Opens what was sealed for `context`.
    ///
    /// # Errors
    /// [`Unsealable`] for another key, another context, or changed bytes.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Secret<Vec<u8>>, Unsealable> {
        let (&version, rest) = sealed.split_first().ok_or(Unsealable)?;
        if version != VERSION || rest.len() < NONCE_BYTES {
            return Err(Unsealable);
        }
        let (nonce, ciphertext) = rest.split_at(NONCE_BYTES);
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        self.cipher.decrypt(XNonce::from_slice(nonce), payload).map(Secret::new).map_err(|_| Unsealable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&Secret::new([byte; 32]))
    }

    #[test]
    fn opens_only_with_its_key_and_context() {
        let sealed = sealer(1).seal(b"value", "app/a/env/KEY");
        assert_eq!(sealer(1).open(&sealed, "app/a/env/KEY").expect("opens").expose(), b"value");
        assert!(sealer(2).open(&sealed, "app/a/env/KEY").is_err());
        assert!(sealer(1).open(&sealed, "app/b/env/KEY").is_err());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let sealed = sealer(1).seal(b"value", "c");
        for position in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[position / 8] ^= 1 << (position % 8);
            assert!(sealer(1).open(&changed, "c").is_err(), "bit {position}");
        }
        assert!(sealer(1).open(&[], "c").is_err());
    }
}
