//! File access below one folder, by file descriptor.
//!
//! Every path is resolved by the kernel with `RESOLVE_BENEATH` and `RESOLVE_NO_SYMLINKS`, so that
//! neither a name nor a link planted by an app leads out of the folder (security.md, C-08, C-09).
//! Writes are whole or absent: temporary file, `fsync`, rename.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};

static TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// A file as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Its number on its file system; it stays when the file is renamed.
    pub inode: u64,
    /// Its size.
    pub size_bytes: u64,
}

/// A file as it was seen, so that any change of it shows, also one that keeps its size and times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMark {
    stat: FileStat,
    /// When the file system last noted a change, which nobody sets by hand: seconds and nanoseconds.
    noted: (i64, u64),
}

/// A folder, and everything below it.
#[derive(Debug, Clone)]
pub struct FsRoot {
    folder: Arc<OwnedFd>,
    path: PathBuf,
}

impl FsRoot {
    /// Opens a folder that exists.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let folder = fs::open(&path, OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::PATH, Mode::empty())?;
        Ok(Self { folder: Arc::new(folder), path })
    }

    /// Opens a folder, made first where it is missing; its mode becomes `mode` either way.
    pub fn create(path: impl AsRef<Path>, mode: u32) -> io::Result<Self> {
        let path = path.as_ref();
        let mut ancestors: Vec<&Path> = path.ancestors().filter(|a| !a.as_os_str().is_empty()).collect();
        ancestors.reverse();
        for folder in ancestors {
            match fs::mkdirat(CWD, folder, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(_) if fs::stat(folder).is_ok() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let root = Self::open(path)?;
        fs::chmodat(CWD, path, Mode::from_raw_mode(mode), AtFlags::empty())?;
        Ok(root)
    }

    /// Bytes that may still be written to its file system, and all of them.
    pub fn space_bytes(&self) -> io::Result<(u64, u64)> {
        let stat = fs::fstatvfs(fs::openat(&self.folder, ".", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)?;
        Ok((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
    }

    /// The folder's path on the host.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's path as the kernel knows it: absolute and without links.
    pub fn real_path(&self) -> io::Result<PathBuf> {
        let link = format!("/proc/self/fd/{}", self.folder.as_raw_fd());
        let target = fs::readlinkat(CWD, link, Vec::new())?;
        Ok(PathBuf::from(OsStr::from_bytes(target.as_bytes())))
    }

    fn at(&self, rel: impl AsRef<Path>, flags: OFlags, mode: u32) -> io::Result<OwnedFd> {
        let rules = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        Ok(fs::openat2(&*self.folder, rel.as_ref(), flags | OFlags::CLOEXEC, Mode::from_raw_mode(mode), rules)?)
    }

    /// The open folder that holds `rel`, and its name there.
    fn parent<'a>(&self, rel: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let name = rel.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let folder = match rel.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Ok((self.at(folder, OFlags::DIRECTORY | OFlags::RDONLY, 0)?, name))
    }

    /// A folder below this one as a root of its own.
    pub fn sub(&self, rel: impl AsRef<Path>) -> io::Result<Self> {
        let folder = self.at(rel.as_ref(), OFlags::DIRECTORY | OFlags::PATH, 0)?;
        Ok(Self { folder: Arc::new(folder), path: self.path.join(rel) })
    }

    /// Opens a file for reading.
    pub fn reader(&self, rel: impl AsRef<Path>) -> io::Result<File> {
        Ok(File::from(self.at(rel, OFlags::RDONLY, 0)?))
    }

    /// Writes into a file that is there already, as the kernel's settings are.
    pub fn put(&self, rel: impl AsRef<Path>, text: &str) -> io::Result<()> {
        File::from(self.at(rel, OFlags::WRONLY, 0)?).write_all(text.as_bytes())
    }

    /// Reads a file, at most `limit` bytes of it.
    pub fn read(&self, rel: impl AsRef<Path>, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader(rel)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a file as text, at most `limit` bytes of it.
    pub fn read_text(&self, rel: impl AsRef<Path>, limit: u64) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&self.read(rel, limit)?).into_owned())
    }

    /// Creates a file that must not be there yet, for writing.
    pub fn create_file(&self, rel: impl AsRef<Path>, mode: u32) -> io::Result<File> {
        let file = self.at(rel, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL, mode)?;
        fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        Ok(File::from(file))
    }

    /// Writes a file as a whole: whoever reads sees the old bytes or the new ones.
    pub fn write(&self, rel: impl AsRef<Path>, bytes: &[u8], mode: u32) -> io::Result<()> {
        let (folder, name) = self.parent(rel.as_ref())?;
        let temporary = temporary_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = fs::openat(&folder, &temporary, flags, Mode::from_raw_mode(mode))?;
        let written = (|| {
            fs::fchmod(&file, Mode::from_raw_mode(mode))?;
            let mut file = File::from(file);
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::renameat(&folder, &temporary, &folder, name)?;
            fs::fsync(&folder).map_err(io::Error::from)
        })();
        if written.is_err() {
            let _ = fs::unlinkat(&folder, &temporary, AtFlags::empty());
        }
        written
    }

    /// Makes a folder and those above it; one that is there keeps its mode.
    pub fn create_folder(&self, rel: impl AsRef<Path>, mode: u32) -> io::Result<()> {
        let mut done = PathBuf::new();
        for part in rel.as_ref().components() {
            let (folder, _) = self.parent(&done.join(part))?;
            done.push(part);
            match fs::mkdirat(&folder, part.as_os_str(), Mode::from_raw_mode(mode)) {
                Ok(()) => fs::chmodat(&folder, part.as_os_str(), Mode::from_raw_mode(mode), AtFlags::empty())?,
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Sets a folder's or file's mode.
    pub fn set_mode(&self, rel: impl AsRef<Path>, mode: u32) -> io::Result<()> {
        let file = self.at(rel, OFlags::RDONLY, 0)?;
        Ok(fs::fchmod(file, Mode::from_raw_mode(mode))?)
    }

    /// Gives a folder or file to another user and group.
    pub fn set_owner(&self, rel: impl AsRef<Path>, user: u32, group: u32) -> io::Result<()> {
        let file = self.at(rel, OFlags::RDONLY, 0)?;
        Ok(fs::fchown(file, Some(fs::Uid::from_raw(user)), Some(fs::Gid::from_raw(group)))?)
    }

    /// Flushes a folder's own entries to disk.
    pub fn sync_folder(&self, rel: impl AsRef<Path>) -> io::Result<()> {
        Ok(fs::fsync(self.at(rel, OFlags::DIRECTORY | OFlags::RDONLY, 0)?)?)
    }

    /// Flushes everything on this file system to disk, which is cheaper than each of many files.
    pub fn sync_all(&self) -> io::Result<()> {
        Ok(fs::syncfs(self.at(".", OFlags::DIRECTORY | OFlags::RDONLY, 0)?)?)
    }

    /// Points the link `rel` at `target` in one step.
    pub fn swap_link(&self, rel: impl AsRef<Path>, target: &str) -> io::Result<()> {
        let (folder, name) = self.parent(rel.as_ref())?;
        let temporary = temporary_name();
        fs::symlinkat(target, &folder, &temporary)?;
        if let Err(error) = fs::renameat(&folder, &temporary, &folder, name) {
            let _ = fs::unlinkat(&folder, &temporary, AtFlags::empty());
            return Err(error.into());
        }
        Ok(fs::fsync(&folder)?)
    }

    /// What the link `rel` points at; `None` where there is no link.
    pub fn read_link(&self, rel: impl AsRef<Path>) -> io::Result<Option<String>> {
        let (folder, name) = self.parent(rel.as_ref())?;
        match fs::readlinkat(&folder, name, Vec::new()) {
            Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames within this root.
    pub fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        let (from_folder, from_name) = self.parent(from.as_ref())?;
        let (to_folder, to_name) = self.parent(to.as_ref())?;
        fs::renameat(&from_folder, from_name, &to_folder, to_name)?;
        Ok(fs::fsync(&to_folder)?)
    }

    /// Whether something stands at `rel`; links count as themselves.
    #[must_use]
    pub fn exists(&self, rel: impl AsRef<Path>) -> bool {
        self.parent(rel.as_ref())
            .is_ok_and(|(folder, name)| fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok())
    }

    /// The names in a folder, sorted; a folder that is missing has none.
    pub fn names(&self, rel: impl AsRef<Path>) -> io::Result<Vec<String>> {
        let folder = match self.at(rel, OFlags::DIRECTORY | OFlags::RDONLY, 0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = entries(&folder)?.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        names.sort();
        Ok(names)
    }

    /// The size of a file, or of all files below a folder, in bytes.
    pub fn size_bytes(&self, rel: impl AsRef<Path>) -> io::Result<u64> {
        let (folder, name) = self.parent(rel.as_ref())?;
        size_at(&folder, name)
    }

    /// Which file stands at `rel`, by its inode, and its size; `None` where there is none. The file is not
    /// opened.
    pub fn stat(&self, rel: impl AsRef<Path>) -> io::Result<Option<FileStat>> {
        Ok(self.mark(rel)?.map(|mark| mark.stat))
    }

    /// The same with when it last changed; two marks that are equal are of the same bytes.
    pub fn mark(&self, rel: impl AsRef<Path>) -> io::Result<Option<FileMark>> {
        let (folder, name) = self.parent(rel.as_ref())?;
        match fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => {
                let size_bytes = u64::try_from(found.st_size).unwrap_or(0);
                let stat = FileStat { inode: found.st_ino, size_bytes };
                Ok(Some(FileMark { stat, noted: (found.st_ctime, found.st_ctime_nsec) }))
            }
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a file or link; nothing happens where there is none.
    pub fn remove_file(&self, rel: impl AsRef<Path>) -> io::Result<()> {
        let (folder, name) = self.parent(rel.as_ref())?;
        absent_is_fine(fs::unlinkat(&folder, name, AtFlags::empty()))
    }

    /// Removes a folder and all below it without following links; nothing happens where there is
    /// none.
    pub fn remove_tree(&self, rel: impl AsRef<Path>) -> io::Result<()> {
        match self.parent(rel.as_ref()) {
            Ok((folder, name)) => remove_at(&folder, name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The path of a folder or file of this host as it is behind all links.
pub fn real_path_of(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let file = fs::open(path.as_ref(), OFlags::CLOEXEC | OFlags::PATH, Mode::empty())?;
    let target = fs::readlinkat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), Vec::new())?;
    Ok(PathBuf::from(OsStr::from_bytes(target.as_bytes())))
}

fn temporary_name() -> String {
    let count = TEMPORARY.fetch_add(1, Ordering::Relaxed);
    format!(".homeport-{}-{count}", std::process::id())
}

fn absent_is_fine(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn entries(folder: &OwnedFd) -> io::Result<Vec<(String, FileType)>> {
    let mut all = Vec::new();
    for entry in fs::Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            all.push((name, entry.file_type()));
        }
    }
    Ok(all)
}

fn open_folder(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(fs::openat(folder, name, flags, Mode::empty())?)
}

fn size_at(folder: &OwnedFd, name: &OsStr) -> io::Result<u64> {
    let stat = match fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(rustix::io::Errno::NOENT) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Ok(u64::try_from(stat.st_size).unwrap_or(0));
    }
    let inner = open_folder(folder, name)?;
    entries(&inner)?.iter().try_fold(0, |sum, (name, _)| Ok(sum + size_at(&inner, OsStr::new(name))?))
}

fn remove_at(folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    match fs::unlinkat(folder, name, AtFlags::empty()) {
        Err(rustix::io::Errno::ISDIR | rustix::io::Errno::PERM) => {}
        other => return absent_is_fine(other),
    }
    let inner = open_folder(folder, name)?;
    for (name, _) in entries(&inner)? {
        remove_at(&inner, OsStr::new(&name))?;
    }
    absent_is_fine(fs::unlinkat(folder, name, AtFlags::REMOVEDIR))
}
