//! A person with a work tree and the real git client, who pushes to a panel.

use std::{path::PathBuf, process::Stdio};

use tempfile::TempDir;
use tokio::process::Command;

/// What git said, and whether it was content.
#[derive(Debug)]
pub struct Said {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

/// A work tree of one's own, with an empty home.
pub struct GitClient {
    folder: TempDir,
    pub work: PathBuf,
    pub env: Vec<(String, String)>,
}

impl GitClient {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let work = folder.path().join("work");
        std::fs::create_dir(&work).expect("a folder");
        let client = Self { folder, work, env: Vec::new() };
        client.must(&["init", "--quiet", "--initial-branch=main", "."]).await;
        client
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, content).expect("written");
        self
    }

    /// Commits everything and says the commit.
    pub async fn commit(&self, subject: &str) -> String {
        self.must(&["add", "--all"]).await;
        self.must(&["commit", "--quiet", "--allow-empty", "-m", subject]).await;
        self.must(&["rev-parse", "HEAD"]).await
    }

    pub async fn must(&self, args: &[&str]) -> String {
        let said = self.git(args).await;
        assert!(said.ok, "git {args:?}: {said:?}");
        said.out
    }

    pub async fn git(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().await.expect("git");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Said { ok: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
            .args(args)
            .current_dir(&self.work)
            .env("HOME", self.folder.path())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// The address of a panel's repository with a token in it.
pub fn remote(origin: &str, token: &str, repo: &str) -> String {
    origin.replace("http://", &format!("http://x:{token}@")) + "/git/" + repo
}
