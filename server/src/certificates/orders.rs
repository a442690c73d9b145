//! One order, from what has to be right before it is spent to the certificate that is served.

use homeport_model::{
    certificate::{
        CertificateSource, ChallengeToken,
        ledger::{Attempt, KEPT_MS, Outcome, Wanted, may_order},
        plan::{CertificatePlan, ChallengeKind, Policy, ProfileName},
        renewal::{after_success, next_look, next_try},
        settings::{DirectoryFacts, DirectoryUrl},
    },
    domain::{Refusal, dns::CaaQuestion, vhost::CHALLENGE_PATH},
    id::CertificateId,
    name::{DomainName, UrlPath},
    problem::{Code, Problem},
    time::Timestamp,
};

use super::{
    Certificates, key_context,
    reconcile::Name,
    settings::check_profile,
    store::{self, Certificate, acme, ledger, plans},
    words,
};
use crate::{
    ambient,
    drivers::{
        acme::{Account, Challenge, Error, Issued},
        probe, tls,
    },
    failure::Failure,
    jobs::{Fault, When},
};

/// How long nginx may take to answer for a name.
const ANSWERS_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Why an order did not bring a certificate.
pub(super) enum Stopped {
    /// A test killed the panel here: nothing more is written.
    Died,
    /// The authority.
    Authority(Error),
    /// A limit would be reached: it did not take the order as a renewal, and any other one counts.
    Limit(Problem, Timestamp),
    /// Anything else that can be said.
    Other(Failure),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Authority(error)
    }
}

impl<T: Into<Failure>> From<T> for Stopped {
    fn from(failure: T) -> Self {
        Self::Other(failure.into())
    }
}

/// What is ordered.
pub(super) struct Wish<'a> {
    pub(super) directory: &'a DirectoryUrl,
    pub(super) domain: &'a DomainName,
    pub(super) challenge: ChallengeKind,
    pub(super) profile: Option<&'a ProfileName>,
    /// The chain of the certificate that it renews, where the authority wants to know.
    pub(super) replaces: Option<&'a str>,
    /// Whether the name has had one before.
    pub(super) again: bool,
}

/// What answers an authority's question.
enum Answering {
    File(ChallengeToken),
    Record(homeport_model::domain::dns_provider::DnsChallenge),
}

impl Certificates {
    /// Gets a certificate for a name and has it served. How it went is written down.
    pub(super) async fn obtain(&self, settings: &acme::Settings, name: Name) -> Result<(), Failure> {
        if self.use_spare(settings, &name).await? {
            return Ok(());
        }
        let facts = match self.facts(&settings.directory).await {
            Ok(facts) => facts,
            Err(error) => {
                let problem = words::of_directory(&error, &settings.directory);
                return self.put_off(name.plan, problem, error.retry_after_s()).await;
            }
        };
        let revoked = name.issued.as_ref().is_some_and(|issued| issued.revoked);
        let same_issuer =
            name.issued.as_ref().is_some_and(|issued| issued.directory.as_ref() == Some(&settings.directory));
        let replaces = name.held.as_ref().filter(|_| facts.renewal_info && same_issuer && !revoked);
        let wish = Wish {
            directory: &settings.directory,
            domain: &name.plan.domain,
            challenge: name.plan.challenge,
            profile: name.plan.profile.as_ref().or(settings.profile.as_ref()),
            replaces: replaces.map(|held| held.chain.as_str()),
            again: name.held.is_some(),
        };
        match self.check_before(&wish, &facts).await {
            Ok(account) => match self.spend(&wish, &account).await {
                Ok(issued) => self.take(settings, &name, issued).await,
                Err(Stopped::Died) => Ok(()),
                Err(Stopped::Authority(error)) => {
                    let problem = words::problem(&error, wish.directory, wish.domain, wish.challenge);
                    self.put_off(name.plan, problem, error.retry_after_s()).await
                }
                Err(Stopped::Limit(problem, next_at)) => {
                    let after = CertificatePlan { looks: 0, ..name.plan.clone() };
                    self.wait(&name.plan, after, problem, next_at).await
                }
                Err(Stopped::Other(failure)) => self.put_off(name.plan, failure.into(), None).await,
            },
            Err(Before::Away(problem, wait)) => self.put_off(name.plan, problem, wait).await,
            Err(Before::Limit(problem, next_at)) => self.wait(&name.plan, name.plan.clone(), problem, next_at).await,
            Err(Before::NotYet(problem)) => {
                let looks = name.plan.looks.saturating_add(1);
                let next_at = next_look(self.apps.parts.clock.now(), looks, ambient::random_u32());
                self.wait(&name.plan, CertificatePlan { looks, ..name.plan.clone() }, problem, next_at).await
            }
        }
    }

