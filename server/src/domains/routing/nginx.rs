//! nginx's configuration as it is served, with its history.

use homeport_model::{
    domain::{FileDiff, GenerationRow, NginxFile, NginxView, diff_files},
    prelude::{Actor, Code, Problem, Role},
    time::Timestamp,
};
use serde_json::json;

use super::Routing;
use crate::{
    drivers::nginx::{Files, Nginx},
    failure::Failure,
};

impl Routing {
    fn nginx(&self) -> &Nginx {
        self.domains().nginx()
    }

    pub(super) async fn nginx_view(&self, actor: &Actor, file: Option<&str>) -> Result<NginxView, Failure> {
        actor.require(Role::Viewer)?;
        let (nginx, about) = (self.nginx(), self.domains().about().await);
        let current = nginx.current()?;
        let found = current.map(|number| nginx.found(number)).transpose()?.unwrap_or_default();
        let written = current.and_then(|number| nginx.written(number)).unwrap_or_else(|| found.clone());
        let one = |(name, text): &(String, String)| NginxFile {
            app: name.strip_prefix("app-").and_then(|rest| rest.strip_suffix(".conf")).and_then(|app| app.parse().ok()),
            lines: text.lines().count(),
            text: (file == Some(name)).then(|| text.clone()),
            name: name.clone(),
        };
        let mut history: Vec<GenerationRow> = Vec::new();
        let kept = nginx.history()?;
        for (at, (number, written_at)) in kept.iter().enumerate() {
            let before = kept.get(at + 1).map(|(number, _)| *number);
            let texts = before.and_then(|before| nginx.written(before)).zip(nginx.written(*number));
            history.push(GenerationRow {
                number: *number,
                at: written_at.unwrap_or(Timestamp::from_ms(0)),
                changed: texts.map(|(old, new)| changed(&old, &new)),
                edited: nginx.edited(*number)?.into_iter().map(|edit| edit.file).collect(),
            });
        }
        Ok(NginxView {
            version: about.as_ref().map(|about| about.version.clone()),
            modules: about.map(|about| about.modules).unwrap_or_default(),
            answering: nginx.answering().await,
            files: found.iter().map(one).collect(),
            edits: diff_files(&written, &found),
            refusals: self.domains().refusals(),
            current,
            history,
        })
    }

    /// What differs between two kept generations as they were written; of one and the same, between
    /// what was written and what a hand made of it.
    pub(super) async fn nginx_difference(&self, actor: &Actor, from: u64, to: u64) -> Result<Vec<FileDiff>, Failure> {
        actor.require(Role::Viewer)?;
        let nginx = self.nginx();
        let written = |number: u64| nginx.written(number).ok_or_else(|| Problem::not_found("generation"));
        let (before, after) = (written(from)?, if from == to { nginx.found(to)? } else { written(to)? });
        Ok(diff_files(&before, &after))
    }

    /// Drops a generation of the past with what a hand made of it.
    pub(super) async fn forget_generation(&self, actor: &Actor, number: u64) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (parts, nginx) = (&self.apps.parts, self.nginx());
        if nginx.current()? == Some(number) {
            return Err(Problem::new(Code::Conflict, "That generation is the one that serves.").into());
        }
        if !nginx.history()?.iter().any(|(kept, _)| *kept == number) {
            return Err(Problem::not_found("generation").into());
        }
        let files: Vec<String> = nginx.edited(number)?.into_iter().map(|edit| edit.file).collect();
        let mut tx = parts.db.write().await?;
        let about = json!({ "generation": number, "files": files });
        parts.audit.record(&mut tx, actor, "nginx.forget", "nginx", about).await?;
        tx.commit().await?;
        nginx.forget(number).await?;
        parts.hub.announce(homeport_model::event::Topic::Host);
        Ok(())
    }

    pub(super) async fn put_back(&self, actor: &Actor) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        let files = self.nginx().noted_edits();
        parts.audit.record(&mut tx, actor, "nginx.put_back", "nginx", json!({ "files": files })).await?;
        tx.commit().await?;
        self.domains().put_back().await?;
        self.domains().look_for_edits();
        parts.hub.announce(homeport_model::event::Topic::Host);
        Ok(())
    }
}

/// The files that differ; the main one always does, by its number, and counts when more of it does.
fn changed(old: &Files, new: &Files) -> Vec<String> {
    let changes = |diff: &FileDiff| diff.lines.iter().filter(|(change, _)| change.as_str() != "same").count();
    let diffs = diff_files(old, new).into_iter();
    // Its number stands in it twice.
    let is_news = |diff: &FileDiff| diff.file != homeport_model::domain::vhost::MAIN_FILE || changes(diff) > 4;
    diffs.filter(is_news).map(|diff| diff.file).collect()
}
