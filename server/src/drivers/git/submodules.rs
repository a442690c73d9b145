//! Submodules: fetched into the app's own mirror, and shown in their places as if they were part of
//! the tree. Each is fetched by its exact commit, by the rules of `model/src/access/submodule.rs`.

use homeport_model::{
    access::{MOST_DEEP, MOST_SUBMODULES, address_of_submodule},
    id::AppId,
    name::{CommitSha, GitRef, RelPath, RepoUrl},
};

use super::{Error, Git, Kind, Tree, TreeEntry, process, tree::MAX_FILES};
use crate::drivers::process as programs;

/// The file that says where they come from.
const FILE: &str = ".gitmodules";
const MOST_FILE_BYTES: u64 = 256 << 10;
/// Below here the commits are kept from being forgotten.
const REFS: &str = "refs/homeport/submodules";
/// How much of its branches is fetched from a host that gives no commits by id.
const DEEP: u32 = 1_000;

impl Git {
    /// The same mirrors, with submodules in their places, or left out.
    #[must_use]
    pub fn with_submodules(&self, wanted: bool) -> Self {
        Self { submodules: wanted, ..self.clone() }
    }

    /// Fetches the submodules of a commit, and those in them. Says how many there are.
    pub async fn fetch_submodules(
        &self,
        app: &AppId,
        url: &RepoUrl,
        commit: &CommitSha,
        mut on_line: impl FnMut(&str) + Send,
    ) -> Result<usize, Error> {
        let mut waiting = vec![(url.clone(), commit.clone(), String::new(), 1)];
        let mut count = 0;
        while let Some((parent, commit, prefix, depth)) = waiting.pop() {
            let tree = self.own_tree(app, &commit).await?;
            let said = match tree.0.iter().any(|entry| entry.kind == Kind::Submodule) {
                true => self.gitmodules(app, &commit, &tree).await?,
                false => continue,
            };
            for entry in tree.0.iter().filter(|entry| entry.kind == Kind::Submodule) {
                count += 1;
                let path = format!("{prefix}{}", entry.path);
                if depth > MOST_DEEP || count > MOST_SUBMODULES {
                    return Err(Error::TooManySubmodules { most: MOST_SUBMODULES, deep: MOST_DEEP });
                }
                let bad = |why: &'static str| Error::Submodule { path: path.clone(), why };
                let known = said.iter().find(|(of, _)| *of == entry.path);
                let (_, address) =
                    known.ok_or_else(|| bad("the file .gitmodules does not say where it comes from."))?;
                let address = address_of_submodule(&parent, address).map_err(|refused| bad(refused.0))?;
                let wanted: CommitSha = entry.object.parse().map_err(|_| Error::Answer("a submodule's commit"))?;
                on_line(&format!("Submodule {path}: {address}"));
                self.fetch_submodule(app, &address, &wanted, &mut on_line).await?;
                waiting.push((address, wanted, format!("{path}/"), depth + 1));
            }
        }
        Ok(count)
    }

    async fn fetch_submodule(
        &self,
        app: &AppId,
        url: &RepoUrl,
        wanted: &CommitSha,
        on_line: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), Error> {
        if self.has(app, wanted).await {
            return Ok(());
        }
        let protocol = self.protocol(url)?;
        let branch: GitRef = "HEAD".parse().map_err(|_| Error::Answer("a name"))?;
        let all = "+refs/heads/*:refs/homeport/submodule-heads/*".to_owned();
        for (depth, what) in [(1, format!("+{wanted}:{REFS}/{wanted}")), (DEEP, all)] {
            let papers = self.papers(url)?;
            let run = self.fetching(app, protocol, url, depth, &papers).arg(what).limit(self.limits.time);
            match self.watch(app, run, &branch, &papers, on_line).await {
                // git's words for a commit that its host does not give by itself differ.
                Ok(()) | Err(Error::Process(programs::Error::Failed { .. }) | Error::NoSuchRef { .. }) => {}
                Err(error) => return Err(error),
            }
            if self.has(app, wanted).await {
                return self.set_ref(app, &format!("{REFS}/{wanted}"), wanted).await;
            }
        }
        Err(Error::NoSuchCommit { name: wanted.clone().into() })
    }

    /// The paths and addresses that `.gitmodules` says, as git reads it.
    async fn gitmodules(&self, app: &AppId, commit: &CommitSha, tree: &Tree) -> Result<Vec<(String, String)>, Error> {
        let path: RelPath = FILE.parse().map_err(|_| Error::Answer("a path"))?;
        if tree.file(&path)?.size_bytes > MOST_FILE_BYTES {
            return Err(Error::TooLarge { limit_bytes: MOST_FILE_BYTES });
        }
        let run = self.git(app).args(["config", "--no-includes", "-z"]).arg(format!("--blob={commit}:{FILE}"));
        let output = run.args(["--get-regexp", r"^submodule\..*\.(path|url)$"]).run().await.map_err(process)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let values: Vec<(&str, &str)> = text.split('\0').filter_map(|pair| pair.split_once('\n')).collect();
        let paths = values.iter().filter_map(|(key, path)| Some((key.strip_suffix(".path")?, *path)));
        let with_address = paths.filter_map(|(section, path)| {
            let (_, address) = values.iter().find(|(key, _)| key.strip_suffix(".url") == Some(section))?;
            Some((path.to_owned(), (*address).to_owned()))
        });
        Ok(with_address.collect())
    }

    /// Puts the files of submodules that were fetched in their places.
    pub(super) async fn with_their_files(&self, app: &AppId, tree: Tree) -> Result<Tree, Error> {
        let mut entries: Vec<TreeEntry> = Vec::new();
        let mut waiting: Vec<(TreeEntry, usize)> = Vec::new();
        take(tree, "", 1, &mut entries, &mut waiting);
        while let Some((entry, depth)) = waiting.pop() {
            let commit: CommitSha = entry.object.parse().map_err(|_| Error::Answer("a submodule's commit"))?;
            if depth > MOST_DEEP || !self.has(app, &commit).await {
                entries.push(entry);
                continue;
            }
            let prefix = format!("{}/", entry.path);
            take(self.own_tree(app, &commit).await?, &prefix, depth + 1, &mut entries, &mut waiting);
            if entries.len() + waiting.len() > MAX_FILES {
                return Err(Error::TooManyFiles { limit: MAX_FILES });
            }
        }
        Ok(Tree(entries))
    }
}

/// Sorts a tree into files and submodules, with their paths from the very top.
fn take(tree: Tree, prefix: &str, depth: usize, files: &mut Vec<TreeEntry>, submodules: &mut Vec<(TreeEntry, usize)>) {
    for entry in tree.0 {
        let entry = TreeEntry { path: format!("{prefix}{}", entry.path), ..entry };
        if entry.kind == Kind::Submodule { submodules.push((entry, depth)) } else { files.push(entry) }
    }
}
