//! Images: find, pull, list, remove.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bollard::query_parameters::{CreateImageOptions, ListImagesOptions, PruneImagesOptions, RemoveImageOptions};
use futures_util::StreamExt;
use homeport_model::{
    buildpacks::layout::RunImage,
    deploy::container::{ImageId, LABEL_APP, LABEL_RELEASE},
    name::{ImageRef, Port},
};
use serde_json::json;
use tokio::time::timeout;

use super::{Docker, Error, found};

/// How long a pull may be silent.
const PULL_SILENCE: Duration = Duration::from_secs(120);

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its content id.
    pub id: ImageId,
    /// `name@sha256:…` where it came from a registry.
    pub digest: Option<String>,
    /// TCP ports that it says it listens on, ascending.
    pub exposed_ports: Vec<Port>,
    /// Its size on disk.
    pub size_bytes: u64,
}

/// An image that a build of this namespace made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurImage {
    /// Its content id.
    pub id: ImageId,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// Its size, layers shared with others included.
    pub size_bytes: u64,
}

impl OurImage {
    /// The app's id, as labelled.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        self.labels.get(LABEL_APP).map(String::as_str)
    }

    /// The release's id, as labelled.
    #[must_use]
    pub fn release(&self) -> Option<&str> {
        self.labels.get(LABEL_RELEASE).map(String::as_str)
    }
}

/// What an image says of itself and what it is made of.
#[derive(Debug, Clone)]
pub struct ImageFacts {
    /// Its content id.
    pub id: ImageId,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment, `KEY=value` each.
    pub env: Vec<String>,
    /// What the lifecycle of buildpacks needs of it where built images are to stand on it.
    pub as_run_image: RunImage,
}

impl Docker {
    /// What the image of this name or id says of itself, if the engine has it.
    pub async fn image_facts(&self, name_or_id: &str) -> Result<Option<ImageFacts>, Error> {
        let client = self.client().await?;
        let Some(image) = found(self.ask(client.inspect_image(name_or_id)).await)? else { return Ok(None) };
        let config = image.config.unwrap_or_default();
        let (labels, env) = (config.labels.clone().unwrap_or_default(), config.env.clone().unwrap_or_default());
        let as_run_image = RunImage {
            architecture: image.architecture.unwrap_or_default(),
            os: image.os.unwrap_or_default(),
            created: image.created.map(|created| created.to_string()),
            config: json!({
                "User": config.user,
                "Env": config.env,
                "Entrypoint": config.entrypoint,
                "Cmd": config.cmd,
                "WorkingDir": config.working_dir,
                "Labels": config.labels,
                "StopSignal": config.stop_signal,
            }),
            diff_ids: image.root_fs.and_then(|root| root.layers).unwrap_or_default(),
        };
        Ok(Some(ImageFacts {
            id: image.id.unwrap_or_default().parse().map_err(|_| Error::Answer("an image's id"))?,
            labels: labels.into_iter().collect(),
            env,
            as_run_image,
        }))
    }

    /// The image of this name, if the engine has it.
    pub async fn find_image(&self, name: &ImageRef) -> Result<Option<Image>, Error> {
        self.image(name.as_str()).await
    }

    /// The image with this id, if the engine has it.
    pub async fn inspect_image(&self, id: &ImageId) -> Result<Option<Image>, Error> {
        self.image(id.as_str()).await
    }

    async fn image(&self, name_or_id: &str) -> Result<Option<Image>, Error> {
        let client = self.client().await?;
        let Some(image) = found(self.ask(client.inspect_image(name_or_id)).await)? else { return Ok(None) };
        let exposed = image.config.unwrap_or_default().exposed_ports.unwrap_or_default();
        let mut exposed_ports: Vec<Port> =
            exposed.iter().filter_map(|text| text.trim_end_matches("/tcp").parse().ok()).collect();
        exposed_ports.sort();
        Ok(Some(Image {
            id: image.id.unwrap_or_default().parse().map_err(|_| Error::Answer("an image's id"))?,
            digest: image.repo_digests.unwrap_or_default().into_iter().next(),
            exposed_ports,
            size_bytes: image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        }))
    }

    /// Pulls an image; each step of it goes to `on_line`. Dropping the future stops the pull.
    pub async fn pull(&self, name: &ImageRef, mut on_line: impl FnMut(String) + Send) -> Result<Image, Error> {
        let client = self.client().await?;
        let text = name.as_str();
        // Without a tag the engine would pull every tag there is.
        let has_tag = text.contains('@') || text.rsplit('/').next().is_some_and(|last| last.contains(':'));
        let from_image = if has_tag { text.to_owned() } else { format!("{text}:latest") };
        let options = CreateImageOptions { from_image: Some(from_image), ..CreateImageOptions::default() };
        let mut steps = client.create_image(Some(options), None, None).boxed();
        let mut last = String::new();
        while let Some(step) = timeout(PULL_SILENCE, steps.next()).await.map_err(|_| Error::Silent)? {
            let step = step.map_err(|error| pull_error(error.into()))?;
            if let Some(message) = step.error_detail.and_then(|detail| detail.message) {
                return Err(Error::Pull { message });
            }
            let id = step.id.map(|id| format!("{id}: ")).unwrap_or_default();
            let line = format!("{id}{}", step.status.unwrap_or_default());
            // Progress repeats the same words many times a second.
            if line != last {
                on_line(line.clone());
                last = line;
            }
        }
        let absent = || Error::Pull { message: "the engine does not have it after the pull".into() };
        self.find_image(name).await?.ok_or_else(absent)
    }

    /// The images that builds of this namespace made.
    pub async fn list_our_images(&self) -> Result<Vec<OurImage>, Error> {
        let client = self.client().await?;
        let options = ListImagesOptions { filters: Some(self.label_filter()), ..ListImagesOptions::default() };
        let all = self.ask(client.list_images(Some(options))).await?;
        let ours = all.into_iter().filter_map(|image| {
            Some(OurImage {
                id: image.id.parse().ok()?,
                tags: image.repo_tags.into_iter().filter(|tag| tag != "<none>:<none>").collect(),
                labels: image.labels,
                size_bytes: u64::try_from(image.size).unwrap_or(0),
            })
        });
        Ok(ours.collect())
    }

    /// Removes an image with its tags; one that is gone is fine, one that a container still uses is
    /// [`Error::Conflict`].
    pub async fn remove_image(&self, id: &ImageId) -> Result<(), Error> {
        let client = self.client().await?;
        let tags = match found(self.ask(client.inspect_image(id.as_str())).await)? {
            None => return Ok(()),
            Some(image) => image.repo_tags.unwrap_or_default(),
        };
        // By id the engine refuses where there are several tags; without force a container's image
        // is never taken from under it.
        for name in tags.iter().map(String::as_str).chain([id.as_str()]) {
            found(self.ask_slowly(client.remove_image(name, None::<RemoveImageOptions>, None)).await)?;
        }
        Ok(())
    }

    /// Removes untagged images that builds of this namespace left behind.
    pub async fn prune_build_leftovers(&self) -> Result<(), Error> {
        let client = self.client().await?;
        let mut filters = self.label_filter();
        filters.insert("dangling".into(), vec!["true".into()]);
        self.ask_slowly(client.prune_images(Some(PruneImagesOptions { filters: Some(filters) }))).await.map(|_| ())
    }
}

fn pull_error(error: Error) -> Error {
    match error {
        Error::NotFound => {
            Error::Pull { message: "the registry has no such image, or does not show it to strangers".into() }
        }
        Error::Engine { message, .. } => Error::Pull { message },
        other => other,
    }
}
