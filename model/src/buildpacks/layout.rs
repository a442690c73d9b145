//! Images as files, in the OCI's image layout: the run image as the lifecycle wants to find it, and
//! the built image as the lifecycle leaves it, on its way into the engine.
//!
//! Neither carries the layers of the run image: the engine has them, by the same content.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::name::ImageRef;

/// The folder of layouts in the build's container.
pub const FOLDER: &str = "/layout-repo";
/// What the built image is called in it. Nobody resolves it: it names a folder.
pub const BUILT: &str = "homeport.invalid/app:built";

/// Where the engine is told to find the built image's settings in the archive.
pub const CONFIG: &str = "config.json";

/// Something that is not as the image layout says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the lifecycle left an image that is not understood: {0}")]
pub struct Broken(pub &'static str);

/// Where an image's layout is, below [`FOLDER`]: `registry/path/tag`, or with `sha256/digest`.
#[must_use]
pub fn folder_of(image: &ImageRef) -> String {
    let repository = image.repository();
    let first = repository.split('/').next().unwrap_or_default();
    let has_registry = repository.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let (registry, path) = match repository.split_once('/') {
        Some((registry, path)) if has_registry => (registry, path),
        _ => ("docker.io", repository),
    };
    // Docker's own registry goes by its old name there, and its images without an owner by `library`.
    let (registry, path) = match registry {
        "docker.io" | "index.docker.io" if path.contains('/') => ("index.docker.io", path.to_owned()),
        "docker.io" | "index.docker.io" => ("index.docker.io", format!("library/{path}")),
        other => (other, path.to_owned()),
    };
    let digest = image.as_str().split_once("@sha256:").map(|(_, digest)| format!("sha256/{digest}"));
    let last = digest.unwrap_or_else(|| image.tag().unwrap_or("latest").to_owned());
    format!("{registry}/{path}/{last}")
}

/// What the engine says of a run image, as far as its layout needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunImage {
    /// Like `amd64`.
    pub architecture: String,
    /// Like `linux`.
    pub os: String,
    /// When it was made, as RFC 3339.
    pub created: Option<String>,
    /// The engine's `Config`: environment, labels, user.
    pub config: Value,
    /// The digests of its layers, unpacked.
    pub diff_ids: Vec<String>,
}

/// The files of a layout without layers, each with its path in the layout's folder.
#[must_use]
pub fn sparse(image: &RunImage, sha256: impl Fn(&[u8]) -> String) -> Vec<(String, Vec<u8>)> {
    let history: Vec<Value> = image.diff_ids.iter().map(|_| json!({ "created_by": "run image" })).collect();
    let config = json!({
        "architecture": image.architecture,
        "os": image.os,
        "created": image.created,
        "config": image.config,
        "rootfs": { "type": "layers", "diff_ids": image.diff_ids },
        "history": history,
    });
    let config = config.to_string().into_bytes();
    let config_digest = sha256(&config);
    // The size of what is not there must not be 0: that would be a layer that is there and empty.
    let layer =
        |digest: &String| json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": 1 });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": format!("sha256:{config_digest}"),
            "size": config.len(),
        },
        "layers": image.diff_ids.iter().map(layer).collect::<Vec<_>>(),
    });
    let manifest = manifest.to_string().into_bytes();
    let manifest_digest = sha256(&manifest);
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": format!("sha256:{manifest_digest}"),
            "size": manifest.len(),
            "platform": { "architecture": image.architecture, "os": image.os },
        }],
    });
    vec![
        ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ("index.json".to_owned(), index.to_string().into_bytes()),
        (blob(&manifest_digest), manifest),
        (blob(&config_digest), config),
    ]
}

fn blob(hex: &str) -> String {
    format!("blobs/sha256/{hex}")
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: Digest,
}

/// A digest in hexadecimal digits, fit for a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest(String);

impl TryFrom<String> for Digest {
    type Error = Broken;
    fn try_from(text: String) -> Result<Self, Broken> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match text.strip_prefix("sha256:") {
            Some(digits) if digits.len() == 64 && digits.bytes().all(hex) => Ok(Self(digits.to_owned())),
            _ => Err(Broken("a digest")),
        }
    }
}

impl Digest {
    /// Its file in the layout's folder.
    #[must_use]
    pub fn path(&self) -> String {
        blob(&self.0)
    }

    /// Whether these bytes, by their sum in hexadecimal digits, are what it names.
    #[must_use]
    pub fn is(&self, sum: &str) -> bool {
        self.0 == sum
    }
}

/// A built image: its settings, and its layers from the lowest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The settings' file.
    pub config: Digest,
    /// The layers' files.
    pub layers: Vec<Digest>,
}

/// The manifest that an `index.json` names.
///
/// # Errors
/// [`Broken`]
pub fn manifest_of(index: &[u8]) -> Result<Digest, Broken> {
    let index: Index = serde_json::from_slice(index).map_err(|_| Broken("its index"))?;
    match <[Descriptor; 1]>::try_from(index.manifests) {
        Ok([only]) => Ok(only.digest),
        Err(_) => Err(Broken("its index names more or less than one image")),
    }
}

/// What a manifest names.
///
/// # Errors
/// [`Broken`]
pub fn built_of(manifest: &[u8]) -> Result<Built, Broken> {
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(|_| Broken("its manifest"))?;
    if manifest.layers.len() > 500 {
        return Err(Broken("it has too many layers"));
    }
    let layers = manifest.layers.into_iter().map(|layer| layer.digest).collect();
    Ok(Built { config: manifest.config.digest, layers })
}

