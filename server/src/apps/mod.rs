//! Apps: what people decide about them, and what is seen of them.

mod backend;
pub mod env;
mod needs;
pub mod observe;
mod processes;
pub mod reconcile;
pub mod store;
mod view;

pub use observe::{Observations, Seen};
pub use store::AppRecord;

use std::{str::FromStr, sync::Arc};

use homeport_model::{
    app::{AppForm, AppSpec, Source},
    deploy::Trigger,
    event::Topic,
    id::{AppId, JobId},
    job::JobKind,
    name::{AppName, HostName, ImageRef, Refused},
    prelude::{Actor, Code, Problem, Role},
};
use serde_json::json;

use crate::{
    ambient::{self, Clock},
    audit::Audit,
    db::Db,
    domains::{self, Domains},
    drivers::docker::Docker,
    failure::Failure,
    host::Host,
    jobs::{self, Runner},
    live::Hub,
    logs::KeptLogs,
    seal::Sealer,
    traffic::AnswerTimes,
};

/// What the service needs.
#[derive(Clone)]
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The audit log.
    pub audit: Audit,
    /// Seals values.
    pub sealer: Sealer,
    /// Where changes are announced.
    pub hub: Hub,
    /// What was last seen of each app.
    pub observations: Observations,
    /// Host names and nginx.
    pub domains: Domains,
    /// The engine, for logs.
    pub docker: Docker,
    /// What removed containers wrote.
    pub kept: KeptLogs,
    /// The host's figures.
    pub host: Host,
    /// How quickly apps answer.
    pub times: AnswerTimes,
    /// Runs jobs.
    pub runner: Runner,
}

/// The service.
#[derive(Clone)]
pub struct Apps {
    pub(crate) parts: Arc<Parts>,
}

impl Apps {
    /// The service with its parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// The app of this name.
    ///
    /// # Errors
    /// [`Code::NotFound`]; also for one that is being removed.
    pub async fn get(&self, name: &AppName) -> Result<AppRecord, Failure> {
        let app = store::find(&self.parts.db, name).await?;
        app.filter(|app| !app.deleting).ok_or_else(|| Problem::not_found("app").into())
    }

    /// The app of this name, which may be one that is being removed.
    async fn get_even_removing(&self, name: &AppName) -> Result<AppRecord, Failure> {
        store::find(&self.parts.db, name).await?.ok_or_else(|| Problem::not_found("app").into())
    }

    async fn create_app(&self, actor: &Actor, form: &AppForm) -> Result<AppName, Failure> {
        self.create_as(actor, form, self.new_id(), None).await
    }

    /// An id for an app to be.
    pub(crate) fn new_id(&self) -> AppId {
        AppId::new(self.parts.clock.now().ms(), ambient::random_u32())
    }

    /// Creates an app under an id that has been chosen already, and with a name of its own where there is one.
    pub(crate) async fn create_as(
        &self,
        actor: &Actor,
        form: &AppForm,
        id: AppId,
        host: Option<&HostName>,
    ) -> Result<AppName, Failure> {
        actor.require(Role::Owner)?;
        let spec = form.parse()?;
        self.check_source(&spec)?;
        let name = spec.name.clone();
        let now = self.parts.clock.now();
        let mut tx = self.parts.db.write().await?;
        self.check_own_name(&spec.name)?;
        let slot = store::free_slot(&mut tx).await?.ok_or_else(|| {
            Problem::new(Code::Conflict, "This server has as many apps as it can have.").hint("Remove one first.")
        })?;
        let app = AppRecord {
            id: id.clone(),
            spec,
            slot,
            serving: None,
            deleting: false,
            created_at: now,
            names: Vec::new(),
        };
        let taken = Problem {
            code: Code::Conflict,
            ..Problem::invalid("name", format!("There is already an app named {name}."))
        };
        store::insert(&mut tx, &app).await.map_err(|error| error.on("apps.name", taken))?;
        if let Some(host) = host {
            domains::take(&mut tx, &self.parts.domains, &app, &host.clone().into(), None, now).await?;
        }
        self.parts
            .audit
            .record(&mut tx, actor, "app.create", name.as_str(), json!({ "source": app.spec.source.kind().as_str() }))
            .await?;
        tx.commit().await?;
        self.announce(&id);
        self.parts.domains.nudge();
        Ok(name)
    }

    async fn change_app(&self, actor: &Actor, name: &AppName, form: &AppForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        let parsed = AppForm { name: name.to_string(), ..form.clone() }.parse()?;
        // The form says nothing of them.
        let spec = AppSpec { needs: app.spec.needs.clone(), processes: app.spec.processes.clone(), ..parsed };
        self.check_source(&spec)?;
        let mut tx = self.parts.db.write().await?;
        store::update_spec(&mut tx, &app.id, &spec).await?;
        let detail = json!({ "before": AppForm::of(&app.spec), "after": AppForm::of(&spec) });
        self.parts.audit.record(&mut tx, actor, "app.change", name.as_str(), detail).await?;
        tx.commit().await?;
        self.announce(&app.id);
        self.parts.domains.nudge();
        Ok(())
    }

