//! Files into a container and out of it, and an archive of an image into the engine.

use bollard::query_parameters::{DownloadFromContainerOptions, ImportImageOptions, UploadToContainerOptions};
use futures_util::{Stream, StreamExt, stream::BoxStream};
use homeport_model::deploy::container::ContainerId;
use hyper::body::Bytes;
use tokio::time::{Instant, timeout_at};

use super::{Docker, Error};
use crate::drivers::system::tar_stream::TarStream;

/// A block of a tar archive.
const BLOCK: usize = 512;

/// An archive on its way out of the engine, entry by entry.
pub(super) struct ArchiveOut {
    pieces: BoxStream<'static, Result<Bytes, Error>>,
    open: Vec<u8>,
    /// How many bytes of the entry are still to come.
    pub(super) left_bytes: u64,
    padding: usize,
}

/// What an entry is.
pub(super) enum Entry {
    /// A regular file of this path, whose content follows.
    File(String),
    /// A symbolic link of this path, and where it leads.
    Link(String, String),
}

impl Docker {
    /// Writes an archive's entries into a container that need not run, below its top.
    pub async fn put_files(&self, id: &ContainerId, archive: TarStream, by: Instant) -> Result<(), Error> {
        let client = self.client().await?.with_timeout(by.saturating_duration_since(Instant::now()));
        let options = UploadToContainerOptions { path: "/".to_owned(), ..UploadToContainerOptions::default() };
        let body = bollard::body_try_stream(archive.into_pieces());
        let put = timeout_at(by, client.upload_to_container(id.as_str(), Some(options), body)).await;
        put.map_err(|_| Error::Silent)?.map_err(Error::from)
    }

    /// A file of a container; `None` where there is none of this path.
    pub(super) async fn file_out(&self, id: &ContainerId, path: &str) -> Result<Option<ArchiveOut>, Error> {
        let client = self.client().await?;
        let options = DownloadFromContainerOptions { path: path.to_owned() };
        let mut archive = ArchiveOut::new(client.download_from_container(id.as_str(), Some(options)));
        match archive.next().await {
            Ok(Some(Entry::File(_))) => Ok(Some(archive)),
            // A folder, a link: not what was asked for.
            Ok(_) | Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An image with all its layers.
    pub(super) async fn image_out(&self, name: &str) -> Result<ArchiveOut, Error> {
        Ok(ArchiveOut::new(self.client().await?.export_image(name)))
    }

    /// Whether the engine takes an image whose lower layers it has without those layers. One that
    /// keeps its images in containerd does not.
    pub(super) async fn takes_sparse_images(&self) -> Result<bool, Error> {
        let client = self.client().await?;
        let status = self.ask(client.info()).await?.driver_status.unwrap_or_default();
        Ok(!status.iter().flatten().any(|word| word.starts_with("io.containerd.")))
    }

    /// A small file of a container as a whole; `None` where there is none of this path.
    pub(super) async fn read_file(
        &self,
        id: &ContainerId,
        path: &str,
        most_bytes: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        match self.file_out(id, path).await? {
            Some(mut file) => file.whole(most_bytes).await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes an archive as an image, or as several.
    pub(super) async fn load(&self, archive: TarStream, by: Instant) -> Result<(), Error> {
        let client = self.client().await?.with_timeout(by.saturating_duration_since(Instant::now()));
        let options = ImportImageOptions { quiet: true, ..ImportImageOptions::default() };
        let body = bollard::body_try_stream(archive.into_pieces());
        let mut steps = client.import_image(options, body, None).boxed();
        while let Some(step) = timeout_at(by, steps.next()).await.map_err(|_| Error::Silent)? {
            let step = step.map_err(Error::from)?;
            if let Some(message) = step.error_detail.and_then(|detail| detail.message) {
                return Err(bollard::errors::Error::DockerStreamError { error: message }.into());
            }
        }
        Ok(())
    }
}

impl ArchiveOut {
    fn new(pieces: impl Stream<Item = Result<Bytes, bollard::errors::Error>> + Send + 'static) -> Self {
        let pieces = pieces.map(|piece| piece.map_err(Error::from)).boxed();
        Self { pieces, open: Vec::new(), left_bytes: 0, padding: 0 }
    }

    /// The next file or link; what is left of the one before is passed over. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            while self.piece().await?.is_some() {}
            self.fill(self.padding + BLOCK).await?;
            self.open.drain(..self.padding);
            let block: Vec<u8> = self.open.drain(..BLOCK).collect();
            if block.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            let header = tar::Header::from_byte_slice(&block);
            self.left_bytes = header.entry_size().map_err(|_| Error::Answer("an archive"))?;
            self.padding = usize::try_from((BLOCK as u64 - self.left_bytes % BLOCK as u64) % BLOCK as u64).unwrap_or(0);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let path = text(&header.path_bytes());
            match header.entry_type() {
                tar::EntryType::Regular => return Ok(Some(Entry::File(path))),
                tar::EntryType::Symlink => {
                    let to = header.link_name_bytes().map(|to| text(&to)).unwrap_or_default();
                    return Ok(Some(Entry::Link(path, to)));
                }
                // Folders, and what says more about the entry that follows.
                _ => {}
            }
        }
    }

    /// The next bytes of the entry; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.left_bytes == 0 {
            return Ok(None);
        }
        if self.open.is_empty() {
            self.fill(1).await?;
        }
        let count = usize::try_from(self.left_bytes).unwrap_or(usize::MAX).min(self.open.len());
        self.left_bytes -= u64::try_from(count).unwrap_or(u64::MAX);
        let rest = self.open.split_off(count);
        Ok(Some(std::mem::replace(&mut self.open, rest)))
    }

    /// The rest of the entry at once.
    pub(super) async fn whole(&mut self, most_bytes: u64) -> Result<Vec<u8>, Error> {
        if self.left_bytes > most_bytes {
            return Err(Error::Answer("a file of a build, which is too long"));
        }
        let mut content = Vec::new();
        while let Some(piece) = self.piece().await? {
            content.extend_from_slice(&piece);
        }
        Ok(content)
    }

    async fn fill(&mut self, bytes: usize) -> Result<(), Error> {
        while self.open.len() < bytes {
            let piece = self.pieces.next().await.ok_or(Error::Answer("an archive that breaks off"))??;
            self.open.extend_from_slice(&piece);
        }
        Ok(())
    }
}
