//! The panel's own names: giving it one, rehearsing it, and leaving one.

mod backend;
pub(crate) mod store;

use homeport_model::{
    name::{DomainName, HostName, Refused},
    panel_domain::{MOST_NAMES, PanelNameForm, PanelNameRow, Seen, may_move, rehearse},
    prelude::{Actor, Code, Problem, Role, Topic},
    secret::Secret,
    tunnel::WayIn,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

use crate::{
    accounts::Accounts,
    apps::Apps,
    certificates::{Certificates, Planned},
    db::{self, Db},
    dns::Dns,
    domains,
    drivers::probe,
    failure::Failure,
    origins::Origins,
    tunnel,
};
use store::Added;

/// How long the panel may take to answer itself.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

impl Origins {
    /// Takes the names that the store has.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn read(&self, db: &Db) -> db::Result<()> {
        let added = store::list(db).await?;
        let moved = added.first().is_some_and(|first| first.is_primary);
        self.replace(added.iter().map(|added| (&added.name, added.by_tunnel)), moved);
        Ok(())
    }
}

/// The service.
#[derive(Clone)]
pub struct PanelDomain {
    apps: Apps,
    accounts: Arc<Accounts>,
    certificates: Certificates,
    dns: Dns,
    origins: Origins,
}

impl PanelDomain {
    /// The service beside the others.
    #[must_use]
    pub fn new(apps: Apps, accounts: Arc<Accounts>, certificates: Certificates, dns: Dns, origins: Origins) -> Self {
        Self { apps, accounts, certificates, dns, origins }
    }

    async fn list(&self, actor: &Actor) -> Result<Vec<PanelNameRow>, Failure> {
        actor.require(Role::Viewer)?;
        let db = &self.apps.parts.db;
        let passkeys = store::passkeys(db).await?;
        let (configured, primary) = (self.origins.configured(), self.origins.primary());
        let count = |host: &str| {
            let of_host = |found: &Option<String>| match found {
                Some(found) => found == host,
                None => configured.host() == host,
            };
            passkeys.iter().filter(|(found, _)| of_host(found)).map(|(_, count)| count).sum()
        };
        let mut rows = vec![PanelNameRow {
            host: configured.host().to_owned(),
            url: configured.to_string(),
            primary: configured == primary,
            configured: true,
            added: None,
            passkeys: count(configured.host()),
            steps: Vec::new(),
            ready: false,
            way: WayIn::Direct,
        }];
        for added in store::list(db).await? {
            let steps = rehearse(&self.seen(&added).await?, self.apps.parts.clock.now());
            let origin = self.origins.of(&added.name);
            let dns = self.dns.last_check(&added.name.clone().into()).await?;
            let verdict = dns.map(|check| check.verdict());
            rows.push(PanelNameRow {
                passkeys: count(added.name.as_str()),
                primary: origin.as_ref() == Some(&primary),
                url: origin.map(|origin| origin.to_string()).unwrap_or_default(),
                configured: false,
                host: added.name.into(),
                added: Some((added.added_by, added.added_at)),
                ready: may_move(&steps),
                way: WayIn::of(added.by_tunnel, verdict.as_ref()),
                steps,
            });
        }
        Ok(rows)
    }

    /// Gives the panel a name; nobody depends on it before it was rehearsed.
    async fn try_name(&self, actor: &Actor, form: &PanelNameForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        actor.require_step_up(parts.clock.now())?;
        let name = form.parse()?;
        let by_tunnel = WayIn::is_tunnel_word(&form.way);
        if self.origins.has_host(name.as_str()) {
            return Err(taken("The panel has this name already.", "Look at its rehearsal."));
        }
        if self.origins.added_hosts().len() >= MOST_NAMES {
            return Err(taken("The panel has as many names as it may have.", "Leave one first."));
        }
        if let Some(app) = parts.domains.app_of(&name) {
            return Err(taken("Names of this form belong to apps.", &format!("This one is for {app}.")));
        }
        let mut tx = parts.db.write().await?;
        if let Some(app) = domains::store::owner(&mut tx, &name.clone().into()).await? {
            return Err(taken("An app has this name.", &format!("It leads to {app}.")));
        }
        if !store::add(&mut tx, &name, &actor.name, parts.clock.now()).await? {
            return Err(taken("The panel has this name already.", "Look at its rehearsal."));
        }
        if by_tunnel {
            tunnel::require(&mut tx).await?;
            tunnel::store::set_name(&mut tx, &name.clone().into(), None, true).await?;
        }
        let detail = json!({ "by_tunnel": by_tunnel });
        parts.audit.record(&mut tx, actor, "panel.try_name", name.as_str(), detail).await?;
        tx.commit().await?;
        self.dns.check(&name.into()).await?;
        self.changed().await
    }

