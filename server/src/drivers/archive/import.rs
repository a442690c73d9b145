//! Writes what `git fast-import` reads: first every content, then one commit that names them.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
};

use super::{About, Error, names::Names};

/// The name under which the commit is found.
pub(super) const REF: &str = "refs/homeport/uploaded";

/// Takes the contents of files as they are read.
pub(super) trait Contents {
    /// Takes a content of exactly `size_bytes` and returns its mark, from 1.
    fn content(&mut self, size_bytes: u64, from: &mut impl Read) -> Result<u64, Error>;
}

/// An import under construction.
pub(super) struct Import {
    to: BufWriter<File>,
    marks: u64,
}

impl Import {
    pub(super) fn begin(to: File) -> Result<Self, Error> {
        let mut import = Self { to: BufWriter::with_capacity(64 * 1024, to), marks: 0 };
        writeln!(import.to, "feature done")?;
        Ok(import)
    }

    /// Adds the commit; paths lose the folder `top`.
    pub(super) fn finish(mut self, about: &About, names: &Names, top: Option<&str>) -> Result<(), Error> {
        if names.files().is_empty() {
            return Err(Error::NoFiles);
        }
        let plain =
            |text: &str| text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect::<String>();
        let (by, subject) = (plain(&about.by), plain(&about.name));
        let by = if by.trim().is_empty() { "Somebody" } else { by.trim() };
        let seconds = about.at.ms().div_euclid(1_000).max(0);
        write!(self.to, "reset {REF}\n\ncommit {REF}\ncommitter {by} <upload@homeport> {seconds} +0000\n")?;
        write!(self.to, "data {}\n{subject}\n", subject.len())?;
        for file in names.files() {
            let path = top.and_then(|top| file.path.strip_prefix(top)?.strip_prefix('/')).unwrap_or(&file.path);
            let mode = if file.executable { "100755" } else { "100644" };
            // Paths have no control characters and no backslash; in quotes only a quote is special.
            writeln!(self.to, "M {mode} :{} \"{}\"", file.mark, path.replace('"', "\\\""))?;
        }
        writeln!(self.to, "\ndone")?;
        let file = self.to.into_inner().map_err(|error| Error::Files(error.into_error()))?;
        Ok(file.sync_all()?)
    }
}

impl Contents for Import {
    fn content(&mut self, size_bytes: u64, from: &mut impl Read) -> Result<u64, Error> {
        self.marks += 1;
        write!(self.to, "blob\nmark :{}\ndata {size_bytes}\n", self.marks)?;
        let (mut buffer, mut left) = ([0; 64 * 1024], size_bytes);
        while left > 0 {
            let room = usize::try_from(left).unwrap_or(buffer.len()).min(buffer.len());
            match from.read(&mut buffer[..room]).map_err(Error::reading)? {
                0 => return Err(Error::Damaged("it ends too early")),
                count => {
                    self.to.write_all(&buffer[..count])?;
                    left -= count as u64;
                }
            }
        }
        writeln!(self.to)?;
        Ok(self.marks)
    }
}
