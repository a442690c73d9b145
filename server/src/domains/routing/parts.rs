//! Parts of a host that other apps answer, and maintenance.

use homeport_model::{
    domain::{Maintenance, MaintenanceForm, PathPrefix, PrefixForm},
    name::{AppName, DomainName, HostName},
    prelude::{Actor, Code, Problem, Role},
};
use serde_json::json;

use super::{super::claim, Routing, kept};
use crate::failure::Failure;

/// The most parts that a host has.
const MOST: usize = 50;

impl Routing {
    pub(super) async fn add_prefix(&self, actor: &Actor, app: &AppName, form: &PrefixForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        let host = claim::to_ascii("host", &form.host)?.into();
        let (host, path, to, strip) = PrefixForm { host, ..form.clone() }.parse()?;
        let name = DomainName::from(host.clone());
        let leads_here = app.names.iter().any(|known| known.name == name && known.redirect.is_none());
        if !leads_here && !self.is_own(&app, &name) {
            let title = format!("{host} is no name that leads to this app.");
            return Err(Problem::invalid("host", title).hint("Add it first.").into());
        }
        let other =
            self.apps.get(&to).await.map_err(|_| Problem::invalid("app", format!("There is no app named {to}.")))?;
        if other.id == app.id {
            return Err(Problem::invalid("app", "The whole host leads to this app already.").into());
        }
        let here = kept::parts(&parts.db).await?;
        let of_host: Vec<_> = here.iter().filter(|part| part.host == host).collect();
        if of_host.iter().any(|part| part.path == path) {
            let title = format!("{host}{path} leads to another app already.");
            return Err(Problem { code: Code::Conflict, ..Problem::invalid("path", title) }.into());
        }
        if of_host.len() >= MOST {
            return Err(Problem::invalid("path", format!("A host has at most {MOST} parts.")).into());
        }
        let detail = json!({ "host": host, "path": path, "to_app": to, "without_path": strip });
        let part = kept::Part { host, path, app: app.id.clone(), to: other.id, strip };
        let mut tx = parts.db.write().await?;
        kept::add_part(&mut tx, &part, parts.clock.now()).await?;
        parts.audit.record(&mut tx, actor, "domain.add_prefix", app.spec.name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    pub(super) async fn remove_prefix(
        &self,
        actor: &Actor,
        app: &AppName,
        host: &HostName,
        path: &PathPrefix,
    ) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        let mut tx = parts.db.write().await?;
        if !kept::remove_part(&mut tx, &app.id, host, path).await? {
            return Err(Problem::not_found("part of this host").into());
        }
        let detail = json!({ "host": host, "path": path });
        parts.audit.record(&mut tx, actor, "domain.remove_prefix", app.spec.name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    pub(super) async fn set_maintenance(
        &self,
        actor: &Actor,
        app: &AppName,
        form: &MaintenanceForm,
    ) -> Result<(), Failure> {
        actor.require(Role::Deployer)?;
        let (app, parts) = (self.apps.get(app).await?, &self.apps.parts);
        let before = kept::of(&parts.db, &app.id).await?.maintenance;
        let now = form.parse()?.map(|text| match before {
            // Other words do not make it new.
            Some(before) => Maintenance { text, ..before },
            None => Maintenance { text, by: actor.name.clone(), since: parts.clock.now() },
        });
        let action = if now.is_some() { "app.maintenance_on" } else { "app.maintenance_off" };
        let detail = json!({ "says": now.as_ref().and_then(|now| now.text.clone()) });
        let mut tx = parts.db.write().await?;
        kept::set_maintenance(&mut tx, &app.id, now.as_ref()).await?;
        parts.audit.record(&mut tx, actor, action, app.spec.name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }
}
