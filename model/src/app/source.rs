//! Where an app comes from.

use serde::{Deserialize, Serialize};

use crate::name::{GitRef, ImageRef, RelPath, RepoUrl};

/// The source of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// A folder of files in a git repository, served by nginx as it is.
    Static {
        /// The repository.
        repo: RepoUrl,
        /// The branch to deploy.
        branch: GitRef,
        /// The folder to serve.
        folder: RelPath,
    },
    /// A git repository with a Dockerfile.
    Dockerfile {
        /// The repository.
        repo: RepoUrl,
        /// The branch to deploy.
        branch: GitRef,
        /// The folder that is the build context.
        context: RelPath,
        /// The Dockerfile, seen from the context.
        dockerfile: RelPath,
    },
    /// An image that the engine has or can pull.
    Image {
        /// The image.
        image: ImageRef,
    },
}

/// Which of the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// [`Source::Static`]
    Static,
    /// [`Source::Dockerfile`]
    Dockerfile,
    /// [`Source::Image`]
    Image,
}

impl SourceKind {
    /// The word in forms and addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Dockerfile => "dockerfile",
            Self::Image => "image",
        }
    }
}

impl Source {
    /// Which one it is.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Static { .. } => SourceKind::Static,
            Self::Dockerfile { .. } => SourceKind::Dockerfile,
            Self::Image { .. } => SourceKind::Image,
        }
    }

    /// Whether nginx serves it from a folder, without a container.
    #[must_use]
    pub const fn is_static(&self) -> bool {
        matches!(self, Self::Static { .. })
    }

    /// The repository and branch, for those that have one.
    #[must_use]
    pub const fn git(&self) -> Option<(&RepoUrl, &GitRef)> {
        match self {
            Self::Static { repo, branch, .. } | Self::Dockerfile { repo, branch, .. } => Some((repo, branch)),
            Self::Image { .. } => None,
        }
    }
}