    /// Gives an app another tag or digest of its image.
    pub(crate) async fn keep_image(&self, actor: &Actor, name: &AppName, image: &str) -> Result<(), Failure> {
        actor.require(Role::Deployer)?;
        let app = self.get(name).await?;
        let wanted: ImageRef =
            image.parse().map_err(|refused: Refused| Problem::invalid("image", refused.to_string()))?;
        let Source::Image { image: now } = &app.spec.source else {
            return Err(Problem::invalid("image", "The app does not come from an image.").into());
        };
        if wanted.repository() != now.repository() {
            let title = format!("The app comes from {}: only its tag or digest may be another.", now.repository());
            return Err(Problem::invalid("image", title).into());
        }
        if wanted == *now {
            return Ok(());
        }
        let spec = AppSpec { source: Source::Image { image: wanted }, ..app.spec.clone() };
        let mut tx = self.parts.db.write().await?;
        store::update_spec(&mut tx, &app.id, &spec).await?;
        let detail = json!({ "before": AppForm::of(&app.spec), "after": AppForm::of(&spec) });
        self.parts.audit.record(&mut tx, actor, "app.change", name.as_str(), detail).await?;
        tx.commit().await?;
        self.announce(&app.id);
        Ok(())
    }

    async fn delete_app(&self, actor: &Actor, name: &AppName, typed: &str, volumes: bool) -> Result<JobId, Failure> {
        actor.require(Role::Owner)?;
        let app = self.get_even_removing(name).await?;
        if AppName::from_str(typed.trim()).as_ref() != Ok(name) {
            return Err(Problem::invalid("typed", format!("Type {name} to remove it.")).into());
        }
        actor.require_step_up(self.parts.clock.now())?;
        let now = self.parts.clock.now();
        let id = JobId::new(now.ms(), ambient::random_u32());
        let payload = json!({ "app": app.id, "volumes": volumes }).to_string();
        let new = jobs::store::NewJob {
            id: &id,
            kind: JobKind::DeleteApp,
            subject: app.id.as_str(),
            app: name,
            release: None,
            payload: &payload,
            steps: crate::deploys::REMOVAL_STEPS,
        };
        let replaced = Problem::new(Code::Conflict, "The app is being removed.");
        let mut tx = self.parts.db.write().await?;
        if jobs::store::is_unfinished(&mut tx, JobKind::DeleteApp, app.id.as_str()).await? {
            return Err(replaced.into());
        }
        store::mark_deleting(&mut tx, &app.id).await?;
        jobs::store::enqueue(&mut tx, &new, &replaced, now).await?;
        self.parts
            .audit
            .record(&mut tx, actor, "app.delete", name.as_str(), json!({ "job": id, "volumes": volumes }))
            .await?;
        tx.commit().await?;
        // A deploy that runs would only delay it.
        for job in jobs::store::unfinished(&self.parts.db).await? {
            if job.app == *name && job.id != id {
                self.parts.runner.cancel(&job.id);
            }
        }
        self.announce(&app.id);
        self.parts.runner.nudge();
        Ok(id)
    }

    /// The name that follows from an app's own must not be the panel's.
    fn check_own_name(&self, name: &AppName) -> Result<(), Failure> {
        if self.parts.domains.is_panel(&self.parts.domains.own_host_name(name)) {
            return Err(Problem::invalid("name", "The panel itself is reached under this name.").into());
        }
        Ok(())
    }

    /// Plain http to a repository only where the host's configuration allows it.
    fn check_source(&self, spec: &AppSpec) -> Result<(), Failure> {
        match spec.source.repo() {
            Some((repo, _)) if repo.scheme() == "http" && !self.parts.domains.allows_local_git() => {
                Err(Problem::invalid("repo", "Plain http is not allowed for repositories.")
                    .hint("Use https, or start Homeport with --allow-local-git for a Git server on your own network.")
                    .into())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn announce(&self, app: &AppId) {
        self.parts.hub.announce(Topic::App(app.clone()));
        self.parts.hub.announce(Topic::Apps);
        self.parts.hub.announce(Topic::Activity);
    }

    /// The first host name of an app.
    pub(crate) fn first_host_name(&self, spec: &AppSpec) -> HostName {
        self.parts.domains.own_host_name(&spec.name)
    }
}

/// Who pressed, for a release.
pub(crate) fn pressed(actor: &Actor) -> Trigger {
    Trigger::Pressed { by: actor.name.clone() }
}
