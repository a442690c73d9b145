//! Where certificates are ordered. Nothing is before an owner has agreed to the authority's terms.

use homeport_model::{
    actor::{Actor, Role},
    certificate::settings::{AcmeForm, AcmeView, Agreed, DirectoryChoice, DirectoryFacts, DirectoryUrl, PlanRow},
    problem::{Code, Problem},
};
use serde_json::json;

use super::{
    Certificates,
    store::{acme, ledger, plans},
    words,
};
use crate::{drivers::acme::Error, failure::Failure};

/// What a directory says of itself is believed for this long.
const FACTS_LAST_MS: i64 = 3_600_000;
/// A page waits for it for so long.
const PAGE_WAITS: std::time::Duration = std::time::Duration::from_secs(4);
/// So many attempts are shown.
const SHOWN_ATTEMPTS: i64 = 50;

impl Certificates {
    /// What a directory says of itself, asked at most once an hour.
    pub(super) async fn facts(&self, directory: &DirectoryUrl) -> Result<DirectoryFacts, Error> {
        let now = self.apps.parts.clock.now();
        let known = self.ordering.facts.lock().await.get(directory).cloned();
        if let Some((facts, at)) = known
            && (0..FACTS_LAST_MS).contains(&now.since(at))
        {
            return Ok(facts);
        }
        let facts = self.ordering.client.directory(directory, self.reach(directory)).await?;
        let mut known = self.ordering.facts.lock().await;
        // A person who tries many addresses does not fill the memory.
        if known.len() > 20 {
            known.clear();
        }
        known.insert(directory.clone(), (facts.clone(), now));
        Ok(facts)
    }

    /// The same for a page, which does not wait for long.
    async fn facts_soon(&self, directory: &DirectoryUrl) -> Result<DirectoryFacts, Problem> {
        let asked = tokio::time::timeout(PAGE_WAITS, self.facts(directory)).await;
        let facts = asked.unwrap_or_else(|_| Err(Error::Away("it is slow to answer".to_owned())));
        facts.map_err(|error| words::of_directory(&error, directory))
    }

    fn directory_of(&self, choice: &DirectoryChoice) -> DirectoryUrl {
        match choice {
            DirectoryChoice::Usual => self.ordering.usual.clone(),
            DirectoryChoice::Staging => self.ordering.staging.clone(),
            DirectoryChoice::Other(url) => url.clone(),
        }
    }

    /// The settings, when an owner has agreed to the terms of the directory that they mean.
    pub(super) async fn agreed(&self) -> Result<Option<acme::Settings>, Failure> {
        let settings = acme::settings(&self.apps.parts.db).await?;
        // The configuration may mean another directory than when it was agreed to.
        Ok(settings.filter(|settings| self.directory_of(&settings.choice) == settings.directory))
    }

    pub(super) async fn acme_view(&self, actor: &Actor) -> Result<AcmeView, Failure> {
        actor.require(Role::Viewer)?;
        let db = &self.apps.parts.db;
        let settings = self.agreed().await?;
        let directory = settings.as_ref().map_or_else(|| self.ordering.usual.clone(), |kept| kept.directory.clone());
        let account = acme::account(db, &directory).await?;
        let mut form = AcmeForm { directory: "usual".into(), ..AcmeForm::default() };
        if let Some(kept) = &settings {
            match &kept.choice {
                DirectoryChoice::Usual => {}
                DirectoryChoice::Staging => form.directory = "staging".into(),
                DirectoryChoice::Other(url) => (form.directory, form.url) = ("other".into(), url.to_string()),
            }
            form.email = kept.contact.as_ref().map(ToString::to_string).unwrap_or_default();
            form.profile = kept.profile.as_ref().map(ToString::to_string).unwrap_or_default();
            form.eab_kid = account.as_ref().and_then(|account| account.eab_kid.clone()).unwrap_or_default();
        }
        let agreed = settings.map(|kept| Agreed { at: kept.agreed_at, by: kept.agreed_by, terms: kept.terms });
        Ok(AcmeView {
            form,
            usual: self.ordering.usual.clone(),
            facts: self.facts_soon(&directory).await,
            directory,
            agreed,
            account_since: account.map(|account| account.created_at),
            plans: self.plan_rows().await?,
            attempts: ledger::newest(db, SHOWN_ATTEMPTS).await?,
        })
    }

