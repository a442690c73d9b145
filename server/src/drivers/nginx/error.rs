//! What can go wrong with nginx, as far as callers act on it.

use std::{io, path::PathBuf};

use homeport_model::{domain::vhost::RenderedFile, name::AppName};

use crate::drivers::{
    process,
    system::procfs::{self, Holder},
};

/// Why nginx does not serve what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// nginx refused the generation; the one before it still serves.
    #[error("nginx refused {file}: {message}")]
    Rejected {
        /// The file that it names.
        file: String,
        /// The app whose file that is.
        app: Option<AppName>,
        /// The line in it.
        line: Option<u32>,
        /// Its words.
        message: String,
    },
    /// The generation was loaded and does not answer; the one before it serves again.
    #[error("generation {number} does not answer: {reason}")]
    NotServing {
        /// Its number.
        number: u64,
        /// What nginx wrote to its log.
        reason: String,
    },
    /// Another process has the port.
    #[error("port {port} is taken{}", holder.as_ref().map(|h| format!(" by {} (process {})", h.name, h.pid)).unwrap_or_default())]
    PortTaken {
        /// The port.
        port: u16,
        /// Who has it, where that can be seen.
        holder: Option<Holder>,
    },
    /// The workers cannot pass this folder.
    #[error("nginx's workers cannot pass {}: choose a state folder that everybody may pass", folder.display())]
    Unreachable {
        /// The folder.
        folder: PathBuf,
    },
    /// The state folder's path has characters that a configuration should not have.
    #[error("the state folder's path is not usable: {0}")]
    Path(#[source] homeport_model::name::Refused),
    /// The number is that of the current generation.
    #[error("generation {number} is there already")]
    NumberTaken {
        /// The number.
        number: u64,
    },
    /// nginx could not be run.
    #[error("nginx could not be run")]
    Process(#[source] process::Error),
    /// Its files could not be read or written.
    #[error("nginx's files could not be read or written")]
    Files(#[source] io::Error),
    /// The master could not be signalled.
    #[error("nginx could not be signalled")]
    Signal(#[source] io::Error),
    /// The work was stopped in the middle.
    #[error("writing the generation was interrupted")]
    Interrupted,
}

impl Error {
    /// From the words of `nginx -t`.
    pub(super) fn rejected(stderr: &str, files: &[RenderedFile]) -> Self {
        let line = emergency(stderr).unwrap_or(stderr.trim()).to_owned();
        let (message, place) = match line.rsplit_once(" in /") {
            Some((message, place)) => (message.to_owned(), place),
            None => (line.clone(), ""),
        };
        let (path, number) = place.rsplit_once(':').unwrap_or((place, ""));
        let named = path.rsplit('/').next().unwrap_or_default();
        let file = files.iter().find(|file| file.name == named);
        Self::Rejected {
            file: file.map_or_else(|| "the configuration".to_owned(), |file| file.name.clone()),
            app: file.and_then(|file| file.app.clone()),
            line: number.parse().ok(),
            message,
        }
    }

    /// From the words of a start that failed.
    pub(super) fn start(error: process::Error) -> Self {
        let process::Error::Failed { ref stderr, .. } = error else { return Self::Process(error) };
        let taken = stderr.lines().find(|line| line.contains("(98: ")).and_then(bound_port);
        match taken {
            Some(port) => Self::PortTaken { port, holder: procfs::holder_of(port).ok().flatten() },
            None => Self::Process(error),
        }
    }

    pub(super) fn not_serving(number: u64, said: &str) -> Self {
        match said.lines().find(|line| line.contains("(98: ")).and_then(bound_port) {
            Some(port) => Self::PortTaken { port, holder: procfs::holder_of(port).ok().flatten() },
            None => {
                let reason = emergency(said).unwrap_or("its number was not answered in time").to_owned();
                Self::NotServing { number, reason }
            }
        }
    }
}

/// The words after `[emerg]`.
fn emergency(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.split_once("[emerg] ")).map(|(_, words)| words)
}

/// The port in `bind() to 0.0.0.0:80 failed (98: Address already in use)`.
fn bound_port(line: &str) -> Option<u16> {
    line.split_once("bind() to ")?.1.split_once(" failed")?.0.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_app() {
        let files = [RenderedFile {
            name: "app-shop.conf".into(),
            text: String::new(),
            app: Some("shop".parse().expect("a name")),
        }];
        let words = "nginx: [emerg] unknown directive \"x\" in /srv/nginx/generations/7/app-shop.conf:3\n\
                     nginx: configuration file /srv/nginx/generations/7/nginx.conf test failed\n";
        let Error::Rejected { file, app, line, message } = Error::rejected(words, &files) else { panic!() };
        assert_eq!((file.as_str(), line, message.as_str()), ("app-shop.conf", Some(3), "unknown directive \"x\""));
        assert_eq!(app, files[0].app);
    }

    #[test]
    fn a_taken_port_is_understood() {
        assert_eq!(bound_port("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)"), Some(80));
        assert_eq!(bound_port("nginx: [emerg] bind() to [::]:8080 failed (98: Address already in use)"), Some(8080));
    }
}
