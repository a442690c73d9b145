//! Git sources: the commit from the kept mirror, the site's folder, the build's context.

use std::time::Duration;

use homeport_model::{
    access::HostRow,
    app::{Files, Origin, build::USUAL_MINUTES},
    build::RepoFile,
    deploy::{Artifact, Commit, Trigger, declared},
    environment::{build_args, dockerfile::wants_of},
    event::Topic,
    id::AppId,
    job::{JobKind, LogStream},
    name::{CommitSha, GitRef, RelPath, RepoUrl},
    prelude::{Code, Problem},
};

use super::{
    store,
    turns::Place,
    work::{Deploy, DeployWork, Engines},
};
use crate::{
    drivers::{
        docker::BuildRequest,
        git::{self, Git},
    },
    failure::Failure,
    host, jobs,
};

/// A Dockerfile is not longer than this.
const MOST_DOCKERFILE_BYTES: u64 = 1 << 20;

impl DeployWork {
    /// Pins the commit, and reads what its files say about how the app is built and run.
    pub(super) async fn fetch_files(&self, deploy: &Deploy<'_>, files: &Files) -> Result<String, Failure> {
        let commit = match &files.origin {
            Origin::Repo { repo, branch } => self.fetch_commit(deploy, repo, branch).await?,
            Origin::Push { branch } => self.pushed_commit(deploy, branch).await?,
            Origin::Archive => self.uploaded_commit(deploy).await?,
        };
        self.declare(deploy, files, &commit.sha).await?;
        Ok(format!("{}@{}", commit.branch, commit.sha.short()))
    }

    /// The commit asked for, else the one that was pushed last.
    async fn pushed_commit(&self, deploy: &Deploy<'_>, branch: &GitRef) -> Result<Commit, Failure> {
        let (app, git) = (&deploy.app.id, &self.engines.git);
        let sha = match &deploy.wanted {
            Some(wanted) => {
                let found = git.resolve(app, wanted).await?;
                found.ok_or_else(|| git::Error::NoSuchCommit { name: wanted.clone() })?
            }
            None => git.last_pushed(app).await?.ok_or_else(|| {
                Problem::new(Code::Conflict, "Nothing has been pushed yet.")
                    .hint("Push to this server's address of it.")
            })?,
        };
        self.pin(deploy, branch, sha).await
    }

    /// Moves the branch that people push to on to what now serves.
    pub(super) async fn move_pushed_branch(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let origin = deploy.release.spec.source.files().map(|files| &files.origin);
        let (Some(Origin::Push { branch }), Some(commit)) = (origin, &deploy.release.commit) else { return Ok(()) };
        // Going back, and starting again, are no pushes.
        if deploy.context.job.kind != JobKind::Deploy {
            return Ok(());
        }
        let name = format!("refs/heads/{branch}");
        Ok(self.engines.git.set_ref(&deploy.app.id, &name, &commit.sha).await?)
    }

    /// Fetches the branch into the kept mirror and pins its commit.
    async fn fetch_commit(&self, deploy: &Deploy<'_>, repo: &RepoUrl, branch: &GitRef) -> Result<Commit, Failure> {
        let (log, app) = (&deploy.context.log, &deploy.app.id);
        let access = self.engines.access.of(app, repo).await?;
        let git = self.engines.git.with_access(access.clone());
        let mut tell = |line: &str| log.line(LogStream::Build, line);
        let fetched = match &deploy.wanted {
            None => {
                log.say(format!("Fetching {branch} of {repo}."));
                git.fetch(app, repo, branch, &mut tell).await
            }
            Some(wanted) => {
                log.say(format!("Fetching the commit {wanted} of {repo}."));
                git.fetch_commit(app, repo, branch, wanted, &mut tell).await
            }
        };
        self.say_met(deploy, &access).await?;
        let sha = fetched?;
        if deploy.wanted.is_some() {
            self.refuse_what_is_older(deploy, &git, repo, branch, &sha).await?;
        }
        if deploy.release.spec.source.files().is_some_and(|files| files.submodules) {
            let fetched = git.fetch_submodules(app, repo, &sha, &mut tell).await;
            self.say_met(deploy, &access).await?;
            log.say(format!("Submodules: {}.", fetched?));
        }
        self.pin(deploy, branch, sha).await
    }

    /// Keeps and tells which SSH servers were met for the first time.
    async fn say_met(&self, deploy: &Deploy<'_>, access: &git::Access) -> Result<(), Failure> {
        for met in self.engines.access.keep_met(access).await? {
            let HostRow { host, fingerprint, .. } = met;
            let words = format!(
                "{host} was met for the first time. Its key is {fingerprint}; no other is accepted from now on."
            );
            deploy.context.log.say(words);
        }
        Ok(())
    }

    /// The mirrors, with submodules in trees where the release wants them.
    pub(super) fn git_of(&self, deploy: &Deploy<'_>) -> Git {
        self.engines.git.with_submodules(deploy.release.spec.source.files().is_some_and(|files| files.submodules))
    }

