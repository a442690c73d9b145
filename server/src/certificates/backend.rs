//! What the pages ask of certificates.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{certificate::CertificateRow, prelude::Actor};

use super::Certificates;

#[async_trait]
impl backend::Certificates for Certificates {
    async fn list(&self, actor: &Actor) -> Answer<Vec<CertificateRow>> {
        Ok(Certificates::list(self, actor).await?)
    }
}
