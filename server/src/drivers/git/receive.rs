//! What is pushed to a mirror: a pack is unpacked beside the objects, checked whole, and only then
//! becomes part of them. One push at a time works on a mirror.

use std::time::Duration;

use homeport_model::{
    id::AppId,
    name::{CommitSha, GitRef},
    text,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Error, Git, PUSHED, mirror, process};
use crate::drivers::process::{self as programs, Invocation};

/// How long a pack may take to arrive; a home connection is slow.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30 * 60);
/// How long a fetch from here may take.
const FETCHED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// How long the check may take that nothing is missing.
const CHECKED_WITHIN: Duration = Duration::from_secs(300);
/// Where a pack is until it has been checked.
const INCOMING: &str = "objects/incoming";
/// Room for the names of all references.
const MOST_REF_BYTES: usize = 4 << 20;
/// So many packs become one.
const MOST_PACKS: usize = 40;

/// How a client of `git upload-pack` talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UploadTalk {
    /// One answer to one request, as over HTTP.
    pub stateless: bool,
    /// Only what there is.
    pub advertise: bool,
    /// The client understands the protocol's second version.
    pub second_version: bool,
}

impl Git {
    /// Makes the app's repository if there is none, and takes away what an interrupted push left.
    pub async fn prepare_for_push(&self, app: &AppId) -> Result<(), Error> {
        self.ensure_mirror(app).await?;
        self.discard_incoming(app)
    }

    /// Takes a pack in and keeps its objects, if all that `tips` need is there then. Reads no
    /// further than the pack's end. When anything is wrong with it, nothing of it is left.
    pub async fn take_pack(&self, app: &AppId, tips: &[CommitSha], input: impl AsyncRead + Unpin) -> Result<(), Error> {
        let taken = self.unpack(app, tips, input).await;
        if taken.is_err() {
            self.discard_incoming(app)?;
        }
        taken
    }

    async fn unpack(&self, app: &AppId, tips: &[CommitSha], input: impl AsyncRead + Unpin) -> Result<(), Error> {
        let folder = mirror(app);
        for part in [INCOMING.to_owned(), format!("{INCOMING}/pack")] {
            let part = format!("{folder}/{part}");
            self.root.create_folder(&part, 0o700).map_err(Error::Files)?;
            if let Some(user) = &self.user {
                self.root.set_owner(&part, user.id, user.group_id).map_err(Error::Files)?;
            }
        }
        let limit_bytes = self.limits.size_bytes;
        let used = self.root.size_bytes(&folder).map_err(Error::Files)?;
        let room = limit_bytes.checked_sub(used).filter(|room| *room > 0).ok_or(Error::TooLarge { limit_bytes })?;
        let run = self.beside(app).args(["index-pack", "--stdin", "--fix-thin", "--strict"]);
        let run = run.arg(format!("--max-input-size={room}")).limit(ARRIVES_WITHIN);
        let mut said = Vec::new();
        let taken = run.talk().map_err(process)?.pass(input, &mut said).await;
        taken.map_err(|error| Error::pack(error, limit_bytes))?;
        let wanted: String = tips.iter().map(|tip| format!("{tip}\n")).collect();
        let check = self.beside(app).args(["rev-list", "--objects", "--quiet", "--stdin", "--not", "--all"]);
        let checked = check.stdin(wanted).limit(CHECKED_WITHIN).run().await;
        checked.map_err(|error| Error::pack(error, limit_bytes))?;
        self.keep_incoming(app)
    }

