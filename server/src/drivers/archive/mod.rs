//! Archives that people upload: checked entry by entry and rewritten as a stream for
//! `git fast-import`. Nothing is ever unpacked to a folder (security.md, C-10).

mod error;
mod import;
mod names;
mod small;
mod tar;
mod zip;

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use homeport_model::{id::AppId, time::Timestamp};

pub use error::Error;
pub use small::{SMALL, SmallFile, is_archive, read_small};

use self::{
    import::{Contents, Import},
    names::Names,
};
use super::system::fsroot::FsRoot;

/// What an archive may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How large it may be as it is sent.
    pub upload_bytes: u64,
    /// How many files and folders it may have.
    pub entries: usize,
    /// How large one file may be.
    pub file_bytes: u64,
    /// How large all files together may be.
    pub total_bytes: u64,
    /// How many times larger than the archive its content may be.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { upload_bytes: 512 << 20, entries: 100_000, file_bytes: 1 << 30, total_bytes: 2 << 30, ratio: 200 }
    }
}

/// Content up to here is taken whatever the ratio says: an empty tar file alone shrinks to nothing.
const SMALL_BYTES: u64 = 8 << 20;
/// How much may stand behind the end of a tar archive.
const MOST_PADDING_BYTES: u64 = 16 << 20;

/// Who uploaded what and when; becomes the commit's author, subject and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The archive's name, as one line.
    pub name: String,
    /// Who uploaded it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What was found in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// How many files.
    pub files: u64,
    /// Their size together.
    pub size_bytes: u64,
    /// The one folder around everything, which was left out.
    pub top: Option<String>,
}

/// The uploads below one folder, one at most for each app.
#[derive(Debug, Clone)]
pub struct Archives {
    root: FsRoot,
    limits: Limits,
}

/// An upload on its way in. Dropping it removes it.
pub struct Incoming {
    root: FsRoot,
    path: String,
    file: File,
    size_bytes: u64,
    limits: Limits,
}

impl Archives {
    /// Keeps uploads in `<state>/uploads`.
    pub fn open(state: &Path, limits: Limits) -> io::Result<Self> {
        Ok(Self { root: FsRoot::create(state.join("uploads"), 0o700)?, limits })
    }

    /// Begins an upload; `id` is nobody else's and becomes a file's name.
    pub fn begin(&self, app: &AppId, id: &str) -> Result<Incoming, Error> {
        self.root.create_folder(app.as_str(), 0o700)?;
        let path = format!("{app}/{id}.part");
        let file = self.root.create_file(&path, 0o600)?;
        Ok(Incoming { root: self.root.clone(), path, file, size_bytes: 0, limits: self.limits })
    }

    /// Checks an upload and keeps what is to be imported under its id. Blocks.
    pub fn check(&self, app: &AppId, id: &str, mut incoming: Incoming, about: &About) -> Result<Checked, Error> {
        incoming.file.flush()?;
        let archive = self.root.reader(&incoming.path)?;
        let kept = format!("{app}/{id}.import");
        let file = self.root.create_file(&kept, 0o600)?;
        let checked = check(archive, incoming.size_bytes, file, about, self.limits);
        if checked.is_err() {
            self.root.remove_file(&kept)?;
        }
        checked
    }

    /// What is to be imported; `None` when it was imported and removed.
    pub fn find(&self, app: &AppId, id: &str) -> io::Result<Option<File>> {
        match self.root.reader(format!("{app}/{id}.import")) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes an upload, and those of the app that came before it: ids sort by time.
    pub fn remove_up_to(&self, app: &AppId, id: &str) -> io::Result<()> {
        for name in self.root.names(app.as_str())? {
            if name.split('.').next().is_some_and(|other| other <= id) {
                self.root.remove_file(format!("{app}/{name}"))?;
            }
        }
        Ok(())
    }

    /// Removes all uploads of an app.
    pub fn remove_app(&self, app: &AppId) -> io::Result<()> {
        self.root.remove_tree(app.as_str())
    }
}

impl Incoming {
    /// Takes the next piece.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.size_bytes = self.size_bytes.saturating_add(piece.len() as u64);
        if self.size_bytes > self.limits.upload_bytes {
            return Err(Error::UploadTooLarge { limit_bytes: self.limits.upload_bytes });
        }
        Ok(self.file.write_all(piece)?)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = self.root.remove_file(&self.path);
    }
}

