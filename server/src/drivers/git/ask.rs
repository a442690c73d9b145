//! Asking a host without fetching: where a branch stands, and by which key the host is known.

use std::time::Duration;

use homeport_model::{
    access::HostKey,
    name::{CommitSha, GitRef, RepoUrl},
};

use super::{Access, Error, Git, access::Papers};
use crate::drivers::process::Invocation;

/// Room for what a host says of a name.
const MOST_BYTES: usize = 256 << 10;
const ANSWERS_WITHIN: Duration = Duration::from_secs(40);

impl Git {
    /// Where a branch (or a tag of that name) stands at its host. Touches no mirror.
    pub async fn ask(&self, url: &RepoUrl, branch: &GitRef) -> Result<CommitSha, Error> {
        let papers = self.papers(url)?;
        let names = [format!("refs/heads/{branch}"), format!("refs/tags/{branch}^{{}}"), format!("refs/tags/{branch}")];
        let run = self.asking(url, &papers)?.args(names.iter());
        let output = run.run().await.map_err(|error| Error::fetch(error, branch, papers.shown()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('\t')).collect();
        let found = names.iter().find_map(|name| lines.iter().find(|(_, said)| said == name));
        let (commit, _) = found.ok_or_else(|| Error::NoSuchRef { name: branch.clone() })?;
        commit.parse().map_err(|_| Error::Answer("a commit's id"))
    }

    /// The key that an SSH server has now. Nothing is shown to it.
    pub async fn host_key(&self, url: &RepoUrl) -> Result<HostKey, Error> {
        let nobody = self.with_access(Access::default());
        let branch = "HEAD".parse().map_err(|_| Error::Answer("a name"))?;
        let papers = nobody.papers(url)?;
        // It refuses whoever shows no key; its own was seen by then.
        let asked = nobody.asking(url, &papers)?.run().await;
        let asked = asked.map_err(|error| Error::fetch(error, &branch, papers.shown()));
        drop(papers);
        match nobody.access.take_met().pop() {
            Some((_, key)) => Ok(key),
            None => Err(asked.err().unwrap_or(Error::Answer("an SSH server's key"))),
        }
    }

    /// `git ls-remote` up to the address; the names to ask for come behind it.
    fn asking(&self, url: &RepoUrl, papers: &Papers) -> Result<Invocation, Error> {
        let above = self.root.real_path().map_err(Error::Files)?;
        Ok(papers
            .onto(self.git_in(papers.folder()))
            .env("GIT_CEILING_DIRECTORIES", above)
            .env("GIT_ALLOW_PROTOCOL", self.protocol(url)?)
            .args(["ls-remote", "--quiet", "--"])
            .arg(url.as_str())
            .limit_bytes(MOST_BYTES)
            .limit(ANSWERS_WITHIN))
    }
}
