//! Users who are nobody special, for programs that read what strangers wrote.

use std::{
    io,
    path::{Path, PathBuf},
};

use rustix::{fs::Mode, process::geteuid};

use super::fsroot::FsRoot;

/// A user of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The id.
    pub id: u32,
    /// The name of its first group.
    pub group: String,
    /// The id of its first group.
    pub group_id: u32,
}

/// The first of `names` that this host has, if this process may become another user at all.
#[must_use]
pub fn nobody(names: &[&str]) -> Option<User> {
    if !geteuid().is_root() {
        return None;
    }
    let etc = FsRoot::open("/etc").ok()?;
    let users = etc.read_text("passwd", 4 << 20).ok()?;
    let groups = etc.read_text("group", 4 << 20).ok()?;
    let field = |line: &str, index: usize| line.split(':').nth(index).map(str::to_owned);
    names.iter().find_map(|name| {
        let user = users.lines().find(|line| field(line, 0).as_deref() == Some(*name))?;
        let (id, group_id) = (field(user, 2)?, field(user, 3)?);
        let group = groups.lines().find(|line| field(line, 2).as_ref() == Some(&group_id))?;
        Some(User {
            name: (*name).to_owned(),
            id: id.parse().ok()?,
            group: field(group, 0)?,
            group_id: group_id.parse().ok()?,
        })
    })
}

/// Lets everybody pass (not read) the folder, and names the first folder above it that nobody may
/// pass, if there is one.
pub fn make_passable(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mode = |folder: &Path| Ok::<_, io::Error>(Mode::from_raw_mode(rustix::fs::stat(folder)?.st_mode));
    let own = mode(folder)?;
    if !own.contains(Mode::XOTH) {
        let open = (own | Mode::XOTH | Mode::XGRP).as_raw_mode() & 0o7777;
        FsRoot::open(folder)?.set_mode(".", open)?;
    }
    for above in folder.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        if !mode(above)?.contains(Mode::XOTH) {
            return Ok(Some(above.to_owned()));
        }
    }
    Ok(None)
}