    /// A link that lets the actor in at `name`, once.
    async fn go_to(&self, actor: &Actor, name: &HostName) -> Result<Secret<String>, Failure> {
        actor.require(Role::Owner)?;
        actor.require_step_up(self.apps.parts.clock.now())?;
        let added = self.find(name).await?;
        let steps = rehearse(&self.seen(&added).await?, self.apps.parts.clock.now());
        let origin = self.origins.of(name).filter(|_| may_move(&steps));
        let origin = origin.ok_or_else(|| {
            Problem::new(Code::Conflict, "The panel does not answer under this name yet.")
                .hint("Its rehearsal says what is missing.")
        })?;
        self.accounts.move_link(actor, &origin).await
    }

    /// Gives a name up; the passkeys that belong to it let nobody in any more.
    async fn leave(&self, actor: &Actor, name: &HostName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        actor.require_step_up(parts.clock.now())?;
        self.find(name).await?;
        // Whoever did this could not get in again.
        let others = store::passkeys(&parts.db).await?;
        let kept = |host: &Option<String>| host.as_deref() != Some(name.as_str());
        let enters = |host: &Option<String>| host.as_deref().is_none_or(|host| self.origins.has_host(host));
        if !others.iter().any(|(host, count)| kept(host) && enters(host) && *count > 0) {
            return Err(Problem::new(Code::Conflict, "Every passkey belongs to this name.")
                .hint("Make one under another name first, or nobody gets in.")
                .into());
        }
        let mut tx = parts.db.write().await?;
        if !store::remove(&mut tx, name).await? {
            return Err(Problem::not_found("name").into());
        }
        parts.audit.record(&mut tx, actor, "panel.leave_name", name.as_str(), json!({})).await?;
        tx.commit().await?;
        self.changed().await
    }

    /// Lets a name come in by the tunnel and by no other way, or at this server's own ports again.
    async fn set_way(&self, actor: &Actor, name: &HostName, by_tunnel: bool) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        actor.require_step_up(parts.clock.now())?;
        self.find(name).await?;
        let mut tx = parts.db.write().await?;
        if by_tunnel {
            tunnel::require(&mut tx).await?;
        }
        tunnel::store::set_name(&mut tx, &name.clone().into(), None, by_tunnel).await?;
        let detail = json!({ "by_tunnel": by_tunnel });
        parts.audit.record(&mut tx, actor, "panel.set_way", name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed().await
    }

    async fn find(&self, name: &HostName) -> Result<Added, Failure> {
        let all = store::list(&self.apps.parts.db).await?;
        Ok(all.into_iter().find(|added| added.name == *name).ok_or_else(|| Problem::not_found("name"))?)
    }

    async fn seen(&self, added: &Added) -> Result<Seen, Failure> {
        let domain: DomainName = added.name.clone().into();
        let Planned { certificate_until, problem, answer } = self.certificates.rehearsed(&domain).await?;
        let tunnel = tunnel::use_of(&self.apps.parts.db, &domain).await?;
        let answer = if added.by_tunnel { Some(self.asked_by_tunnel(&added.name).await) } else { answer };
        let dns = self.dns.last_check(&domain).await?.map(|check| {
            let verdict = check.verdict_by(added.by_tunnel);
            let advice = match added.by_tunnel {
                true => tunnel.advice(&verdict, &domain),
                false => verdict.advice(&domain, &check.own),
            };
            let advice = advice.map(|advice| format!(" {advice}"));
            let words = verdict.sentence(&domain) + &advice.unwrap_or_default();
            if verdict.is_good() { Ok(words) } else { Err(words) }
        });
        let (by_tunnel, answered_at) = (added.by_tunnel, added.answered_at);
        Ok(Seen { dns, certificate_until, certificate_problem: problem, answer, by_tunnel, answered_at })
    }

    /// Whether the panel answers where the tunnel's visitors come in.
    async fn asked_by_tunnel(&self, name: &HostName) -> Result<(), String> {
        if !tunnel::store::exists(&self.apps.parts.db).await.is_ok_and(|exists| exists) {
            return Err("There is no tunnel. Set one up in Settings, under Tunnel.".to_owned());
        }
        let path = "/healthz".parse().map_err(|refused: Refused| refused.to_string())?;
        let address = self.apps.parts.domains.tunnel_address();
        match probe::get(address, name, &path, ANSWERS_WITHIN).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(format!("nginx answers with {} where the tunnel leads to.", answer.status)),
            Err(error) => Err(format!("Nothing answers where the tunnel leads to: {error}.")),
        }
    }

    async fn changed(&self) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        self.origins.read(&parts.db).await?;
        parts.domains.nudge();
        for topic in [Topic::Account, Topic::Activity, Topic::Host] {
            parts.hub.announce(topic);
        }
        Ok(())
    }
}

fn taken(words: &str, hint: &str) -> Failure {
    Problem::new(Code::Conflict, words).hint(hint).at("panel_name").into()
}
