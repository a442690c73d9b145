//! Keeps what a container wrote before the engine forgets it: one file for each container, below
//! the state folder, with the newest lines where there are too many.
//!
//! To keep is to write the file anew, so that a panel that died in the middle does it again. It
//! never fails a deploy: a log that cannot be kept is said in the panel's own log.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use homeport_model::{
    deploy::container::{ContainerId, LABEL_APP, LABEL_PROCESS, LABEL_RELEASE},
    id::{AppId, ReleaseId},
    log::{KeptLog, Raw, doomed},
    mask::Mask,
    time::Timestamp,
};
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::store;
use crate::{
    ambient::Clock,
    db::Db,
    drivers::{
        docker::{ContainerState, Docker, LogRange},
        system::fsroot::FsRoot,
    },
    failure::Failure,
};

/// The folder of the files, below the state folder.
const FOLDER: &str = "kept-logs";
/// A file has at most this many bytes; what is older is cut off.
pub const MOST_FILE_BYTES: usize = 6 << 20;
/// How long reading one log may take; what was read by then is kept.
const WITHIN: Duration = Duration::from_secs(20);
/// A container that dies again and again is kept at most this often.
const DEATHS_APART_MS: i64 = 60_000;
/// So many are read at once: each needs one and a half files of memory.
const AT_ONCE: usize = 1;

/// The kept logs of all apps.
#[derive(Clone)]
pub struct KeptLogs(Arc<Parts>);

struct Parts {
    root: FsRoot,
    db: Db,
    docker: Docker,
    clock: Clock,
    total_bytes: u64,
    turns: Semaphore,
    /// The containers that were kept because they had died: when they had been started, and when that was.
    deaths: Mutex<HashMap<ContainerId, (Option<String>, Timestamp)>>,
}

impl KeptLogs {
    /// Opens the folder below `state`; all files together have at most `total_bytes`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(state: &Path, db: Db, docker: Docker, clock: Clock, total_bytes: u64) -> std::io::Result<Self> {
        let root = FsRoot::create(state.join(FOLDER), 0o700)?;
        let turns = Semaphore::new(AT_ONCE);
        Ok(Self(Arc::new(Parts { root, db, docker, clock, total_bytes, turns, deaths: Mutex::default() })))
    }

    /// Whether this end of a container has not been kept yet, and others of it not too shortly before.
    pub(super) fn is_new_death(&self, state: &ContainerState) -> bool {
        let now = self.0.clock.now();
        let mut deaths = self.0.deaths.lock().unwrap_or_else(PoisonError::into_inner);
        // Of those that are long gone nobody will ask.
        deaths.retain(|_, (_, at)| now.since(*at) < 24 * 3_600_000);
        if let Some((started, at)) = deaths.get(&state.id)
            && (*started == state.started_at || now.since(*at) < DEATHS_APART_MS)
        {
            return false;
        }
        deaths.insert(state.id.clone(), (state.started_at.clone(), now));
        true
    }

    /// Keeps what a container has written so far; secrets are masked before. Nothing happens for one
    /// that wrote nothing or that is not an app's.
    pub(super) async fn keep(&self, state: &ContainerState, number: u32, mask: &Mask) -> Result<(), Failure> {
        let Some(mut log) = about(state, number, self.0.clock.now()) else { return Ok(()) };
        let _turn = self.0.turns.acquire().await.map_err(Failure::internal)?;
        let tail = self.read(&state.id, mask).await?;
        if tail.bytes.is_empty() {
            return Ok(());
        }
        (log.size_bytes, log.lines, log.cut) = (tail.bytes.len() as u64, tail.lines, tail.cut);
        let (root, path, folder) = (self.0.root.clone(), path_of(&log), folder_of(&log.app, &log.release));
        let written = spawn_blocking(move || {
            root.create_folder(folder, 0o700)?;
            root.write(path, &tail.bytes, 0o600)
        });
        written.await.map_err(Failure::internal)??;
        store::put(&self.0.db, &log).await?;
        self.stay_within_budget().await
    }

    async fn read(&self, id: &ContainerId, mask: &Mask) -> Result<Tail, Failure> {
        let deadline = Instant::now() + WITHIN;
        let mut tail = Tail::new(MOST_FILE_BYTES);
        let mut lines = self.0.docker.logs(id, LogRange::ALL).await.map_err(Failure::from)?;
        while let Ok(Some(line)) = timeout_at(deadline, lines.next()).await {
            let Ok(line) = line else { break };
            tail.push(Raw { text: mask.over(line.text), ..line });
        }
        tail.shorten();
        Ok(tail)
    }

    async fn stay_within_budget(&self) -> Result<(), Failure> {
        let all = store::all(&self.0.db).await?;
        for log in doomed(&all, self.0.total_bytes) {
            self.0.root.remove_file(path_of(log))?;
            store::remove(&self.0.db, log).await?;
        }
        Ok(())
    }

    /// What is kept of an app.
    pub(super) async fn of_app(&self, app: &AppId) -> Result<Vec<KeptLog>, Failure> {
        Ok(store::of_app(&self.0.db, app).await?)
    }

    /// The open file of a kept log; `None` where it is gone.
    pub(super) fn reader(&self, log: &KeptLog) -> Option<std::fs::File> {
        self.0.root.reader(path_of(log)).ok()
    }

    /// Removes what is kept of a release.
    pub(crate) async fn forget_release(&self, app: &AppId, release: &ReleaseId) -> Result<(), Failure> {
        self.0.root.remove_tree(folder_of(app, release))?;
        Ok(store::remove_release(&self.0.db, release).await?)
    }

    /// Removes the files of an app; their rows go with its releases.
    pub(crate) fn forget_app(&self, app: &AppId) -> Result<(), Failure> {
        Ok(self.0.root.remove_tree(app.as_str())?)
    }

    /// Removes what is kept of releases before `oldest`, by number.
    pub(crate) async fn forget_before(&self, app: &AppId, oldest: u32) -> Result<(), Failure> {
        let mut old = store::of_app(&self.0.db, app).await?;
        old.retain(|log| log.number < oldest);
        old.dedup_by(|one, other| one.release == other.release);
        for log in old {
            self.forget_release(app, &log.release).await?;
        }
        Ok(())
    }
}

