//! Prune: releases beyond the kept ones lose their image or folder. Never the serving one, never
//! the one before it, never anything that is not ours.

use homeport_model::{
    deploy::{Artifact, container::ImageId, plan::KEPT_RELEASES},
    id::ReleaseId,
};

use super::{
    ReleaseRecord, store,
    work::{Deploy, DeployWork},
};
use crate::failure::Failure;

impl DeployWork {
    /// Removes what rolling back no longer needs.
    pub(super) async fn prune(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        self.move_pushed_branch(deploy).await?;
        let releases = store::list(&self.apps.parts.db, &deploy.app.id).await?;
        let doomed = beyond_kept(&releases, &deploy.release.id);
        for release in &doomed {
            self.forget_artifact(release, &releases).await?;
            let mut tx = self.apps.parts.db.write().await?;
            store::set_not_kept(&mut tx, &release.id).await?;
            tx.commit().await?;
        }
        let kept = store::list(&self.apps.parts.db, &deploy.app.id).await?;
        if let Some(oldest) = kept.iter().filter(|release| release.kept).map(|release| release.number).min() {
            self.apps.parts.kept.forget_before(&deploy.app.id, oldest).await?;
        }
        Ok(match doomed.len() {
            0 => "nothing to remove".to_owned(),
            1 => "removed 1 old release".to_owned(),
            more => format!("removed {more} old releases"),
        })
    }

    /// Removes what a failed deploy had built.
    pub(super) async fn unbuild(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let releases = store::list(&self.apps.parts.db, &deploy.app.id).await?;
        if deploy.release.spec.source.is_built() {
            // That of a build which was stopped in the middle.
            for container in self.containers_of(&deploy.release).await? {
                self.engines.docker.remove(&container).await?;
            }
        }
        if deploy.release.spec.source.files().is_some() {
            self.apps.parts.domains.sites().remove(&deploy.app.id, &deploy.release.id)?;
            self.forget_artifact(&deploy.release, &releases).await?;
            self.engines.docker.prune_build_leftovers().await?;
        }
        let mut tx = self.apps.parts.db.write().await?;
        store::set_not_kept(&mut tx, &deploy.release.id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a release's image or folder, unless another kept release runs the same. An image
    /// that a person named is theirs and stays.
    pub(super) async fn forget_artifact(&self, release: &ReleaseRecord, all: &[ReleaseRecord]) -> Result<(), Failure> {
        let shared = all.iter().any(|other| other.id != release.id && other.kept && other.artifact == release.artifact);
        match &release.artifact {
            Some(Artifact::Image { id }) if !shared && release.spec.source.files().is_some() => {
                let id: ImageId =
                    id.parse().map_err(|_| Failure::internal("a release's image is not an image's id"))?;
                self.engines.docker.remove_image(&id).await?;
            }
            Some(Artifact::Site { folder, .. }) if !shared => {
                self.apps.parts.domains.sites().remove(&release.app, folder)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The kept releases that have served and whose content is not among the newest [`KEPT_RELEASES`],
/// that of `serving` included. A restart is a release with the content of another: it costs nothing
/// to keep, and takes no place of another.
fn beyond_kept(newest_first: &[ReleaseRecord], serving: &ReleaseId) -> Vec<ReleaseRecord> {
    let served = || newest_first.iter().filter(|release| release.kept && release.switched_at.is_some());
    let mut contents = Vec::new();
    for release in served().filter(|release| release.id == *serving).chain(served()) {
        if contents.len() < KEPT_RELEASES as usize && !contents.contains(&&release.artifact) {
            contents.push(&release.artifact);
        }
    }
    served().filter(|release| release.id != *serving && !contents.contains(&&release.artifact)).cloned().collect()
}
