//! Whom browsers believe: the roots of the web's public key infrastructure, as Mozilla keeps them.

use std::{sync::LazyLock, time::Duration};

use homeport_model::time::Timestamp;
use rustls::{
    RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::ring,
    pki_types::{CertificateDer, UnixTime},
    server::ParsedCertificate,
};

static ROOTS: LazyLock<RootCertStore> =
    LazyLock::new(|| RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });

/// Whether a chain, its leaf first, leads to a root that browsers know, and is good at `now`.
pub(super) fn is_trusted(chain: &[CertificateDer<'_>], now: Timestamp) -> bool {
    let Some((leaf, above)) = chain.split_first() else { return false };
    let Ok(leaf) = ParsedCertificate::try_from(leaf) else { return false };
    let now = UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(now.ms()).unwrap_or(0)));
    let algorithms = ring::default_provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&leaf, &ROOTS, above, now, algorithms).is_ok()
}
