//! What a person types about an app, and how it becomes a value or a problem beside its field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AppSpec, BuildForm, Builder, Files, Health, HostNeeds, Origin, Source, SourceKind, WatchPath};
use crate::{
    name::{Refused, RepoUrl},
    problem::Problem,
};

/// The form of a new app, and of an app's settings: every field as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AppForm {
    /// The name.
    pub name: String,
    /// `auto`, `static`, `dockerfile`, `buildpacks` or `image`.
    pub kind: String,
    /// Where the files come from: `repo` (also when empty), `push` or `archive`.
    #[serde(default)]
    pub origin: String,
    /// The repository's address (repo).
    #[serde(default)]
    pub repo: String,
    /// The branch (repo, push); empty means `main`.
    #[serde(default)]
    pub branch: String,
    /// The folder to serve or to build; empty means the top.
    #[serde(default)]
    pub folder: String,
    /// Paths of the repository, one a line; a push that changes none of them is not deployed.
    #[serde(default)]
    pub watch: String,
    /// Whether submodules are fetched, too (repo): anything but empty.
    #[serde(default)]
    pub submodules: String,
    /// Every how many minutes the host is asked for the branch (repo); empty means never.
    #[serde(default)]
    pub poll: String,
    /// The Dockerfile, seen from the folder; empty means `Dockerfile`.
    #[serde(default)]
    pub dockerfile: String,
    /// Whether `index.html` answers for paths that have no file (static): anything but empty.
    #[serde(default)]
    pub spa: String,
    /// How it is built (auto, dockerfile, buildpacks).
    #[serde(default)]
    pub build: BuildForm,
    /// The image's name (image).
    #[serde(default)]
    pub image: String,
    /// The port; empty means the image's, else 5000.
    #[serde(default)]
    pub port: String,
    /// The path to ask for before traffic is sent; empty means that the port is enough.
    #[serde(default)]
    pub health_path: String,
}

impl AppForm {
    /// Reads the form.
    ///
    /// # Errors
    /// The first field that is not acceptable, as a problem that names it.
    pub fn parse(&self) -> Result<AppSpec, Problem> {
        let name = field("name", &self.name)?;
        let source = self.source()?;
        let port = match self.port.trim() {
            "" => None,
            port => Some(field("port", port)?),
        };
        let health = match self.health_path.trim() {
            "" => Health::Port,
            path => Health::Http { path: field("health_path", path)? },
        };
        let (needs, processes) = (HostNeeds::default(), BTreeMap::new());
        let build = self.build.parse()?;
        Ok(AppSpec { name, source, port, health, needs, processes, build })
    }

    fn source(&self) -> Result<Source, Problem> {
        let or = |typed: &str, default: &str| match typed.trim() {
            "" => default.to_owned(),
            typed => typed.to_owned(),
        };
        let kind = SourceKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind);
        let builder = match kind.ok_or_else(|| Problem::invalid("kind", "Choose where the app comes from."))? {
            SourceKind::Image => return Ok(Source::Image { image: field("image", self.image.trim())? }),
            SourceKind::Auto => Builder::Auto,
            SourceKind::Buildpacks => Builder::Buildpacks,
            SourceKind::Static => Builder::Static { spa: !self.spa.trim().is_empty() },
            SourceKind::Dockerfile => {
                Builder::Dockerfile { dockerfile: field("dockerfile", &or(&self.dockerfile, "Dockerfile"))? }
            }
        };
        let origin = match self.origin.trim() {
            "" | "repo" => Origin::Repo {
                repo: RepoUrl::from_typed(&self.repo).map_err(|refused| Problem::invalid("repo", refused.0))?,
                branch: field("branch", &or(&self.branch, "main"))?,
            },
            "push" => Origin::Push { branch: field("branch", &or(&self.branch, "main"))? },
            "archive" => Origin::Archive,
            _ => return Err(Problem::invalid("origin", "Choose where the files come from.")),
        };
        let watch: Vec<WatchPath> =
            self.watch.split_whitespace().map(|typed| field("watch", typed)).collect::<Result<_, _>>()?;
        if watch.len() > 50 {
            return Err(Problem::invalid("watch", "At most 50 paths are watched."));
        }
        let folder = field("folder", &or(&self.folder, "."))?;
        let fetched = matches!(origin, Origin::Repo { .. });
        let submodules = fetched && !self.submodules.trim().is_empty();
        let poll = match self.poll.trim() {
            "" => None,
            _ if !fetched => None,
            minutes => Some(field("poll", minutes)?),
        };
        Ok(Source::Files(Files { origin, folder, builder, watch, submodules, poll }))
    }

    /// The form that would give `spec`, for the settings page.
    #[must_use]
    pub fn of(spec: &AppSpec) -> Self {
        let mut form = Self {
            name: spec.name.to_string(),
            kind: spec.source.kind().as_str().to_owned(),
            port: spec.port.map(|port| port.to_string()).unwrap_or_default(),
            health_path: match &spec.health {
                Health::Port => String::new(),
                Health::Http { path } => path.to_string(),
            },
            build: BuildForm::of(&spec.build),
            ..Self::default()
        };
        match &spec.source {
            Source::Files(Files { origin, folder, builder, watch, submodules, poll }) => {
                form.submodules = if *submodules { "on".to_owned() } else { String::new() };
                form.poll = poll.map(|minutes| minutes.get().to_string()).unwrap_or_default();
                form.watch = watch.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
                form.folder = folder.to_string();
                form.branch = origin.branch().map(ToString::to_string).unwrap_or_default();
                form.origin = match origin {
                    Origin::Repo { repo, .. } => {
                        form.repo = repo.to_string();
                        "repo"
                    }
                    Origin::Push { .. } => "push",
                    Origin::Archive => "archive",
                }
                .to_owned();
                match builder {
                    Builder::Dockerfile { dockerfile } => form.dockerfile = dockerfile.to_string(),
                    Builder::Static { spa: true } => form.spa = "on".to_owned(),
                    Builder::Static { spa: false } | Builder::Auto | Builder::Buildpacks => {}
                }
            }
            Source::Image { image } => form.image = image.to_string(),
        }
        form
    }
}