impl Built {
    /// The layers that stand on those of the run image, of which there are `below`.
    ///
    /// # Errors
    /// [`Broken`], when there are fewer layers than that.
    pub fn above(&self, below: usize) -> Result<&[Digest], Broken> {
        self.layers.get(below..).ok_or(Broken("it has fewer layers than the run image"))
    }

    /// The `manifest.json` by which the engine takes an archive of these files as an image, on those
    /// `below`, which are the run image's.
    #[must_use]
    pub fn engine_manifest(&self, tag: &str, below: &[String]) -> String {
        let above = self.layers.iter().skip(below.len()).map(Digest::path);
        let layers: Vec<String> = below.iter().cloned().chain(above).collect();
        json!([{ "Config": CONFIG, "RepoTags": [tag], "Layers": layers }]).to_string()
    }
}

/// The paths of an image's layers in an archive of the engine's, from the lowest on, as its
/// `manifest.json` has them.
///
/// # Errors
/// [`Broken`]
pub fn layers_of(engine_manifest: &[u8]) -> Result<Vec<String>, Broken> {
    #[derive(Deserialize)]
    struct Image {
        #[serde(rename = "Layers")]
        layers: Vec<String>,
    }
    let images: Vec<Image> = serde_json::from_slice(engine_manifest).map_err(|_| Broken("the run image's archive"))?;
    let first = images.into_iter().next().ok_or(Broken("the run image's archive is empty"))?;
    Ok(first.layers)
}

/// The built image's settings with these labels, too.
///
/// # Errors
/// [`Broken`], also when it does not stand on the layers `below`, which the engine has.
pub fn labelled(config: &[u8], below: &[String], labels: &BTreeMap<String, String>) -> Result<Vec<u8>, Broken> {
    let mut config: Value = serde_json::from_slice(config).map_err(|_| Broken("its settings"))?;
    let layers = config["rootfs"]["diff_ids"].as_array().ok_or(Broken("its settings name no layers"))?;
    let stands = layers.len() >= below.len() && layers.iter().zip(below).all(|(layer, below)| layer == below);
    if !stands {
        return Err(Broken("it stands on another run image than the builder named"));
    }
    let inner = config.get_mut("config").and_then(Value::as_object_mut).ok_or(Broken("its settings"))?;
    let there = inner.entry("Labels").or_insert_with(|| json!({}));
    if !there.is_object() {
        *there = json!({});
    }
    for (key, value) in labels {
        there[key] = json!(value);
    }
    Ok(config.to_string().into_bytes())
}

/// A sum as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_where_the_lifecycle_looks_for_it() {
        let digest = "a".repeat(64);
        for (image, folder) in [
            ("busybox", "index.docker.io/library/busybox/latest".to_owned()),
            ("docker.io/heroku/heroku:24", "index.docker.io/heroku/heroku/24".to_owned()),
            ("ghcr.io/you/run:1", "ghcr.io/you/run/1".to_owned()),
            ("localhost:5000/run", "localhost:5000/run/latest".to_owned()),
            (&format!("ghcr.io/you/run:1@sha256:{digest}"), format!("ghcr.io/you/run/sha256/{digest}")),
        ] {
            assert_eq!(folder_of(&image.parse().expect("an image")), folder, "{image}");
        }
    }

    #[test]
    fn a_sparse_layout_reads_back_and_names_no_file_that_is_not_there() {
        let run = RunImage {
            architecture: "amd64".into(),
            os: "linux".into(),
            created: None,
            config: json!({ "Env": ["PATH=/bin"] }),
            diff_ids: vec![format!("sha256:{}", "b".repeat(64))],
        };
        // A stand-in that is as long as a sum, and differs by the content's length.
        let files = sparse(&run, |bytes| format!("{:064x}", bytes.len()));
        let find = |path: &str| files.iter().find(|(at, _)| at == path).map(|(_, bytes)| bytes.clone());
        let manifest = manifest_of(&find("index.json").expect("there")).expect("read");
        let built = built_of(&find(&manifest.path()).expect("there")).expect("read");
        assert!(find(&built.config.path()).is_some());
        assert_eq!(built.layers.len(), 1);
        assert!(find(&built.layers[0].path()).is_none(), "the engine has it");
        assert_eq!(built.above(1), Ok(&[][..]));
        assert!(built.above(2).is_err());
        assert!(built.engine_manifest("a:b", &[]).contains(&built.layers[0].path()));
        let full = built.engine_manifest("a:b", &["x/layer.tar".to_owned()]);
        assert_eq!(layers_of(full.as_bytes()), Ok(vec!["x/layer.tar".to_owned()]));
        assert!(layers_of(b"[]").is_err());

        let labels = BTreeMap::from([("homeport.app".to_owned(), "x\"y".to_owned())]);
        let config = find(&built.config.path()).expect("there");
        let with = labelled(&config, &run.diff_ids, &labels).expect("read");
        let with: Value = serde_json::from_slice(&with).expect("JSON");
        assert_eq!(with["config"]["Labels"]["homeport.app"], "x\"y");
        assert_eq!(with["config"]["Env"], json!(["PATH=/bin"]));
        assert!(labelled(&config, &["sha256:other".to_owned()], &labels).is_err());
        assert!(labelled(b"{}", &[], &labels).is_err());
    }

    #[test]
    fn what_a_build_left_broken_is_refused() {
        for index in ["", "{}", r#"{"manifests":[]}"#, r#"{"manifests":[{"digest":"sha256:../../etc/passwd"}]}"#] {
            assert!(manifest_of(index.as_bytes()).is_err(), "{index}");
        }
        assert!(built_of(br#"{"config":{"digest":"md5:00"},"layers":[]}"#).is_err());
    }
}
