//! What a commit holds, and single files of it by mode.

use homeport_model::{
    id::AppId,
    name::{CommitSha, RelPath},
};

use super::{Error, Git, process};

/// More files than this are not read.
pub(super) const MAX_FILES: usize = 100_000;
/// Room for their names.
const MAX_LIST_BYTES: usize = 64 << 20;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Whether it may be run.
        executable: bool,
    },
    /// A symbolic link.
    Symlink,
    /// Another repository's commit.
    Submodule,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its path from the top.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its size.
    pub size_bytes: u64,
    /// Its object's id.
    pub(super) object: String,
}

/// All files of a commit, in git's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree(pub Vec<TreeEntry>);

impl Tree {
    /// The regular file at `path`. A link there, or on the way there, is an error of its own.
    pub fn file(&self, path: &RelPath) -> Result<&TreeEntry, Error> {
        let path = path.as_str();
        for entry in &self.0 {
            let below = path.strip_prefix(entry.path.as_str());
            let on_the_way = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            match entry.kind {
                Kind::Symlink if on_the_way => return Err(Error::Symlink { path: entry.path.clone() }),
                Kind::File { .. } if entry.path == path => return Ok(entry),
                _ => {}
            }
        }
        Err(Error::NoSuchFile { path: path.to_owned() })
    }

    /// The entries below `folder`, each with its path from there.
    pub fn below<'a>(&'a self, folder: &RelPath) -> Result<Vec<(&'a str, &'a TreeEntry)>, Error> {
        if folder.is_top() {
            return Ok(self.0.iter().map(|entry| (entry.path.as_str(), entry)).collect());
        }
        let on_the_way = |entry: &&TreeEntry| {
            let rest = folder.as_str().strip_prefix(entry.path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(link) = self.0.iter().filter(on_the_way).find(|entry| entry.kind == Kind::Symlink) {
            return Err(Error::Symlink { path: link.path.clone() });
        }
        let prefix = format!("{folder}/");
        let below: Vec<_> = self.0.iter().filter_map(|e| Some((e.path.strip_prefix(prefix.as_str())?, e))).collect();
        if below.is_empty() { Err(Error::NoSuchFolder { path: folder.to_string() }) } else { Ok(below) }
    }
}

impl Git {
    /// What a commit holds; with submodules where they are wanted and were fetched.
    pub async fn list_tree(&self, app: &AppId, commit: &CommitSha) -> Result<Tree, Error> {
        let tree = self.own_tree(app, commit).await?;
        if self.submodules { self.with_their_files(app, tree).await } else { Ok(tree) }
    }

    /// What a commit itself holds.
    pub(super) async fn own_tree(&self, app: &AppId, commit: &CommitSha) -> Result<Tree, Error> {
        let run = self.git(app).args(["ls-tree", "-r", "-z", "-l", "--full-tree"]).arg(commit.as_str());
        let output = run.limit_bytes(MAX_LIST_BYTES).run().await.map_err(process)?;
        let mut entries = Vec::new();
        for line in output.stdout.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            if entries.len() == MAX_FILES {
                return Err(Error::TooManyFiles { limit: MAX_FILES });
            }
            entries.push(entry(line)?);
        }
        Ok(Tree(entries))
    }

    /// A file's content, at most `limit_bytes` of it, straight from the object database.
    pub async fn read_file(
        &self,
        app: &AppId,
        commit: &CommitSha,
        path: &RelPath,
        limit_bytes: u64,
    ) -> Result<Vec<u8>, Error> {
        let tree = self.list_tree(app, commit).await?;
        let entry = tree.file(path)?;
        if entry.size_bytes > limit_bytes {
            return Err(Error::TooLarge { limit_bytes });
        }
        let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
        let run = self.git(app).args(["cat-file", "blob", &entry.object]).limit_bytes(limit);
        Ok(run.run().await.map_err(process)?.stdout)
    }
}

/// `100644 blob <id>     <size>\t<path>`
fn entry(line: &[u8]) -> Result<TreeEntry, Error> {
    let bad = || Error::BadName { path: String::from_utf8_lossy(line).escape_debug().take(200).collect() };
    let text = std::str::from_utf8(line).map_err(|_| bad())?;
    let (facts, path) = text.split_once('\t').ok_or_else(bad)?;
    let facts: Vec<&str> = facts.split_ascii_whitespace().collect();
    let [mode, _, object, size] = facts[..] else { return Err(bad()) };
    let kind = match mode {
        "100644" | "100664" => Kind::File { executable: false },
        "100755" => Kind::File { executable: true },
        "120000" => Kind::Symlink,
        "160000" => Kind::Submodule,
        _ => return Err(bad()),
    };
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
    if path.len() > 4000
        || !path.split('/').all(|part| is_name(part) && part.len() <= 255)
        || path.contains(char::is_control)
    {
        return Err(bad());
    }
    Ok(TreeEntry { path: path.to_owned(), kind, size_bytes: size.parse().unwrap_or(0), object: object.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mode: &str, path: &str) -> Vec<u8> {
        format!("{mode} blob 45b983be36b73c0788dc9cbcb76cbb80fc7bb057       3\t{path}").into_bytes()
    }

    #[test]
    fn impossible_names_are_refused() {
        for path in ["../x", "a/../b", "/etc/passwd", "a//b", ".git/config", "a/.GIT/hooks", "a\nb", "."] {
            assert!(matches!(entry(&line("100644", path)), Err(Error::BadName { .. })), "{path}");
        }
        assert!(entry(&line("40000", "a")).is_err());
    }

    #[test]
    fn a_link_on_the_way_is_an_error_of_its_own() {
        let tree = Tree(vec![
            entry(&line("120000", "conf")).expect("an entry"),
            entry(&line("100644", "confetti/Dockerfile")).expect("an entry"),
        ]);
        let file = |path: &str| tree.file(&path.parse().expect("a path")).map(|_| ());
        assert!(matches!(file("conf"), Err(Error::Symlink { .. })));
        assert!(matches!(file("conf/Dockerfile"), Err(Error::Symlink { .. })));
        assert!(file("confetti/Dockerfile").is_ok());
        assert!(matches!(file("other"), Err(Error::NoSuchFile { .. })));
        assert!(matches!(tree.below(&"conf/sub".parse().expect("a path")), Err(Error::Symlink { .. })));
    }
}
