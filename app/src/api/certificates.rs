//! Certificates.

use homeport_model::{
    certificate::{
        CertificateRow, DomainView,
        settings::{AcmeForm, AcmeView, PlanForm, PlanRow, Trial},
    },
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

/// Uses a certificate no more.
#[server(prefix = "/api/ui", endpoint = "certificates/stop-using")]
pub async fn stop_using_certificate(domain: DomainName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.stop_using(&actor, &domain).await)
}

/// Where certificates are ordered, what is planned for each name, and what was tried.
#[server(prefix = "/api/ui", endpoint = "certificates/acme", input = GetUrl)]
pub async fn read_acme() -> Result<AcmeView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.acme(&actor).await)
}

/// Sets where to order, agreeing to the authority's terms.
#[server(prefix = "/api/ui", endpoint = "certificates/set-acme")]
pub async fn set_acme(form: AcmeForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.set_acme(&actor, form).await)
}

/// What is planned for one name.
#[server(prefix = "/api/ui", endpoint = "certificates/plan", input = GetUrl)]
pub async fn read_plan(domain: DomainName) -> Result<PlanRow, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.plan(&actor, &domain).await)
}

/// Sets who sees to a name's certificate, and how.
#[server(prefix = "/api/ui", endpoint = "certificates/set-plan")]
pub async fn set_plan(domain: DomainName, form: PlanForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.set_plan(&actor, &domain, form).await)
}

/// Orders a new certificate now.
#[server(prefix = "/api/ui", endpoint = "certificates/issue-now")]
pub async fn issue_now(domain: DomainName) -> Result<DomainName, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.issue_now(&actor, &domain).await)?;
    Ok(domain)
}

/// Has the certificate in use revoked.
#[server(prefix = "/api/ui", endpoint = "certificates/revoke")]
pub async fn revoke_certificate(domain: DomainName, reason: String) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.revoke(&actor, &domain, &reason).await)
}

/// Orders from the staging directory, and tells how it went.
#[server(prefix = "/api/ui", endpoint = "certificates/try-staging")]
pub async fn try_staging(domain: DomainName) -> Result<Trial, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.certificates.try_staging(&actor, &domain).await)
}
