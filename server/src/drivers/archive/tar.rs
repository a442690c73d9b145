//! Tar archives. Headers are read as they stand: long names and extensions by us, with limits, since
//! they are the parts that readers have disagreed about.

use std::io::Read;

use tar::{Archive, EntryType, PaxExtensions};

use super::{Budget, Error, import::Contents, names::Names};

/// A name or an extension is not longer than this.
const MOST_EXTENSION_BYTES: u64 = 64 * 1024;

/// What an entry before the file says about it.
#[derive(Default)]
struct Said {
    path: Option<Vec<u8>>,
    size_bytes: Option<u64>,
}

pub(super) fn read(
    from: impl Read,
    budget: &mut Budget,
    names: &mut Names,
    import: &mut impl Contents,
) -> Result<(), Error> {
    let mut archive = Archive::new(from);
    let mut said = Said::default();
    for entry in archive.entries().map_err(Error::reading)?.raw(true) {
        let mut entry = entry.map_err(Error::reading)?;
        let kind = entry.header().entry_type();
        let size_bytes = entry.header().entry_size().map_err(|_| Error::Damaged("a size is not a number"))?;
        match kind {
            EntryType::GNULongName => {
                let mut name = extension(&mut entry, size_bytes)?;
                while name.last() == Some(&0) {
                    name.pop();
                }
                said.path = Some(name);
                continue;
            }
            EntryType::GNULongLink => {
                extension(&mut entry, size_bytes)?;
                continue;
            }
            EntryType::XHeader => {
                let bytes = extension(&mut entry, size_bytes)?;
                said.read(&bytes)?;
                continue;
            }
            // `git archive` puts its commit's id there.
            EntryType::XGlobalHeader => {
                extension(&mut entry, size_bytes)?;
                continue;
            }
            _ => {}
        }
        budget.entry()?;
        let Said { path, size_bytes: said_size } = std::mem::take(&mut said);
        let raw = path.unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let shown = String::from_utf8_lossy(&raw).chars().take(200).flat_map(char::escape_debug).collect::<String>();
        if let Some(what) = special(kind) {
            return Err(Error::Special { path: shown, what });
        }
        if said_size.is_some_and(|said| said != size_bytes) {
            return Err(Error::TwoSizes { path: shown });
        }
        let Some(path) = Names::parse(&raw)? else { continue };
        if kind == EntryType::Directory || raw.ends_with(b"/") {
            budget.file(&path, size_bytes)?;
            names.folder(&path)?;
            continue;
        }
        let mode = entry.header().mode().map_err(|_| Error::Damaged("a mode is not a number"))?;
        if mode & 0o6000 != 0 {
            return Err(Error::SetUser { path });
        }
        budget.file(&path, size_bytes)?;
        let mark = import.content(size_bytes, &mut entry)?;
        names.file(path, mode & 0o111 != 0, mark)?;
    }
    Ok(())
}

fn extension(entry: &mut impl Read, size_bytes: u64) -> Result<Vec<u8>, Error> {
    if size_bytes > MOST_EXTENSION_BYTES {
        return Err(Error::LongName { path: String::new() });
    }
    let mut bytes = Vec::new();
    entry.take(size_bytes).read_to_end(&mut bytes).map_err(Error::reading)?;
    if bytes.len() as u64 == size_bytes { Ok(bytes) } else { Err(Error::Damaged("it ends too early")) }
}

impl Said {
    fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for pair in PaxExtensions::new(bytes) {
            let pair = pair.map_err(|_| Error::Damaged("an extension does not read"))?;
            let number = || pair.value().ok().and_then(|value| value.parse().ok());
            match pair.key_bytes() {
                b"path" => self.path = Some(pair.value_bytes().to_vec()),
                b"size" => self.size_bytes = Some(number().ok_or(Error::Damaged("a size is not a number"))?),
                b"GNU.sparse.map" | b"GNU.sparse.major" | b"GNU.sparse.name" | b"GNU.sparse.realsize" => {
                    let path = self.path.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                    return Err(Error::Special { path: path.into_owned(), what: "a file with holes" });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What an entry is that is neither a file nor a folder.
fn special(kind: EntryType) -> Option<&'static str> {
    Some(match kind {
        EntryType::Regular | EntryType::Continuous | EntryType::Directory => return None,
        EntryType::Symlink => "a symbolic link",
        EntryType::Link => "a hard link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a named pipe",
        EntryType::GNUSparse => "a file with holes",
        _ => "of an unknown kind",
    })
}
