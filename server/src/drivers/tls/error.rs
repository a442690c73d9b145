//! What is wrong with a certificate or a key, in words.

/// Why a certificate and its key are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More text than any certificate and its chain have.
    #[error("that is more than {} KiB, which no certificate needs", limit_bytes >> 10)]
    TooLarge {
        /// What is taken.
        limit_bytes: usize,
    },
    /// More blocks than any chain has.
    #[error("that has more than {limit} certificates and keys")]
    TooMany {
        /// What is taken.
        limit: usize,
    },
    /// A block begins and does not end.
    #[error("the block {label} has no end; a part of it was not copied")]
    Cut {
        /// What it calls itself.
        label: String,
    },
    /// A block is not base64.
    #[error("the block {label} is damaged")]
    NotBase64 {
        /// What it calls itself.
        label: String,
    },
    /// No certificate is there.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// It is what one sends to an authority.
    #[error("that is a request for a certificate, not a certificate")]
    Request,
    /// It is a container of certificates in another format.
    #[error("that is a PKCS#7 file")]
    Pkcs7,
    /// A block says CERTIFICATE and is none.
    #[error("certificate {number} in it does not read")]
    BadCertificate {
        /// Which one, from 1.
        number: usize,
    },
    /// No key is there.
    #[error("there is no private key in it")]
    NoKey,
    /// The key has a passphrase.
    #[error("the private key is encrypted with a passphrase")]
    EncryptedKey,
    /// It is a key for SSH.
    #[error("that is a key for SSH, not a certificate's")]
    SshKey,
    /// The key does not read, or is of a kind that is not served.
    #[error("the private key does not read, or is of a kind that is not served")]
    BadKey,
    /// The key is another certificate's.
    #[error("the private key does not belong to the certificate for {subject}")]
    KeyIsOthers {
        /// A name of the certificate.
        subject: String,
    },
    /// The key is too short.
    #[error("the certificate has an RSA key of {bits} bits; browsers refuse less than {least}")]
    WeakKey {
        /// How long it is.
        bits: usize,
        /// What is taken.
        least: usize,
    },
    /// The certificate is signed in a way that is broken.
    #[error("the certificate is signed with {algorithm}, which browsers refuse")]
    WeakSignature {
        /// SHA-1 or MD5.
        algorithm: &'static str,
    },
    /// A certificate could not be made.
    #[error("the certificate could not be made: {0}")]
    NotMade(String),
}

/// The form's field for certificates.
pub const CERTIFICATE_FIELD: &str = "certificate";
/// The form's field for the key.
pub const KEY_FIELD: &str = "key";

impl Error {
    /// Which of the form's fields it is about.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::NoKey | Self::EncryptedKey | Self::SshKey | Self::BadKey | Self::KeyIsOthers { .. } => KEY_FIELD,
            _ => CERTIFICATE_FIELD,
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::TooMany { .. } => {
                "Give the certificate, those between it and the root, and its key; nothing else."
            }
            Self::Cut { .. } | Self::NotBase64 { .. } | Self::BadCertificate { .. } => {
                "Copy the whole file again, from -----BEGIN to -----END."
            }
            Self::NoCertificate => "Paste the file that the authority sent; it has a line -----BEGIN CERTIFICATE-----.",
            Self::Request => "Send it to the authority, and bring what it sends back.",
            Self::Pkcs7 => "Ask the authority for PEM files, or run: openssl pkcs7 -print_certs -in FILE.",
            Self::NoKey => "Paste the key that the certificate was requested with; it has a line with PRIVATE KEY.",
            Self::EncryptedKey => "Take the passphrase off first: openssl pkey -in KEY -out plain.pem.",
            Self::SshKey => "Bring the key that the certificate was requested with.",
            Self::BadKey => "RSA from 2048 to 4096 bits, ECDSA on P-256 or P-384, and Ed25519 are served.",
            Self::KeyIsOthers { .. } => "Bring the key that this certificate was requested with.",
            Self::WeakKey { .. } | Self::WeakSignature { .. } => "Ask the authority for a new one with a new key.",
            Self::NotMade(_) => "Try again.",
        }
    }
}