fn check(archive: File, archive_bytes: u64, into: File, about: &About, limits: Limits) -> Result<Checked, Error> {
    let mut budget = Budget::new(archive_bytes, limits);
    let mut names = Names::default();
    let mut import = Import::begin(into)?;
    read_entries(archive, &mut budget, &mut names, &mut import)?;
    let top = names.common_top().map(str::to_owned);
    import.finish(about, &names, top.as_deref())?;
    Ok(Checked { files: names.files().len() as u64, size_bytes: budget.total_bytes, top })
}

/// Reads an archive of any known kind.
fn read_entries(
    archive: File,
    budget: &mut Budget,
    names: &mut Names,
    import: &mut impl Contents,
) -> Result<(), Error> {
    match kind(&archive)? {
        Kind::Tar => {
            ends_with_nothing(&archive)?;
            tar::read(io::BufReader::new(archive), budget, names, import)?;
        }
        Kind::Gzip => {
            let mut unpacked = flate2::read::MultiGzDecoder::new(io::BufReader::new(archive));
            tar::read(&mut unpacked, budget, names, import)?;
            // What is left is padding, and the sum over all.
            io::copy(&mut unpacked.take(MOST_PADDING_BYTES), &mut io::sink()).map_err(Error::reading)?;
        }
        Kind::Zip => zip::read(archive, budget, names, import)?,
    }
    Ok(())
}

enum Kind {
    Tar,
    Gzip,
    Zip,
}

/// What an archive's first bytes say.
fn kind(mut archive: &File) -> Result<Kind, Error> {
    let mut head = Vec::new();
    archive.take(512).read_to_end(&mut head)?;
    archive.seek(SeekFrom::Start(0))?;
    match kind_of(&head) {
        Some(kind) => Ok(kind),
        None if head.is_empty() => Err(Error::Empty),
        None => Err(Error::UnknownKind),
    }
}

fn kind_of(head: &[u8]) -> Option<Kind> {
    Some(match head {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Zip,
        head if head.get(257..262) == Some(b"ustar") => Kind::Tar,
        _ => return None,
    })
}

/// A tar archive ends with blocks of zeros; one that was cut off does not.
fn ends_with_nothing(mut archive: &File) -> Result<(), Error> {
    let mut last = Vec::new();
    archive.seek(SeekFrom::End(0))?;
    if archive.stream_position()? >= 512 {
        archive.seek(SeekFrom::End(-512))?;
        archive.read_to_end(&mut last)?;
    }
    archive.seek(SeekFrom::Start(0))?;
    if last.len() == 512 && last.iter().all(|byte| *byte == 0) {
        Ok(())
    } else {
        Err(Error::Damaged("it ends too early"))
    }
}

/// Counts what an archive's content comes to.
struct Budget {
    archive_bytes: u64,
    limits: Limits,
    entries: usize,
    total_bytes: u64,
}

impl Budget {
    const fn new(archive_bytes: u64, limits: Limits) -> Self {
        Self { archive_bytes, limits, entries: 0, total_bytes: 0 }
    }

    /// One more file or folder.
    fn entry(&mut self) -> Result<(), Error> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            Err(Error::TooManyFiles { limit: self.limits.entries })
        } else {
            Ok(())
        }
    }

    /// One more file of this size, before anything of it is read.
    fn file(&mut self, path: &str, size_bytes: u64) -> Result<(), Error> {
        if size_bytes > self.limits.file_bytes {
            return Err(Error::FileTooLarge { path: path.to_owned(), limit_bytes: self.limits.file_bytes });
        }
        self.total_bytes = self.total_bytes.saturating_add(size_bytes);
        if self.total_bytes > self.limits.total_bytes {
            return Err(Error::TooLarge { limit_bytes: self.limits.total_bytes });
        }
        if self.total_bytes > SMALL_BYTES && self.total_bytes / self.limits.ratio > self.archive_bytes {
            return Err(Error::Bomb { ratio: self.limits.ratio });
        }
        Ok(())
    }
}
