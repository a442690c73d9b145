//! Git repositories: a bare mirror for each app, fetched by branch, read from its objects.
//!
//! git runs as nobody special, without hooks, prompts, submodules or protocols other than https and
//! ssh, and what a person typed stands only behind `--` (security.md, C-01 and C-02). What it shows to
//! a host is in files of a private folder (`access.rs`).
//! Nothing is ever checked out: files come from the object database by mode (C-09).

mod access;
mod ask;
mod blobs;
mod error;
mod export;
mod fetch;
mod import;
mod receive;
mod tree;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use homeport_model::{
    id::AppId,
    name::{CommitSha, RepoUrl},
    time::Timestamp,
};

pub use access::Access;
pub use error::Error;
pub use export::{Exported, Files};
pub use receive::UploadTalk;
pub use tree::{Kind, Tree, TreeEntry};

use super::{
    process::{self, Invocation, Program},
    system::{fsroot::FsRoot, users},
};

const READS_WITHIN: Duration = Duration::from_secs(60);
const FETCHED: &str = "refs/homeport/fetched";
const UPLOADED: &str = "refs/homeport/uploaded";
const PUSHED: &str = "refs/homeport/pushed";
const SETTINGS: [&str; 14] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "protocol.ext.allow=never",
    "protocol.file.allow=never",
    "transfer.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
    "http.followRedirects=initial",
];

/// What a fetch may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How large the mirror may become.
    pub size_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(300), size_bytes: 2 << 30 }
    }
}

/// A commit, as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The message's first line.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Timestamp,
}

/// The mirrors below one folder.
#[derive(Debug, Clone)]
pub struct Git {
    root: FsRoot,
    user: Option<users::User>,
    local_http: bool,
    limits: Limits,
    access: Access,
}

impl Git {
    /// Keeps mirrors in `<state>/git`. With `local_http`, plain http is allowed to this machine and
    /// to private addresses.
    pub fn open(state: &Path, local_http: bool, limits: Limits) -> Result<Self, Error> {
        let user = users::nobody(&["nobody"]);
        if user.is_some()
            && let Some(folder) = users::make_passable(state).map_err(Error::Files)?
        {
            return Err(Error::Unreachable { folder });
        }
        let root = FsRoot::create(state.join("git"), 0o711).map_err(Error::Files)?;
        let git = Self { root, user, local_http, limits, access: Access::default() };
        git.discard_papers().map_err(Error::Files)?;
        Ok(git)
    }

    /// Subject, author and time of a commit that was fetched.
    pub async fn describe(&self, app: &AppId, commit: &CommitSha) -> Result<Described, Error> {
        let options = ["log", "-1", "--no-show-signature", "--format=%s%x00%an%x00%ct", "--end-of-options"];
        let output = self.git(app).args(options).arg(commit.as_str()).run().await.map_err(Error::Process)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut parts = text.trim_end_matches('\n').split('\0');
        let (Some(subject), Some(author), Some(at)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::Answer("a commit's description"));
        };
        let at_s: i64 = at.parse().map_err(|_| Error::Answer("a commit's time"))?;
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect();
        Ok(Described {
            subject: plain(subject),
            author: plain(author),
            at: Timestamp::from_ms(at_s.saturating_mul(1000)),
        })
    }

    /// Whether `older` is one of the commits that `newer` was made on, as far as the mirror knows.
    pub async fn is_before(&self, app: &AppId, older: &CommitSha, newer: &CommitSha) -> Result<bool, Error> {
        let known = self.has(app, older).await && self.has(app, newer).await;
        let asked = self.git(app).args(["merge-base", "--is-ancestor", older.as_str(), newer.as_str()]);
        match asked.run().await {
            Ok(_) => Ok(known && older != newer),
            Err(process::Error::Failed { .. }) => Ok(false),
            Err(error) => Err(Error::Process(error)),
        }
    }

    /// Whether the app's mirror still has the commit.
    pub async fn has(&self, app: &AppId, commit: &CommitSha) -> bool {
        self.root.exists(mirror(app))
            && self.git(app).args(["cat-file", "-e"]).arg(format!("{commit}^{{commit}}")).run().await.is_ok()
    }

    /// Removes an app's mirror.
    pub fn remove(&self, app: &AppId) -> Result<(), Error> {
        self.root.remove_tree(mirror(app)).map_err(Error::Files)
    }

    /// The apps that have a mirror.
    pub fn mirrors(&self) -> Result<Vec<AppId>, Error> {
        let names = self.root.names(".").map_err(Error::Files)?;
        Ok(names.iter().filter_map(|name| name.strip_suffix(".git")?.parse().ok()).collect())
    }

    /// git in the app's mirror, with everything off that we do not use.
    fn git(&self, app: &AppId) -> Invocation {
        self.git_in(self.root.path().join(mirror(app))).env("GIT_DIR", ".")
    }

    fn git_in(&self, folder: PathBuf) -> Invocation {
        Invocation::new(Program::Git)
            .folder(folder)
            .run_as(self.user.as_ref().map(|user| (user.id, user.group_id)))
            .limit(READS_WITHIN)
            .env("HOME", "/nonexistent")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .args(SETTINGS.iter().flat_map(|setting| ["-c", *setting]))
    }

    /// The one protocol that this address may use.
    fn protocol(&self, url: &RepoUrl) -> Result<&'static str, Error> {
        match url.scheme() {
            "https" => Ok("https"),
            "ssh" => Ok("ssh"),
            _ if self.local_http && is_local(url) => Ok("http"),
            _ => Err(Error::PlainHttp),
        }
    }

    async fn ensure_mirror(&self, app: &AppId) -> Result<(), Error> {
        let folder = mirror(app);
        let prepare = || {
            self.root.create_folder(&folder, 0o700)?;
            if let Some(user) = &self.user {
                self.root.set_owner(&folder, user.id, user.group_id)?;
            }
            // A git that was killed leaves its locks and half a pack; nobody else works here.
            for name in [
                "shallow.lock",
                "config.lock",
                "packed-refs.lock",
                &format!("{FETCHED}.lock"),
                &format!("{UPLOADED}.lock"),
            ] {
                self.root.remove_file(format!("{folder}/{name}"))?;
            }
            let packs = format!("{folder}/objects/pack");
            for name in self.root.names(&packs)?.iter().filter(|name| name.starts_with("tmp_")) {
                self.root.remove_file(format!("{packs}/{name}"))?;
            }
            Ok::<_, std::io::Error>(())
        };
        // Before `git init` the folder of the lock of a reference does not exist.
        match prepare() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(Error::Files)?,
        }
        if !self.root.exists(format!("{folder}/HEAD")) {
            self.git(app)
                .args(["init", "--quiet", "--bare", "--template=", "."])
                .run()
                .await
                .map_err(Error::Process)?;
        }
        Ok(())
    }
}

fn mirror(app: &AppId) -> String {
    format!("{app}.git")
}

fn is_local(url: &RepoUrl) -> bool {
    match url::Url::parse(url.as_str()).ok().and_then(|url| url.host().map(|host| host.to_owned())) {
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(url::Host::Domain(name)) => name == "localhost",
        _ => false,
    }
}

/// Whether git is installed.
#[must_use]
pub fn is_installed() -> bool {
    Program::Git.find().is_some()
}

/// A run that failed, in `Error::Process`.
fn process(error: process::Error) -> Error {
    Error::Process(error)
}
