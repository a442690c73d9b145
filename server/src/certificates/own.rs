//! Certificates that people bring or have made here, and how any certificate is put to use: what was
//! served before is served on until nginx serves the new one.

use homeport_model::{
    actor::{Actor, Role},
    certificate::{
        CertificateSource, own,
        plan::{CertificatePlan, Policy},
    },
    id::CertificateId,
    name::DomainName,
    problem::{Code, Problem},
    secret::Secret,
};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::{
    Certificates, key_context,
    store::{self, plans},
};
use crate::{
    ambient,
    drivers::{
        archive::{self, is_archive, read_small},
        tls::{self, Pair},
    },
    failure::{Failure, chain},
};

impl Certificates {
    /// Takes a certificate and its key as PEM, and serves it for `domain`.
    ///
    /// # Errors
    /// [`Code::Invalid`] with the field and what is wrong; then nothing has changed.
    pub async fn keep_own(
        &self,
        actor: &Actor,
        domain: &DomainName,
        chain: &str,
        key: &Secret<String>,
    ) -> Result<(), Failure> {
        self.allow(actor, domain).await?;
        let (chain, key) = (chain.to_owned(), key.clone());
        let read = move || tls::read_pair(&chain, key.expose());
        let pair = spawn_blocking(read).await.map_err(Failure::internal)??;
        self.keep_pair(actor, domain, pair).await
    }

    /// The same with files: PEM, or archives of them, in any order.
    ///
    /// # Errors
    /// The same; field `archive` when one does not unpack.
    pub async fn keep_files(
        &self,
        actor: &Actor,
        domain: &DomainName,
        files: Vec<Secret<Vec<u8>>>,
    ) -> Result<(), Failure> {
        self.allow(actor, domain).await?;
        if files.iter().all(|file| file.expose().is_empty()) {
            return Err(Problem::invalid("files", "Choose the files of the certificate and its key.").into());
        }
        let read = move || -> Result<Pair, Failure> {
            let text = Secret::new(texts(files)?);
            Ok(tls::read_pair(text.expose(), "")?)
        };
        let pair = spawn_blocking(read).await.map_err(Failure::internal)??;
        self.keep_pair(actor, domain, pair).await
    }

    /// Makes a certificate that is its own issuer, for a start.
    ///
    /// # Errors
    /// [`Code::Conflict`] when there is one already that visitors' browsers may believe.
    pub async fn self_sign(&self, actor: &Actor, domain: &DomainName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        self.leads_to(domain).await?;
        let now = self.apps.parts.clock.now();
        let before = self.wanted(domain).await?;
        if before.is_some_and(|before| before.source != CertificateSource::SelfSigned && before.facts.not_after > now) {
            let title = format!("{domain} has a certificate of an authority already.");
            return Err(Problem::new(Code::Conflict, title)
                .hint("A self-signed one would be worse: browsers warn.")
                .into());
        }
        let (name, made_for) = (domain.clone(), now);
        let made = move || tls::self_signed(&name, made_for);
        let pair = spawn_blocking(made).await.map_err(Failure::internal)??;
        self.put_to_use(actor, domain, CertificateSource::SelfSigned, pair).await
    }

    pub(super) async fn allow(&self, actor: &Actor, domain: &DomainName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        actor.require_step_up(self.apps.parts.clock.now())?;
        self.leads_to(domain).await.map(|_| ())
    }

    async fn keep_pair(&self, actor: &Actor, domain: &DomainName, pair: Pair) -> Result<(), Failure> {
        own::refuse_unusable(&pair.facts, pair.missing.as_deref(), domain, self.apps.parts.clock.now())?;
        self.put_to_use(actor, domain, CertificateSource::Uploaded, pair).await
    }

    /// Stores a certificate and has nginx serve it; where nginx refuses, the one before it stays.
    async fn put_to_use(
        &self,
        actor: &Actor,
        domain: &DomainName,
        source: CertificateSource,
        pair: Pair,
    ) -> Result<(), Failure> {
        // One at a time: what nginx refuses is taken back, and that must not be another's.
        let _turn = self.turn.lock().await;
        let parts = &self.apps.parts;
        let now = parts.clock.now();
        let before = self.own_in_use(domain).await?;
        let plan = plans::of(&parts.db, domain).await?;
        let id = CertificateId::new(now.ms(), ambient::random_u32());
        let detail = json!({
            "issuer": pair.facts.issuer,
            "serial": pair.facts.serial,
            "until": pair.facts.not_after.to_string(),
        });
        let certificate = store::Certificate {
            id: id.clone(),
            domain: domain.clone(),
            source,
            sealed: parts.sealer.seal(pair.key.expose(), &key_context(domain)),
            chain: pair.chain,
            facts: pair.facts,
            created_at: now,
        };
        let action = match source {
            CertificateSource::SelfSigned => "certificate.self_sign",
            CertificateSource::Uploaded | CertificateSource::Acme => "certificate.keep",
        };
        let mut tx = parts.db.write().await?;
        store::put_to_use(&mut tx, &certificate).await?;
        if source == CertificateSource::Uploaded {
            // Nothing is ordered in its place.
            plans::set_wish(&mut tx, &CertificatePlan { policy: Policy::Own, ..plan.clone() }).await?;
        }
        parts.audit.record(&mut tx, actor, action, domain.as_str(), detail).await?;
        let standing = parts.domains.refusals();
        tx.commit().await?;
        if let Err(refused) = parts.domains.serve_certificate_of(domain, &standing).await {
            let plan = Some(&plan).filter(|_| source == CertificateSource::Uploaded);
            self.take_back(actor, &certificate, before.map(|before| before.id).as_ref(), plan).await?;
            return Err(refused);
        }
        let mut tx = parts.db.write().await?;
        store::drop_old(&mut tx, domain).await?;
        tx.commit().await?;
        self.announce();
        self.look_at_served(domain).await
    }

    /// Takes back what nginx refused: the certificate before it is in use again, and the plan, where that
    /// was changed, is as it was.
    async fn take_back(
        &self,
        actor: &Actor,
        refused: &store::Certificate,
        before: Option<&CertificateId>,
        plan: Option<&CertificatePlan>,
    ) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        store::take_back(&mut tx, &refused.id, before).await?;
        if let Some(plan) = plan {
            plans::put_back(&mut tx, plan).await?;
        }
        let detail = json!({ "serial": refused.facts.serial });
        parts.audit.record(&mut tx, actor, "certificate.take_back", refused.domain.as_str(), detail).await?;
        tx.commit().await?;
        if let Err(failure) = parts.domains.serve_certificates().await {
            tracing::warn!("nginx after a certificate that it refused: {}", chain(&failure));
        }
        self.announce();
        Ok(())
    }
}

/// All texts among the files, those in archives too. What is no text holds no PEM.
fn texts(files: Vec<Secret<Vec<u8>>>) -> Result<String, archive::Error> {
    let mut text = String::new();
    let mut add = |bytes: &[u8]| {
        if let Ok(more) = std::str::from_utf8(bytes) {
            text.push_str(more);
            text.push('\n');
        }
    };
    for file in files {
        if is_archive(file.expose()) {
            for inside in read_small(file.expose())? {
                add(Secret::new(inside.bytes).expose());
            }
        } else {
            add(file.expose());
        }
    }
    Ok(text)
}
