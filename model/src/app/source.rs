//! Where an app comes from, and how it becomes something that runs.

use serde::{Deserialize, Serialize};

use crate::{
    deploy::ignore::Ignore,
    name::{GitRef, ImageRef, RelPath, RepoUrl, parsed},
};

/// The source of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// Files that are built or served.
    Files(Files),
    /// An image that the engine has or can pull.
    Image {
        /// The image.
        image: ImageRef,
    },
}

/// Files, and what is made of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// Where they come from.
    pub origin: Origin,
    /// The folder of them that is served, or that is the build's context.
    pub folder: RelPath,
    /// What makes a release of them.
    pub builder: Builder,
    /// A push that changes none of these is not deployed; without any, every push is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<WatchPath>,
}

parsed!(
    /// Which paths of a repository matter, seen from its top: a folder, a file, or a pattern with `*`,
    /// `?` and `**`, as in `.dockerignore`; `!` in front takes some away again.
    WatchPath,
    |text| {
        let path = text.strip_prefix('!').unwrap_or(text);
        if path.is_empty() || text.len() > 200 {
            return Err("A watched path has 1 to 200 characters.");
        }
        if path.contains(char::is_control) || path.contains(char::is_whitespace) || path.contains(['\\', '#']) {
            return Err("A watched path has no spaces, backslashes, # or control characters.");
        }
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Err("A watched path begins at the repository's top and stays below it.");
        }
        Ok(())
    }
);

impl Files {
    /// Whether a push that changed these paths changes anything that matters.
    #[must_use]
    pub fn touched_by(&self, paths: &[String]) -> bool {
        let lines: Vec<&str> = self.watch.iter().map(WatchPath::as_str).collect();
        let watched = Ignore::parse(&lines.join("\n"));
        self.watch.is_empty() || paths.iter().any(|path| watched.leaves_out(path))
    }
}

/// Where files come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A git repository somewhere else, fetched from there.
    Repo {
        /// The repository.
        repo: RepoUrl,
        /// The branch to deploy.
        branch: GitRef,
    },
    /// A git repository here, pushed to.
    Push {
        /// The branch to deploy.
        branch: GitRef,
    },
    /// An archive that somebody uploads.
    Archive,
}

/// What makes a release of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Builder {
    /// What the files call for.
    Auto,
    /// None: nginx serves them as they are.
    Static {
        /// Whether `index.html` answers for paths that have no file, as an app in the browser needs.
        #[serde(default)]
        spa: bool,
    },
    /// The engine, by a Dockerfile.
    Dockerfile {
        /// The Dockerfile, seen from the folder.
        dockerfile: RelPath,
    },
    /// Cloud Native Buildpacks, in a container of the builder image.
    Buildpacks,
}

/// Which kind of source, as people choose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// [`Builder::Auto`]
    Auto,
    /// [`Builder::Static`]
    Static,
    /// [`Builder::Dockerfile`]
    Dockerfile,
    /// [`Builder::Buildpacks`]
    Buildpacks,
    /// [`Source::Image`]
    Image,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Static, Self::Dockerfile, Self::Buildpacks, Self::Image];

    /// The word in forms and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Static => "static",
            Self::Dockerfile => "dockerfile",
            Self::Buildpacks => "buildpacks",
            Self::Image => "image",
        }
    }
}

impl Builder {
    /// Which kind of source it makes.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Auto => SourceKind::Auto,
            Self::Static { .. } => SourceKind::Static,
            Self::Dockerfile { .. } => SourceKind::Dockerfile,
            Self::Buildpacks => SourceKind::Buildpacks,
        }
    }
}

impl Origin {
    /// The branch that is deployed, for those that have one.
    #[must_use]
    pub const fn branch(&self) -> Option<&GitRef> {
        match self {
            Self::Repo { branch, .. } | Self::Push { branch } => Some(branch),
            Self::Archive => None,
        }
    }
}

impl Source {
    /// Which one it is.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Files(files) => files.builder.kind(),
            Self::Image { .. } => SourceKind::Image,
        }
    }

    /// The files, for those that are made of some.
    #[must_use]
    pub const fn files(&self) -> Option<&Files> {
        match self {
            Self::Files(files) => Some(files),
            Self::Image { .. } => None,
        }
    }

    /// Whether it is known already that nginx serves it from a folder, without a container.
    #[must_use]
    pub const fn is_static(&self) -> bool {
        matches!(self.kind(), SourceKind::Static)
    }

    /// Whether a deploy may build something: an image is run as it is, a site is only laid out.
    #[must_use]
    pub const fn is_built(&self) -> bool {
        matches!(self.kind(), SourceKind::Auto | SourceKind::Dockerfile | SourceKind::Buildpacks)
    }

    /// The repository and branch, for those that are fetched from one.
    #[must_use]
    pub const fn repo(&self) -> Option<(&RepoUrl, &GitRef)> {
        match self {
            Self::Files(Files { origin: Origin::Repo { repo, branch }, .. }) => Some((repo, branch)),
            _ => None,
        }
    }
}
