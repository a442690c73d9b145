//! A commit's files, as a folder that nginx may serve and as an archive that the engine may build.

use std::{collections::BTreeSet, io::Write};

use homeport_model::{
    deploy::ignore::Ignore,
    id::AppId,
    name::{CommitSha, RelPath},
};

use super::{Error, Git, Kind, TreeEntry, blobs::Blobs};
use crate::drivers::system::{
    fsroot::FsRoot,
    tar_stream::{TarStream, TarWriter},
};

/// Links are short; a longer one is no link.
const MAX_LINK_BYTES: u64 = 4096;
const IGNORE_FILE: &str = ".dockerignore";
const MAX_IGNORE_BYTES: u64 = 1 << 20;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// How many files.
    pub files: u64,
    /// Their size together.
    pub size_bytes: u64,
}

impl Git {
    /// Writes the regular files below `folder` of a commit into an empty folder, readable by
    /// everybody. A link out of `folder` is an error, other links, submodules and git's own files
    /// are left out, and `on_line` hears of it.
    pub async fn export(
        &self,
        app: &AppId,
        commit: &CommitSha,
        folder: &RelPath,
        into: &FsRoot,
        mut on_line: impl FnMut(&str) + Send,
    ) -> Result<Exported, Error> {
        let tree = self.list_tree(app, commit).await?;
        let below = tree.below(folder)?;
        let mut wanted: Vec<(&str, &TreeEntry)> = Vec::new();
        for (path, entry) in below {
            match entry.kind {
                _ if is_gits_own(path) => {}
                Kind::Submodule => on_line(&format!("left out {path}: it is a submodule")),
                Kind::Symlink if entry.size_bytes > MAX_LINK_BYTES => return Err(Error::BadName { path: path.into() }),
                Kind::Symlink | Kind::File { .. } => wanted.push((path, entry)),
            }
        }
        let mut size_bytes = 0u64;
        for (_, entry) in &wanted {
            size_bytes = size_bytes.saturating_add(entry.size_bytes);
        }
        let limit_bytes = self.limits.size_bytes;
        if size_bytes > limit_bytes {
            return Err(Error::TooLarge { limit_bytes });
        }
        let mut exported = Exported::default();
        let mut blobs = Blobs::open(self, app, wanted.iter().map(|(_, entry)| *entry))?;
        for (path, entry) in wanted {
            blobs.next(entry).await?;
            if entry.kind == Kind::Symlink {
                let target = String::from_utf8_lossy(&blobs.whole().await?).into_owned();
                if leads_out(path, &target) {
                    return Err(Error::SymlinkOut { path: entry.path.clone(), target });
                }
                on_line(&format!("left out {path}: it is a symbolic link"));
                continue;
            }
            if let Some((parent, _)) = path.rsplit_once('/') {
                into.create_folder(parent, 0o755).map_err(Error::Files)?;
            }
            let mut file = into.create_file(path, 0o644).map_err(Error::Files)?;
            loop {
                match blobs.piece().await? {
                    [] => break,
                    piece => file.write_all(piece).map_err(Error::Files)?,
                }
            }
            exported.files += 1;
            exported.size_bytes += entry.size_bytes;
        }
        if exported.files == 0 {
            return Err(Error::NoSuchFolder { path: folder.to_string() });
        }
        into.set_mode(".", 0o755).map_err(Error::Files)?;
        into.sync_all().map_err(Error::Files)?;
        Ok(exported)
    }

    /// The files below `folder` of a commit as a build context, written while it is read; what
    /// its `.dockerignore` names stays out, `dockerfile` and the file itself aside. Links stay
    /// links: they are resolved inside the build only.
    pub async fn archive(
        &self,
        app: &AppId,
        commit: &CommitSha,
        folder: &RelPath,
        dockerfile: &RelPath,
    ) -> Result<TarStream, Error> {
        let tree = self.list_tree(app, commit).await?;
        let below = tree.below(folder)?;
        let ignore = self.ignore(app, &below).await?;
        let goes = |path: &str| path == dockerfile.as_str() || path == IGNORE_FILE || !ignore.leaves_out(path);
        let wanted =
            below.into_iter().filter(|(path, _)| goes(path)).map(|(path, entry)| (path.to_owned(), entry.clone()));
        let (mut files, (mut writer, stream)) = (self.files(app, wanted.collect())?, TarStream::pair());
        tokio::spawn(async move {
            match files.pack(&mut writer).await {
                // A reader that went away needs no reason.
                Ok(()) => drop(writer.finish().await),
                Err(error) => writer.fail(&error.to_string()).await,
            }
        });
        Ok(stream)
    }

