//! Storage and ports of a release: its volumes are there before its containers are, and no path is
//! given that leads, behind its links, into the server itself.

use std::{io, path::Path};

use homeport_model::{
    app::{HostFolder, Mount, Owner, Storage},
    deploy::container::{Grants, ProcessName},
    problem::{Code, Problem},
};

use super::work::{Deploy, DeployWork};
use crate::{
    drivers::{
        docker,
        system::fsroot::{FsRoot, real_path_of},
    },
    failure::Failure,
};

impl DeployWork {
    /// What a container of `process` is given.
    pub(super) fn grants(&self, deploy: &Deploy<'_>, process: &ProcessName) -> Result<Grants, Failure> {
        let (needs, app) = (&deploy.release.spec.needs, &deploy.app.spec.name);
        let kept: Vec<String> = self.apps.parts.host.state_folder().into_iter().collect();
        let behind = |mount: &Mount, path: &HostFolder| behind_links(mount, path, &kept).map_err(Failure::from);
        Grants::of(needs, process, self.engines.docker.namespace(), app, behind)
    }

    /// Makes the volumes and folders that the release needs, each with its owner. What is there
    /// already, with something in it, stays as it is.
    pub(super) async fn provide_storage(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let needs = &deploy.release.spec.needs;
        for (name, owner) in needs.volumes() {
            let volume = self.engines.docker.ensure_volume(&deploy.app.id, &deploy.app.spec.name, name).await?;
            if let Owner::Ids { user, group } = owner {
                own_if_empty(&volume.folder, user, group)
                    .map_err(|error| not_made(&format!("The volume {name}"), &error))?;
            }
        }
        let folders = needs.mounts.iter().filter_map(|mount| match &mount.from {
            Storage::Folder { path } => Some((mount, path)),
            Storage::Volume { .. } => None,
        });
        let mut kept = None;
        for (mount, path) in folders {
            let kept = match &mut kept {
                Some(kept) => kept,
                empty => {
                    let state = self.apps.parts.host.state_folder();
                    empty.insert(state.into_iter().chain([self.engines.docker.data_root().await?]).collect::<Vec<_>>())
                }
            };
            if !mount.read_only {
                make_folder(mount, path, kept)?;
            }
            behind_links(mount, path, kept)?;
        }
        Ok(())
    }
}

/// What a host's path is behind its links; refused where that is a part of the server or of `kept`.
fn behind_links(mount: &Mount, path: &HostFolder, kept: &[String]) -> Result<HostFolder, Problem> {
    let real = real_path_of(path.as_str()).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            refuse(format!("{path} is not there on this server.")).hint("Make it first, or mount a volume instead.")
        }
        _ => refuse(format!("{path} could not be looked at: {error}.")),
    })?;
    acceptable(mount, path, &real, kept)
}

fn acceptable(mount: &Mount, path: &HostFolder, real: &Path, kept: &[String]) -> Result<HostFolder, Problem> {
    let text = real.to_str().unwrap_or_default();
    let folder: HostFolder =
        text.parse().map_err(|refused| refuse(format!("{path} leads to {text}, which no app may have. {refused}")))?;
    if folder.is_read_only() && !mount.read_only {
        return Err(refuse(format!("{path} leads to a part of the server, which an app may only read.")));
    }
    if !folder.is_clear_of(kept) {
        return Err(refuse(format!("{path} leads to where Homeport or Docker keep what is theirs, or above it.")));
    }
    Ok(folder)
}

fn refuse(title: String) -> Problem {
    Problem::new(Code::Invalid, title).hint("Change it on the Storage & ports page.")
}

/// Makes a folder that is not there yet, below one that is.
fn make_folder(mount: &Mount, path: &HostFolder, kept: &[String]) -> Result<(), Problem> {
    let wanted = Path::new(path.as_str());
    let (Some(parent), Some(name)) = (wanted.parent(), wanted.file_name()) else { return Ok(()) };
    if real_path_of(wanted).is_ok() {
        return Ok(());
    }
    let parent =
        real_path_of(parent).map_err(|_| refuse(format!("{} is not there on this server.", parent.display())))?;
    acceptable(mount, path, &parent.join(name), kept)?;
    let made = FsRoot::open(&parent).and_then(|parent| {
        parent.create_folder(name, 0o755)?;
        match mount.owner {
            Owner::Ids { user, group } => parent.set_owner(name, user, group),
            Owner::Image => Ok(()),
        }
    });
    made.map_err(|error| not_made(path.as_str(), &error))
}

/// Gives an empty folder to its owner; one with something in it has one already.
fn own_if_empty(folder: &Path, user: u32, group: u32) -> io::Result<()> {
    let folder = FsRoot::open(folder)?;
    if folder.names(".")?.is_empty() { folder.set_owner(".", user, group) } else { Ok(()) }
}

fn not_made(what: &str, error: &io::Error) -> Problem {
    Problem::new(Code::Engine, format!("{what} could not be given to its owner: {error}."))
        .hint("Homeport has to run as root, on the host of the Docker engine.")
}

/// The engine's words about a port that is taken, as words about which one.
pub(super) fn port_taken(error: docker::Error, grants: &Grants) -> Failure {
    if let docker::Error::Engine { message, .. } = &error
        && ["port is already allocated", "address already in use"].iter().any(|words| message.contains(words))
    {
        let named = |port: &&homeport_model::app::Published| {
            let after = message.split(&format!(":{}", port.host)).nth(1);
            after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
        };
        let which = grants.published.iter().find(named).or(grants.published.first());
        let port = which.map_or_else(|| "A published port".to_owned(), |port| format!("Port {}", port.host_side()));
        return Problem::new(Code::Conflict, format!("{port} is taken on this server."))
            .hint("Stop what listens there, or publish another port on the Storage & ports page.")
            .into();
    }
    error.into()
}