    /// Every served name with what is planned for it.
    pub(super) async fn plan_rows(&self) -> Result<Vec<PlanRow>, Failure> {
        let round = self.names_now().await?;
        Ok(round.into_iter().map(|name| name.row(self.apps.parts.clock.now())).collect())
    }

    /// Sets where to order, with the account for it. The authority has taken the account when this returns.
    pub(super) async fn set_acme(&self, actor: &Actor, form: &AcmeForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        let wish = form.parse()?;
        let directory = self.directory_of(&wish.directory);
        let facts = self.facts(&directory).await.map_err(|error| words::of_directory(&error, &directory))?;
        let authority = directory.authority();
        if !wish.agree {
            let problem =
                Problem::invalid("agree", format!("{authority} makes accounts for those who agree to its terms."));
            return Err(problem.hint("Read them, then tick the box.").into());
        }
        if let Some(profile) = &wish.profile
            && facts.profiles.iter().all(|(name, _)| name != profile.as_str())
        {
            return Err(Problem::invalid("profile", no_profile(authority, profile.as_str(), &facts)).into());
        }
        let bound_to = acme::account(&parts.db, &directory).await?.and_then(|kept| kept.eab_kid);
        let before = self.agreed().await?;
        let shown = match &before {
            Some(before) => acme::account(&parts.db, &before.directory).await?.and_then(|kept| kept.eab_kid),
            None => None,
        };
        let known: Vec<String> = bound_to.iter().cloned().chain(shown).collect();
        let binding = wish.binding(&known)?;
        if facts.needs_binding && binding.is_none() && bound_to.is_none() {
            let problem = Problem::invalid("eab_kid", format!("{authority} makes accounts only for its customers."));
            return Err(problem.hint("Copy the key id and the HMAC key from your account there.").into());
        }
        self.ensure_account(&directory, wish.email.as_ref(), binding.as_ref()).await?;
        let settings = acme::Settings {
            choice: wish.directory,
            directory,
            contact: wish.email,
            profile: wish.profile,
            terms: facts.terms,
            agreed_at: parts.clock.now(),
            agreed_by: actor.name.clone(),
        };
        let detail = json!({ "directory": settings.directory, "terms": settings.terms, "profile": settings.profile });
        let is_other = before.is_none_or(|before| before.directory != settings.directory);
        let mut tx = parts.db.write().await?;
        acme::set_settings(&mut tx, &settings).await?;
        if is_other {
            plans::forget_pauses(&mut tx).await?;
        } else {
            plans::try_all_now(&mut tx).await?;
        }
        parts.audit.record(&mut tx, actor, "certificates.set_acme", settings.directory.host(), detail).await?;
        tx.commit().await?;
        self.announce();
        self.nudge_orders();
        Ok(())
    }
}

/// What the person is told who asks for a profile that there is not.
pub(super) fn no_profile(authority: &str, profile: &str, facts: &DirectoryFacts) -> String {
    let offered: Vec<&str> = facts.profiles.iter().map(|(name, _)| name.as_str()).collect();
    if offered.is_empty() {
        format!("{authority} has no profiles.")
    } else {
        format!("{authority} has no profile {profile}; it has {}.", offered.join(", "))
    }
}

/// The same before an order.
pub(super) fn check_profile(authority: &str, profile: Option<&str>, facts: &DirectoryFacts) -> Result<(), Problem> {
    match profile {
        Some(profile) if facts.profiles.iter().all(|(name, _)| name != profile) => {
            Err(Problem::new(Code::Conflict, no_profile(authority, profile, facts))
                .hint("Choose another one, or none, in Settings or on the page of the domain."))
        }
        _ => Ok(()),
    }
}
