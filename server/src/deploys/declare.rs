//! What the files of a commit say: which builder they call for, `Procfile`, `app.json`, `CHECKS`;
//! of a static site, `_redirects` and `_headers`; of a build by buildpacks, `project.toml`.

use std::collections::BTreeMap;

use homeport_model::{
    app::{Builder, Files},
    build::{
        AppJson, ChecksFile, EnvDeclaration, Mistake, Procfile, ProjectToml, Read, RepoFile, headers_file,
        redirects_file,
    },
    deploy::{
        Declared, SiteRules,
        declared::{Chosen, choose_builder, path_of},
    },
    name::{CommitSha, EnvKey},
};

use super::{
    store,
    work::{Deploy, DeployWork},
};
use crate::{
    apps::env::{open_env, seal_env},
    drivers::git,
    environments::Environments,
    failure::Failure,
};

impl DeployWork {
    /// Reads what the files say and keeps it with the release.
    pub(super) async fn declare(&self, deploy: &Deploy<'_>, files: &Files, sha: &CommitSha) -> Result<(), Failure> {
        let tree = self.git_of(deploy).list_tree(&deploy.app.id, sha).await?;
        let names: Vec<&str> = tree.below(&files.folder)?.into_iter().map(|(path, _)| path).collect();
        let named = &deploy.release.spec.build.buildpacks;
        let Chosen { builder, why } = choose_builder(&files.builder, named, &names)?;
        deploy.context.log.say(format!("Builder: {} ({why}).", builder.kind().as_str()));
        if names.contains(&".buildpacks") {
            deploy.context.log.say("Warning: .buildpacks names classic buildpacks by address, which are not fetched.");
        }
        let procfile = self.text(deploy, files, sha, RepoFile::Procfile).await?;
        let procfile = procfile.map(|text| Procfile::parse(&text)).transpose().map_err(|mistake| mistake.problem())?;
        let app_json = match self.text(deploy, files, sha, RepoFile::AppJson).await? {
            Some(text) => self.told(deploy, AppJson::parse(&text))?,
            None => AppJson::default(),
        };
        let env = self.declare_env(deploy, &app_json.env).await?;
        let checks = match self.text(deploy, files, sha, RepoFile::Checks).await? {
            Some(text) => {
                let read = ChecksFile::parse(&text, |key: &EnvKey| env.get(key).cloned());
                read.map_err(|mistake| mistake.problem())?.to_healthchecks()
            }
            None => Vec::new(),
        };
        let site = match &builder {
            Builder::Static { spa } => self.site_rules(deploy, files, sha, *spa).await?,
            Builder::Dockerfile { .. } | Builder::Buildpacks | Builder::Auto => SiteRules::default(),
        };
        let project = match &builder {
            Builder::Buildpacks => self.text(deploy, files, sha, RepoFile::ProjectToml).await?,
            _ => None,
        };
        let project = project.map(|text| self.told(deploy, ProjectToml::parse(&text))).transpose()?;
        let declared =
            Declared { builder: Some(builder), why, launch: None, project, procfile, app_json, checks, site };
        store::set_declared(&self.apps.parts.db, &deploy.release.id, &declared).await?;
        Ok(())
    }

    /// How nginx serves the files.
    async fn site_rules(
        &self,
        deploy: &Deploy<'_>,
        files: &Files,
        sha: &CommitSha,
        spa: bool,
    ) -> Result<SiteRules, Failure> {
        let redirects = match self.text(deploy, files, sha, RepoFile::Redirects).await? {
            Some(text) => self.told(deploy, redirects_file::parse(&text))?,
            None => Vec::new(),
        };
        let headers = match self.text(deploy, files, sha, RepoFile::Headers).await? {
            Some(text) => self.told(deploy, headers_file::parse(&text))?,
            None => Vec::new(),
        };
        if !redirects.is_empty() || !headers.is_empty() {
            deploy.context.log.say(format!("Rules: {} redirects, {} headers.", redirects.len(), headers.len()));
        }
        Ok(SiteRules { spa, redirects, headers })
    }

    /// Sets the variables that `app.json` asks for, in the app and in this release. Returns what the
    /// release is started with.
    async fn declare_env(
        &self,
        deploy: &Deploy<'_>,
        declarations: &[EnvDeclaration],
    ) -> Result<BTreeMap<EnvKey, String>, Failure> {
        let (parts, release, app) = (&self.apps.parts, &deploy.release, &deploy.app);
        let serving = match &app.serving {
            Some(id) => store::find_id(&parts.db, id).await?,
            None => None,
        };
        let known = serving.into_iter().flat_map(|serving| serving.declared.app_json.env);
        let known = known.map(|declaration| declaration.key).collect();
        let environments = Environments::new(self.apps.clone());
        let set = environments.apply_declared(app, release.number, declarations, &known).await?;
        let mut env = open_env(&parts.sealer, &release.app, &release.env)?;
        let now = self.apps.env_map(&app.id).await?;
        // A repeated step finds them set already: what the release lacks is taken, too.
        let lacking = declarations.iter().map(|declaration| &declaration.key).filter(|key| !env.contains_key(*key));
        let taken: Vec<EnvKey> = set.iter().chain(lacking).filter(|key| now.contains_key(*key)).cloned().collect();
        if taken.is_empty() {
            return Ok(env);
        }
        env.extend(taken.iter().filter_map(|key| Some((key.clone(), now.get(key)?.clone()))));
        store::set_env(&parts.db, &release.id, &seal_env(&parts.sealer, &release.app, &env)?).await?;
        deploy.context.log.mask(self.apps.mask_of(&app.id, Some(&release.env)).await?);
        for key in &set {
            deploy.context.log.say(format!("{key} was set as app.json says."));
        }
        Ok(env)
    }

    /// What was read, after telling its warnings.
    fn told<T>(&self, deploy: &Deploy<'_>, read: Result<Read<T>, Mistake>) -> Result<T, Failure> {
        let Read { value, warnings } = read.map_err(|mistake| mistake.problem())?;
        for warning in warnings {
            deploy.context.log.say(format!("Warning: {}", warning.problem().title));
        }
        Ok(value)
    }

    /// The text of one of the files; none where the app has none.
    async fn text(
        &self,
        deploy: &Deploy<'_>,
        files: &Files,
        sha: &CommitSha,
        file: RepoFile,
    ) -> Result<Option<String>, Failure> {
        let path = path_of(file, &files.folder);
        let path = path.parse().map_err(|_| Failure::internal("a file's path is no path"))?;
        match self.git_of(deploy).read_file(&deploy.app.id, sha, &path, file.most_bytes() as u64 + 1).await {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(git::Error::NoSuchFile { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
