//! What the files of a release say about how it is built and run, read once when they are fetched.

use serde::{Deserialize, Serialize};

use crate::{
    app::Builder,
    build::{AppJson, Healthcheck, Procfile, ProjectToml, Redirect, RepoFile, SiteHeader},
    buildpacks::{Buildpack, Launch},
    deploy::container::ProcessName,
    name::RelPath,
    problem::{Code, Problem},
};

/// What the files say. A release keeps it, so that rolling back runs what ran.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Declared {
    /// What makes a release of the files; never [`Builder::Auto`]. None for an image.
    pub builder: Option<Builder>,
    /// Why that one, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The processes of an image that buildpacks made; known once it is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Launch>,
    /// What `project.toml` says to a build by buildpacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectToml>,
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

impl Declared {
    /// The processes that the image itself names; none unless buildpacks made it.
    #[must_use]
    pub fn launched(&self) -> &[ProcessName] {
        self.launch.as_ref().map_or(&[], |launch| &launch.processes)
    }
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

/// Files that say which language an app is written in, as the usual builder looks for them.
const LANGUAGES: [&str; 24] = [
    "package.json",
    "requirements.txt",
    "Pipfile",
    "Pipfile.lock",
    "poetry.lock",
    "pyproject.toml",
    "uv.lock",
    "setup.py",
    "Gemfile",
    "go.mod",
    "pom.xml",
    "pom.atom",
    "pom.clj",
    "pom.groovy",
    "pom.rb",
    "pom.scala",
    "pom.yaml",
    "pom.yml",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "composer.json",
    "index.php",
    "project.clj",
];
/// Endings of files that say the same.
const LANGUAGE_ENDINGS: [&str; 4] = [".csproj", ".fsproj", ".vbproj", ".sln"];

/// The builder, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Never [`Builder::Auto`].
    pub builder: Builder,
    /// In words, like `Procfile found, no Dockerfile`.
    pub why: String,
}

/// Chooses the builder as the files call for (dokku-contract.md, 2.1), of `names` in the app's
/// folder: buildpacks that somebody named, then `project.toml`, then a Dockerfile; then a `Procfile`
/// or a language that buildpacks know; and files with an `index.html` and nothing that runs are
/// served.
///
/// # Errors
/// When nothing fits.
pub fn choose_builder(wanted: &Builder, buildpacks: &[Buildpack], names: &[&str]) -> Result<Chosen, Problem> {
    let has = |name: &str| names.contains(&name);
    let chosen = |builder, why: String| Ok(Chosen { builder, why });
    if *wanted != Builder::Auto {
        return chosen(wanted.clone(), "the app's settings say so".to_owned());
    }
    if !buildpacks.is_empty() {
        return chosen(Builder::Buildpacks, "the app's settings name buildpacks".to_owned());
    }
    if let Some(found) = [".buildpacks", "project.toml"].into_iter().find(|name| has(name)) {
        return chosen(Builder::Buildpacks, format!("{found} found"));
    }
    if has("Dockerfile") {
        let dockerfile = "Dockerfile".parse().map_err(|_| Problem::new(Code::Internal, "no name for a file"))?;
        return chosen(Builder::Dockerfile { dockerfile }, "Dockerfile found".to_owned());
    }
    let is_language = |name: &&&str| {
        LANGUAGES.contains(name) || (!name.contains('/') && LANGUAGE_ENDINGS.iter().any(|end| name.ends_with(end)))
    };
    let language = names.iter().find(is_language).copied();
    if let Some(found) = has("Procfile").then_some("Procfile").or(language) {
        return chosen(Builder::Buildpacks, format!("{found} found, no Dockerfile"));
    }
    if has("index.html") {
        return chosen(Builder::Static { spa: false }, "index.html found, and nothing that runs".to_owned());
    }
    Err(Problem::new(
        Code::Invalid,
        "There is no Dockerfile, no Procfile, no file of a language that buildpacks know, and no index.html.",
    )
    .hint("Add one, or say in the app's settings which folder holds it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_choose_the_builder() {
        /// Files, and what they call for and why.
        type Case<'a> = (&'a [&'a str], Option<(&'a str, &'a str)>);
        let cases: [Case<'_>; 13] = [
            (&["Dockerfile", "index.html"], Some(("dockerfile", "Dockerfile found"))),
            (&["Dockerfile", "Procfile", "package.json"], Some(("dockerfile", "Dockerfile found"))),
            (&["Dockerfile", "project.toml"], Some(("buildpacks", "project.toml found"))),
            (&["Dockerfile", ".buildpacks"], Some(("buildpacks", ".buildpacks found"))),
            (&["package.json", "Procfile"], Some(("buildpacks", "Procfile found, no Dockerfile"))),
            (&["package.json", "index.html"], Some(("buildpacks", "package.json found, no Dockerfile"))),
            (&["go.mod", "main.go"], Some(("buildpacks", "go.mod found, no Dockerfile"))),
            (&["Shop.csproj"], Some(("buildpacks", "Shop.csproj found, no Dockerfile"))),
            (&["index.html"], Some(("static", "index.html found, and nothing that runs"))),
            (
                &["index.html", "docs/package.json", "x/Shop.csproj"],
                Some(("static", "index.html found, and nothing that runs")),
            ),
            (&["main.py"], None),
            (&["sub/Dockerfile"], None),
            (&[], None),
        ];
        for (files, expected) in cases {
            let chosen = choose_builder(&Builder::Auto, &[], files).ok();
            let chosen = chosen.as_ref().map(|chosen| (chosen.builder.kind().as_str(), chosen.why.as_str()));
            assert_eq!(chosen, expected, "{files:?}");
        }
        let named = choose_builder(&Builder::Auto, &["a/b".parse().expect("one")], &["Dockerfile"]).expect("chosen");
        assert_eq!(named.builder, Builder::Buildpacks);
        let said = choose_builder(&Builder::Static { spa: true }, &[], &[]).expect("chosen");
        assert_eq!(said.builder, Builder::Static { spa: true });
    }
}
