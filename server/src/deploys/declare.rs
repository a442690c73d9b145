//! What the files of a commit say: which builder they call for, `Procfile`, `app.json`, `CHECKS`;
//! of a static site, `_redirects` and `_headers`.

use homeport_model::{
    app::{Builder, Files},
    build::{AppJson, ChecksFile, Mistake, Procfile, Read, RepoFile, headers_file, redirects_file},
    deploy::{
        Declared, SiteRules,
        declared::{choose_builder, path_of},
    },
    name::{CommitSha, EnvKey},
};

use super::{
    store,
    work::{Deploy, DeployWork},
};
use crate::{apps::env::open_env, drivers::git, failure::Failure};

impl DeployWork {
    /// Reads what the files say and keeps it with the release.
    pub(super) async fn declare(&self, deploy: &Deploy<'_>, files: &Files, sha: &CommitSha) -> Result<(), Failure> {
        let tree = self.engines.git.list_tree(&deploy.app.id, sha).await?;
        let names: Vec<&str> = tree.below(&files.folder)?.into_iter().map(|(path, _)| path).collect();
        let builder = choose_builder(&files.builder, |name| names.contains(&name))?;
        deploy.context.log.say(format!("Builder: {}.", builder.kind().as_str()));
        let procfile = self.text(deploy, files, sha, RepoFile::Procfile).await?;
        let procfile = procfile.map(|text| Procfile::parse(&text)).transpose().map_err(|mistake| mistake.problem())?;
        let app_json = match self.text(deploy, files, sha, RepoFile::AppJson).await? {
            Some(text) => self.told(deploy, AppJson::parse(&text))?,
            None => AppJson::default(),
        };
        let checks = match self.text(deploy, files, sha, RepoFile::Checks).await? {
            Some(text) => {
                let env = open_env(&self.apps.parts.sealer, &deploy.release.app, &deploy.release.env)?;
                let read = ChecksFile::parse(&text, |key: &EnvKey| env.get(key).cloned());
                read.map_err(|mistake| mistake.problem())?.to_healthchecks()
            }
            None => Vec::new(),
        };
        let site = match &builder {
            Builder::Static { spa } => self.site_rules(deploy, files, sha, *spa).await?,
            Builder::Dockerfile { .. } | Builder::Auto => SiteRules::default(),
        };
        let declared = Declared { builder: Some(builder), procfile, app_json, checks, site };
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
        match self.engines.git.read_file(&deploy.app.id, sha, &path, file.most_bytes() as u64 + 1).await {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(git::Error::NoSuchFile { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