    /// The files below `folder` of a commit that `takes` takes by their paths there, to be written
    /// into an archive beside other things.
    pub async fn all_files(
        &self,
        app: &AppId,
        commit: &CommitSha,
        folder: &RelPath,
        takes: impl Fn(&str) -> bool + Send,
    ) -> Result<Files, Error> {
        let tree = self.list_tree(app, commit).await?;
        let wanted = tree.below(folder)?.into_iter().filter(|(path, _)| takes(path));
        self.files(app, wanted.map(|(path, entry)| (path.to_owned(), entry.clone())).collect())
    }

    fn files(&self, app: &AppId, mut wanted: Vec<(String, TreeEntry)>) -> Result<Files, Error> {
        wanted.retain(|(_, entry)| entry.kind != Kind::Submodule);
        let mut size_bytes = 0u64;
        for (_, entry) in &wanted {
            size_bytes = size_bytes.saturating_add(entry.size_bytes);
        }
        let limit_bytes = self.limits.size_bytes;
        if size_bytes > limit_bytes {
            return Err(Error::TooLarge { limit_bytes });
        }
        let blobs = Blobs::open(self, app, wanted.iter().map(|(_, entry)| entry))?;
        Ok(Files { blobs, wanted })
    }
}

/// Files of a commit on their way into an archive.
pub struct Files {
    blobs: Blobs,
    wanted: Vec<(String, TreeEntry)>,
}

impl Files {
    /// Writes them, each under its path below the folder.
    pub async fn pack(&mut self, writer: &mut TarWriter) -> Result<(), Error> {
        pack(&mut self.blobs, &self.wanted, writer).await
    }

    /// The folders that they are in, the upper ones first.
    #[must_use]
    pub fn folders(&self) -> BTreeSet<String> {
        let ends = |path: &String| path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect::<Vec<_>>();
        self.wanted.iter().flat_map(|(path, _)| ends(path)).collect()
    }
}

impl Git {
    async fn ignore(&self, app: &AppId, below: &[(&str, &TreeEntry)]) -> Result<Ignore, Error> {
        let Some((_, entry)) = below.iter().find(|(path, _)| *path == IGNORE_FILE) else {
            return Ok(Ignore::default());
        };
        if entry.kind == Kind::Symlink {
            return Err(Error::Symlink { path: entry.path.clone() });
        }
        if entry.size_bytes > MAX_IGNORE_BYTES {
            return Err(Error::TooLarge { limit_bytes: MAX_IGNORE_BYTES });
        }
        let mut blobs = Blobs::open(self, app, std::iter::once(*entry))?;
        blobs.next(entry).await?;
        Ok(Ignore::parse(&String::from_utf8_lossy(&blobs.whole().await?)))
    }
}

async fn pack(blobs: &mut Blobs, wanted: &[(String, TreeEntry)], writer: &mut TarWriter) -> Result<(), Error> {
    for (path, entry) in wanted {
        blobs.next(entry).await?;
        if let Kind::File { executable } = entry.kind {
            writer.file(path, executable, entry.size_bytes).await.map_err(Error::Files)?;
            loop {
                match blobs.piece().await? {
                    [] => break,
                    piece => writer.data(piece).await.map_err(Error::Files)?,
                }
            }
        } else if entry.size_bytes > MAX_LINK_BYTES {
            return Err(Error::BadName { path: path.clone() });
        } else {
            let target = String::from_utf8_lossy(&blobs.whole().await?).into_owned();
            writer.link(path, &target).await.map_err(Error::Files)?;
        }
    }
    Ok(())
}

/// `.gitignore`, `.gitmodules` and the like: no business of visitors.
fn is_gits_own(path: &str) -> bool {
    path.split('/').any(|part| part.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(".git")))
}

/// Whether a link at `path`, both taken from the published folder, leads out of that folder.
fn leads_out(path: &str, target: &str) -> bool {
    if target.starts_with('/') {
        return true;
    }
    let mut depth = path.matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_folder_are_told_from_links_within() {
        for (path, target) in [("a", "/etc/passwd"), ("a", "../x"), ("d/a", "../../x"), ("d/a", "x/../../../y")] {
            assert!(leads_out(path, target), "{path} -> {target}");
        }
        for (path, target) in [("a", "b"), ("d/a", "../b"), ("d/a", "./x/../y"), ("d/e/a", "../../b")] {
            assert!(!leads_out(path, target), "{path} -> {target}");
        }
    }

    #[test]
    fn gits_own_files_are_not_published() {
        assert!(is_gits_own(".gitignore") && is_gits_own("a/.GITmodules") && is_gits_own(".github/workflows/x"));
        assert!(!is_gits_own("a.git") && !is_gits_own(".well-known/x") && !is_gits_own("é"));
    }
}
