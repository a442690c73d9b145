//! Certificates.

use homeport_model::certificate::CertificateRow;
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
