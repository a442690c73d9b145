//! Restart: what serves is started anew with the settings and the environment of now. Nothing is
//! fetched or built, and no request fails: it is a release of its own, switched to like any other.

use homeport_model::{
    app::AppSpec,
    deploy::{Artifact, Trigger, plan},
    id::AppId,
    job::JobKind,
    name::AppName,
    prelude::{Actor, Code, Problem, Role},
};

use super::{Deploys, ReleaseRecord, store};
use crate::{apps::env::seal_env, db::Conn, failure::Failure, jobs};

impl Deploys {
    pub(super) async fn press_restart(&self, actor: &Actor, name: &AppName) -> Result<u32, Failure> {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        let why = match self.apps.pending_env(&app).await? {
            0 => String::new(),
            1 => "1 variable changed".to_owned(),
            more => format!("{more} variables changed"),
        };
        self.restart_for(actor, name, &why).await
    }

    /// Queues a restart; `why` says what for, and may be empty.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::Conflict`] when nothing serves, or while a deploy or a way back is
    /// queued or running: what it makes has the newest settings anyway.
    pub async fn restart_for(&self, actor: &Actor, name: &AppName, why: &str) -> Result<u32, Failure> {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        let serving = match &app.serving {
            Some(id) => store::find_id(&self.apps.parts.db, id).await?,
            None => None,
        };
        let Some((serving, artifact)) =
            serving.and_then(|release| release.artifact.clone().map(|made| (release, made)))
        else {
            return Err(Problem::new(Code::Conflict, format!("{name} has no release that serves."))
                .hint("Deploy it first.")
                .into());
        };
        let env = self.apps.env_map(&app.id).await?;
        let env = seal_env(&self.apps.parts.sealer, &app.id, &env)?;
        // The source stays the one that the artifact came from.
        let spec = AppSpec { source: serving.spec.source, ..app.spec.clone() };
        let steps = plan::roll_back(matches!(artifact, Artifact::Site { .. }));
        let fill = move |release| ReleaseRecord {
            port: spec.port.or(serving.port),
            spec,
            env,
            commit: serving.commit,
            artifact: Some(artifact),
            declared: serving.declared,
            kept: true,
            ..release
        };
        let trigger = Trigger::Restarted { by: actor.name.clone(), why: why.to_owned() };
        self.enqueue(actor, &app, JobKind::Restart, steps, fill, trigger).await
    }
}

/// A restart in place of a queued deploy would lose it; after a running one it would bring back what
/// served before.
pub(super) async fn refuse_beside_a_deploy(tx: &mut Conn, app: &AppId) -> Result<(), Failure> {
    for kind in [JobKind::Deploy, JobKind::RollBack] {
        if jobs::store::is_unfinished(tx, kind, app.as_str()).await? {
            return Err(Problem::new(Code::Conflict, "A deploy of this app is under way.")
                .hint("Restart when it has ended, if that is still needed.")
                .into());
        }
    }
    Ok(())
}
