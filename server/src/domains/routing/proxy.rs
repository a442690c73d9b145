//! What nginx does with an app's visitors.

use homeport_model::{
    domain::{PasswordForm, ProxyForm, ProxyView, UpstreamPorts, UserName},
    name::AppName,
    prelude::{Actor, Problem, Role},
};
use serde_json::json;

use super::{super::password, Routing, kept};
use crate::{drivers::nginx::Nginx, failure::Failure};

/// The most people with a password.
const MOST_USERS: usize = 100;

impl Routing {
    pub(super) async fn proxy(&self, actor: &Actor, name: &AppName) -> Result<ProxyView, Failure> {
        actor.require(Role::Viewer)?;
        let (app, db) = (self.apps.get(name).await?, &self.apps.parts.db);
        let users = kept::passwords(db).await?.into_iter().filter(|(id, ..)| *id == app.id);
        let secured = self.rows(&app, &self.expiries().await?).iter().any(|row| row.expires_at.is_some());
        let port = |map: &homeport_model::app::PortMap| UpstreamPorts {
            map: *map,
            idle: (map.scheme.needs_certificate() && !secured)
                .then(|| "No name of this app has a certificate yet.".to_owned()),
        };
        let about = self.domains().about().await;
        Ok(ProxyView {
            settings: kept::of(db, &app.id).await?.settings,
            users: users.map(|(_, user, _)| user).collect(),
            ports: app.spec.needs.ports.iter().map(port).collect(),
            has_brotli: Nginx::brotli().is_some(),
            http2_by_app: about.is_some_and(|about| about.http2_by_server()),
            is_site: app.spec.source.is_static(),
            refusal: self.domains().refusal(name),
        })
    }

    pub(super) async fn set_proxy(&self, actor: &Actor, name: &AppName, form: &ProxyForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let settings = form.parse()?;
        let before = kept::of(&parts.db, &app.id).await?.settings;
        let detail = json!({ "before": ProxyForm::of(&before), "after": ProxyForm::of(&settings) });
        let mut tx = parts.db.write().await?;
        kept::set_settings(&mut tx, &app.id, &settings).await?;
        parts.audit.record(&mut tx, actor, "app.set_proxy", name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    pub(super) async fn set_password(&self, actor: &Actor, name: &AppName, form: &PasswordForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let (user, typed) = form.parse()?;
        let users = kept::passwords(&parts.db).await?;
        let others = users.iter().filter(|(id, other, _)| *id == app.id && *other != user).count();
        if others >= MOST_USERS {
            return Err(
                Problem::invalid("user", format!("An app has at most {MOST_USERS} people with a password.")).into()
            );
        }
        let hash = password::hash(&typed)?;
        let sealed = parts.sealer.seal(hash.expose().as_bytes(), &password::context(&app.id));
        let mut tx = parts.db.write().await?;
        kept::set_password(&mut tx, &app.id, &user, &sealed, parts.clock.now()).await?;
        parts.audit.record(&mut tx, actor, "app.set_password", name.as_str(), json!({ "user": user })).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }

    pub(super) async fn remove_password(&self, actor: &Actor, name: &AppName, user: &UserName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let mut tx = parts.db.write().await?;
        if !kept::remove_password(&mut tx, &app.id, user).await? {
            return Err(Problem::not_found("user").into());
        }
        parts.audit.record(&mut tx, actor, "app.remove_password", name.as_str(), json!({ "user": user })).await?;
        tx.commit().await?;
        self.changed(&app.id).await;
        Ok(())
    }
}
