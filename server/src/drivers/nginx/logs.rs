//! The log files: one of access for each app, one for the panel and whatever has no name, one of errors.
//! Each is begun anew above a size, and one old file of it is kept.

use std::{fs::File, os::unix::fs::MetadataExt};

use homeport_model::{domain::vhost::log_file, id::AppId};

use super::{Error, Nginx};
use crate::drivers::system::fsroot::FileStat;

/// What all servers share.
const SHARED: [&str; 2] = ["logs/access.log", "logs/error.log"];

/// Which of the two files of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPart {
    /// The one that nginx writes to.
    Current,
    /// The one before it. For a moment after a rotation, and as long as an old worker has a request to
    /// finish, nginx goes on writing to it.
    Old,
}

/// An open log and what it was when it was opened.
#[derive(Debug)]
pub struct LogFile {
    /// Open for reading.
    pub file: File,
    /// Which one it is, and how long.
    pub stat: FileStat,
}

impl LogPart {
    fn path(self, app: &AppId) -> String {
        match self {
            Self::Current => log_file(app),
            Self::Old => old(&log_file(app)),
        }
    }
}

fn old(path: &str) -> String {
    format!("{path}.1")
}

impl Nginx {
    /// An app's log as it is now, without opening it; `None` where there is none.
    pub fn log_stat(&self, app: &AppId, part: LogPart) -> Result<Option<FileStat>, Error> {
        self.root.stat(part.path(app)).map_err(Error::Files)
    }

    /// Opens an app's log; `None` where there is none.
    pub fn open_log(&self, app: &AppId, part: LogPart) -> Result<Option<LogFile>, Error> {
        let file = match self.root.reader(part.path(app)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::Files)?,
        };
        // Of the open file: the name may lead to another by now.
        let data = file.metadata().map_err(Error::Files)?;
        Ok(Some(LogFile { stat: FileStat { inode: data.ino(), size_bytes: data.len() }, file }))
    }

    /// Begins new files for the logs of `apps`, and for the shared ones that have more than `limit_bytes`.
    /// nginx loses no line by it: it goes on writing to the renamed file until it has opened the new one.
    /// Nothing happens while a generation is being brought live; the next look tries again.
    pub fn rotate_logs(&self, limit_bytes: u64, apps: &[AppId]) -> Result<(), Error> {
        let Ok(_turn) = self.turn.try_lock() else { return Ok(()) };
        let mut paths: Vec<String> = apps.iter().map(log_file).collect();
        for path in SHARED {
            if self.root.size_bytes(path).map_err(Error::Files)? > limit_bytes {
                paths.push(path.to_owned());
            }
        }
        let mut moved = false;
        for path in paths {
            match self.root.rename(&path, old(&path)) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                other => {
                    other.map_err(Error::Files)?;
                    moved = true;
                }
            }
        }
        if moved { self.reopen_logs() } else { Ok(()) }
    }

    /// The apps that have a log.
    pub fn logged_apps(&self) -> Result<Vec<AppId>, Error> {
        let names = self.root.names("logs").map_err(Error::Files)?;
        let id = |name: String| name.strip_prefix("app-")?.split('.').next()?.parse().ok();
        let mut apps: Vec<AppId> = names.into_iter().filter_map(id).collect();
        apps.dedup();
        Ok(apps)
    }

    /// Removes an app's logs.
    pub fn remove_logs(&self, app: &AppId) -> Result<(), Error> {
        [LogPart::Current, LogPart::Old]
            .into_iter()
            .try_for_each(|part| self.root.remove_file(part.path(app)).map_err(Error::Files))
    }
}