    /// What has to be right before an order is spent; nothing of it counts against a limit.
    pub(super) async fn check_before(&self, wish: &Wish<'_>, facts: &DirectoryFacts) -> Result<Account, Before> {
        let domain = wish.domain;
        if let Some((problem, next_at)) = self.limit_of(wish, wish.replaces.is_some()).await? {
            return Err(Before::Limit(problem, next_at));
        }
        check_profile(wish.directory.authority(), wish.profile.map(ProfileName::as_str), facts)?;
        let account = match self.account(wish.directory).await? {
            Some(Ok(account)) => account,
            Some(Err(error)) => {
                let problem = words::of_directory(&error, wish.directory);
                return Err(Before::Away(problem, error.retry_after_s()));
            }
            None => return Err(no_account(wish.directory).into()),
        };
        let issuers: Vec<&str> = facts.caa.iter().map(String::as_str).collect();
        let question = CaaQuestion { issuers: &issuers, method: wish.challenge.as_str(), account: Some(account.id()) };
        let check = self.ordering.dns.check(domain).await?;
        match wish.challenge {
            ChallengeKind::Http01 => {
                check.http01(&question)?;
                self.check_vhost(domain).await?;
            }
            ChallengeKind::Dns01 => {
                check.dns01(&question)?;
                self.ordering.dns.check_provider(domain).await?;
            }
        }
        Ok(account)
    }

    /// The limit that an order would reach, and when the next one may be made.
    async fn limit_of(&self, wish: &Wish<'_>, replaces: bool) -> Result<Option<(Problem, Timestamp)>, Failure> {
        let parts = &self.apps.parts;
        let (domain, now) = (wish.domain, parts.clock.now());
        let registered = self.ordering.dns.registered_domain(domain.base());
        let wanted = Wanted { domain, registered: &registered, replaces, again: wish.again };
        let attempts = ledger::since(&parts.db, wish.directory.as_str(), now.plus_ms(-KEPT_MS)).await?;
        let stop = may_order(&attempts, &wanted, now).err();
        Ok(stop.map(|stop| (stop.problem(&wanted), stop.next_at)))
    }

    /// Asks our own nginx for a file of ours under this name, as an authority will.
    async fn check_vhost(&self, domain: &DomainName) -> Result<(), Failure> {
        let domains = &self.apps.parts.domains;
        let Some(host) = domain.host() else { return Ok(()) };
        domains.serve_certificates().await?;
        let token = format!("homeport-{:016x}", u64::from_le_bytes(ambient::random_bytes()));
        let text = format!("{:032x}", u128::from_le_bytes(ambient::random_bytes()));
        let path: UrlPath = format!("{CHALLENGE_PATH}{token}").parse().map_err(Failure::internal)?;
        let token: ChallengeToken = token.parse().map_err(Failure::internal)?;
        domains.nginx().answer_challenge(&token, &text)?;
        let answer = probe::get(domains.http_address(), &host, &path, ANSWERS_WITHIN).await;
        domains.nginx().forget_challenge(&token)?;
        match answer {
            Ok(answer) if answer.status.as_u16() == 200 && answer.contains(&text) => Ok(()),
            Ok(answer) => Err(not_answering(domain, &format!("it answered {}", answer.status.as_u16())).into()),
            Err(error) => Err(not_answering(domain, &error.to_string()).into()),
        }
    }

