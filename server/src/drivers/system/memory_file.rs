//! A file that lies in memory only and goes with its handle.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
};

use rustix::fs::{MemfdFlags, memfd_create};

/// One that holds `bytes`, at its beginning.
pub fn with(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("homeport", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
