//! `project.toml`: what a repository says to a build by buildpacks.
//!
//! The project descriptor of Cloud Native Buildpacks, version 0.2 (`[io.buildpacks]`) and the older
//! 0.1 (`[build]`): <https://github.com/buildpacks/spec/blob/main/extensions/project-descriptor.md>.
//! The builder, its buildpacks, variables of the build, and which files go into it. What would have to
//! be fetched or run from the file itself is refused: the lifecycle fetches nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    buildpacks::Buildpack,
    deploy::ignore::Ignore,
    name::{EnvKey, ImageRef},
};

// The browser shows what was read, and reads nothing: it needs no parser of TOML.
#[cfg(not(target_arch = "wasm32"))]
mod read;

/// What the file says. Whatever it does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProjectToml {
    /// The builder image.
    pub builder: Option<ImageRef>,
    /// The buildpacks that build, in their order; without any, those that the builder finds to fit.
    pub buildpacks: Vec<Buildpack>,
    /// Variables of the build.
    pub env: BTreeMap<EnvKey, String>,
    /// Which files go into the build.
    pub files: FileChoice,
}

/// Which files go into a build, by patterns as `.gitignore` has them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileChoice {
    /// All of them.
    #[default]
    All,
    /// Those that a pattern names.
    Include(Vec<String>),
    /// Those that no pattern names.
    Exclude(Vec<String>),
}

impl FileChoice {
    /// Whether a file goes into the build, by its path below the app's folder.
    pub fn takes(&self) -> impl Fn(&str) -> bool + Send + use<> {
        let (named, if_named) = match self {
            Self::All => (Ignore::default(), false),
            Self::Include(patterns) => (Ignore::of_git(patterns), true),
            Self::Exclude(patterns) => (Ignore::of_git(patterns), false),
        };
        move |path| named.leaves_out(path) == if_named
    }
}