    /// The commit of the upload; without one, that of the commit asked for, else of the last upload.
    async fn uploaded_commit(&self, deploy: &Deploy<'_>) -> Result<Commit, Failure> {
        let (app, Engines { git, archives, .. }) = (&deploy.app.id, &self.engines);
        let nothing =
            || Problem::new(Code::Conflict, "Nothing has been uploaded yet.").hint("Upload an archive first.");
        let sha = match (&deploy.upload, &deploy.wanted) {
            (Some(upload), _) => match archives.find(app, upload)? {
                Some(stream) => git.import(app, stream).await?,
                // Imported before the panel stopped.
                None => git.imported(app).await?.ok_or_else(nothing)?,
            },
            (None, Some(wanted)) => {
                let found = git.resolve(app, wanted).await?;
                found.ok_or_else(|| git::Error::NoSuchCommit { name: wanted.clone() })?
            }
            (None, None) => git.imported(app).await?.ok_or_else(nothing)?,
        };
        let branch = "upload".parse().map_err(|_| Failure::internal("no branch for uploads"))?;
        let commit = self.pin(deploy, &branch, sha).await?;
        if let Some(upload) = &deploy.upload {
            archives.remove_up_to(app, upload)?;
        }
        Ok(commit)
    }

    /// Writes down which commit it is.
    async fn pin(&self, deploy: &Deploy<'_>, branch: &GitRef, sha: CommitSha) -> Result<Commit, Failure> {
        let log = &deploy.context.log;
        let about = self.engines.git.describe(&deploy.app.id, &sha).await?;
        let commit = Commit {
            branch: branch.clone(),
            subject: homeport_model::text::clean_line(&about.subject),
            author: homeport_model::text::clean_line(&about.author),
            at: about.at,
            sha,
        };
        log.say(format!("Commit {} by {}: {}", commit.sha.short(), commit.author, commit.subject));
        store::set_commit(&self.apps.parts.db, &deploy.release.id, &commit).await?;
        Ok(commit)
    }

    /// A push that is told of late does not take the app back: only a person does, or whoever moves
    /// the branch itself back.
    async fn refuse_what_is_older(
        &self,
        deploy: &Deploy<'_>,
        git: &Git,
        repo: &RepoUrl,
        branch: &GitRef,
        sha: &CommitSha,
    ) -> Result<(), Failure> {
        let (log, app) = (&deploy.context.log, &deploy.app.id);
        if !matches!(deploy.release.trigger, Trigger::Pushed { .. }) {
            return Ok(());
        }
        let Some(serving) = &deploy.app.serving else { return Ok(()) };
        let serving = store::find_id(&self.apps.parts.db, serving).await?.and_then(|release| release.commit);
        let Some(serving) = serving.filter(|serving| serving.sha != *sha) else { return Ok(()) };
        if git.describe(app, sha).await?.at > serving.at {
            return Ok(());
        }
        let head = git.fetch_history(app, repo, branch, |line| log.line(LogStream::Build, line)).await?;
        if head != *sha && git.is_before(app, sha, &serving.sha).await? {
            let text = format!("{} is older than {}, which serves.", sha.short(), serving.sha.short());
            return Err(Problem::new(Code::Conflict, text)
                .hint("Roll back, or deploy it by its id, if you want it.")
                .into());
        }
        Ok(())
    }

    /// Writes the site's files into a folder of the release's own.
    pub(super) async fn lay_out(&self, deploy: &Deploy<'_>, folder: &RelPath) -> Result<String, Failure> {
        let (log, release) = (&deploy.context.log, &deploy.release);
        let sha = pinned(deploy)?;
        let sites = self.apps.parts.domains.sites();
        let into = sites.begin(&release.app, &release.id)?;
        let wrote = self
            .git_of(deploy)
            .export(&release.app, sha, folder, &into, |line| log.line(LogStream::Build, line))
            .await?;
        // They are for nginx, not for visitors.
        for file in [RepoFile::Redirects, RepoFile::Headers].map(RepoFile::as_str) {
            if into.exists(file) {
                into.remove_tree(file).map_err(Failure::internal)?;
            }
        }
        sites.finish(&release.app, &release.id)?;
        let artifact = Artifact::Site { folder: release.id.clone(), files: wrote.files, size_bytes: wrote.size_bytes };
        store::set_artifact(&self.apps.parts.db, &release.id, &artifact, None).await?;
        log.say(format!("Laid out {} files, {} KiB.", wrote.files, wrote.size_bytes.div_ceil(1024)));
        Ok(format!("{} files", wrote.files))
    }

