//! The panel's own names: giving it one, rehearsing it, and leaving one.

mod ask;
mod backend;
pub(crate) mod store;
mod switch;

use homeport_model::{
    name::{DomainName, HostName, Refused},
    panel_domain::{
        Door, Heard, Holder, MOST_NAMES, PanelNameForm, PanelNameRow, Seen, Switching, leave, may_finish, may_move,
        may_move_anyway, panel_name, rehearse,
    },
    prelude::{Actor, Code, Problem, Role, Topic},
    secret::Secret,
    tunnel::WayIn,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

use crate::{
    accounts::Accounts,
    apps::Apps,
    certificates::{Certificates, Planned},
    db::{self, Db},
    dns::{Dns, idna},
    domains,
    drivers::probe,
    failure::Failure,
    origins::{self, Origins},
    tunnel::{self, Tunnel},
};
use ask::Ears;
use store::{Added, Passkey};

pub use ask::Outside;
pub use switch::EVERY;

/// How long the panel may take to answer itself.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

impl Origins {
    /// Takes the names that the store has.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn read(&self, db: &Db) -> db::Result<()> {
        let added = store::list(db.reader()).await?;
        let moved = added.first().is_some_and(|first| first.is_primary);
        let names = added.iter().map(|added| origins::Added {
            name: &added.name,
            by_tunnel: added.by_tunnel,
            both: added.switching,
        });
        self.replace(names, moved);
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
    tunnel: Tunnel,
    outside: Outside,
    ears: Ears,
    nudge: Arc<Notify>,
}

impl PanelDomain {
    /// The service beside the others.
    #[must_use]
    pub fn new(
        apps: Apps,
        accounts: Arc<Accounts>,
        certificates: Certificates,
        dns: Dns,
        tunnel: Tunnel,
        origins: Origins,
        outside: Outside,
    ) -> Self {
        let (ears, nudge) = (Ears::default(), Arc::default());
        Self { apps, accounts, certificates, dns, origins, tunnel, outside, ears, nudge }
    }

    async fn list(&self, actor: &Actor) -> Result<Vec<PanelNameRow>, Failure> {
        actor.require(Role::Viewer)?;
        let db = &self.apps.parts.db;
        let now = self.apps.parts.clock.now();
        let passkeys = store::passkeys(db.reader()).await?;
        let (configured, primary) = (self.origins.configured(), self.origins.primary());
        let count = |host: &str| {
            let of_host = |passkey: &&Passkey| passkey.host.as_deref().unwrap_or(configured.host()) == host;
            u32::try_from(passkeys.iter().filter(of_host).count()).unwrap_or(u32::MAX)
        };
        let read = |host: &str| host.parse().ok().and_then(|name: DomainName| idna::to_unicode(&name));
        let mut rows = vec![PanelNameRow {
            host: configured.host().to_owned(),
            unicode: read(configured.host()),
            url: configured.to_string(),
            primary: configured == primary,
            configured: true,
            added: None,
            passkeys: count(configured.host()),
            steps: Vec::new(),
            ready: false,
            ready_anyway: false,
            way: WayIn::Direct,
            switching: None,
            cautions: Vec::new(),
        }];
        for added in store::list(db.reader()).await? {
            let steps = rehearse(&self.seen_now(&added).await?, now);
            let origin = self.origins.of(&added.name);
            let dns = self.dns.last_check(&added.name.clone().into()).await?;
            let verdict = dns.map(|check| check.verdict());
            let switching = match added.switching {
                true => {
                    let steps = self.steps_of_switch(&added).await?;
                    Some(Switching { to_tunnel: !added.by_tunnel, may_finish: may_finish(&steps), steps })
                }
                false => None,
            };
            rows.push(PanelNameRow {
                passkeys: count(added.name.as_str()),
                primary: origin.as_ref() == Some(&primary),
                url: origin.map(|origin| origin.to_string()).unwrap_or_default(),
                configured: false,
                unicode: read(added.name.as_str()),
                // Why it cannot be given up is said to whoever tries.
                cautions: self.leaving(actor, &added.name, &passkeys).unwrap_or_default(),
                host: added.name.into(),
                added: Some((added.added_by, added.added_at)),
                ready: may_move(&steps),
                ready_anyway: may_move_anyway(&steps),
                way: WayIn::of(added.by_tunnel, verdict.as_ref()),
                switching,
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
        let name = panel_name(&idna::to_ascii(&form.name).map_err(|problem| problem.at("panel_name"))?)?;
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
        self.nudge.notify_one();
        self.changed().await
    }

    /// A link that lets the actor in at `name`, once. What decides it is asked anew: a name that has moved
    /// since would hand the link to others. With `anyway` the actor says that they know better where this
    /// server cannot see.
    async fn go_to(&self, actor: &Actor, name: &HostName, anyway: bool) -> Result<Secret<String>, Failure> {
        actor.require(Role::Owner)?;
        actor.require_step_up(self.apps.parts.clock.now())?;
        let added = self.find(name).await?;
        self.dns.check(&name.clone().into()).await?;
        if added.by_tunnel || added.switching {
            self.hear(&added).await;
        }
        let steps = rehearse(&self.seen_now(&added).await?, self.apps.parts.clock.now());
        let may = may_move(&steps) || anyway && may_move_anyway(&steps);
        let origin = self.origins.of(name).filter(|_| may);
        let origin = origin.ok_or_else(|| {
            Problem::new(Code::Conflict, "The panel does not answer under this name yet.")
                .hint("Its rehearsal says what is missing.")
        })?;
        self.accounts.move_link(actor, &origin).await
    }

    /// Gives a name up; the passkeys that belong to it let nobody in any more. What people lose by it has to
    /// be confirmed with `anyway`.
    async fn leave(&self, actor: &Actor, name: &HostName, anyway: bool) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        actor.require_step_up(parts.clock.now())?;
        self.find(name).await?;
        let mut tx = parts.db.write().await?;
        let cautions = self.leaving(actor, name, &store::passkeys(&mut *tx).await?)?;
        if !cautions.is_empty() && !anyway {
            return Err(Problem::new(Code::Conflict, cautions.join(" "))
                .hint("Confirm that beside the button.")
                .into());
        }
        if !store::remove(&mut tx, name).await? {
            return Err(Problem::not_found("name").into());
        }
        let detail = json!({ "cautions": cautions });
        parts.audit.record(&mut tx, actor, "panel.leave_name", name.as_str(), detail).await?;
        tx.commit().await?;
        self.ears.forget(name);
        self.changed().await
    }

    /// What people lose with a name.
    fn leaving(&self, actor: &Actor, name: &HostName, passkeys: &[Passkey]) -> Result<Vec<String>, Problem> {
        let configured = self.origins.configured();
        let door = |passkey: &Passkey| match passkey.host.as_deref() {
            Some(host) if host == name.as_str() => Door::Leaving,
            None => Door::Configured,
            Some(host) if host == configured.host() => Door::Configured,
            Some(host) if self.origins.has_host(host) => Door::Other,
            Some(_) => Door::Gone,
        };
        let holders: Vec<Holder> = passkeys
            .iter()
            .map(|passkey| Holder {
                user: passkey.user.clone(),
                name: passkey.name.clone(),
                role: passkey.role,
                door: door(passkey),
            })
            .collect();
        let by_ssh = (!configured.is_https()).then(|| configured.to_string());
        leave(&holders, &actor.user, by_ssh.as_deref())
    }

    async fn find(&self, name: &HostName) -> Result<Added, Failure> {
        let all = store::list(self.apps.parts.db.reader()).await?;
        Ok(all.into_iter().find(|added| added.name == *name).ok_or_else(|| Problem::not_found("name"))?)
    }

    /// What is known of a name by the way that it comes in now; on its way to the other one it answers by both.
    async fn seen_now(&self, added: &Added) -> Result<Seen, Failure> {
        let mut seen = self.seen(added).await?;
        if added.switching && matches!(seen.heard, Some(Heard::Here { .. })) {
            seen.heard = Some(Heard::Here { by_tunnel: added.by_tunnel });
        }
        Ok(seen)
    }

    async fn seen(&self, added: &Added) -> Result<Seen, Failure> {
        let domain: DomainName = added.name.clone().into();
        let Planned { certificate, problem, answer } = self.certificates.rehearsed(&domain).await?;
        let tunnel = tunnel::use_of(&self.apps.parts.db, &domain).await?;
        let at_tunnel = if added.by_tunnel { Some(self.asked_by_tunnel(&added.name).await) } else { None };
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
        Ok(Seen {
            dns,
            certificate,
            certificate_problem: problem,
            answer,
            at_tunnel,
            heard: self.ears.last(&added.name).map(|(heard, _)| heard),
            by_tunnel: added.by_tunnel,
            answered_at: added.answered_at,
        })
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
