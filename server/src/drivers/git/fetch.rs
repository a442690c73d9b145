//! Fetching: the head of a branch, or exactly one commit.

use std::time::Duration;

use homeport_model::{
    id::AppId,
    name::{CommitRef, CommitSha, GitRef, RepoUrl},
};
use tokio::time::{MissedTickBehavior, interval};

use super::{Error, FETCHED, Git, access::Papers, mirror};
use crate::drivers::process::{self, Invocation};

/// How much of a branch is fetched to find a commit in it that its host does not give by itself.
const DEEP: u32 = 1_000;

/// How many commits are fetched behind a new one.
const RECENT: u32 = 30;
/// How long that may take.
const RECENT_WITHIN: Duration = Duration::from_secs(10);

impl Git {
    /// Fetches a branch (or a tag of that name) into the app's mirror and says which commit it is.
    /// git's words go to `on_line`. Dropping the future ends git and everything it started.
    pub async fn fetch(
        &self,
        app: &AppId,
        url: &RepoUrl,
        branch: &GitRef,
        mut on_line: impl FnMut(&str) + Send,
    ) -> Result<CommitSha, Error> {
        let before = self.commit_at(app, FETCHED).await.ok().flatten();
        let sha = self.fetch_branch(app, url, branch, 1, &mut on_line).await?;
        if before.is_some_and(|before| before != sha) {
            self.fetch_recent(app, url, &sha).await;
        }
        Ok(sha)
    }

    /// Fetches what came before a commit, so that two releases can be compared by their commits. A
    /// host that refuses, or a history that git refuses, changes nothing.
    async fn fetch_recent(&self, app: &AppId, url: &RepoUrl, sha: &CommitSha) {
        let (Ok(protocol), Ok(papers)) = (self.protocol(url), self.papers(url)) else { return };
        let run = self.fetching(app, protocol, url, RECENT, &papers).arg(format!("+{sha}:{FETCHED}"));
        if let Err(error) = run.limit(RECENT_WITHIN).run().await {
            tracing::debug!("the history before {sha} was not fetched: {error}");
        }
    }

    /// Fetches one commit of the repository, wherever in it: by its id, and from a host that does
    /// not give commits by id, or when `wanted` is an abbreviation, from the branch's history.
    pub async fn fetch_commit(
        &self,
        app: &AppId,
        url: &RepoUrl,
        branch: &GitRef,
        wanted: &CommitRef,
        mut on_line: impl FnMut(&str) + Send,
    ) -> Result<CommitSha, Error> {
        let protocol = self.protocol(url)?;
        self.ensure_mirror(app).await?;
        if let Some(sha) = self.resolve(app, wanted).await? {
            return Ok(sha);
        }
        if let Some(sha) = wanted.whole() {
            let papers = self.papers(url)?;
            let run = self.fetching(app, protocol, url, 1, &papers).arg(format!("+{sha}:{FETCHED}"));
            match self.watch(app, run.limit(self.limits.time), branch, &papers, &mut on_line).await {
                Ok(()) => return Ok(sha),
                // git's words for it differ from host to host.
                Err(Error::Process(process::Error::Failed { .. }) | Error::NoSuchRef { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.fetch_branch(app, url, branch, DEEP, &mut on_line).await?;
        let found = self.resolve(app, wanted).await?;
        found.ok_or_else(|| Error::NoSuchCommit { name: wanted.clone() })
    }

    /// Fetches the branch's last thousand commits, so that one can be placed among them.
    pub async fn fetch_history(
        &self,
        app: &AppId,
        url: &RepoUrl,
        branch: &GitRef,
        mut on_line: impl FnMut(&str) + Send,
    ) -> Result<CommitSha, Error> {
        self.fetch_branch(app, url, branch, DEEP, &mut on_line).await
    }

    async fn fetch_branch(
        &self,
        app: &AppId,
        url: &RepoUrl,
        branch: &GitRef,
        depth: u32,
        on_line: &mut (impl FnMut(&str) + Send),
    ) -> Result<CommitSha, Error> {
        let protocol = self.protocol(url)?;
        self.ensure_mirror(app).await?;
        let mut fetched = Err(Error::NoSuchRef { name: branch.clone() });
        for kind in ["heads", "tags"] {
            let papers = self.papers(url)?;
            let run = self.fetching(app, protocol, url, depth, &papers).arg(format!("+refs/{kind}/{branch}:{FETCHED}"));
            fetched = self.watch(app, run.limit(self.limits.time), branch, &papers, on_line).await;
            if !matches!(fetched, Err(Error::NoSuchRef { .. })) {
                break;
            }
        }
        fetched?;
        self.commit_at(app, FETCHED).await?.ok_or(Error::Answer("a commit's id"))
    }

    /// `git fetch` up to the address; what to fetch comes behind it.
    pub(super) fn fetching(
        &self,
        app: &AppId,
        protocol: &str,
        url: &RepoUrl,
        depth: u32,
        papers: &Papers,
    ) -> Invocation {
        papers
            .onto(self.git(app))
            .env("GIT_ALLOW_PROTOCOL", protocol)
            .arg("fetch")
            .arg(format!("--depth={depth}"))
            .args(["--no-tags", "--no-recurse-submodules", "--force", "--progress", "--"])
            .arg(url.as_str())
    }

    /// The commit of this id, or of which this is the only beginning, if the mirror has it.
    pub async fn resolve(&self, app: &AppId, wanted: &CommitRef) -> Result<Option<CommitSha>, Error> {
        if !self.root.exists(mirror(app)) {
            return Ok(None);
        }
        let found = self.commit_at(app, wanted.as_str()).await?;
        Ok(found.filter(|sha| sha.as_str().starts_with(wanted.as_str())))
    }

    /// The commit that a name of git's leads to.
    pub(super) async fn commit_at(&self, app: &AppId, name: &str) -> Result<Option<CommitSha>, Error> {
        let run = self
            .git(app)
            .args(["rev-parse", "--quiet", "--verify", "--end-of-options"])
            .arg(format!("{name}^{{commit}}"));
        match run.run().await {
            Ok(output) => {
                let sha = String::from_utf8_lossy(&output.stdout).trim().parse();
                sha.map(Some).map_err(|_| Error::Answer("a commit's id"))
            }
            Err(process::Error::Failed { .. }) => Ok(None),
            Err(error) => Err(Error::Process(error)),
        }
    }

    /// Runs a fetch and ends it when the mirror grows too large.
    pub(super) async fn watch(
        &self,
        app: &AppId,
        run: Invocation,
        branch: &GitRef,
        papers: &Papers,
        on_line: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), Error> {
        let limit_bytes = self.limits.size_bytes;
        let too_large = async {
            let mut tick = interval(Duration::from_millis(500));
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                if self.root.size_bytes(mirror(app)).unwrap_or(0) > limit_bytes {
                    return;
                }
            }
        };
        // Percentages come many times a second; the last one of each step is enough.
        let done = run.run_with(|line| {
            if !line.contains('%') || line.contains("100%") {
                on_line(line.trim_end());
            }
        });
        tokio::select! {
            done = done => done.map(|_| ()).map_err(|error| Error::fetch(error, branch, papers.shown())),
            () = too_large => {
                self.remove(app)?;
                Err(Error::TooLarge { limit_bytes })
            }
        }
    }
}