    /// Builds the image; one build at a time.
    pub(super) async fn build_image(
        &self,
        deploy: &Deploy<'_>,
        folder: &RelPath,
        dockerfile: &RelPath,
    ) -> Result<String, Failure> {
        let (log, release) = (&deploy.context.log, &deploy.release);
        let sha = pinned(deploy)?;
        let _turn = self.turn(deploy).await?;
        let settings = &release.spec.build;
        let share = host::share_for_a_build(settings.memory_mib, self.apps.parts.domains.sites().path())?;
        let minutes = settings.minutes.unwrap_or(USUAL_MINUTES);
        // Read by path from the commit: a link in its place is refused.
        let path = declared::below(folder, dockerfile.as_str())
            .parse()
            .map_err(|_| Failure::internal("two paths made no path"))?;
        let text = self.git_of(deploy).read_file(&release.app, sha, &path, MOST_DOCKERFILE_BYTES).await?;
        let env = self.apps.build_env(&deploy.app.id).await?;
        let text = String::from_utf8_lossy(&text);
        build_args::refuse_secret_args(&text, env.secrets.iter().map(|(key, _)| key))?;
        let wants = wants_of(&text);
        log.say(match wants.buildkit {
            true => format!(
                "Building {dockerfile} by BuildKit, as it asks for, within {minutes} minutes. Its steps have no limit of \
                 memory or processors: the engine has none for them."
            ),
            false => format!(
                "Building {dockerfile} with at most {} MiB of memory, {}.{} processors and {minutes} minutes.",
                share.memory_bytes >> 20,
                share.cpu_percent / 100,
                share.cpu_percent / 10 % 10,
            ),
        });
        if deploy.no_cache {
            log.say("Nothing of earlier builds is used.");
        }
        if !settings.arguments.is_empty() {
            let keys: Vec<&str> = settings.arguments.iter().map(|argument| argument.key.as_str()).collect();
            log.say(format!("Public arguments, which the image keeps: {}.", keys.join(", ")));
        }
        if wants.buildkit {
            self.pull_bases(deploy, &wants.bases).await?;
        }
        for id in wants.secrets.iter().filter(|id| env.secrets.iter().all(|(key, _)| key.as_str() != id.as_str())) {
            log.say(format!("Warning: it mounts the secret {id}, and no secret variable of the build is called so."));
        }
        let context = self.git_of(deploy).archive(&release.app, sha, folder, dockerfile).await?;
        let request = BuildRequest {
            context,
            dockerfile: dockerfile.clone(),
            app: release.app.clone(),
            app_name: deploy.app.spec.name.clone(),
            release: release.id.clone(),
            release_number: release.number,
            job: release.job.clone(),
            target: settings.target.clone(),
            arguments: settings.arguments.clone(),
            build_args: env.args,
            no_cache: settings.no_cache || deploy.no_cache,
            memory_bytes: share.memory_bytes,
            cpu_percent: share.cpu_percent,
            limit: Duration::from_secs(u64::from(minutes) * 60),
            registries: self.engines.registries.all().await?,
            buildkit: wants.buildkit.then_some(env.secrets),
        };
        let id = self.engines.docker.build(request, |line| log.line(LogStream::Build, line)).await?;
        let image = self.engines.docker.inspect_image(&id).await?;
        let image = image.ok_or_else(|| Failure::internal("the image is gone right after its build"))?;
        self.set_image(deploy, &image).await?;
        Ok(format!("image of {} MB", image.size_bytes / 1_000_000))
    }

    /// Waits until it is this job's turn to build, and says what it waits for.
    pub(super) async fn turn(&self, deploy: &Deploy<'_>) -> Result<Place<'_>, Failure> {
        let (db, job) = (&self.apps.parts.db, &deploy.context.job.id);
        let mut place = self.builds.join(job);
        let mut told = None;
        while let Some(before) = place.waits_for() {
            if told.as_ref() != Some(&before) {
                jobs::store::set_waits_for(db, job, Some(&before)).await?;
                let row = jobs::store::find(db, job).await?.and_then(|(row, _)| row.waits_for);
                let words = row.map_or_else(|| "Waits for another build.".to_owned(), |waits| waits.sentence());
                deploy.context.log.say(words);
                self.tell(deploy);
                told = Some(before);
            }
            place.changed().await;
        }
        if told.is_some() {
            jobs::store::set_waits_for(db, job, None).await?;
            self.tell(deploy);
        }
        Ok(place)
    }

    fn tell(&self, deploy: &Deploy<'_>) {
        self.apps.parts.hub.announce(Topic::Job(deploy.context.job.id.clone()));
        self.apps.announce(&deploy.app.id);
    }

    /// Removes the kept mirror of an app.
    pub(super) async fn remove_mirror(&self, app: &AppId) -> Result<(), Failure> {
        self.engines.archives.remove_app(app)?;
        Ok(self.engines.git.remove(app)?)
    }
}

pub(super) fn pinned<'a>(deploy: &'a Deploy<'_>) -> Result<&'a CommitSha, Failure> {
    let commit = deploy.release.commit.as_ref();
    commit.map(|commit| &commit.sha).ok_or_else(|| Failure::internal("a release without a commit was to be built"))
}
