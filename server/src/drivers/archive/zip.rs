//! Zip archives, by their directory at the end: it alone says what is in them, and each file must
//! come out as it says.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use flate2::{Crc, read::DeflateDecoder};

use super::{Budget, Error, import::Contents, names::Names};

const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL_ENTRY: [u8; 4] = *b"PK\x03\x04";
/// The end of the directory and the longest comment behind it.
const MOST_END_BYTES: u64 = 22 + 0xffff;
/// Systems whose modes are those of Unix: Unix and macOS.
const UNIX: [u8; 2] = [3, 19];
const FILE_KIND: u32 = 0o170_000;

struct Entry {
    raw: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed_bytes: u64,
    size_bytes: u64,
    at: u64,
    mode: u32,
}

pub(super) fn read(
    mut from: File,
    budget: &mut Budget,
    names: &mut Names,
    import: &mut impl Contents,
) -> Result<(), Error> {
    let (count, size_bytes, at) = directory(&mut from)?;
    let mut directory = BufReader::new(from.try_clone()?);
    directory.seek(SeekFrom::Start(at))?;
    let mut directory = directory.take(size_bytes);
    for _ in 0..count {
        budget.entry()?;
        let entry = Entry::read(&mut directory)?;
        // The directory and the files are read through one handle: each returns to its place.
        let back = directory.get_mut().stream_position()?;
        entry.import(&mut from, budget, names, import)?;
        directory.get_mut().seek(SeekFrom::Start(back))?;
    }
    Ok(())
}

/// How many entries the directory has, its size and its place.
fn directory(from: &mut File) -> Result<(u16, u64, u64), Error> {
    let length = from.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(MOST_END_BYTES);
    from.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    from.take(MOST_END_BYTES).read_to_end(&mut tail)?;
    let found = tail.windows(4).rposition(|four| four == DIRECTORY_END).filter(|at| at + 22 <= tail.len());
    let end = &tail[found.ok_or(Error::Damaged("it has no directory at its end"))?..];
    let (count, size_bytes, at) = (short(end, 10), u64::from(long(end, 12)), u64::from(long(end, 16)));
    if count == u16::MAX || at == u64::from(u32::MAX) {
        return Err(Error::TooManyFiles { limit: usize::from(u16::MAX) - 1 });
    }
    if short(end, 4) != 0 || at.saturating_add(size_bytes) > length {
        return Err(Error::Damaged("its directory is somewhere else"));
    }
    Ok((count, size_bytes, at))
}

impl Entry {
    fn read(from: &mut impl Read) -> Result<Self, Error> {
        let mut head = [0; 46];
        from.read_exact(&mut head).map_err(Error::reading)?;
        if head[..4] != DIRECTORY_ENTRY {
            return Err(Error::Damaged("its directory does not read"));
        }
        let mut raw = vec![0; usize::from(short(&head, 28))];
        from.read_exact(&mut raw).map_err(Error::reading)?;
        let rest = u64::from(short(&head, 30)) + u64::from(short(&head, 32));
        io::copy(&mut from.take(rest), &mut io::sink()).map_err(Error::reading)?;
        Ok(Self {
            raw,
            flags: short(&head, 8),
            method: short(&head, 10),
            crc: long(&head, 16),
            packed_bytes: u64::from(long(&head, 20)),
            size_bytes: u64::from(long(&head, 24)),
            at: u64::from(long(&head, 42)),
            mode: if UNIX.contains(&head[5]) { long(&head, 38) >> 16 } else { 0 },
        })
    }

    fn import(
        &self,
        from: &mut File,
        budget: &mut Budget,
        names: &mut Names,
        into: &mut impl Contents,
    ) -> Result<(), Error> {
        let shown = || String::from_utf8_lossy(&self.raw).chars().take(200).flat_map(char::escape_debug).collect();
        let what = match self.mode & FILE_KIND {
            0o120_000 => Some("a symbolic link"),
            0o020_000 | 0o060_000 => Some("a device"),
            0o010_000 => Some("a named pipe"),
            0o140_000 => Some("a socket"),
            _ => None,
        };
        if let Some(what) = what {
            return Err(Error::Special { path: shown(), what });
        }
        let Some(path) = Names::parse(&self.raw)? else { return Ok(()) };
        if self.raw.ends_with(b"/") {
            return names.folder(&path);
        }
        if self.mode & 0o6000 != 0 {
            return Err(Error::SetUser { path });
        }
        if self.flags & 0b10_0000_0000_0001 != 0 {
            return Err(Error::Encrypted { path });
        }
        budget.file(&path, self.size_bytes)?;
        from.seek(SeekFrom::Start(self.at))?;
        let mut head = [0; 30];
        from.read_exact(&mut head).map_err(Error::reading)?;
        if head[..4] != LOCAL_ENTRY {
            return Err(Error::Damaged("a file is not where its directory says"));
        }
        from.seek_relative(i64::from(short(&head, 26)) + i64::from(short(&head, 28)))?;
        let packed = BufReader::new(from.take(self.packed_bytes));
        let mark = match self.method {
            0 => self.content(packed, into)?,
            8 => self.content(DeflateDecoder::new(packed), into)?,
            method => return Err(Error::Method { path, method }),
        };
        names.file(path, self.mode & 0o111 != 0, mark)
    }

    /// The content, which must have the size and the sum that the directory says.
    fn content(&self, from: impl Read, into: &mut impl Contents) -> Result<u64, Error> {
        let mut summed = Summed { from, crc: Crc::new() };
        let mark = into.content(self.size_bytes, &mut summed)?;
        if summed.from.read(&mut [0]).map_err(Error::reading)? != 0 {
            return Err(Error::TwoSizes { path: String::from_utf8_lossy(&self.raw).into_owned() });
        }
        if summed.crc.sum() == self.crc { Ok(mark) } else { Err(Error::Damaged("a file's sum is wrong")) }
    }
}

struct Summed<R> {
    from: R,
    crc: Crc,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.crc.update(&buffer[..count]);
        Ok(count)
    }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
