//! An image with a real Python, Flask, Django and gunicorn, and images built upon it.
//!
//! `script/setup --test` makes its files from Debian's packages. The engine keeps the image between
//! runs, under a tag that changes with the recipe; all tests build upon the one.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use bollard::{
    Docker,
    query_parameters::{BuildImageOptions, CreateImageOptions},
};
use futures_util::StreamExt;
use homeport_model::{deploy::container::Namespace, name::ImageRef};

/// What an app's Dockerfile names otherwise than Docker's own image does.
const CHANGES: [&str; 3] =
    ["CMD [\"python3\"]", "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV LANG=C.UTF-8"];

/// The image's name; imports it when the engine does not have it.
pub async fn image() -> ImageRef {
    let tar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-images/python.tar");
    let recipe = fs::read(tar.with_extension("tar.recipe")).expect("script/setup --test makes the image with Python");
    let mut hasher = DefaultHasher::new();
    recipe.hash(&mut hasher);
    let tag = format!("{:016x}", hasher.finish());
    let name: ImageRef = format!("homeport-test-python:{tag}").parse().expect("an image's name");
    // Tests are processes of their own, and one of them imports it.
    let lock = File::create(std::env::temp_dir().join("homeport-test-python.lock")).expect("a lock");
    let waiting = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
    let _locked = waiting.await.expect("waited").expect("locked");
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    if docker.inspect_image(name.as_str()).await.is_err() {
        let options = CreateImageOptions {
            from_src: Some("-".into()),
            repo: Some("homeport-test-python".into()),
            tag: Some(tag),
            changes: CHANGES.map(Into::into).to_vec(),
            ..CreateImageOptions::default()
        };
        let body = bollard::body_full(fs::read(tar).expect("the image's files").into());
        let mut steps = docker.create_image(Some(options), Some(body), None).boxed();
        while let Some(step) = steps.next().await {
            step.expect("imported");
        }
    }
    name
}

/// The folder of an app among the fixtures.
pub fn app(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/apps").join(name)
}

/// Builds an app's image elsewhere, as whoever publishes it does. It goes away with the namespace.
pub async fn publish(namespace: &Namespace, name: &str, version: &str) -> ImageRef {
    let arguments = [("PYTHON".to_owned(), image().await.to_string()), ("VERSION".to_owned(), version.to_owned())];
    let mut context = tar::Builder::new(Vec::new());
    context.append_dir_all(".", app(name)).expect("the app's files");
    let tag = format!("homeport-test-{namespace}:{name}-{version}");
    let options = BuildImageOptions {
        dockerfile: "Dockerfile".into(),
        t: Some(tag.clone()),
        buildargs: Some(arguments.into()),
        rm: true,
        ..BuildImageOptions::default()
    };
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    let body = bollard::body_full(context.into_inner().expect("an archive").into());
    let mut steps = docker.build_image(options, None, Some(body)).boxed();
    while let Some(step) = steps.next().await {
        let step = step.expect("built");
        assert!(step.error_detail.is_none(), "{step:?}");
    }
    tag.parse().expect("an image's name")
}
