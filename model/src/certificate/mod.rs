//! A certificate: what is served for a domain. One for each domain name, so that a name's trouble is
//! that name's alone.

use serde::{Deserialize, Serialize};

use crate::{name::DomainName, time::Timestamp};

/// Where a certificate came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateSource {
    /// Ordered from a certificate authority, and renewed by itself.
    Acme,
    /// Brought by a person: bought, or a CDN's origin certificate.
    Uploaded,
    /// Made here, for a start; browsers warn.
    SelfSigned,
}

/// What a certificate's leaf says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// The names it is good for; those that are no domain names are left out.
    pub names: Vec<DomainName>,
    /// Who issued it: the issuer's common name, else its organisation.
    pub issuer: String,
    /// Its serial number: lower-case hexadecimal, without leading zeros or colons.
    pub serial: String,
    /// From when it is good.
    pub not_before: Timestamp,
    /// Until when it is good.
    pub not_after: Timestamp,
}

impl CertificateFacts {
    /// Whether it is good for a name.
    #[must_use]
    pub fn covers(&self, name: &DomainName) -> bool {
        self.names.iter().any(|own| own.covers(name))
    }
}