/// Whose a container is, as its labels say.
fn about(state: &ContainerState, number: u32, at: Timestamp) -> Option<KeptLog> {
    let label = |name: &str| state.labels.get(name).map(String::as_str);
    Some(KeptLog {
        app: label(LABEL_APP)?.parse().ok()?,
        release: label(LABEL_RELEASE)?.parse().ok()?,
        number,
        process: label(LABEL_PROCESS)?.parse().ok()?,
        instance: super::instance_of(&state.name),
        container: state.id.clone(),
        size_bytes: 0,
        lines: 0,
        cut: false,
        at,
    })
}

fn folder_of(app: &AppId, release: &ReleaseId) -> String {
    format!("{app}/{release}")
}

fn path_of(log: &KeptLog) -> String {
    format!("{}/{}.{}.{}", folder_of(&log.app, &log.release), log.process, log.instance, log.container)
}

/// The newest lines, up to a number of bytes.
struct Tail {
    bytes: Vec<u8>,
    lines: u64,
    cut: bool,
    most: usize,
}

impl Tail {
    const fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), lines: 0, cut: false, most }
    }

    fn push(&mut self, line: Raw) {
        line.write(&mut self.bytes);
        self.lines += 1;
        // Cut in large pieces: each cut moves all that stays.
        if self.bytes.len() > self.most + self.most / 2 {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let Some(surplus) = self.bytes.len().checked_sub(self.most + 1) else { return };
        let end = memchr::memchr(b'\n', &self.bytes[surplus..]).map_or(self.bytes.len(), |at| surplus + at + 1);
        self.lines -= memchr::memchr_iter(b'\n', &self.bytes[..end]).count() as u64;
        self.bytes.drain(..end);
        self.cut = true;
    }
}

#[cfg(test)]
mod tests {
    use homeport_model::log::LogTime;

    use super::*;

    #[test]
    fn the_newest_lines_stay_and_none_is_cut_in_half() {
        let mut tail = Tail::new(100);
        for number in 0..1_000 {
            tail.push(Raw { at: LogTime::from_ns(number), stderr: false, text: "text".into() });
            assert!(tail.bytes.len() <= 150 + 11);
        }
        tail.shorten();
        let lines: Vec<Raw> = tail
            .bytes
            .split_inclusive(|byte| *byte == b'\n')
            .filter_map(|line| Raw::read(&line[..line.len() - 1]))
            .collect();
        assert_eq!((lines.len() as u64, tail.cut), (tail.lines, true));
        assert_eq!(lines.last().map(|line| line.at.ns()), Some(999));
        assert!(tail.bytes.len() <= 100 && lines.len() > 5, "{}", tail.bytes.len());
    }

    #[test]
    fn what_fits_is_not_cut() {
        let mut tail = Tail::new(100);
        tail.push(Raw { at: LogTime::default(), stderr: true, text: "only".into() });
        tail.shorten();
        assert_eq!((tail.bytes.as_slice(), tail.lines, tail.cut), (&b"0 e only\n"[..], 1, false));
    }
}
