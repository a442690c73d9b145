//! Images without a registry: a root of one static busybox, imported on the spot.
//!
//! The image's own command serves `$VERSION` on `$PORT`; tests give other commands for processes
//! that misbehave.

use bollard::{
    Docker,
    query_parameters::{CreateImageOptions, ListImagesOptions, RemoveImageOptions},
};
use futures_util::StreamExt;
use homeport_model::{
    deploy::container::{ImageId, Namespace},
    name::ImageRef,
};

const START: &str = "#!/bin/sh\necho \"$VERSION\" > /www/index.html\nexec httpd -f -p \"$PORT\" -h /www\n";
const APPLETS: [&str; 21] = [
    "sh",
    "httpd",
    "sleep",
    "echo",
    "cat",
    "nc",
    "head",
    "tail",
    "mkdir",
    "dd",
    "yes",
    "true",
    "id",
    "sha256sum",
    "tar",
    "gzip",
    "grep",
    "sed",
    "cp",
    "chmod",
    "ls",
];

/// The name of the namespace's image.
pub fn name(namespace: &Namespace) -> ImageRef {
    format!("homeport-test-{namespace}:base").parse().expect("an image's name")
}

/// Imports the image and says its id.
pub async fn web(namespace: &Namespace) -> ImageId {
    let changes = ["CMD [\"/start\"]", "EXPOSE 5000", "ENV PATH=/bin"].map(str::to_owned);
    import(&name(namespace), root(&[]), changes.into()).await
}

/// The name of the namespace's builder of buildpacks.
pub fn builder_name(namespace: &Namespace) -> ImageRef {
    format!("homeport-test-{namespace}:builder").parse().expect("an image's name")
}

/// The name of what its images stand on.
pub fn run_name(namespace: &Namespace) -> ImageRef {
    format!("homeport-test-{namespace}:run").parse().expect("an image's name")
}

/// Imports a stand-in for a builder of buildpacks, and its run image. Its `creator` is a script that
/// holds what it is given against the platform's specification.
pub async fn builder(namespace: &Namespace) {
    let run = run_name(namespace);
    import(&run, root(&[]), vec!["ENV PATH=/bin".into(), "CMD [\"/start\"]".into()]).await;
    let metadata = format!(
        r#"{{"buildpacks":[{{"id":"test/web","version":"1.0.0"}}],"stack":{{"runImage":{{"image":"{run}"}}}}}}"#
    );
    let apis = r#"{"platform":{"deprecated":[],"supported":["0.7","0.12","0.13"]}}"#;
    let changes = vec![
        "ENV PATH=/bin CNB_USER_ID=1000 CNB_GROUP_ID=1001".to_owned(),
        format!("LABEL io.buildpacks.builder.metadata='{metadata}'"),
        format!("LABEL io.buildpacks.lifecycle.apis='{apis}'"),
    ];
    let creator = include_bytes!("../fixtures/creator.sh");
    import(&builder_name(namespace), root(&[("cnb/lifecycle/creator", creator)]), changes).await;
}

/// The name of the namespace's stand-in for `cloudflared`.
pub fn connector_name(namespace: &Namespace) -> ImageRef {
    format!("homeport-test-{namespace}:connector").parse().expect("an image's name")
}

/// Imports a stand-in for `cloudflared` with this script, which may use `serve`: to say where `--metrics`
/// says that it has so many connections.
pub async fn connector(namespace: &Namespace, script: &str, connections: u32) -> ImageId {
    let ready = format!("{{\"status\":200,\"readyConnections\":{connections},\"connectorId\":\"x\"}}");
    let script = format!("#!/bin/sh\nserve() {{ exec httpd -f -p \"$4\" -h /www; }}\n{script}\n");
    let root = root(&[("bin/cloudflared", script.as_bytes()), ("www/ready", ready.as_bytes())]);
    let changes = ["ENTRYPOINT [\"/bin/cloudflared\"]", "ENV PATH=/bin TUNNEL_METRICS=0.0.0.0:2000"];
    let changes = changes.into_iter().chain(["HEALTHCHECK --interval=1s CMD [\"/bin/none\"]"]);
    import(&connector_name(namespace), root, changes.map(str::to_owned).collect()).await
}

/// Imports a root as an image with these changes, and says its id.
pub async fn import(name: &ImageRef, root: Vec<u8>, changes: Vec<String>) -> ImageId {
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    let (repository, tag) = name.as_str().split_once(':').map(own).expect("a tag");
    let options = CreateImageOptions {
        from_src: Some("-".into()),
        repo: Some(repository),
        tag: Some(tag),
        changes,
        ..CreateImageOptions::default()
    };
    let mut steps = docker.create_image(Some(options), Some(bollard::body_full(root.into())), None).boxed();
    while let Some(step) = steps.next().await {
        step.expect("imported");
    }
    let image = docker.inspect_image(name.as_str()).await.expect("the image");
    image.id.expect("an id").parse().expect("an image's id")
}

/// Removes the images that a namespace's test made.
pub async fn remove(namespace: &Namespace) {
    let Ok(docker) = Docker::connect_with_local_defaults() else { return };
    let reference = vec![format!("homeport-test-{namespace}")];
    let filters = Some([("reference".to_owned(), reference)].into());
    let options = ListImagesOptions { filters, ..ListImagesOptions::default() };
    for image in docker.list_images(Some(options)).await.unwrap_or_default() {
        for tag in image.repo_tags {
            let _ = docker.remove_image(&tag, None::<RemoveImageOptions>, None).await;
        }
    }
}

fn own((a, b): (&str, &str)) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

/// Removes an image of this name from outside of a runtime's tasks.
pub fn remove_named(name: &ImageRef) {
    let _ = std::process::Command::new("docker").args(["image", "rm", "--force", name.as_str()]).output();
}

/// A root with these programs, too.
pub fn root(programs: &[(&str, &[u8])]) -> Vec<u8> {
    let busybox = std::fs::read("/bin/busybox").expect("busybox-static is installed");
    let mut tar = tar::Builder::new(Vec::new());
    let mut file = |path: &str, mode: u32, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, content).expect("a file");
    };
    file("bin/busybox", 0o755, &busybox);
    file("start", 0o755, START.as_bytes());
    file("www/.keep", 0o644, b"");
    file("tmp/.keep", 0o644, b"");
    for (path, program) in programs {
        file(path, 0o755, program);
    }
    for applet in APPLETS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox").expect("a link");
    }
    tar.into_inner().expect("an archive")
}
