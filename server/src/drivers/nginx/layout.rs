//! The folders: nginx's own (closed but for its temporary files), the generations in it, and the
//! sites (readable, because the workers are nobody special).

use std::{io::Write, path::Path};

use homeport_model::domain::vhost::{HostPath, HostUser, INSIDE, RenderedFile};

use super::{Error, certificates, history, passwords};
use crate::drivers::system::{fsroot::FsRoot, users};

/// The link to the current generation's folder.
pub(super) const CURRENT: &str = "current";
const GENERATIONS: &str = "generations";
/// Whom the workers run as, the first that this host has.
const WORKERS: [&str; 3] = ["www-data", "nginx", "nobody"];

pub(super) struct Layout {
    pub(super) nginx: FsRoot,
    pub(super) prefix: HostPath,
    pub(super) sites: FsRoot,
    pub(super) sites_path: HostPath,
    pub(super) worker: Option<(HostUser, HostUser)>,
    /// The workers' group, by its number.
    pub(super) worker_group: Option<u32>,
}

pub(super) fn prepare(state: &Path) -> Result<Layout, Error> {
    // nginx and the kernel name folders without links; ours must be the same words.
    let state = FsRoot::open(state).and_then(|root| root.real_path()).map_err(Error::Files)?;
    let path = |name: &str| state.join(name).to_string_lossy().into_owned().try_into().map_err(Error::Path);
    let (prefix, sites_path): (HostPath, HostPath) = (path("nginx")?, path("sites")?);
    let user = users::nobody(&WORKERS);
    if user.is_some()
        && let Some(folder) = users::make_passable(&state).map_err(Error::Files)?
    {
        return Err(Error::Unreachable { folder });
    }
    let nginx = FsRoot::create(state.join("nginx"), 0o711).map_err(Error::Files)?;
    for (folder, mode) in [
        (GENERATIONS, 0o700),
        (history::WRITTEN, 0o700),
        (passwords::PASSWORDS, 0o711),
        ("logs", 0o710),
        ("run", 0o711),
        ("temp", 0o711),
        (INSIDE, 0o710),
    ] {
        nginx.create_folder(folder, mode).map_err(Error::Files)?;
    }
    certificates::prepare(&nginx).map_err(Error::Files)?;
    if let Some(user) = &user {
        // Workers open the logs anew after a rotation.
        nginx.set_owner("logs", 0, user.group_id).map_err(Error::Files)?;
        // Nobody else asks behind the passwords of a site.
        nginx.set_owner(INSIDE, 0, user.group_id).map_err(Error::Files)?;
    }
    let worker_group = user.as_ref().map(|user| user.group_id);
    let worker = user.and_then(|user| Some((user.name.parse().ok()?, user.group.parse().ok()?)));
    let sites = FsRoot::create(state.join("sites"), 0o711).map_err(Error::Files)?;
    Ok(Layout { nginx, prefix, sites, sites_path, worker, worker_group })
}

/// The folder of a generation, below the prefix.
pub(super) fn folder(number: u64) -> String {
    format!("{GENERATIONS}/{number}")
}

pub(super) fn current(root: &FsRoot) -> Result<Option<u64>, Error> {
    let target = root.read_link(CURRENT).map_err(Error::Files)?;
    Ok(target.and_then(|target| target.rsplit('/').next().and_then(|number| number.parse().ok())))
}

/// The generations that are there, ascending.
pub(super) fn numbers(root: &FsRoot) -> Result<Vec<u64>, Error> {
    let names = root.names(GENERATIONS).map_err(Error::Files)?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Writes all files and flushes them together: one flush at the end costs little more than one
/// file's.
pub(super) fn write_generation(root: &FsRoot, number: u64, files: &[RenderedFile]) -> Result<(), Error> {
    let folder = folder(number);
    let write = || {
        root.remove_tree(&folder)?;
        root.create_folder(&folder, 0o700)?;
        let mut open = Vec::with_capacity(files.len());
        for file in files {
            let mut handle = root.create_file(format!("{folder}/{}", file.name), 0o600)?;
            handle.write_all(file.text.as_bytes())?;
            open.push(handle);
        }
        open.iter().try_for_each(|handle| handle.sync_all())?;
        root.sync_folder(&folder)?;
        root.sync_folder(GENERATIONS)
    };
    write().map_err(Error::Files)
}

pub(super) fn remove_generation(root: &FsRoot, number: u64) -> Result<(), Error> {
    root.remove_tree(folder(number)).map_err(Error::Files)
}

pub(super) fn link(root: &FsRoot, number: u64) -> Result<(), Error> {
    root.swap_link(CURRENT, &folder(number)).map_err(Error::Files)
}

/// Removes all but the current generation, the `kept` newest, and the `kept` newest of the older ones that are
/// `spared`.
pub(super) fn prune(root: &FsRoot, kept: usize, spared: impl Fn(u64) -> bool) -> Result<(), Error> {
    let (current, numbers) = (current(root)?, numbers(root)?);
    let mut left = kept;
    let old = numbers.iter().rev().skip(kept).copied().filter(|number| Some(*number) != current);
    for number in old {
        if left > 0 && spared(number) {
            left -= 1;
        } else {
            remove_generation(root, number)?;
        }
    }
    Ok(())
}
