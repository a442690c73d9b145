//! Certificates that are made here: their own issuers, for a start.

use homeport_model::{certificate::own::SELF_SIGNED_MS, name::DomainName, secret::Secret, time::Timestamp};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use x509_parser::time::ASN1Time;

use super::{Error, Pair, read_pair};

/// Clocks of visitors may be late.
const EARLIER_MS: i64 = -3_600_000;

/// A certificate for `domain` that is its own issuer, with a new key on P-256, good for a year.
///
/// # Errors
/// [`Error::NotMade`].
pub fn self_signed(domain: &DomainName, now: Timestamp) -> Result<Pair, Error> {
    let not_made = |error: rcgen::Error| Error::NotMade(error.to_string());
    let mut params = CertificateParams::new(vec![domain.to_string()]).map_err(not_made)?;
    params.distinguished_name.remove(DnType::CommonName);
    // A common name has at most 64 characters (RFC 5280, appendix A); browsers read the others only.
    if domain.as_str().len() <= 64 {
        params.distinguished_name.push(DnType::CommonName, domain.as_str());
    } else {
        params.distinguished_name.push(DnType::OrganizationName, "Homeport");
    }
    params.not_before = moment(now.plus_ms(EARLIER_MS))?.to_datetime();
    params.not_after = moment(now.plus_ms(SELF_SIGNED_MS))?.to_datetime();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().map_err(not_made)?;
    let certificate = params.self_signed(&key).map_err(not_made)?;
    let key = Secret::new(key.serialize_pem());
    read_pair(&certificate.pem(), key.expose())
}

fn moment(at: Timestamp) -> Result<ASN1Time, Error> {
    ASN1Time::from_timestamp(at.ms().div_euclid(1_000)).map_err(|error| Error::NotMade(error.to_string()))
}
