//! What one certificate says.

use homeport_model::{certificate::CertificateFacts, name::DomainName, text::clean_line, time::Timestamp};
use x509_parser::{
    certificate::X509Certificate, error::X509Error, extensions::GeneralName, prelude::FromDer, public_key::PublicKey,
    x509::X509Name,
};

use super::Error;

/// What browsers ask of RSA (CA/Browser Forum, baseline requirements, 6.1.5).
const LEAST_RSA_BITS: usize = 2_048;
/// How many of a certificate's names are kept.
const MOST_NAMES: usize = 200;
/// How much of an issuer's name is kept, in characters.
const MOST_ISSUER: usize = 120;

/// A certificate and what was read of it.
pub(super) struct Read<'a> {
    pub(super) der: &'a [u8],
    pub(super) parsed: X509Certificate<'a>,
}

impl<'a> Read<'a> {
    /// Reads one; `None` when it is none.
    pub(super) fn new(der: &'a [u8]) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        rest.is_empty().then_some(Self { der, parsed })
    }

    pub(super) fn facts(&self) -> CertificateFacts {
        CertificateFacts {
            names: self.names(),
            issuer: called(self.parsed.issuer()),
            serial: serial(self.parsed.raw_serial()),
            not_before: at(self.parsed.validity().not_before.timestamp()),
            not_after: at(self.parsed.validity().not_after.timestamp()),
        }
    }

    /// The domain names that it is good for. A common name counts for no browser any more.
    fn names(&self) -> Vec<DomainName> {
        let Ok(Some(found)) = self.parsed.subject_alternative_name() else { return Vec::new() };
        let names = found.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => name.to_ascii_lowercase().parse().ok(),
            _ => None,
        });
        names.take(MOST_NAMES).collect()
    }

    /// What a person calls it: its first name, else its subject's.
    pub(super) fn shown(&self) -> String {
        self.names().first().map_or_else(|| called(self.parsed.subject()), DomainName::to_string)
    }

    /// The whole key, with its kind.
    pub(super) fn public_key(&self) -> &[u8] {
        self.parsed.public_key().raw
    }

    pub(super) fn may_sign(&self) -> bool {
        self.parsed.is_ca()
    }

    pub(super) fn issuer(&self) -> String {
        called(self.parsed.issuer())
    }

    /// Whether it is signed by `other`. A way of signing that is not known here is not held against it.
    pub(super) fn is_signed_by(&self, other: &Self) -> bool {
        let named = self.parsed.issuer().as_raw() == other.parsed.subject().as_raw();
        let signed = || self.parsed.verify_signature(Some(other.parsed.public_key()));
        named && matches!(signed(), Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm))
    }

    pub(super) fn is_self_signed(&self) -> bool {
        self.is_signed_by(self)
    }

    /// Whether its issuer is one whom browsers know.
    pub(super) fn issuer_is_public(&self) -> bool {
        let issuer = self.parsed.issuer().as_raw();
        webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| {
            // The list leaves out the head of the sequence: a tag and one to three bytes of length.
            let subject: &[u8] = root.subject.as_ref();
            issuer.ends_with(subject) && (2..=4).contains(&(issuer.len() - subject.len()))
        })
    }

    /// Refuses what every browser refuses.
    pub(super) fn refuse_weak(&self) -> Result<(), Error> {
        if let Ok(PublicKey::RSA(key)) = self.parsed.public_key().parsed() {
            let bits = key.key_size();
            if bits < LEAST_RSA_BITS {
                return Err(Error::WeakKey { bits, least: LEAST_RSA_BITS });
            }
        }
        // RSA with SHA-1 (two spellings), ECDSA with SHA-1; RSA with MD5.
        let algorithm = match self.parsed.signature_algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.2.840.10045.4.1" => "SHA-1",
            "1.2.840.113549.1.1.4" => "MD5",
            _ => return Ok(()),
        };
        Err(Error::WeakSignature { algorithm })
    }
}

/// A name's most telling part, as one clean line.
fn called(name: &X509Name<'_>) -> String {
    let mut parts = name.iter_common_name().chain(name.iter_organizational_unit()).chain(name.iter_organization());
    let text = parts.find_map(|part| part.as_str().ok().map(clean_line).filter(|text| !text.trim().is_empty()));
    text.map_or_else(|| "nobody named".to_owned(), |text| text.trim().chars().take(MOST_ISSUER).collect())
}

fn serial(raw: &[u8]) -> String {
    let hex: String = raw.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
    let short = hex.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(seconds.saturating_mul(1_000))
}
