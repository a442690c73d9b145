//! The state folder: made for its owner alone, locked by one panel, holding the key file.
//!
//! Everything is opened below one directory handle and no link is followed.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use homeport_model::secret::Secret;
use rustix::{
    fs::{AtFlags, FlockOperation, Mode, OFlags},
    io::Errno,
};

use crate::{ambient, seal::Sealer};

/// The database's file name in the state folder.
pub const DATABASE: &str = "homeport.db";
const LOCK: &str = "lock";
const KEY: &str = "key";
/// Holds the installation's id; with it, a missing database is a loss and not a first start.
const MARKER: &str = "installation";

/// Why the panel does not start.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Another panel holds the state folder.
    #[error("The state folder {folder} is locked by pid {pid}.")]
    Locked {
        /// The state folder.
        folder: String,
        /// The holder, as the lock file names it.
        pid: String,
    },
    /// The configuration or the state on disk is not acceptable; the text says what to do.
    #[error("{0}")]
    Config(String),
    /// The operating system refused something.
    #[error("{0}")]
    Io(String),
}

impl Refusal {
    /// The exit code that goes with it (sysexits: 75 temporary, 78 configuration, 74 input/output).
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Locked { .. } => 75,
            Self::Config(_) => 78,
            Self::Io(_) => 74,
        }
    }
}

/// The open state folder; with its lock as long as it lives, when it was locked.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    folder: OwnedFd,
    _lock: Option<File>,
}

impl StateFolder {
    /// Makes the folder if needed, closes it to others, and takes the lock.
    ///
    /// # Errors
    /// [`Refusal::Locked`] while another panel runs on it.
    pub fn lock(path: &Path) -> Result<Self, Refusal> {
        let state = Self::open(path, true)?;
        let mut lock = state.file(LOCK, OFlags::RDWR | OFlags::CREATE)?;
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut pid = String::new();
            let _ = (&lock).take(32).read_to_string(&mut pid);
            let pid = pid.trim().chars().filter(char::is_ascii_digit).collect();
            return Err(Refusal::Locked { folder: path.display().to_string(), pid });
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(|error| Refusal::Io(format!("The lock file cannot be written: {error}.")))?;
        Ok(Self { _lock: Some(lock), ..state })
    }

    /// Opens the folder of a panel that exists, without its lock, for the command line.
    ///
    /// # Errors
    /// [`Refusal`] when there is none.
    pub fn existing(path: &Path) -> Result<Self, Refusal> {
        Self::open(path, false)
    }

    fn open(path: &Path, make: bool) -> Result<Self, Refusal> {
        let refuse =
            |what: &str, errno: Errno| Refusal::Io(format!("The state folder {} {what}: {errno}.", path.display()));
        if make {
            let missing: Vec<_> = path.ancestors().take_while(|folder| !folder.exists()).collect();
            for folder in missing.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
                match rustix::fs::mkdir(folder, Mode::RWXU) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(refuse("cannot be made", errno)),
                }
            }
        }
        let folder = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| refuse("cannot be opened", errno))?;
        rustix::fs::fchmod(&folder, Mode::RWXU).map_err(|errno| refuse("cannot be closed to others", errno))?;
        Ok(Self { path: path.to_owned(), folder, _lock: None })
    }

    /// The database's path.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The folder's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the database file is there and not empty.
    #[must_use]
    pub fn has_database(&self) -> bool {
        rustix::fs::statat(&self.folder, DATABASE, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| stat.st_size > 0)
    }

    /// The installation's id that the marker file carries, when there is one.
    ///
    /// # Errors
    /// [`Refusal::Io`] when it cannot be read.
    pub fn installation(&self) -> Result<Option<String>, Refusal> {
        match self.read(MARKER)? {
            None => Ok(None),
            Some((bytes, _)) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
        }
    }

    /// Writes the marker.
    ///
    /// # Errors
    /// [`Refusal::Io`] when it cannot be written.
    pub fn mark_installed(&self, id: &str) -> Result<(), Refusal> {
        self.create(MARKER, format!("{id}\n").as_bytes())
    }

    /// The sealer of the key file. The file is made only when `first_start`.
    ///
    /// # Errors
    /// [`Refusal::Config`] for a key file that is missing, open to others, or of the wrong length.
    pub fn sealer(&self, first_start: bool) -> Result<Sealer, Refusal> {
        let at = self.path.join(KEY);
        let at = at.display();
        let (bytes, mode) = match self.read(KEY)? {
            Some(found) => found,
            None if first_start => {
                let key: [u8; 32] = ambient::random_bytes();
                self.create(KEY, &key)?;
                return Ok(Sealer::new(&Secret::new(key)));
            }
            None => {
                return Err(Refusal::Config(format!(
                    "The key file {at} is missing; without it stored secrets cannot be read. Put it back from your backup."
                )));
            }
        };
        if mode & 0o077 != 0 {
            return Err(Refusal::Config(format!("The key file {at} is open to others. Run: chmod 600 {at}")));
        }
        let key: [u8; 32] = bytes.try_into().map_err(|_| {
            Refusal::Config(format!("The key file {at} does not hold 32 bytes. Put it back from your backup."))
        })?;
        Ok(Sealer::new(&Secret::new(key)))
    }

    fn read(&self, name: &str) -> Result<Option<(Vec<u8>, u32)>, Refusal> {
        let refuse = |error: &dyn std::fmt::Display| {
            Refusal::Io(format!("{} cannot be read: {error}.", self.path.join(name).display()))
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(refuse(&errno)),
        };
        let mode = rustix::fs::fstat(&file).map_err(|errno| refuse(&errno))?.st_mode;
        let mut bytes = Vec::new();
        File::from(file).take(4_096).read_to_end(&mut bytes).map_err(|error| refuse(&error))?;
        Ok(Some((bytes, mode)))
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        let mut file = self.file(name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|error| Refusal::Io(format!("{} cannot be written: {error}.", self.path.join(name).display())))?;
        rustix::fs::fsync(&self.folder)
            .map_err(|errno| Refusal::Io(format!("The state folder cannot be synced: {errno}.")))
    }

    fn file(&self, name: &str, flags: OFlags) -> Result<File, Refusal> {
        rustix::fs::openat(&self.folder, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)
            .map(File::from)
            .map_err(|errno| Refusal::Io(format!("{} cannot be opened: {errno}.", self.path.join(name).display())))
    }
}
