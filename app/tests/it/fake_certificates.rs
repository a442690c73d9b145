//! The fake's certificates.

use async_trait::async_trait;
use homeport_app::backend::{Answer, Certificates};
use homeport_model::{
    certificate::{CertificateFacts, CertificateRow, CertificateSource},
    prelude::Actor,
    time::Timestamp,
};

use super::{DAY, Fake, NOW, parsed};

#[async_trait]
impl Certificates for Fake {
    async fn list(&self, _: &Actor) -> Answer<Vec<CertificateRow>> {
        let facts = CertificateFacts {
            names: vec![parsed("shop.example.com")],
            issuer: "R11".into(),
            serial: "4f2a".into(),
            not_before: Timestamp::from_ms(NOW.ms() - 30 * DAY),
            not_after: Timestamp::from_ms(NOW.ms() + 60 * DAY),
        };
        let source = CertificateSource::Acme;
        let row = CertificateRow { domain: parsed("shop.example.com"), source, facts, since: NOW };
        Ok(if self.empty { Vec::new() } else { vec![row] })
    }
}
