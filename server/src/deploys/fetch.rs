//! Fetch and build: from a source to an artifact, an image's id or a folder of files.

use homeport_model::{
    app::{Builder, Source},
    deploy::Artifact,
    job::LogStream,
    name::ImageRef,
};

use super::{
    store,
    work::{Deploy, DeployWork},
};
use crate::{drivers::docker::Image, failure::Failure};

impl DeployWork {
    /// Pins what is to be deployed: a commit, or an image's id.
    pub(super) async fn fetch(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        match &deploy.release.spec.source {
            Source::Image { image } => self.fetch_image(deploy, image).await,
            Source::Files(files) => self.fetch_files(deploy, files).await,
        }
    }

    async fn fetch_image(&self, deploy: &Deploy<'_>, name: &ImageRef) -> Result<String, Failure> {
        let log = &deploy.context.log;
        let (image, how) = match self.engines.docker.find_image(name).await? {
            Some(image) => (image, "is on this server"),
            None => (self.pull(deploy, name).await?, "was pulled"),
        };
        log.say(format!("{name} {how}: {}.", image.id));
        self.set_image(deploy, &image).await?;
        Ok(format!("{name} {how}"))
    }

    async fn pull(&self, deploy: &Deploy<'_>, name: &ImageRef) -> Result<Image, Failure> {
        let log = &deploy.context.log;
        log.say(format!("Pulling {name}."));
        let sign_in = self.engines.registries.of(name).await?;
        Ok(self.engines.docker.pull(name, sign_in.as_ref(), |line| log.line(LogStream::Build, &line)).await?)
    }

    /// Pulls images of registries that want a sign-in, which BuildKit does not get: it takes what the
    /// engine has.
    pub(super) async fn pull_bases(&self, deploy: &Deploy<'_>, bases: &[String]) -> Result<(), Failure> {
        for base in bases {
            // What is no image's name is the builder's to refuse.
            let Ok(name) = base.parse::<ImageRef>() else { continue };
            let wants_sign_in = self.engines.registries.of(&name).await?.is_some();
            if wants_sign_in && self.engines.docker.find_image(&name).await?.is_none() {
                self.pull(deploy, &name).await?;
            }
        }
        Ok(())
    }

    /// Makes the artifact.
    pub(super) async fn build(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let Source::Files(files) = &deploy.release.spec.source else {
            return Ok("an image needs no build".to_owned());
        };
        match deploy.release.declared.builder.as_ref().unwrap_or(&files.builder) {
            Builder::Static { .. } => self.lay_out(deploy, &files.folder).await,
            Builder::Dockerfile { dockerfile } => self.build_image(deploy, &files.folder, dockerfile).await,
            Builder::Buildpacks => self.build_by_buildpacks(deploy, &files.folder).await,
            Builder::Auto => Err(Failure::internal("nobody chose the builder")),
        }
    }

    /// Writes down the image, and the port that its process listens on.
    pub(super) async fn set_image(&self, deploy: &Deploy<'_>, image: &Image) -> Result<(), Failure> {
        let port = deploy.release.spec.port_for(&image.exposed_ports, image.exposes_udp);
        let artifact = Artifact::Image { id: image.id.to_string() };
        store::set_artifact(&self.apps.parts.db, &deploy.release.id, &artifact, port).await?;
        Ok(())
    }
}
