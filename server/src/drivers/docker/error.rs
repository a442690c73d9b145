//! What can go wrong with the engine, as far as callers act on it.

use std::io;

use homeport_model::{buildpacks::layout::Broken, deploy::container::Breach};

/// Why the engine did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket is missing, refuses, or may not be opened.
    #[error("the Docker engine cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The socket accepts, and nobody answers in time.
    #[error("the Docker engine does not answer")]
    Silent,
    /// The connection broke in the middle.
    #[error("the connection to the Docker engine broke")]
    Lost(#[source] Box<bollard::errors::Error>),
    /// There is no such thing.
    #[error("the Docker engine has no such thing")]
    NotFound,
    /// The engine says that something is in the way.
    #[error("the Docker engine refuses: {message}")]
    Conflict {
        /// Its words.
        message: String,
    },
    /// Something that is not ours has our name. It is left alone.
    #[error("something that is not Homeport's is called {name}")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// What the engine made of a container is against the policy; it was removed again.
    #[error("the container was not started")]
    Policy(#[source] Breach),
    /// A build failed.
    #[error("the build failed: {message}")]
    Build {
        /// The engine's words, like the command and its exit code.
        message: String,
        /// The end of the build's output.
        last_lines: Vec<String>,
        /// Whether it was killed because its memory was used up.
        out_of_memory: bool,
        /// The memory that it had.
        memory_mib: u64,
    },
    /// A build ran longer than it may.
    #[error("the build did not finish within {limit_s} s")]
    BuildTimedOut {
        /// What it was allowed.
        limit_s: u64,
    },
    /// The Dockerfile asks for BuildKit, and the engine has none.
    #[error("this Docker engine has no BuildKit, which the Dockerfile asks for")]
    NoBuildKit,
    /// The lifecycle of buildpacks left something that is no image.
    #[error(transparent)]
    Layout(#[from] Broken),
    /// The build context could not be read.
    #[error("the build context could not be read: {0}")]
    Context(String),
    /// An image could not be pulled.
    #[error("the image could not be pulled: {message}")]
    Pull {
        /// The registry's or the engine's words.
        message: String,
    },
    /// The disk under the engine is full.
    #[error("the disk of the Docker engine is full")]
    DiskFull,
    /// The engine failed.
    #[error("the Docker engine failed: {message}")]
    Engine {
        /// Its words.
        message: String,
        /// The whole of it.
        #[source]
        source: Box<bollard::errors::Error>,
    },
    /// The engine answered something that is not understood.
    #[error("the Docker engine's answer is not understood: {0}")]
    Answer(&'static str),
}

impl Error {
    /// Whether the engine as a whole is away, so that trying again later makes sense.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Silent | Self::Lost(_))
    }
}

impl From<bollard::errors::Error> for Error {
    fn from(error: bollard::errors::Error) -> Self {
        use bollard::errors::Error as E;
        match error {
            E::DockerResponseServerError { status_code: 404, .. } => Self::NotFound,
            E::DockerResponseServerError { status_code: 409, message } => Self::Conflict { message },
            E::DockerResponseServerError { ref message, .. } | E::DockerStreamError { error: ref message }
                if message.contains("no space left on device") =>
            {
                Self::DiskFull
            }
            E::DockerResponseServerError { ref message, .. } => {
                Self::Engine { message: message.clone(), source: Box::new(error) }
            }
            E::RequestTimeoutError => Self::Silent,
            E::SocketNotFoundError(_) => Self::Unreachable(io::ErrorKind::NotFound.into()),
            E::HyperResponseError { .. } | E::HyperLegacyError { .. } | E::IOError { .. } => {
                Self::Lost(Box::new(error))
            }
            other => Self::Engine { message: other.to_string(), source: Box::new(other) },
        }
    }
}