    /// Orders, with a row in the ledger that tells how it ended.
    pub(super) async fn spend(&self, wish: &Wish<'_>, account: &Account) -> Result<Issued, Stopped> {
        let parts = &self.apps.parts;
        let now = parts.clock.now();
        let id = homeport_model::id::text_from(now.ms(), ambient::random_u32());
        let attempt = Attempt {
            domain: wish.domain.clone(),
            registered: self.ordering.dns.registered_domain(wish.domain.base()),
            at: now,
            outcome: Outcome::Running,
            replaces: wish.replaces.is_some(),
        };
        let mut tx = parts.db.write().await?;
        ledger::begin(&mut tx, &id, wish.directory.as_str(), &attempt).await?;
        tx.commit().await?;
        let ended = self.order(wish, account, &id).await;
        let (outcome, words) = match &ended {
            Ok(_) => (Outcome::Issued, None),
            Err(Stopped::Died) => return ended,
            Err(Stopped::Authority(error)) => {
                let about_it = error.refusal().is_some_and(|refusal| refusal.kind.is_about_the_name());
                let words = words::problem(error, wish.directory, wish.domain, wish.challenge).to_string();
                (if about_it { Outcome::Invalid } else { Outcome::Failed }, Some(words))
            }
            Err(Stopped::Limit(problem, _)) => (Outcome::Failed, Some(problem.to_string())),
            Err(Stopped::Other(failure)) => (Outcome::Failed, Some(failure.to_string())),
        };
        let mut tx = parts.db.write().await?;
        ledger::finish(&mut tx, &id, parts.clock.now(), outcome, words.as_deref()).await?;
        tx.commit().await?;
        ended
    }

    async fn order(&self, wish: &Wish<'_>, account: &Account, attempt: &str) -> Result<Issued, Stopped> {
        let mut order = match account.order(wish.domain, wish.profile, wish.replaces).await {
            Err(Error::NoRenewal(said)) => {
                tracing::info!(domain = %wish.domain, "it is ordered as a new one, not as a renewal: {said}");
                // Such an order counts as any other does.
                if let Some((problem, next_at)) = self.limit_of(wish, false).await? {
                    return Err(Stopped::Limit(problem, next_at));
                }
                let mut tx = self.apps.parts.db.write().await?;
                ledger::set_no_renewal(&mut tx, attempt).await?;
                tx.commit().await?;
                account.order(wish.domain, wish.profile, None).await?
            }
            order => order?,
        };
        self.step("order")?;
        if let Some(challenge) = order.challenge(wish.challenge).await? {
            let answering = self.answer(wish, &challenge).await?;
            self.step("answer")?;
            let ready = order.ready(wish.challenge).await;
            self.stop_answering(answering).await;
            ready?;
        }
        self.step("ready")?;
        let issued = order.finalise(wish.domain).await?;
        self.step("finalise")?;
        Ok(issued)
    }

    async fn answer(&self, wish: &Wish<'_>, challenge: &Challenge) -> Result<Answering, Failure> {
        Ok(match wish.challenge {
            ChallengeKind::Http01 => {
                self.apps.parts.domains.nginx().answer_challenge(&challenge.token, &challenge.answer)?;
                Answering::File(challenge.token.clone())
            }
            ChallengeKind::Dns01 => {
                Answering::Record(self.ordering.dns.put_challenge(wish.domain, &challenge.record).await?)
            }
        })
    }

    /// What is left of an answer harms nobody, so that it is only told to the log.
    async fn stop_answering(&self, answering: Answering) {
        let done = match answering {
            Answering::File(token) => self.apps.parts.domains.nginx().forget_challenge(&token).map_err(Failure::from),
            Answering::Record(record) => self.ordering.dns.remove_challenge(record).await,
        };
        if let Err(failure) = done {
            tracing::warn!("an answer to a certificate authority stays: {}", crate::failure::chain(&failure));
        }
    }

