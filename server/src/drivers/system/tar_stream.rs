//! A tar archive as a stream of pieces, so that no archive is ever held in memory.
//!
//! One side writes entries, the other is the body of a request; a slow reader holds the writer
//! back.

use std::io;

use futures_util::{StreamExt, stream::BoxStream};
use hyper::body::Bytes;
use tokio::sync::mpsc;

/// Pieces between the two sides.
const PIECES: usize = 8;
/// The size at which a piece is sent.
const PIECE_BYTES: usize = 64 * 1024;
/// How a tar archive ends.
const END: [u8; 1024] = [0; 1024];

/// The reading side.
pub struct TarStream(mpsc::Receiver<io::Result<Bytes>>);

/// The writing side. Dropping it without [`finish`](Self::finish) breaks the stream.
pub struct TarWriter {
    to: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
    left_in_file: u64,
    padding: usize,
    finished: bool,
    owner: (u64, u64),
    /// What stands before every path, with its slash.
    below: String,
}

impl TarStream {
    /// A stream and what fills it; the two are used at the same time.
    #[must_use]
    pub fn pair() -> (TarWriter, Self) {
        let (to, from) = mpsc::channel(PIECES);
        let writer = TarWriter {
            to,
            buffer: Vec::new(),
            left_in_file: 0,
            padding: 0,
            finished: false,
            owner: (0, 0),
            below: String::new(),
        };
        (writer, Self(from))
    }

    /// The pieces.
    #[must_use]
    pub fn into_pieces(self) -> BoxStream<'static, io::Result<Bytes>> {
        futures_util::stream::unfold(self.0, |mut from| async move { from.recv().await.map(|piece| (piece, from)) })
            .boxed()
    }
}

impl TarWriter {
    /// All that follows belongs to this user and group.
    pub fn owned_by(&mut self, user: u32, group: u32) {
        self.owner = (user.into(), group.into());
    }

    /// All that follows is below this folder of the archive; empty for its top.
    pub fn go_below(&mut self, folder: &str) {
        self.below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    }

    /// A folder. One that is there gets the owner.
    pub async fn folder(&mut self, path: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        let path = format!("{}{path}/", self.below);
        self.header(header, |builder, header| builder.append_data(header, path, io::empty()))?;
        self.flush(PIECE_BYTES).await
    }

    /// A regular file with this content.
    pub async fn whole_file(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.file(path, false, u64::try_from(content.len()).unwrap_or(u64::MAX)).await?;
        self.data(content).await
    }

    /// Begins a regular file of exactly `size_bytes`, whose content follows by [`data`](Self::data).
    pub async fn file(&mut self, path: &str, executable: bool, size_bytes: u64) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(if executable { 0o755 } else { 0o644 });
        header.set_size(size_bytes);
        let path = format!("{}{path}", self.below);
        self.header(header, |builder, header| builder.append_data(header, path, io::empty()))?;
        self.left_in_file = size_bytes;
        self.padding = usize::try_from((512 - size_bytes % 512) % 512).unwrap_or(0);
        self.pad();
        self.flush(PIECE_BYTES).await
    }

    /// The next bytes of the file begun last.
    pub async fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.left_in_file =
            self.left_in_file.checked_sub(count).ok_or_else(|| io::Error::other("a file grew while it was read"))?;
        self.buffer.extend_from_slice(bytes);
        self.pad();
        self.flush(PIECE_BYTES).await
    }

    /// A symbolic link; it is resolved inside the build only.
    pub async fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        let path = format!("{}{path}", self.below);
        self.header(header, |builder, header| builder.append_link(header, path, target))?;
        self.flush(PIECE_BYTES).await
    }

    /// Ends the archive.
    pub async fn finish(mut self) -> io::Result<()> {
        if self.left_in_file > 0 {
            return Err(io::Error::other("a file shrank while it was read"));
        }
        self.buffer.extend_from_slice(&END);
        self.finished = true;
        self.flush(0).await
    }

    /// Tells the reader that the rest does not come, and why.
    pub async fn fail(mut self, reason: &str) {
        self.finished = true;
        let _ = self.to.send(Err(io::Error::other(reason.to_owned()))).await;
    }

    fn header(
        &mut self,
        mut header: tar::Header,
        append: impl FnOnce(&mut tar::Builder<Vec<u8>>, &mut tar::Header) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.left_in_file > 0 {
            return Err(io::Error::other("a file shrank while it was read"));
        }
        // Times would defeat the engine's build cache.
        header.set_mtime(0);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, &mut header)?;
        // tar ends every archive with two empty blocks; ours has them once, at its end.
        let text = builder.into_inner()?;
        self.buffer.extend_from_slice(&text[..text.len().saturating_sub(END.len())]);
        Ok(())
    }

    fn pad(&mut self) {
        if self.left_in_file == 0 {
            self.buffer.resize(self.buffer.len() + self.padding, 0);
            self.padding = 0;
        }
    }

    async fn flush(&mut self, at: usize) -> io::Result<()> {
        if self.buffer.len() <= at {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.to.send(Ok(piece)).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Drop for TarWriter {
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.to.try_send(Err(io::Error::other("the archive was not finished")));
        }
    }
}
