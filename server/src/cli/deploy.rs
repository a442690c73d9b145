//! `homeport deploy`: asks a panel over `/api/v1`, follows the log, and ends as the deploy ends.

use std::{
    fs::File,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use clap::Args;
use homeport_model::{
    api::{ApiDeploy, ApiDeployRequest, ApiLog},
    job::JobState,
    name::{AppName, CommitRef},
};
use serde::Deserialize;

use super::{
    announce,
    client::{FAILED, LOOK_EVERY, NO_PERMISSION, Panel, Trouble, complain, ended, explain, read},
};
use crate::{config::Origin, drivers::system::fsroot::FsRoot};

/// The archive cannot be read.
const NO_INPUT: u8 = 66;

const UPLOADED_WITHIN: Duration = Duration::from_secs(30 * 60);

/// What to deploy, and where.
#[derive(Debug, Args)]
pub struct DeployOptions {
    /// The app's name.
    pub app: AppName,

    /// Another tag or digest of the app's image; the app keeps it.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// One commit of the app's repository: its id, or the first seven digits of it at the least.
    #[arg(long = "ref", value_name = "SHA", conflicts_with = "image")]
    pub commit: Option<CommitRef>,

    /// An archive of the app's files (.tar, .tar.gz, .zip) that is uploaded and deployed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["image", "commit"])]
    pub archive: Option<PathBuf>,

    /// Build without anything that earlier builds left.
    #[arg(long, conflicts_with_all = ["image", "archive"])]
    pub no_cache: bool,

    /// The panel's address. The token is taken from the variable HOMEPORT_TOKEN, so that no list of
    /// processes shows it.
    #[arg(long, env = "HOMEPORT_PANEL", value_name = "URL")]
    pub panel: Origin,
}

#[derive(Deserialize)]
struct Accepted {
    deploy: u32,
    url: String,
}

/// Deploys and returns the exit code.
#[must_use]
pub fn deploy(options: &DeployOptions) -> u8 {
    let Some(panel) = Panel::of_environment(&options.panel, &options.app) else { return NO_PERMISSION };
    let asked = match &options.archive {
        Some(path) => match open(path) {
            Ok(file) => panel.upload(path, file),
            Err(error) => {
                complain(&format!("{} cannot be read: {error}.", path.display()));
                return NO_INPUT;
            }
        },
        None => panel.ask(&ApiDeployRequest {
            image: options.image.clone(),
            commit: options.commit.clone().map(String::from),
            no_cache: options.no_cache,
        }),
    };
    ended(asked.and_then(|accepted| panel.follow(&accepted)), &options.panel)
}

/// Opens a file that the person named.
fn open(path: &Path) -> std::io::Result<File> {
    let absolute = std::path::absolute(path)?;
    let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(std::io::ErrorKind::InvalidInput.into());
    };
    FsRoot::open(folder)?.reader(name)
}

impl Panel {
    fn follow(&self, Accepted { deploy, url }: &Accepted) -> Result<u8, Trouble> {
        announce(&format!("Release {deploy} is on its way: {url}"));
        let mut after = 0;
        loop {
            let log: ApiLog = self.get(&format!("/deploys/{deploy}/log?after={after}"))?;
            for line in &log.lines {
                announce(&line.text);
                after = line.number;
            }
            if log.ended {
                break;
            }
            if log.lines.is_empty() {
                sleep(LOOK_EVERY);
            }
        }
        let done: ApiDeploy = self.get(&format!("/deploys/{deploy}"))?;
        if done.state == JobState::Succeeded {
            announce(&format!("Release {deploy} is live: {}", done.url));
            return Ok(0);
        }
        match &done.problem {
            Some(problem) => explain(problem),
            None => complain(&format!("Release {deploy} did not go live.")),
        }
        Ok(FAILED)
    }

    /// Asks for the deploy, once: asked twice, it might be done twice.
    fn ask(&self, asked: &ApiDeployRequest) -> Result<Accepted, Trouble> {
        let request = self.agent.post(format!("{}/deploys", self.app)).header("authorization", self.bearer());
        read(request.send_json(asked))
    }

    /// Sends an archive, once.
    fn upload(&self, path: &Path, file: File) -> Result<Accepted, Trouble> {
        let called = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let request = self
            .agent
            .post(format!("{}/archive", self.app))
            .query("name", called)
            .header("authorization", self.bearer())
            .header("content-type", "application/octet-stream");
        read(request.config().timeout_global(Some(UPLOADED_WITHIN)).build().send(file))
    }
}
