//! What people set for an app's processes.

use homeport_model::{
    app::{AppForm, AppSpec, ProcessForm},
    name::{AppName, Port},
    prelude::{Actor, Code, Problem, Role},
};
use serde_json::json;

use super::{Apps, store};
use crate::{deploys, failure::Failure};

impl Apps {
    /// Sets the port that an app listens on. Takes effect with the next release.
    pub(crate) async fn set_port(&self, actor: &Actor, name: &AppName, port: Port) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        let spec = AppSpec { port: Some(port), ..app.spec.clone() };
        let mut tx = self.parts.db.write().await?;
        store::update_spec(&mut tx, &app.id, &spec).await?;
        let detail = json!({ "before": AppForm::of(&app.spec), "after": AppForm::of(&spec) });
        self.parts.audit.record(&mut tx, actor, "app.change", name.as_str(), detail).await?;
        tx.commit().await?;
        self.announce(&app.id);
        Ok(())
    }

    /// Sets one process. Takes effect with the next release.
    pub(super) async fn set_process(&self, actor: &Actor, name: &AppName, form: &ProcessForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        let (process, settings) = form.parse()?;
        let newest = deploys::store::list(&self.parts.db, &app.id).await?;
        let declared = newest.iter().find(|release| release.artifact.is_some()).map(|release| &release.declared);
        if settings.scale.is_some() && declared.is_some_and(|declared| declared.app_json.fixes_scale()) {
            let title = "app.json says how many of each process there are.";
            return Err(Problem { code: Code::Conflict, ..Problem::invalid("scale", title) }
                .hint("Change formation there, or take it out.")
                .into());
        }
        let mut processes = app.spec.processes.clone();
        if processes.len() >= 50 && !processes.contains_key(&process) {
            return Err(Problem::invalid("process", "An app has at most 50 processes.").into());
        }
        let before = processes.insert(process.clone(), settings.clone());
        let spec = AppSpec { processes, ..app.spec.clone() };
        let mut tx = self.parts.db.write().await?;
        store::update_spec(&mut tx, &app.id, &spec).await?;
        let before = before.map(|before| ProcessForm::of(&process, &before));
        let detail = json!({ "before": before, "after": ProcessForm::of(&process, &settings) });
        self.parts.audit.record(&mut tx, actor, "app.set_process", name.as_str(), detail).await?;
        tx.commit().await?;
        self.announce(&app.id);
        Ok(())
    }
}
