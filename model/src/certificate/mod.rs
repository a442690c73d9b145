//! A certificate: what is served for a domain. One for each domain name, so that a name's trouble is
//! that name's alone.

pub mod alert;
pub mod expected;
pub mod ledger;
pub mod own;
pub mod plan;
pub mod refusal;
pub mod renewal;
pub mod retire;
pub mod served;
pub mod settings;
pub mod stop;
mod view;

pub use alert::{Alert, AlertKind, Ending, Outlook};
pub use served::Served;
pub use view::{DomainView, Earlier, LeadsTo, Look};

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
    /// Who issued it: the issuer's common name, else its unit's, else its organisation's.
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

/// A certificate in use, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRow {
    /// The domain that it is for.
    pub domain: DomainName,
    /// Where it came from.
    pub source: CertificateSource,
    /// What it says.
    pub facts: CertificateFacts,
    /// Since when it is in use.
    pub since: Timestamp,
}

crate::name::parsed!(
    /// What a certificate authority asks for below [`CHALLENGE_PATH`](crate::domain::vhost::CHALLENGE_PATH):
    /// base64url, as RFC 8555 (section 8.3) spells it. It becomes a file's name.
    ChallengeToken,
    |text| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if (1..=128).contains(&text.len()) && text.bytes().all(plain) {
            Ok(())
        } else {
            Err("That is not a token of a certificate authority.")
        }
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_plain_file_name() {
        assert!("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA".parse::<ChallengeToken>().is_ok());
        for text in ["", ".", "..", "a/b", "../x", "a b", "a\n", "é", "a.txt", &"a".repeat(129)] {
            assert!(text.parse::<ChallengeToken>().is_err(), "{text}");
        }
    }
}
