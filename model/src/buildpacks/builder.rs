//! What a builder image says of itself, in its labels and its environment.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{name::ImageRef, problem::Problem};

/// The label of what a builder is made of.
const METADATA: &str = "io.buildpacks.builder.metadata";
/// The label of the interfaces that its lifecycle knows.
const APIS: &str = "io.buildpacks.lifecycle.apis";
/// The platform interfaces that are spoken here, newest first. Older ones cannot leave an image as
/// files.
const SPOKEN: [&str; 3] = ["0.14", "0.13", "0.12"];

/// A builder image, as far as a build needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuilderImage {
    /// The user of the build, `CNB_USER_ID`; never root.
    pub user: u32,
    /// Its group, `CNB_GROUP_ID`.
    pub group: u32,
    /// The platform interface that both sides know.
    pub platform_api: &'static str,
    /// What built images stand on.
    pub run_image: ImageRef,
    /// The ids and versions of its buildpacks.
    pub buildpacks: Vec<(String, String)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    stack: Stack,
    images: Vec<RunImage>,
    buildpacks: Vec<Known>,
    lifecycle: Lifecycle,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Stack {
    run_image: RunImage,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RunImage {
    image: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    id: String,
    version: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lifecycle {
    apis: Apis,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Apis {
    platform: Supported,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Supported {
    supported: Vec<String>,
}

impl BuilderImage {
    /// Reads an image's labels and its environment, `KEY=value` each.
    ///
    /// # Errors
    /// That it is no builder, or one whose lifecycle is too old.
    pub fn read(name: &ImageRef, labels: &BTreeMap<String, String>, env: &[String]) -> Result<Self, Problem> {
        let refuse = |what: &str| {
            Problem::invalid("build_builder", format!("{name} {what}"))
                .hint("Name a builder of Cloud Native Buildpacks, like heroku/builder:24, in the app's settings.")
        };
        let metadata =
            labels.get(METADATA).ok_or_else(|| refuse("is no builder image: it has no label that says so."))?;
        let metadata: Metadata =
            serde_json::from_str(metadata).map_err(|_| refuse("says of itself what is not understood."))?;
        let apis = labels.get(APIS).and_then(|text| serde_json::from_str::<Apis>(text).ok()).unwrap_or_default();
        let known = apis.platform.supported.into_iter().chain(metadata.lifecycle.apis.platform.supported);
        let known: Vec<String> = known.collect();
        let platform_api =
            SPOKEN.into_iter().find(|spoken| known.iter().any(|known| known == spoken)).ok_or_else(|| {
                refuse(&format!(
                    "has a lifecycle that is too old: it knows the platform APIs {}, not {}.",
                    known.join(", "),
                    SPOKEN[2]
                ))
            })?;
        let id = |key: &str| {
            let value = env.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            let id = value.filter(|value| value.bytes().all(|b| b.is_ascii_digit())).and_then(|id| id.parse().ok());
            id.filter(|id| *id > 0).ok_or_else(|| refuse(&format!("does not say {key}, the user that builds.")))
        };
        let said = metadata.images.into_iter().map(|run| run.image).chain([metadata.stack.run_image.image]);
        let run_image = said.filter(|image| !image.is_empty()).find_map(|image| image.parse().ok());
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"./-+".contains(&b));
        let buildpacks = metadata.buildpacks.into_iter().filter(|known| plain(&known.id) && plain(&known.version));
        Ok(Self {
            user: id("CNB_USER_ID")?,
            group: id("CNB_GROUP_ID")?,
            platform_api,
            run_image: run_image.ok_or_else(|| refuse("names no run image."))?,
            buildpacks: buildpacks.map(|known| (known.id, known.version)).collect(),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::problem::Code;

    pub(crate) fn builder() -> BuilderImage {
        BuilderImage {
            user: 1000,
            group: 1001,
            platform_api: "0.14",
            run_image: "docker.io/heroku/heroku:24".parse().expect("an image"),
            buildpacks: vec![("heroku/nodejs".into(), "5.1.1".into())],
        }
    }

    fn read(metadata: &str, apis: &str, env: &[&str]) -> Result<BuilderImage, Problem> {
        let labels = [(METADATA, metadata), (APIS, apis)].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let env: Vec<String> = env.iter().map(|line| (*line).to_owned()).collect();
        let name = "heroku/builder:24".parse().expect("an image");
        BuilderImage::read(&name, &labels.into_iter().filter(|(_, value)| !value.is_empty()).collect(), &env)
    }

    const METADATA_OF_HEROKU: &str = r#"{"description":"Ubuntu","buildpacks":[{"id":"heroku/nodejs","version":"5.1.1","homepage":"x"}],
        "stack":{"runImage":{"image":"docker.io/heroku/heroku:24","mirrors":["public.ecr.aws/heroku/heroku:24"]}},
        "images":[{"image":"docker.io/heroku/heroku:24","mirrors":[]}],
        "lifecycle":{"version":"0.20.14","api":{"buildpack":"0.7","platform":"0.7"},"apis":{"platform":{"deprecated":[],"supported":["0.7"]}}}}"#;
    const APIS_OF_HEROKU: &str =
        r#"{"buildpack":{"supported":["0.11"]},"platform":{"deprecated":[],"supported":["0.7","0.12","0.14","0.99"]}}"#;
    const ENV_OF_HEROKU: [&str; 3] = ["CNB_USER_ID=1000", "CNB_GROUP_ID=1001", "PATH=/bin"];

    #[test]
    fn a_builder_is_read_from_its_labels() {
        assert_eq!(read(METADATA_OF_HEROKU, APIS_OF_HEROKU, &ENV_OF_HEROKU), Ok(builder()));
    }

    #[test]
    fn what_is_no_builder_is_refused_in_words() {
        for (metadata, apis, env, says) in [
            ("", APIS_OF_HEROKU, &ENV_OF_HEROKU[..], "is no builder image"),
            ("[", APIS_OF_HEROKU, &ENV_OF_HEROKU, "not understood"),
            (METADATA_OF_HEROKU, r#"{"platform":{"supported":["0.7"]}}"#, &ENV_OF_HEROKU, "too old"),
            (METADATA_OF_HEROKU, "", &ENV_OF_HEROKU, "too old"),
            ("{}", APIS_OF_HEROKU, &ENV_OF_HEROKU, "names no run image"),
            (METADATA_OF_HEROKU, APIS_OF_HEROKU, &["CNB_USER_ID=0", "CNB_GROUP_ID=0"], "CNB_USER_ID"),
            (METADATA_OF_HEROKU, APIS_OF_HEROKU, &["CNB_USER_ID=1000"], "CNB_GROUP_ID"),
            (METADATA_OF_HEROKU, APIS_OF_HEROKU, &["CNB_USER_ID=1e3", "CNB_GROUP_ID=1"], "CNB_USER_ID"),
        ] {
            let refused = read(metadata, apis, env).expect_err(says);
            assert!(refused.title.contains(says), "{refused}");
            assert_eq!(refused.code, Code::Invalid);
        }
    }
}
