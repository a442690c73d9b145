//! What people set and ask for one name.

use homeport_model::{
    actor::{Actor, Role},
    certificate::{
        CertificateSource,
        ledger::{KEPT_MS, Wanted, may_order},
        plan::{CertificatePlan, Why},
        refusal::RefusalKind,
        settings::{PlanForm, PlanRow, Trial},
    },
    name::DomainName,
    problem::{Code, Problem},
};
use serde_json::json;

use super::{
    Certificates,
    orders::{Stopped, Wish, read},
    reconcile::Name,
    store::{acme, ledger, plans},
    words,
};
use crate::{drivers::acme::Reason, failure::Failure};

impl Certificates {
    pub(super) async fn plan_row(&self, actor: &Actor, domain: &DomainName) -> Result<PlanRow, Failure> {
        actor.require(Role::Viewer)?;
        Ok(self.name(domain).await?.row(self.apps.parts.clock.now()))
    }

    /// Sets who sees to a name's certificate, and how.
    pub(super) async fn set_plan(&self, actor: &Actor, domain: &DomainName, form: &PlanForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        let plan = form.parse(self.name(domain).await?.plan)?;
        let detail = json!({ "policy": plan.policy, "challenge": plan.challenge, "profile": plan.profile });
        let mut tx = parts.db.write().await?;
        plans::set_wish(&mut tx, &plan).await?;
        parts.audit.record(&mut tx, actor, "certificate.set_plan", domain.as_str(), detail).await?;
        tx.commit().await?;
        self.announce();
        self.nudge_orders();
        Ok(())
    }

    /// Orders one now, whatever is in use; the ledger has its say all the same.
    pub(super) async fn issue_now(&self, actor: &Actor, domain: &DomainName) -> Result<(), Failure> {
        actor.require(Role::Deployer)?;
        let parts = &self.apps.parts;
        let Some(settings) = self.agreed().await? else { return Err(not_agreed().into()) };
        let name = self.name(domain).await?;
        self.check_automatic(&name)?;
        let now = parts.clock.now();
        let asked_to_wait = name.plan.problem.as_ref().is_some_and(|problem| problem.code == Code::TooMany);
        if let Some(next_at) = name.plan.next_at.filter(|next_at| asked_to_wait && *next_at > now) {
            let problem = Problem::new(Code::Conflict, format!("{} wants a pause.", settings.directory.authority()));
            return Err(problem.hint(format!("The next try is at {next_at}.")).into());
        }
        let registered = self.ordering.dns.registered_domain(domain.base());
        let again = name.held.is_some();
        let wanted = Wanted { domain, registered: &registered, replaces: false, again };
        let attempts = ledger::since(&parts.db, settings.directory.as_str(), now.plus_ms(-KEPT_MS)).await?;
        may_order(&attempts, &wanted, now).map_err(|stop| stop.problem(&wanted))?;
        let mut tx = parts.db.write().await?;
        plans::set_asked(&mut tx, &name.plan, now).await?;
        parts.audit.record(&mut tx, actor, "certificate.issue", domain.as_str(), json!({})).await?;
        tx.commit().await?;
        self.announce();
        self.nudge_orders();
        Ok(())
    }