    /// Keeps what came, and has it served.
    async fn take(&self, settings: &acme::Settings, name: &Name, issued: Issued) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let (plan, now) = (&name.plan, parts.clock.now());
        let facts = match read(&issued, &plan.domain) {
            Ok(facts) => facts,
            Err(problem) => return self.put_off(plan.clone(), problem, None).await,
        };
        let certificate = Certificate {
            id: CertificateId::new(now.ms(), ambient::random_u32()),
            domain: plan.domain.clone(),
            source: CertificateSource::Acme,
            chain: issued.chain,
            sealed: parts.sealer.seal(issued.key.expose(), &key_context(&plan.domain)),
            facts,
            created_at: now,
        };
        let done = succeeded(plan, &certificate, now);
        // One at a time: what nginx refuses is taken back, and that must not be another's.
        let _turn = self.turn.lock().await;
        // While it was ordered, somebody may have brought one or wanted none any more.
        let wanted = plans::of(&parts.db, &plan.domain).await?.policy == Policy::Automatic;
        let in_use = self.own_in_use(&plan.domain).await?;
        let mut tx = parts.db.write().await?;
        store::put_to_use(&mut tx, &certificate).await?;
        if !wanted {
            acme::use_stored(&mut tx, &plan.domain, in_use.as_ref().map(|held| &held.id)).await?;
        }
        acme::set_directory(&mut tx, &certificate.id, &settings.directory).await?;
        plans::set_progress(&mut tx, &done).await?;
        plans::set_tried(&mut tx, &plan.domain, plan.asked_at).await?;
        let standing = parts.domains.refusals();
        tx.commit().await?;
        if !wanted || self.step("store").is_err() {
            return Ok(());
        }
        self.serve(done, in_use.as_ref().map(|held| &held.id), &standing).await
    }

    /// A certificate that came, and that nginx did not take then, is not ordered a second time.
    async fn use_spare(&self, settings: &acme::Settings, name: &Name) -> Result<bool, Failure> {
        let parts = &self.apps.parts;
        let (plan, now) = (&name.plan, parts.clock.now());
        // One that nginx goes on to refuse is given up.
        if plan.failures > 3 || plan.asked_at.is_some() {
            return Ok(false);
        }
        let Some(spare) = acme::spare(&parts.db, &plan.domain).await? else { return Ok(false) };
        let newer = name.held.as_ref().is_none_or(|held| held.created_at < spare.created_at);
        let issued = acme::issued(&parts.db).await?.into_iter().find(|issued| issued.id == spare.id);
        let for_trying = issued.is_some_and(|issued| self.is_for_trying(&issued, Some(&settings.directory)));
        if !newer || for_trying || !spare.facts.covers(&plan.domain) || plan.due_at(&spare.facts) <= now {
            return Ok(false);
        }
        let _turn = self.turn.lock().await;
        let done = CertificatePlan { failures: plan.failures, ..succeeded(plan, &spare, now) };
        let mut tx = parts.db.write().await?;
        acme::use_stored(&mut tx, &plan.domain, Some(&spare.id)).await?;
        plans::set_progress(&mut tx, &done).await?;
        let standing = parts.domains.refusals();
        tx.commit().await?;
        self.serve(done, name.held.as_ref().map(|held| &held.id), &standing).await?;
        Ok(true)
    }

    /// Has nginx serve what is in use now. When it refuses, the one before is put back. `standing` is what it
    /// refused already.
    async fn serve(
        &self,
        plan: CertificatePlan,
        before: Option<&CertificateId>,
        standing: &[Refusal],
    ) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let Err(failure) = parts.domains.serve_certificate_of(&plan.domain, standing).await else {
            let domain = plan.domain.clone();
            if plan.failures > 0 {
                let mut tx = parts.db.write().await?;
                plans::set_progress(&mut tx, &CertificatePlan { failures: 0, ..plan }).await?;
                tx.commit().await?;
            }
            return self.look_at_served(&domain).await;
        };
        let why: Problem = failure.into();
        let problem =
            Problem::new(Code::Engine, format!("nginx did not take the new certificate for {}.", plan.domain))
                .hint(format!("The one before is served on; the new one is kept and tried again. nginx said: {why}"));
        let mut tx = parts.db.write().await?;
        acme::use_stored(&mut tx, &plan.domain, before).await?;
        tx.commit().await?;
        self.put_off(plan, problem, None).await?;
        parts.domains.serve_certificates().await
    }

    /// Writes down that a try failed, and when the next one is.
    async fn put_off(
        &self,
        plan: CertificatePlan,
        problem: Problem,
        retry_after_s: Option<u64>,
    ) -> Result<(), Failure> {
        let failures = plan.failures.saturating_add(1);
        let next_at = next_try(self.apps.parts.clock.now(), failures, retry_after_s, ambient::random_u32());
        self.wait(&plan, CertificatePlan { failures, looks: 0, ..plan.clone() }, problem, next_at).await
    }

    /// Writes down why nothing came and when the next try is: into the plan as it was `read`. Where a person
    /// changed that meanwhile, theirs stays.
    async fn wait(
        &self,
        read: &CertificatePlan,
        after: CertificatePlan,
        problem: Problem,
        next_at: Timestamp,
    ) -> Result<(), Failure> {
        if read.problem.as_ref() != Some(&problem) {
            tracing::warn!(domain = %read.domain, "no new certificate: {problem}");
        }
        let after = CertificatePlan { next_at: Some(next_at), problem: Some(problem), ..after };
        let mut tx = self.apps.parts.db.write().await?;
        plans::set_failed(&mut tx, read, &after).await?;
        plans::set_tried(&mut tx, &read.domain, read.asked_at).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where tests kill the panel.
    fn step(&self, name: &str) -> Result<(), Stopped> {
        match self.ordering.faults.take(&format!("certificate.{name}"), When::After) {
            Some(Fault::Die) => Err(Stopped::Died),
            Some(_) => Err(Stopped::Other(Failure::internal("a planted fault"))),
            None => Ok(()),
        }
    }
}