fn field<T: std::str::FromStr<Err = Refused>>(name: &str, typed: &str) -> Result<T, Problem> {
    typed.parse().map_err(|refused: Refused| Problem::invalid(name, refused.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image_form() -> AppForm {
        AppForm { name: "shop".into(), kind: "image".into(), image: "nginx:1.27".into(), ..AppForm::default() }
    }

    #[test]
    fn a_form_becomes_a_spec_and_back() {
        let forms = [
            image_form(),
            AppForm {
                name: "blog".into(),
                kind: "static".into(),
                origin: "repo".into(),
                repo: "https://git.example.com/me/blog".into(),
                branch: "main".into(),
                folder: "public".into(),
                spa: "on".into(),
                ..AppForm::default()
            },
            AppForm {
                name: "api".into(),
                kind: "dockerfile".into(),
                origin: "repo".into(),
                repo: "ssh://git@git.example.com/me/api.git".into(),
                branch: "release/2".into(),
                watch: "api\n!api/docs\n**/*.toml".into(),
                submodules: "on".into(),
                poll: "5".into(),
                folder: ".".into(),
                dockerfile: "Dockerfile".into(),
                port: "3000".into(),
                health_path: "/up?x=1".into(),
                ..AppForm::default()
            },
            AppForm {
                name: "bot".into(),
                kind: "auto".into(),
                origin: "push".into(),
                branch: "main".into(),
                folder: "src".into(),
                ..AppForm::default()
            },
            AppForm {
                name: "zip".into(),
                kind: "auto".into(),
                origin: "archive".into(),
                folder: ".".into(),
                ..AppForm::default()
            },
        ];
        for form in forms {
            let spec = form.parse().unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(AppForm::of(&spec), form);
        }
    }

    #[test]
    fn every_field_refuses_and_says_so() {
        let git = AppForm { kind: "dockerfile".into(), repo: "https://h.example/a".into(), ..image_form() };
        let cases: [(&str, AppForm); 11] = [
            ("name", AppForm { name: "$(id)".into(), ..image_form() }),
            ("kind", AppForm { kind: "compose".into(), ..image_form() }),
            ("image", AppForm { image: "a;b".into(), ..image_form() }),
            ("port", AppForm { port: "0".into(), ..image_form() }),
            ("health_path", AppForm { health_path: "/x y".into(), ..image_form() }),
            ("repo", AppForm { repo: "--upload-pack=x".into(), ..git.clone() }),
            ("origin", AppForm { origin: "ftp".into(), ..git.clone() }),
            ("branch", AppForm { branch: "-x".into(), ..git.clone() }),
            ("poll", AppForm { poll: "0; id".into(), ..git.clone() }),
            ("watch", AppForm { watch: "api ../x".into(), ..git.clone() }),
            ("folder", AppForm { folder: "../..".into(), ..git }),
        ];
        for (field, form) in cases {
            let problem = form.parse().err().unwrap_or_else(|| panic!("{field} was accepted"));
            assert_eq!(problem.field.as_deref(), Some(field));
        }
    }
}
