//! The image that the lifecycle of buildpacks left in its container, handed to the engine.

use std::collections::BTreeMap;

use homeport_model::{
    buildpacks::layout::{self, BUILT, Broken, Built, Digest, FOLDER},
    deploy::container::{ContainerId, ImageId},
};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};

use super::{Docker, Error, files::Entry};
use crate::drivers::system::tar_stream::{TarStream, TarWriter};

/// How long an image's index, manifest or settings may be.
const MOST_WORDS_BYTES: u64 = 4 << 20;

/// What the engine is to make of the layout in a container.
pub struct Export<'a> {
    /// The container, which has ended.
    pub container: &'a ContainerId,
    /// The run image, by its id: the engine has it.
    pub run_image: &'a ImageId,
    /// The digests of its layers.
    pub below: &'a [String],
    /// The image's tag.
    pub tag: &'a str,
    /// Labels that it gets beside its own.
    pub labels: BTreeMap<String, String>,
    /// When it is too late.
    pub by: Instant,
}

impl Docker {
    /// Takes the image that a build left in its container. Only the layers that the build made are
    /// read; those of the run image are the engine's own, and it holds every layer against the digest
    /// in the image's settings.
    pub async fn take_layout(&self, export: Export<'_>) -> Result<ImageId, Error> {
        timeout_at(export.by, self.take(&export)).await.map_err(|_| Error::Silent)?
    }

    async fn take(&self, export: &Export<'_>) -> Result<ImageId, Error> {
        let name = BUILT.parse().map_err(|_| Error::Answer("the built image's name"))?;
        let folder = format!("{FOLDER}/{}", layout::folder_of(&name));
        let index = self.words(export, &format!("{folder}/index.json")).await?;
        let manifest = self.blob(export, &folder, &layout::manifest_of(&index)?).await?;
        let built = layout::built_of(&manifest)?;
        let config = self.blob(export, &folder, &built.config).await?;
        let config = layout::labelled(&config, export.below, &export.labels)?;
        let id: ImageId = format!("sha256:{}", sum(&config)).parse().map_err(|_| Error::Answer("an image's id"))?;
        let (mut writer, archive) = TarStream::pair();
        let write = async {
            let wrote = self.write(export, &folder, &built, &config, &mut writer).await;
            match wrote {
                Ok(()) => writer.finish().await.map_err(|_| Error::Answer("an archive's end")),
                Err(error) => {
                    writer.fail(&error.to_string()).await;
                    Err(error)
                }
            }
        };
        let (wrote, loaded) = tokio::join!(write, self.load(archive, export.by));
        // The engine sees only an archive that breaks off.
        match (wrote, loaded) {
            (_, Ok(())) => Ok(id),
            (Err(error), Err(Error::Lost(_) | Error::Silent)) => Err(error),
            (_, Err(error)) => Err(error),
        }
    }

    async fn write(
        &self,
        export: &Export<'_>,
        folder: &str,
        built: &Built,
        config: &[u8],
        writer: &mut TarWriter,
    ) -> Result<(), Error> {
        let lost = |_| Error::Answer("an archive that nobody reads");
        let mut below: Vec<String> = built.layers.iter().take(export.below.len()).map(Digest::path).collect();
        if !self.takes_sparse_images().await? {
            below = self.copy_run_image(export.run_image, writer).await?;
        }
        for layer in built.above(export.below.len())? {
            let path = format!("{folder}/{}", layer.path());
            let file = self.file_out(export.container, &path).await?;
            let mut file = file.ok_or(Broken("a layer is missing"))?;
            writer.file(&layer.path(), false, file.left_bytes).await.map_err(lost)?;
            while let Some(piece) = file.piece().await? {
                writer.data(&piece).await.map_err(lost)?;
            }
        }
        writer.whole_file(layout::CONFIG, config).await.map_err(lost)?;
        writer.whole_file("manifest.json", built.engine_manifest(export.tag, &below).as_bytes()).await.map_err(lost)
    }

    /// Copies the layers of the run image into the archive. Returns their paths, from the lowest on.
    async fn copy_run_image(&self, id: &ImageId, writer: &mut TarWriter) -> Result<Vec<String>, Error> {
        let lost = |_| Error::Answer("an archive that nobody reads");
        let mut archive = self.image_out(id.as_str()).await?;
        let mut layers = None;
        while let Some(entry) = archive.next().await? {
            match entry {
                Entry::File(path) if path == "manifest.json" => {
                    layers = Some(layout::layers_of(&archive.whole(MOST_WORDS_BYTES).await?)?);
                }
                // What would name the run image a second time.
                Entry::File(path) if !path.contains('/') => {}
                Entry::File(path) => {
                    writer.file(&path, false, archive.left_bytes).await.map_err(lost)?;
                    while let Some(piece) = archive.piece().await? {
                        writer.data(&piece).await.map_err(lost)?;
                    }
                }
                Entry::Link(path, to) => writer.link(&path, &to).await.map_err(lost)?,
            }
        }
        layers.ok_or(Error::Answer("an image's archive"))
    }

    async fn blob(&self, export: &Export<'_>, folder: &str, digest: &Digest) -> Result<Vec<u8>, Error> {
        let words = self.words(export, &format!("{folder}/{}", digest.path())).await?;
        if digest.is(&sum(&words)) { Ok(words) } else { Err(Broken("a digest is wrong").into()) }
    }

    async fn words(&self, export: &Export<'_>, path: &str) -> Result<Vec<u8>, Error> {
        let words = self.read_file(export.container, path, MOST_WORDS_BYTES).await?;
        words.ok_or(Error::Layout(Broken("a file of it is missing")))
    }
}

fn sum(bytes: &[u8]) -> String {
    layout::hex(&Sha256::digest(bytes))
}