    /// git in the app's mirror that writes its objects beside the others.
    fn beside(&self, app: &AppId) -> Invocation {
        let objects = self.root.path().join(mirror(app)).join("objects");
        self.git(app).env("GIT_OBJECT_DIRECTORY", INCOMING).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects)
    }

    fn keep_incoming(&self, app: &AppId) -> Result<(), Error> {
        let folder = mirror(app);
        let from = format!("{folder}/{INCOMING}/pack");
        let keep = || {
            let mut names = self.root.names(&from)?;
            // A pack counts from the moment its index is there.
            names.sort_by_key(|name| name.ends_with(".idx"));
            for name in names.iter().filter(|name| name.starts_with("pack-")) {
                self.root.rename(format!("{from}/{name}"), format!("{folder}/objects/pack/{name}"))?;
            }
            Ok(())
        };
        keep().map_err(Error::Files)?;
        self.discard_incoming(app)
    }

    fn discard_incoming(&self, app: &AppId) -> Result<(), Error> {
        self.root.remove_tree(format!("{}/{INCOMING}", mirror(app))).map_err(Error::Files)
    }

    /// The branches and tags, by name.
    pub async fn refs(&self, app: &AppId) -> Result<Vec<(CommitSha, String)>, Error> {
        if !self.root.exists(format!("{}/HEAD", mirror(app))) {
            return Ok(Vec::new());
        }
        let run = self.git(app).args(["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"]);
        let output = run.limit_bytes(MOST_REF_BYTES).run().await.map_err(process)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let read = |line: &str| Some((line.split_once(' ')?.0.parse().ok()?, line.split_once(' ')?.1.to_owned()));
        Ok(text.lines().filter_map(read).collect())
    }

    /// Whether an object is a commit.
    pub async fn is_commit(&self, app: &AppId, object: &CommitSha) -> bool {
        let said = self.git(app).args(["cat-file", "-t"]).arg(object.as_str()).run().await;
        said.is_ok_and(|said| said.stdout.trim_ascii() == b"commit")
    }

    /// Moves or makes a branch or tag; `name` is whole and has been read by our own rules.
    pub async fn set_ref(&self, app: &AppId, name: &str, object: &CommitSha) -> Result<(), Error> {
        let run = self.git(app).args(["update-ref", "--no-deref", "--", name, object.as_str()]);
        run.run().await.map(drop).map_err(process)
    }

    /// Removes a branch or tag.
    pub async fn remove_ref(&self, app: &AppId, name: &str) -> Result<(), Error> {
        self.git(app).args(["update-ref", "--no-deref", "-d", "--", name]).run().await.map(drop).map_err(process)
    }

    /// Says that a commit was pushed and is to be deployed from `branch`.
    pub async fn keep_pushed(&self, app: &AppId, branch: &GitRef, commit: &CommitSha) -> Result<(), Error> {
        self.set_ref(app, PUSHED, commit).await?;
        let head = format!("refs/heads/{branch}");
        self.git(app).args(["symbolic-ref", "HEAD", &head]).run().await.map(drop).map_err(process)
    }

    /// The commit that was pushed last to be deployed, if there is one.
    pub async fn last_pushed(&self, app: &AppId) -> Result<Option<CommitSha>, Error> {
        if !self.root.exists(format!("{}/HEAD", mirror(app))) {
            return Ok(None);
        }
        let run = self.git(app).args(["for-each-ref", "--format=%(objectname)", PUSHED]);
        let output = run.run().await.map_err(process)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
    }

    /// Makes one pack of many, once there are many; each push brings one.
    pub async fn tidy_packs(&self, app: &AppId) -> Result<(), Error> {
        let packs = self.root.names(format!("{}/objects/pack", mirror(app))).map_err(Error::Files)?;
        if packs.iter().filter(|name| name.ends_with(".pack")).count() <= MOST_PACKS {
            return Ok(());
        }
        let run =
            self.git(app).args(["-c", "pack.threads=1", "-c", "pack.windowMemory=64m", "repack", "-a", "-d", "-q"]);
        run.limit(CHECKED_WITHIN).run().await.map(drop).map_err(process)
    }

    /// Lets a client fetch from the app's repository.
    pub async fn upload(
        &self,
        app: &AppId,
        talk: UploadTalk,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
    ) -> Result<(), Error> {
        let mut run = self.git(app).args(["-c", "uploadpack.hideRefs=refs/homeport", "-c", "pack.threads=1"]);
        if talk.second_version {
            run = run.env("GIT_PROTOCOL", "version=2");
        }
        run = run.args(["upload-pack", "--strict", "--timeout=60"]);
        if talk.stateless {
            run = run.arg("--stateless-rpc");
        }
        if talk.advertise {
            run = run.arg("--http-backend-info-refs");
        }
        let talk = run.arg(".").limit(FETCHED_WITHIN).talk().map_err(process)?;
        talk.pass(input, output).await.map_err(process)
    }
}

impl Error {
    /// From a pack that was not taken, by git's words.
    fn pack(error: programs::Error, limit_bytes: u64) -> Self {
        let programs::Error::Failed { stderr, .. } = &error else { return Self::Process(error) };
        if stderr.contains("maximum allowed size") {
            return Self::TooLarge { limit_bytes };
        }
        let said = |line: &str| {
            let words = line.trim_start_matches("error: ").trim_start_matches("fatal: ");
            text::clean_line(words).chars().take(200).collect::<String>()
        };
        Self::Pack { words: stderr.lines().find(|line| !line.starts_with("warning: ")).map(said).unwrap_or_default() }
    }
}
