//! Contents of many files from one `git cat-file --batch`, as a stream.

use std::time::Duration;

use homeport_model::id::AppId;

use super::{Error, Git, TreeEntry, process};
use crate::drivers::process::Pipe;

const WITHIN: Duration = Duration::from_secs(600);

/// The contents of the entries that were asked for, in that order.
pub(super) struct Blobs {
    pipe: Pipe,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    left_in_blob: u64,
    /// Whether the line end behind a content is still to be read.
    line_end: bool,
}

impl Blobs {
    pub(super) fn open<'a>(
        git: &Git,
        app: &AppId,
        entries: impl Iterator<Item = &'a TreeEntry>,
    ) -> Result<Self, Error> {
        let mut ids = String::new();
        entries.for_each(|entry| ids.extend([entry.object.as_str(), "\n"]));
        let run = git.git(app).args(["cat-file", "--batch", "--buffer"]).stdin(ids).limit(WITHIN);
        let pipe = run.pipe().map_err(process)?;
        Ok(Self { pipe, buffer: vec![0; 64 * 1024], at: 0, filled: 0, left_in_blob: 0, line_end: false })
    }

    /// Begins the next entry's content; it must have the size that the tree says.
    pub(super) async fn next(&mut self, entry: &TreeEntry) -> Result<(), Error> {
        if self.line_end && self.byte().await? != b'\n' {
            return Err(Error::Answer("the end of a file's content"));
        }
        let mut header = String::new();
        loop {
            match self.byte().await? {
                b'\n' => break,
                byte if header.len() < 200 => header.push(char::from(byte)),
                _ => return Err(Error::Answer("a file's content")),
            }
        }
        if header != format!("{} blob {}", entry.object, entry.size_bytes) {
            return Err(Error::Answer("a file's content"));
        }
        (self.left_in_blob, self.line_end) = (entry.size_bytes, true);
        Ok(())
    }

    /// The next piece of the content begun last; empty at its end.
    pub(super) async fn piece(&mut self) -> Result<&[u8], Error> {
        if self.left_in_blob == 0 {
            return Ok(&[]);
        }
        self.fill().await?;
        let room = usize::try_from(self.left_in_blob).unwrap_or(usize::MAX);
        let (from, count) = (self.at, room.min(self.filled - self.at));
        self.at += count;
        self.left_in_blob -= count as u64;
        Ok(&self.buffer[from..from + count])
    }

    /// The content begun last as a whole, for one that is known to be small.
    pub(super) async fn whole(&mut self) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        loop {
            match self.piece().await? {
                [] => return Ok(content),
                piece => content.extend_from_slice(piece),
            }
        }
    }

    async fn byte(&mut self) -> Result<u8, Error> {
        self.fill().await?;
        self.at += 1;
        Ok(self.buffer[self.at - 1])
    }

    /// Makes sure that something is in the buffer.
    async fn fill(&mut self) -> Result<(), Error> {
        if self.at == self.filled {
            self.filled = self.pipe.read(&mut self.buffer).await.map_err(process)?;
            self.at = 0;
            if self.filled == 0 {
                return Err(Error::Answer("a file's content, which ended early"));
            }
        }
        Ok(())
    }
}
