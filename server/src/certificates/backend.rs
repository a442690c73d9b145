//! What the pages ask of certificates.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    certificate::{
        CertificateRow, DomainView, Outlook,
        settings::{AcmeForm, AcmeView, PlanForm, PlanRow, Trial},
    },
    name::DomainName,
    prelude::Actor,
    secret::Secret,
};

use super::Certificates;

#[async_trait]
impl backend::Certificates for Certificates {
    async fn list(&self, actor: &Actor) -> Answer<Vec<CertificateRow>> {
        Ok(Certificates::list(self, actor).await?)
    }

    async fn acme(&self, actor: &Actor) -> Answer<AcmeView> {
        Ok(self.acme_view(actor).await?)
    }

    async fn set_acme(&self, actor: &Actor, form: AcmeForm) -> Answer<()> {
        Ok(Certificates::set_acme(self, actor, &form).await?)
    }

    async fn plan(&self, actor: &Actor, domain: &DomainName) -> Answer<PlanRow> {
        Ok(self.plan_row(actor, domain).await?)
    }

    async fn set_plan(&self, actor: &Actor, domain: &DomainName, form: PlanForm) -> Answer<()> {
        Ok(Certificates::set_plan(self, actor, domain, &form).await?)
    }

    async fn issue_now(&self, actor: &Actor, domain: &DomainName) -> Answer<()> {
        Ok(Certificates::issue_now(self, actor, domain).await?)
    }

    async fn revoke(&self, actor: &Actor, domain: &DomainName, reason: &str) -> Answer<()> {
        Ok(Certificates::revoke(self, actor, domain, reason).await?)
    }

    async fn try_staging(&self, actor: &Actor, domain: &DomainName) -> Answer<Trial> {
        Ok(Certificates::try_staging(self, actor, domain).await?)
    }

    async fn outlook(&self, actor: &Actor) -> Answer<Outlook> {
        Ok(Certificates::outlook(self, actor)?)
    }

    async fn domain(&self, actor: &Actor, domain: &DomainName) -> Answer<DomainView> {
        Ok(Certificates::domain(self, actor, domain).await?)
    }

    async fn look(&self, actor: &Actor, domain: &DomainName) -> Answer<()> {
        Ok(Certificates::look(self, actor, domain).await?)
    }

    async fn keep_own(&self, actor: &Actor, domain: &DomainName, chain: String, key: Secret<String>) -> Answer<()> {
        Ok(Certificates::keep_own(self, actor, domain, &chain, &key).await?)
    }

    async fn stop_using(&self, actor: &Actor, domain: &DomainName) -> Answer<()> {
        Ok(Certificates::stop_using(self, actor, domain).await?)
    }

    async fn self_sign(&self, actor: &Actor, domain: &DomainName) -> Answer<()> {
        Ok(Certificates::self_sign(self, actor, domain).await?)
    }
}
