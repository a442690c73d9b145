//! A certificate authority of the test's own.

use homeport_model::prelude::Timestamp;
use homeport_server::ambient::Clock;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use x509_parser::time::ASN1Time;

/// An authority: a root, or one below another.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub pem: String,
}

/// What it issued.
#[derive(Clone)]
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

/// So many days from now.
fn moment(days: i64) -> ASN1Time {
    let now: Timestamp = Clock::default().now();
    ASN1Time::from_timestamp(now.ms() / 1_000 + days * 86_400).expect("a moment")
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

impl Authority {
    /// A root.
    pub fn root(name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().expect("a key"));
        let pem = params.self_signed(&key).expect("signed").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// One whose name has no common name, as Cloudflare's for origins.
    pub fn cloudflare_origin() -> Self {
        let mut params = authority("");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "CloudFlare, Inc.");
        params.distinguished_name.push(DnType::OrganizationalUnitName, "CloudFlare Origin SSL Certificate Authority");
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signed").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// One below this.
    pub fn below(&self, name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().expect("a key"));
        let pem = params.signed_by(&key, &self.issuer).expect("signed").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for names, good from and until so many days from now.
    pub fn issue_for(&self, names: &[&str], from: i64, until: i64) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = moment(from).to_datetime();
        params.not_after = moment(until).to_datetime();
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed").pem();
        Issued { certificate, key: key.serialize_pem() }
    }

    /// A good one.
    pub fn issue(&self, name: &str) -> Issued {
        self.issue_for(&[name], -1, 90)
    }
}
