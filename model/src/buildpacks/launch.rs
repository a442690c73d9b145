//! What a built image says of its processes, in its label `io.buildpacks.build.metadata`.

use serde::{Deserialize, Serialize};

use crate::{build::procfile::MOST_PROCESSES, deploy::container::ProcessName};

/// The label.
pub const METADATA: &str = "io.buildpacks.build.metadata";
/// What starts a command in the environment that the buildpacks made.
pub const LAUNCHER: &str = "/cnb/lifecycle/launcher";

/// The processes of an image that buildpacks made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Launch {
    /// Their types, in the image's order.
    pub processes: Vec<ProcessName>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    processes: Vec<Known>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    r#type: String,
}

impl Launch {
    /// Reads the label. Types that are no process types here are left out: nothing can be scaled by
    /// such a name.
    #[must_use]
    pub fn read(label: &str) -> Self {
        let metadata: Metadata = serde_json::from_str(label).unwrap_or_default();
        let mut processes: Vec<ProcessName> = Vec::new();
        for known in metadata.processes.into_iter().filter_map(|known| known.r#type.parse().ok()) {
            if !processes.contains(&known) && processes.len() < MOST_PROCESSES {
                processes.push(known);
            }
        }
        Self { processes }
    }

    /// What a container of a process is started by, and with which words: a command that somebody
    /// wrote down goes through the launcher, word by word; a process of the image by its own name.
    /// Nothing in place of what the image itself says, for one that it does not know.
    #[must_use]
    pub fn start(&self, process: &ProcessName, command: Option<Vec<String>>) -> (Option<String>, Option<Vec<String>>) {
        match command {
            Some(words) => (Some(LAUNCHER.to_owned()), Some(std::iter::once("--".to_owned()).chain(words).collect())),
            None if self.processes.contains(process) => (Some(format!("/cnb/process/{process}")), None),
            None => (None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_processes() {
        let label = r#"{"bom":null,"buildpacks":[],"processes":[{"type":"web","command":["npm"],"args":["start"],"direct":true},
            {"type":"worker","command":"node w.js"},{"type":"web"},{"type":"Not One"},{"type":"../x"}]}"#;
        let launch = Launch::read(label);
        let names: Vec<&str> = launch.processes.iter().map(ProcessName::as_str).collect();
        assert_eq!(names, ["web", "worker"]);
        assert_eq!(Launch::read("{"), Launch::default());
        assert_eq!(Launch::read("{\"processes\":{}}"), Launch::default());

        let worker: ProcessName = "worker".parse().expect("a name");
        assert_eq!(launch.start(&worker, None), (Some("/cnb/process/worker".into()), None));
        let words = Some(vec!["node".to_owned(), "a b".to_owned()]);
        assert_eq!(
            launch.start(&worker, words),
            (Some(LAUNCHER.into()), Some(vec!["--".into(), "node".into(), "a b".into()]))
        );
        assert_eq!(launch.start(&"other".parse().expect("a name"), None), (None, None));
    }
}