/// Why an order is not spent.
pub(super) enum Before {
    /// A person or time has to do something first.
    NotYet(Problem),
    /// The authority cannot be asked, and wants to be left alone for so many seconds.
    Away(Problem, Option<u64>),
    /// A limit would be reached.
    Limit(Problem, Timestamp),
}

impl From<Problem> for Before {
    fn from(problem: Problem) -> Self {
        Self::NotYet(problem)
    }
}

impl From<Failure> for Before {
    fn from(failure: Failure) -> Self {
        Self::NotYet(failure.into())
    }
}

impl From<crate::db::Error> for Before {
    fn from(error: crate::db::Error) -> Self {
        Failure::from(error).into()
    }
}

impl Before {
    /// What the person is told.
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::NotYet(problem) | Self::Away(problem, _) | Self::Limit(problem, _) => problem,
        }
    }
}

/// A plan after a certificate came.
fn succeeded(plan: &CertificatePlan, certificate: &Certificate, now: Timestamp) -> CertificatePlan {
    CertificatePlan {
        next_at: Some(after_success(&certificate.facts, now)),
        failures: 0,
        looks: 0,
        problem: None,
        ari: None,
        ask_at: None,
        random: ambient::random_u32(),
        ..plan.clone()
    }
}

/// Whether what came is what was ordered.
pub(super) fn read(
    issued: &Issued,
    domain: &DomainName,
) -> Result<homeport_model::certificate::CertificateFacts, Problem> {
    let wrong = |why: String| {
        Problem::new(Code::Engine, format!("What the certificate authority sent for {domain} is no good: {why}."))
            .hint("Homeport tries again by itself.")
    };
    let key = String::from_utf8_lossy(issued.key.expose());
    let pair = tls::read_pair(&issued.chain, &key).map_err(|error| wrong(error.to_string()))?;
    if pair.facts.covers(domain) { Ok(pair.facts) } else { Err(wrong("it is for another name".to_owned())) }
}

fn no_account(directory: &DirectoryUrl) -> Problem {
    Problem::new(Code::Conflict, format!("There is no account at {}.", directory.authority()))
        .hint("Agree to its terms in Settings, under Certificates.")
}

fn not_answering(domain: &DomainName, why: &str) -> Problem {
    Problem::new(Code::Engine, format!("This server's nginx does not answer for {domain}: {why}."))
        .hint("No order was spent. Look at nginx on the host's page; Homeport looks again by itself.")
}
