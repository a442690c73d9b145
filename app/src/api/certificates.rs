//! Certificates.

use homeport_model::{
    certificate::{CertificateRow, DomainView},
    name::DomainName,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Those in use, by domain.
#[server(prefix = "/api/ui", endpoint = "certificates/list", input = GetUrl)]
pub async fn list_certificates() -> Result<Vec<CertificateRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.list(&actor).await)
}

/// One domain with all that is known of it.
#[server(prefix = "/api/ui", endpoint = "certificates/domain", input = GetUrl)]
pub async fn find_domain(domain: DomainName) -> Result<DomainView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.domain(&actor, &domain).await)
}

/// Looks at what is served for a domain now.
#[server(prefix = "/api/ui", endpoint = "certificates/look")]
pub async fn look_at_domain(domain: DomainName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.look(&actor, &domain).await)
}

/// Serves a certificate that a person brings.
#[server(prefix = "/api/ui", endpoint = "certificates/keep-own")]
pub async fn keep_own_certificate(domain: DomainName, certificate: String, key: String) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    let key = homeport_model::secret::Secret::new(key);
    with_status(backend.certificates.keep_own(&actor, &domain, certificate, key).await)
}

/// Makes a certificate that is its own issuer.
#[server(prefix = "/api/ui", endpoint = "certificates/self-sign")]
pub async fn self_sign(domain: DomainName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.self_sign(&actor, &domain).await)
}
