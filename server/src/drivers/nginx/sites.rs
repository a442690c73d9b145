//! Static sites: a folder for each release, and a link to the live one that is swapped in one step.

use homeport_model::{
    domain::vhost::HostPath,
    id::{AppId, ReleaseId},
};

use super::Error;
use crate::drivers::system::fsroot::FsRoot;

const LIVE: &str = "current";

/// The folders of all sites.
#[derive(Debug, Clone)]
pub struct Sites {
    root: FsRoot,
    path: HostPath,
}

impl Sites {
    pub(super) fn new(root: FsRoot, path: HostPath) -> Self {
        Self { root, path }
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &HostPath {
        &self.path
    }

    /// An empty folder to fill for a release. What an earlier try left behind is removed.
    pub fn begin(&self, app: &AppId, release: &ReleaseId) -> Result<FsRoot, Error> {
        let begin = || {
            self.root.create_folder(app.as_str(), 0o711)?;
            for name in self.root.names(app.as_str())?.iter().filter(|name| name.starts_with('.')) {
                self.root.remove_tree(format!("{app}/{name}"))?;
            }
            let staging = staging(app, release);
            self.root.create_folder(&staging, 0o711)?;
            self.root.sub(&staging)
        };
        begin().map_err(Error::Files)
    }

    /// Makes the filled folder the release's. Where the release has one already, that one stays.
    pub fn finish(&self, app: &AppId, release: &ReleaseId) -> Result<(), Error> {
        let folder = format!("{app}/{release}");
        let finish = || {
            if self.root.exists(&folder) {
                return self.root.remove_tree(staging(app, release));
            }
            self.root.rename(staging(app, release), &folder)
        };
        finish().map_err(Error::Files)
    }

    /// Makes a release the live one.
    pub fn switch(&self, app: &AppId, release: &ReleaseId) -> Result<(), Error> {
        if !self.root.exists(format!("{app}/{release}")) {
            return Err(Error::Files(std::io::ErrorKind::NotFound.into()));
        }
        self.root.swap_link(format!("{app}/{LIVE}"), release.as_str()).map_err(Error::Files)
    }

    /// The live release, if there is one.
    pub fn live(&self, app: &AppId) -> Result<Option<ReleaseId>, Error> {
        if !self.root.exists(app.as_str()) {
            return Ok(None);
        }
        let target = self.root.read_link(format!("{app}/{LIVE}")).map_err(Error::Files)?;
        Ok(target.and_then(|target| target.parse().ok()))
    }

    /// The releases that have a folder, oldest first.
    pub fn releases(&self, app: &AppId) -> Result<Vec<ReleaseId>, Error> {
        let names = self.root.names(app.as_str()).map_err(Error::Files)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Removes a release's folder, finished or not.
    pub fn remove(&self, app: &AppId, release: &ReleaseId) -> Result<(), Error> {
        self.root.remove_tree(staging(app, release)).map_err(Error::Files)?;
        self.root.remove_tree(format!("{app}/{release}")).map_err(Error::Files)
    }

    /// Removes an app's folder.
    pub fn remove_app(&self, app: &AppId) -> Result<(), Error> {
        self.root.remove_tree(app.as_str()).map_err(Error::Files)
    }

    /// The apps that have a folder.
    pub fn apps(&self) -> Result<Vec<AppId>, Error> {
        let names = self.root.names(".").map_err(Error::Files)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }
}

fn staging(app: &AppId, release: &ReleaseId) -> String {
    format!("{app}/.{release}")
}
