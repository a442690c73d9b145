//! Git sources: the kept mirror, the site's folder, the build's context.

use homeport_model::{
    id::AppId,
    name::{GitRef, RelPath, RepoUrl},
    prelude::{Code, Problem},
};

use super::work::{Deploy, DeployWork};
use crate::failure::Failure;

fn soon<T>() -> Result<T, Failure> {
    Err(Problem::new(Code::Unavailable, "Git is not wired yet.").into())
}

impl DeployWork {
    pub(super) async fn fetch_commit(
        &self,
        _deploy: &Deploy<'_>,
        _repo: &RepoUrl,
        _branch: &GitRef,
    ) -> Result<String, Failure> {
        soon()
    }
    pub(super) async fn lay_out(&self, _deploy: &Deploy<'_>, _folder: &RelPath) -> Result<String, Failure> {
        soon()
    }
    pub(super) async fn build_image(
        &self,
        _deploy: &Deploy<'_>,
        _context: &RelPath,
        _file: &RelPath,
    ) -> Result<String, Failure> {
        soon()
    }
    pub(super) async fn remove_mirror(&self, _app: &AppId) -> Result<(), Failure> {
        Ok(())
    }
}
