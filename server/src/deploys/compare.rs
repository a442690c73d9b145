//! Two releases of an app beside each other.

use homeport_model::{
    deploy::{Commit, Comparison},
    name::AppName,
    prelude::{Actor, Problem, Role},
};

use super::{Deploys, ReleaseRecord, store, view};
use crate::{apps::AppRecord, failure::Failure, jobs};

/// So many commits are listed.
const MOST_COMMITS: usize = 50;

impl Deploys {
    pub(super) async fn compare_releases(
        &self,
        actor: &Actor,
        name: &AppName,
        from: u32,
        to: u32,
    ) -> Result<Comparison, Failure> {
        actor.require(Role::Viewer)?;
        let parts = &self.apps.parts;
        let app = self.apps.get(name).await?;
        let all = store::list(&parts.db, &app.id).await?;
        let find = |number: u32| {
            let found = all.iter().find(|release| release.number == number).cloned();
            found.ok_or_else(|| Problem::not_found("release"))
        };
        let (older, newer) = (find(from)?, find(to)?);
        let change = view::change(&parts.sealer, Some(&older), &newer)?;
        let commits = self.commits_between(&app, &older, &newer).await?;
        let (before, after) = (older.commit.as_ref(), newer.commit.as_ref());
        let whole = match before.zip(after) {
            Some((before, after)) if before.sha != after.sha => {
                self.git.is_before(&app.id, &before.sha, &after.sha).await?
            }
            _ => true,
        };
        let jobs = jobs::store::newest(&parts.db, Some(app.id.as_str()), 1_000).await?;
        Ok(Comparison {
            from: view::row(&app, older, &jobs),
            to: view::row(&app, newer, &jobs),
            change,
            commits,
            whole,
            numbers: all.iter().map(|release| release.number).collect(),
        })
    }

    async fn commits_between(
        &self,
        app: &AppRecord,
        older: &ReleaseRecord,
        newer: &ReleaseRecord,
    ) -> Result<Vec<Commit>, Failure> {
        let (Some(before), Some(after)) = (&older.commit, &newer.commit) else { return Ok(Vec::new()) };
        let between = self.git.between(&app.id, &before.sha, &after.sha, MOST_COMMITS).await?;
        let branch = &after.branch;
        let commits = between.into_iter().map(|(sha, described)| Commit {
            sha,
            branch: branch.clone(),
            subject: described.subject,
            author: described.author,
            at: described.at,
        });
        Ok(commits.collect())
    }
}
