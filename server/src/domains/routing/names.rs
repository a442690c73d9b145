//! Names: added, removed, led elsewhere, and which of them comes first.

use homeport_model::{
    domain::{DomainForm, Redirect},
    name::{AppName, DomainName, HostName, Refused},
    prelude::{Actor, Code, Problem, Role, Topic},
    tunnel::WayIn,
};
use serde_json::json;

use super::{
    super::{claim, store},
    Routing, kept,
};
use crate::{
    apps::{self, AppRecord},
    failure::Failure,
    tunnel,
};

impl Routing {
    pub(super) async fn add(&self, actor: &Actor, app: &AppName, form: &DomainForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.apps.get(app).await?;
        let name = claim::to_ascii("name", &form.name)?.into();
        let to = if form.leads == "redirect" { claim::to_ascii("to", &form.to)?.into() } else { String::new() };
        let form = DomainForm { name, to, ..form.clone() };
        let (name, redirect) = form.parse()?;
        if let Some(redirect) = &redirect {
            self.check_redirect(&name, redirect).await?;
        }
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        claim::take(&mut tx, self.domains(), &app, &name, redirect.as_ref(), parts.clock.now()).await?;
        let by_tunnel = WayIn::is_tunnel_word(&form.way);
        if by_tunnel {
            tunnel::require(&mut tx).await?;
            tunnel::store::set_name(&mut tx, &name, Some(&app.id), true).await?;
        }
        let redirect = redirect.map(|redirect| redirect.to_string());
        let detail = json!({ "name": name, "redirect": redirect, "by_tunnel": by_tunnel });
        parts.audit.record(&mut tx, actor, "domain.add", app.spec.name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    /// A redirect that comes back to where it began would go on for ever.
    async fn check_redirect(&self, name: &DomainName, redirect: &Redirect) -> Result<(), Failure> {
        let goes_round = || {
            Problem::invalid("to", format!("{} leads back to {name}: visitors would go round for ever.", redirect.host))
                .hint("Lead it to a name that an app answers.")
        };
        let known = store::names(&self.apps.parts.db).await?;
        let mut at = redirect.host.clone();
        for _ in 0..=known.len() {
            let here = DomainName::from(at.clone());
            let exact = known.iter().find(|(_, other)| other.name == here);
            // A name of its own below a wildcard comes before it.
            if *name == here || exact.is_none() && name.covers(&here) {
                return Err(goes_round().into());
            }
            let found = exact.or_else(|| known.iter().find(|(_, other)| other.name.covers(&here)));
            match found.and_then(|(_, other)| other.redirect.as_ref()) {
                Some(next) => at = next.host.clone(),
                None => return Ok(()),
            }
        }
        Err(goes_round().into())
    }

    pub(super) async fn remove(&self, actor: &Actor, app: &AppName, name: &DomainName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        if self.is_own(&app, name) {
            let title = format!("{name} follows from the app's name and stays.");
            return Err(Problem::new(Code::Conflict, title).into());
        }
        let mut tx = parts.db.write().await?;
        if !store::remove(&mut tx, &app.id, name).await? {
            return Err(Problem::not_found("domain of this app").into());
        }
        parts.audit.record(&mut tx, actor, "domain.remove", app.spec.name.as_str(), json!({ "name": name })).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    pub(super) async fn make_primary(&self, actor: &Actor, app: &AppName, name: &DomainName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        let own = self.is_own(&app, name);
        if !own {
            let known = app.names.iter().find(|known| known.name == *name);
            let known = known.ok_or_else(|| Problem::not_found("domain of this app"))?;
            if known.redirect.is_some() || name.is_wildcard() {
                let title = format!("{name} is no single name that leads to the app.");
                return Err(Problem::new(Code::Conflict, title).into());
            }
        }
        let mut tx = parts.db.write().await?;
        store::set_primary(&mut tx, &app.id, Some(name).filter(|_| !own)).await?;
        parts.audit.record(&mut tx, actor, "domain.primary", app.spec.name.as_str(), json!({ "name": name })).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    /// Leads a name's counterpart with or without `www.` to it.
    pub(super) async fn lead_here(&self, actor: &Actor, app: &AppName, name: &HostName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        let here = DomainName::from(name.clone());
        let own = self.is_own(&app, &here);
        let known = app.names.iter().find(|known| known.name == here);
        if known.is_none() && !own {
            return Err(Problem::not_found("domain of this app").into());
        }
        let other = match name.as_str().strip_prefix("www.") {
            Some(bare) => bare.to_owned(),
            None => format!("www.{name}"),
        };
        let other: DomainName = other.parse().map_err(|Refused(why)| Problem::new(Code::Conflict, why))?;
        if self.is_own(&app, &other) {
            let title = format!("{other} follows from the app's name and leads to it.");
            return Err(Problem::new(Code::Conflict, title).into());
        }
        let redirect = Redirect::to(name.clone());
        let mut tx = parts.db.write().await?;
        if !own {
            store::set_redirect(&mut tx, &here, None).await?;
        }
        if app.names.iter().any(|known| known.name == other) {
            store::set_redirect(&mut tx, &other, Some(&redirect)).await?;
        } else {
            claim::take(&mut tx, self.domains(), &app, &other, Some(&redirect), parts.clock.now()).await?;
        }
        let detail = json!({ "name": other, "redirect": redirect.to_string() });
        parts.audit.record(&mut tx, actor, "domain.redirect", app.spec.name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    /// Lets a name come in by the tunnel and by no other way, or at this server's own ports again.
    pub(super) async fn set_way(
        &self,
        actor: &Actor,
        app: &AppName,
        name: &DomainName,
        by_tunnel: bool,
    ) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        if !self.is_own(&app, name) && app.names.iter().all(|known| known.name != *name) {
            return Err(Problem::not_found("domain of this app").into());
        }
        let mut tx = parts.db.write().await?;
        if by_tunnel {
            tunnel::require(&mut tx).await?;
        }
        tunnel::store::set_name(&mut tx, name, Some(&app.id), by_tunnel).await?;
        let detail = json!({ "name": name, "by_tunnel": by_tunnel });
        parts.audit.record(&mut tx, actor, "domain.set_way", app.spec.name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        parts.hub.announce(Topic::Host);
        Ok(())
    }

    /// Whether a name is the one that follows from the app's.
    pub(super) fn is_own(&self, app: &AppRecord, name: &DomainName) -> bool {
        *name == DomainName::from(self.domains().own_host_name(&app.spec.name))
    }

    pub(super) async fn set_catch_all(&self, actor: &Actor, app: &AppName, on: bool) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        let mut tx = parts.db.write().await?;
        if let Some(other) = kept::catch_all(&mut tx).await?.filter(|other| on && *other != app.id) {
            let all = apps::store::list(&parts.db).await?;
            let by = all.iter().find(|app| app.id == other).map_or("another app", |app| app.spec.name.as_str());
            let title = format!("{by} answers them already.");
            return Err(Problem::new(Code::Conflict, title)
                .hint("Only one app can. Switch it off there first.")
                .into());
        }
        kept::set_catch_all(&mut tx, &app.id, on).await?;
        parts.audit.record(&mut tx, actor, "domain.catch_all", app.spec.name.as_str(), json!({ "on": on })).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }
}
