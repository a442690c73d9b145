//! What the files of a release say about how it is built and run, read once when they are fetched.

use serde::{Deserialize, Serialize};

use crate::{
    app::Builder,
    build::{AppJson, Healthcheck, Procfile, Redirect, RepoFile, SiteHeader},
    name::RelPath,
    problem::{Code, Problem},
};

/// What the files say. A release keeps it, so that rolling back runs what ran.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Declared {
    /// What makes a release of the files; never [`Builder::Auto`]. None for an image.
    pub builder: Option<Builder>,
    /// The commands of its processes.
    pub procfile: Option<Procfile>,
    /// What else it says.
    pub app_json: AppJson,
    /// How `web` proves itself, from `CHECKS`; `app.json` wins where it lists `web`.
    pub checks: Vec<Healthcheck>,
    /// How nginx serves them, for a static site.
    #[serde(default)]
    pub site: SiteRules,
}

/// How nginx serves the files of a static site.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SiteRules {
    /// Whether `index.html` answers for paths that have no file.
    pub spa: bool,
    /// Where paths lead, from `_redirects`.
    pub redirects: Vec<Redirect>,
    /// Headers of answers, from `_headers`.
    pub headers: Vec<SiteHeader>,
}

/// The path of one of the files that say how an app runs, in the app's folder.
#[must_use]
pub fn path_of(file: RepoFile, folder: &RelPath) -> String {
    below(folder, file.as_str())
}

/// A path seen from a folder, seen from the top.
#[must_use]
pub fn below(folder: &RelPath, path: &str) -> String {
    if folder.is_top() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// Chooses the builder as the files call for (dokku-contract.md, 2.1): a Dockerfile is built; files
/// with an `index.html` and nothing that runs are served.
///
/// # Errors
/// When nothing fits.
pub fn choose_builder(wanted: &Builder, has: impl Fn(&str) -> bool) -> Result<Builder, Problem> {
    match wanted {
        Builder::Auto if has("Dockerfile") => {
            let dockerfile = "Dockerfile".parse().map_err(|_| Problem::new(Code::Internal, "no name for a file"))?;
            Ok(Builder::Dockerfile { dockerfile })
        }
        Builder::Auto if has("index.html") => Ok(Builder::Static { spa: false }),
        Builder::Auto => Err(Problem::new(Code::Invalid, "There is neither a Dockerfile nor an index.html.")
            .hint("Add one, or say in the app's settings which folder holds it.")),
        chosen => Ok(chosen.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_choose_the_builder() {
        let cases: [(&[&str], Option<&str>); 4] = [
            (&["Dockerfile", "index.html"], Some("dockerfile")),
            (&["index.html"], Some("static")),
            (&["main.py"], None),
            (&[], None),
        ];
        for (files, kind) in cases {
            let chosen = choose_builder(&Builder::Auto, |file| files.contains(&file)).ok();
            assert_eq!(chosen.map(|builder| builder.kind().as_str()), kind, "{files:?}");
        }
        assert_eq!(choose_builder(&Builder::Static { spa: true }, |_| false), Ok(Builder::Static { spa: true }));
    }
}
