//! The commits that one commit has and another has not.

use homeport_model::{id::AppId, name::CommitSha, time::Timestamp};

use super::{Described, Error, Git};

impl Git {
    /// Commits of `newer` that `older` has not, newest first, at most `most`; none where the mirror
    /// no longer knows one of the two.
    pub async fn between(
        &self,
        app: &AppId,
        older: &CommitSha,
        newer: &CommitSha,
        most: usize,
    ) -> Result<Vec<(CommitSha, Described)>, Error> {
        if older == newer || !self.has(app, older).await || !self.has(app, newer).await {
            return Ok(Vec::new());
        }
        let options = ["log", "-z", "--no-show-signature", "--format=%H%x1f%ct%x1f%an%x1f%s"];
        let run = self.git(app).args(options).arg(format!("--max-count={most}"));
        let output = run.args(["--end-of-options", newer.as_str(), &format!("^{older}")]).run().await;
        let text = String::from_utf8_lossy(&output.map_err(Error::Process)?.stdout).into_owned();
        Ok(text.split('\0').filter_map(read).collect())
    }
}

fn read(line: &str) -> Option<(CommitSha, Described)> {
    let mut parts = line.splitn(4, '\u{1f}');
    let sha = parts.next()?.parse().ok()?;
    let at_s: i64 = parts.next()?.parse().ok()?;
    let mut plain =
        || -> Option<String> { Some(parts.next()?.chars().filter(|c| !c.is_control()).take(300).collect()) };
    let (author, subject) = (plain()?, plain()?);
    Some((sha, Described { subject, author, at: Timestamp::from_ms(at_s.saturating_mul(1_000)) }))
}