    /// Has the certificate in use revoked, and orders another one if that is the plan.
    pub(super) async fn revoke(&self, actor: &Actor, domain: &DomainName, reason: &str) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        actor.require_step_up(parts.clock.now())?;
        let reason = parse_reason(reason)?;
        let name = self.name(domain).await?;
        let held = name.held.filter(|held| held.source == CertificateSource::Acme);
        let directory = name.issued.and_then(|issued| issued.directory);
        let (Some(held), Some(directory)) = (held, directory) else {
            let problem = Problem::new(Code::Conflict, format!("{domain} has no certificate that Homeport ordered."));
            return Err(problem.hint("Ask whoever issued it to revoke it.").into());
        };
        let said = |error| Failure::from(words::of_directory(&error, &directory));
        let account = self.account(&directory).await?.ok_or_else(not_agreed)?.map_err(said)?;
        match account.revoke(&held.chain, reason).await {
            // The panel died after the authority had been told, or somebody else told it.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.kind == RefusalKind::Revoked) => {}
            told => told.map_err(said)?,
        }
        let plan = CertificatePlan { next_at: None, ..name.plan };
        let mut tx = parts.db.write().await?;
        acme::set_revoked(&mut tx, &held.id, parts.clock.now()).await?;
        plans::set_progress(&mut tx, &plan).await?;
        let detail = json!({ "serial": held.facts.serial });
        parts.audit.record(&mut tx, actor, "certificate.revoke", domain.as_str(), detail).await?;
        tx.commit().await?;
        self.announce();
        self.nudge_orders();
        Ok(())
    }

    /// Orders from the directory for trying out, throws away what comes, and tells how it went.
    pub(super) async fn try_staging(&self, actor: &Actor, domain: &DomainName) -> Result<Trial, Failure> {
        actor.require(Role::Deployer)?;
        let Some(settings) = self.agreed().await? else { return Err(not_agreed().into()) };
        let name = self.name(domain).await?;
        self.check_automatic(&name)?;
        let parts = &self.apps.parts;
        let staging = &self.ordering.staging;
        let facts = self.facts(staging).await.map_err(|error| words::of_directory(&error, staging))?;
        if acme::account(&parts.db, staging).await?.is_none() {
            self.ensure_account(staging, settings.contact.as_ref(), None).await?;
        }
        let mut tx = parts.db.write().await?;
        parts.audit.record(&mut tx, actor, "certificate.try", domain.as_str(), json!({})).await?;
        tx.commit().await?;
        let challenge = name.plan.challenge;
        let wish = Wish { directory: staging, domain, challenge, profile: None, replaces: None, again: true };
        let trial = |problem| Trial { domain: domain.clone(), problem };
        let account = match self.check_before(&wish, &facts).await {
            Ok(account) => account,
            Err(before) => return Ok(trial(Some(before.problem()))),
        };
        let ended = self.spend(&wish, &account).await;
        self.announce();
        Ok(match ended {
            Ok(issued) => trial(read(&issued, domain).err()),
            Err(Stopped::Authority(error)) => trial(Some(words::problem(&error, staging, domain, challenge))),
            Err(Stopped::Limit(problem, _)) => trial(Some(problem)),
            Err(Stopped::Other(failure)) => return Err(failure),
            Err(Stopped::Died) => return Err(Failure::internal("killed by a test")),
        })
    }

    fn check_automatic(&self, name: &Name) -> Result<(), Problem> {
        let domain = &name.plan.domain;
        match name.why_not(self.apps.parts.clock.now()) {
            Some(Why::NotAutomatic) => {
                let problem =
                    Problem::new(Code::Conflict, format!("Homeport does not see to the certificate of {domain}."));
                Err(problem.hint("Choose Automatic for it first."))
            }
            Some(Why::Local) => {
                let problem = Problem::new(Code::Conflict, format!("{domain} is a name for private networks."));
                Err(problem.hint("No public certificate can be had for it. Use a self-signed one, or another name."))
            }
            Some(Why::Tunnel) => {
                let problem = Problem::new(Code::Conflict, format!("{domain} comes in by the tunnel."));
                Err(problem.hint("It needs no certificate here: visitors see Cloudflare's."))
            }
            // One of its own may be asked for.
            Some(Why::Covered) | None => Ok(()),
        }
    }
}

fn not_agreed() -> Problem {
    Problem::new(Code::Conflict, "Nothing is ordered before an owner has agreed to the authority's terms.")
        .hint("Open Settings, Certificates.")
}

fn parse_reason(word: &str) -> Result<Reason, Problem> {
    Ok(match word {
        "" | "unspecified" => Reason::Unspecified,
        "key_compromise" => Reason::KeyCompromise,
        "affiliation_changed" => Reason::AffiliationChanged,
        "superseded" => Reason::Superseded,
        "cessation" => Reason::CessationOfOperation,
        _ => return Err(Problem::invalid("reason", "Choose a reason from the list.")),
    })
}
