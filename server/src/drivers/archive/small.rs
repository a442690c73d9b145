//! Small archives that are read in memory: what is in them may be a private key, which is never to lie
//! in a folder on its way.

use std::io::Read;

use super::{Budget, Error, Limits, import::Contents, names::Names, read_entries};
use crate::drivers::system::memory_file;

/// A file of a small archive.
pub struct SmallFile {
    /// Its path.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What a small archive may cost.
pub const SMALL: Limits =
    Limits { upload_bytes: 256 << 10, entries: 64, file_bytes: 256 << 10, total_bytes: 512 << 10, ratio: 200 };

/// Whether bytes begin as an archive does.
#[must_use]
pub fn is_archive(bytes: &[u8]) -> bool {
    super::kind_of(bytes).is_some()
}

/// The files of a small archive.
///
/// # Errors
/// What is wrong with it.
pub fn read_small(bytes: &[u8]) -> Result<Vec<SmallFile>, Error> {
    if bytes.len() as u64 > SMALL.upload_bytes {
        return Err(Error::UploadTooLarge { limit_bytes: SMALL.upload_bytes });
    }
    let mut budget = Budget::new(bytes.len() as u64, SMALL);
    let (mut names, mut contents) = (Names::default(), Memory::default());
    read_entries(memory_file::with(bytes)?, &mut budget, &mut names, &mut contents)?;
    let mut files: Vec<SmallFile> = Vec::new();
    for (name, bytes) in names.files().iter().zip(contents.0) {
        files.push(SmallFile { path: name.path.clone(), bytes });
    }
    if files.is_empty() { Err(Error::NoFiles) } else { Ok(files) }
}

/// The contents, in the order of their marks, which is that of the names.
#[derive(Default)]
struct Memory(Vec<Vec<u8>>);

impl Contents for Memory {
    fn content(&mut self, size_bytes: u64, from: &mut impl Read) -> Result<u64, Error> {
        let mut bytes = Vec::new();
        from.take(size_bytes).read_to_end(&mut bytes).map_err(Error::reading)?;
        if bytes.len() as u64 != size_bytes {
            return Err(Error::Damaged("it ends too early"));
        }
        self.0.push(bytes);
        Ok(self.0.len() as u64)
    }
}
