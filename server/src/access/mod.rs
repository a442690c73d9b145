//! How private repositories are reached: an app's deploy key, its sign-in over https, and the keys
//! by which SSH servers are known. Secrets leave the store only into the files of one run of git.

mod backend;
mod key_file;
mod store;

use homeport_model::{
    access::{
        AccessView, HostKey, HostRow, KeyRow, SignIn, SignInForm, SignInRow, SshHost, Tried, Way, well_known,
        well_known_hosts,
    },
    id::AppId,
    name::{AppName, CommitSha, GitRef, RepoUrl},
    prelude::{Actor, Code, Problem, Role},
    secret::Secret,
};
use serde_json::json;

use crate::{
    apps::{AppRecord, Apps},
    drivers::git::{self, Git},
    failure::Failure,
    polls,
};
use key_file::{DeployKeyPair, fingerprint, fingerprint_of};
use store::{DeployKey, Kept};

/// The service.
#[derive(Clone)]
pub struct Access {
    apps: Apps,
    git: Git,
}

impl Access {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps, git: Git) -> Self {
        Self { apps, git }
    }

    async fn view(&self, actor: &Actor, name: &AppName) -> Result<AccessView, Failure> {
        actor.require(Role::Viewer)?;
        let (app, db) = (self.apps.get(name).await?, &self.apps.parts.db);
        let way = Way::of(&app.spec.source);
        let host = match &way {
            Way::Ssh { host } => self.host_row(host).await?,
            Way::Nothing | Way::Https { .. } => None,
        };
        let key = store::key(db, &app.id).await?.map(|key| KeyRow {
            fingerprint: fingerprint(key.public.split(' ').nth(1).unwrap_or_default()),
            public: key.public,
            created_at: key.created_at,
        });
        let sign_in = store::sign_in(db, &app.id).await?;
        let sign_in = sign_in.map(|Kept { origin, user, created_at, .. }| SignInRow { origin, user, created_at });
        let poll = polls::of_app(db, &app).await?;
        Ok(AccessView { way, key, sign_in, host, poll })
    }

    async fn host_row(&self, host: &SshHost) -> Result<Option<HostRow>, Failure> {
        let row = |key: &HostKey, since| HostRow { host: host.clone(), fingerprint: fingerprint_of(key), since };
        if let Some((key, since)) = store::host(&self.apps.parts.db, host).await? {
            return Ok(Some(row(&key, Some(since))));
        }
        Ok(well_known(host).map(|key| row(&key, None)))
    }

    async fn make_key(&self, actor: &Actor, name: &AppName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let pair = DeployKeyPair::generate()?;
        let key = DeployKey {
            public: pair.public_line(&format!("homeport-{name}")),
            sealed: parts.sealer.seal(pair.seed().expose(), &of_key(&app.id)),
            created_at: parts.clock.now(),
        };
        let mut tx = parts.db.write().await?;
        store::set_key(&mut tx, &app.id, &key).await?;
        let print = fingerprint(key.public.split(' ').nth(1).unwrap_or_default());
        parts.audit.record(&mut tx, actor, "access.make_key", name.as_str(), json!({ "fingerprint": print })).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }

    async fn remove_key(&self, actor: &Actor, name: &AppName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let mut tx = parts.db.write().await?;
        if !store::remove_key(&mut tx, &app.id).await? {
            return Err(Problem::not_found("deploy key").into());
        }
        parts.audit.record(&mut tx, actor, "access.remove_key", name.as_str(), json!({})).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }

    async fn set_sign_in(&self, actor: &Actor, name: &AppName, form: &SignInForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let SignIn { user, token } = form.parse()?;
        let Way::Https { origin } = Way::of(&app.spec.source) else {
            return Err(Problem::new(Code::Conflict, "The app does not come from a repository over https.")
                .hint("An ssh address wants a deploy key instead.")
                .into());
        };
        let sealed = parts.sealer.seal(token.expose().as_bytes(), &of_sign_in(&app.id));
        let detail = json!({ "origin": origin, "user": user });
        let mut tx = parts.db.write().await?;
        let kept = Kept { origin, user, sealed, created_at: parts.clock.now() };
        store::set_sign_in(&mut tx, &app.id, &kept).await?;
        parts.audit.record(&mut tx, actor, "access.set_sign_in", name.as_str(), detail).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }

    async fn remove_sign_in(&self, actor: &Actor, name: &AppName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let mut tx = parts.db.write().await?;
        if !store::remove_sign_in(&mut tx, &app.id).await? {
            return Err(Problem::not_found("sign-in").into());
        }
        parts.audit.record(&mut tx, actor, "access.remove_sign_in", name.as_str(), json!({})).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }

    /// Asks the host for the app's branch.
    async fn try_it(&self, actor: &Actor, name: &AppName) -> Result<Tried, Failure> {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        let (repo, branch) = repository(&app)?;
        match self.ask(&app, repo, branch).await? {
            (Ok(commit), met) => Ok(Tried::Works { branch: branch.clone(), commit, met: met.into_iter().next() }),
            (Err(git::Error::OtherHostKey { host }), _) => {
                let known = self.host_row(&host).await?;
                let known = known.ok_or_else(|| Failure::internal("an unknown server has another key"))?;
                match self.git.host_key(repo).await {
                    Ok(key) => Ok(Tried::OtherKey { known, offered: fingerprint_of(&key) }),
                    Err(error) => refused(error.into()),
                }
            }
            (Err(error), _) => refused(error.into()),
        }
    }

    /// Asks the host where a branch stands, as the app, and keeps what key it has.
    pub(crate) async fn ask(
        &self,
        app: &AppRecord,
        repo: &RepoUrl,
        branch: &GitRef,
    ) -> Result<(Result<CommitSha, git::Error>, Vec<HostRow>), Failure> {
        let access = self.of(&app.id, repo).await?;
        let asked = self.git.with_access(access.clone()).ask(repo, branch).await;
        let met = self.keep_met(&access).await?;
        Ok((asked, met))
    }

    /// What git may show for an app.
    pub(crate) async fn of(&self, app: &AppId, repo: &RepoUrl) -> Result<git::Access, Failure> {
        let parts = &self.apps.parts;
        // Submodules may be anywhere.
        let mut access = git::Access::knowing(store::hosts(&parts.db).await?);
        for (host, key) in well_known_hosts() {
            if access.known.iter().all(|(known, _)| *known != host) {
                access.known.push((host, key));
            }
        }
        if let Some(host) = repo.ssh_host() {
            if let Some(key) = store::key(&parts.db, app).await? {
                let pair = DeployKeyPair::of(parts.sealer.open(&key.sealed, &of_key(app))?)?;
                access.key = Some((host, pair.private_file()));
            }
        } else if let Some(kept) = store::sign_in(&parts.db, app).await? {
            let token = parts.sealer.open(&kept.sealed, &of_sign_in(app))?;
            let token = String::from_utf8(token.expose().clone()).map_err(Failure::internal)?;
            access.sign_in = Some((kept.origin, SignIn { user: kept.user, token: Secret::new(token) }));
        }
        Ok(access)
    }

    /// What changed from one commit of a branch to another, as the app may see it. Whoever asks has the
    /// app's lock.
    pub(crate) async fn changed_paths(
        &self,
        app: &AppId,
        repo: &RepoUrl,
        branch: &GitRef,
        from: &CommitSha,
        to: &CommitSha,
    ) -> Result<Option<Vec<String>>, Failure> {
        let access = self.of(app, repo).await?;
        let git = self.git.with_access(access.clone());
        let fetched = git.fetch_history(app, repo, branch, |_| {}).await;
        self.keep_met(&access).await?;
        fetched?;
        Ok(git.changed_paths(app, from, to).await?)
    }

    /// Keeps the keys of servers that were met for the first time, and says which.
    pub(crate) async fn keep_met(&self, access: &git::Access) -> Result<Vec<HostRow>, Failure> {
        let met = access.take_met();
        if met.is_empty() {
            return Ok(Vec::new());
        }
        let parts = &self.apps.parts;
        let mut rows = Vec::new();
        let mut tx = parts.db.write().await?;
        for (host, key) in met {
            let (now, fingerprint) = (parts.clock.now(), fingerprint_of(&key));
            if store::add_host(&mut tx, &host, &key, now).await? {
                let detail = json!({ "fingerprint": fingerprint });
                parts.audit.record(&mut tx, &Actor::host(), "access.meet_host", host.as_str(), detail).await?;
                rows.push(HostRow { host, fingerprint, since: Some(now) });
            }
        }
        tx.commit().await?;
        Ok(rows)
    }

    /// Believes the key that a server has now, if it is the one that a person compared.
    async fn trust_host(&self, actor: &Actor, name: &AppName, compared: &str) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let (app, parts) = (self.apps.get(name).await?, &self.apps.parts);
        let (repo, _) = repository(&app)?;
        let host = repo.ssh_host();
        let host = host.ok_or_else(|| Problem::new(Code::Conflict, "The app's repository is not reached over ssh."))?;
        let before = self.host_row(&host).await?.map(|row| row.fingerprint);
        let key = self.git.host_key(repo).await?;
        let fingerprint = fingerprint_of(&key);
        if fingerprint != compared.trim() {
            return Err(Problem::new(Code::Conflict, "The server has yet another key by now; nothing was changed.")
                .hint("Try access again, and compare once more.")
                .into());
        }
        let mut tx = parts.db.write().await?;
        store::set_host(&mut tx, &host, &key, parts.clock.now()).await?;
        let detail = json!({ "app": name, "before": before, "after": fingerprint });
        parts.audit.record(&mut tx, actor, "access.trust_host", host.as_str(), detail).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(())
    }
}

fn repository(app: &AppRecord) -> Result<(&RepoUrl, &GitRef), Problem> {
    let repository = app.spec.source.repo();
    repository.ok_or_else(|| Problem::new(Code::Conflict, "The app is not fetched from a repository."))
}

/// A problem is the answer; what is internal stays an error.
fn refused(failure: Failure) -> Result<Tried, Failure> {
    match failure {
        Failure::Problem(problem) => Ok(Tried::Refused { problem }),
        internal @ Failure::Internal(_) => Err(internal),
    }
}

fn of_key(app: &AppId) -> String {
    format!("app/{app}/deploy-key")
}

fn of_sign_in(app: &AppId) -> String {
    format!("app/{app}/git-sign-in")
}
