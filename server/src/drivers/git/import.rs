//! Files that came another way than by git, as a commit of the app's repository.

use std::fs::File;

use homeport_model::{id::AppId, name::CommitSha};

use super::{Error, Git, UPLOADED};

impl Git {
    /// Imports a stream of `git fast-import` that makes one commit, and says which. The same stream
    /// makes the same commit.
    pub async fn import(&self, app: &AppId, stream: File) -> Result<CommitSha, Error> {
        self.ensure_mirror(app).await?;
        let run = self
            .git(app)
            // Large contents are not held in memory.
            .args(["-c", "core.bigFileThreshold=8m", "fast-import", "--quiet", "--force", "--done"])
            .stdin_file(stream)
            .limit(self.limits.time);
        run.run().await.map_err(Error::Process)?;
        self.commit_at(app, UPLOADED).await?.ok_or(Error::Answer("an import"))
    }

    /// The commit that was imported last, if there is one.
    pub async fn imported(&self, app: &AppId) -> Result<Option<CommitSha>, Error> {
        if self.mirrors()?.contains(app) { self.commit_at(app, UPLOADED).await } else { Ok(None) }
    }
}
