//! The paths in an archive: each one possible, and no two of them the same.

use std::collections::HashMap;

use super::Error;

const MAX_PATH_BYTES: usize = 4_000;
const MAX_PART_BYTES: usize = 255;
/// What macOS puts beside the files of a zip.
const LEFT_OUT: &str = "__MACOSX";

/// A file to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    pub(super) path: String,
    pub(super) executable: bool,
    /// Its number in the import.
    pub(super) mark: u64,
}

/// The paths seen so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    files: Vec<FileName>,
    /// Each path in small letters, with the path as it came and whether it is a file's.
    seen: HashMap<String, (String, bool)>,
}

impl Names {
    /// Reads a path: its parts without `.`; `None` for what is left out, or the top itself.
    pub(super) fn parse(raw: &[u8]) -> Result<Option<String>, Error> {
        let shown = || String::from_utf8_lossy(raw).chars().take(200).flat_map(char::escape_debug).collect::<String>();
        let bad = |why| Error::BadName { path: shown(), why };
        if raw.len() > MAX_PATH_BYTES {
            return Err(Error::LongName { path: shown() });
        }
        let text = std::str::from_utf8(raw).map_err(|_| bad("it is not UTF-8"))?;
        if text.is_empty() {
            return Err(bad("it is empty"));
        }
        if text.starts_with('/') || text.as_bytes().get(1) == Some(&b':') {
            return Err(Error::Absolute { path: shown() });
        }
        if text.contains('\\') {
            return Err(bad("it has a backslash"));
        }
        if text.contains(char::is_control) {
            return Err(bad("it has a control character"));
        }
        let mut parts = Vec::new();
        for part in text.strip_suffix('/').unwrap_or(text).split('/') {
            match part {
                "." => {}
                "" => return Err(bad("a part of it is empty")),
                ".." => return Err(Error::Upwards { path: shown() }),
                part if part.len() > MAX_PART_BYTES => return Err(Error::LongName { path: shown() }),
                part if is_gits_own(part) => return Err(Error::GitsOwn { path: shown() }),
                part => parts.push(part),
            }
        }
        Ok(match parts.first() {
            None | Some(&LEFT_OUT) => None,
            Some(_) => Some(parts.join("/")),
        })
    }

    /// Adds a folder. It may come again.
    pub(super) fn folder(&mut self, path: &str) -> Result<(), Error> {
        self.folders_of(path)?;
        self.see(path, false)
    }

    /// Adds a file.
    pub(super) fn file(&mut self, path: String, executable: bool, mark: u64) -> Result<(), Error> {
        if let Some((above, _)) = path.rsplit_once('/') {
            self.folders_of(above)?;
            self.see(above, false)?;
        }
        self.see(&path, true)?;
        self.files.push(FileName { path, executable, mark });
        Ok(())
    }

    /// The files, as they came.
    pub(super) fn files(&self) -> &[FileName] {
        &self.files
    }

    /// The one folder that everything is in.
    pub(super) fn common_top(&self) -> Option<&str> {
        let mut tops = self.files.iter().map(|file| file.path.split_once('/').map(|(top, _)| top));
        let first = tops.next()??;
        tops.all(|top| top == Some(first)).then_some(first)
    }

    fn folders_of(&mut self, path: &str) -> Result<(), Error> {
        for (at, _) in path.match_indices('/') {
            self.see(&path[..at], false)?;
        }
        Ok(())
    }

    fn see(&mut self, path: &str, is_file: bool) -> Result<(), Error> {
        let Some((known, was_file)) = self.seen.get(&path.to_lowercase()) else {
            self.seen.insert(path.to_lowercase(), (path.to_owned(), is_file));
            return Ok(());
        };
        let path = path.to_owned();
        match (known == &path, *was_file, is_file) {
            (false, ..) => Err(Error::SameButCase { path, other: known.clone() }),
            (true, false, false) => Ok(()),
            (true, true, true) => Err(Error::Twice { path }),
            (true, ..) => Err(Error::FileAndFolder { path }),
        }
    }
}

/// `.git`, and what other file systems take for it.
fn is_gits_own(part: &str) -> bool {
    let without: String =
        part.chars().filter(|c| !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')).collect();
    let plain = without.trim_end_matches([' ', '.']).to_lowercase();
    matches!(plain.split(':').next(), Some(".git" | "git~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn possible_paths_pass_and_lose_their_dots() {
        for (raw, path) in [("a", Some("a")), ("./a/./b/", Some("a/b")), ("./", None), ("__MACOSX/a/._b", None)] {
            assert_eq!(Names::parse(raw.as_bytes()).expect("a path").as_deref(), path, "{raw}");
        }
        assert_eq!(Names::parse(".gitignore".as_bytes()).expect("a path").as_deref(), Some(".gitignore"));
    }

    #[test]
    fn impossible_paths_are_refused_in_their_own_words() {
        let long = "a".repeat(256);
        let deep = "a/".repeat(2_100);
        for (raw, words) in [
            ("/etc/passwd", "absolute"),
            ("C:/x", "absolute"),
            ("a/../../b", "leads out"),
            ("..", "leads out"),
            ("a\\..\\b", "backslash"),
            ("a\0b", "control"),
            ("a\nM 100644 inline b", "control"),
            ("a//b", "empty"),
            ("", "empty"),
            (".git/config", "belongs to git"),
            ("a/.GIT/hooks/x", "belongs to git"),
            ("a/.git./x", "belongs to git"),
            ("a/git~1/x", "belongs to git"),
            ("a/.g\u{200c}it/x", "belongs to git"),
            (&long, "too long"),
            (&deep, "too long"),
        ] {
            let refused = Names::parse(raw.as_bytes()).expect_err(raw).to_string();
            assert!(refused.contains(words), "{raw:?}: {refused}");
        }
        assert!(Names::parse(b"a\xff").is_err());
    }

    #[test]
    fn no_two_paths_are_the_same() {
        let names = |files: &[&str]| {
            let mut names = Names::default();
            for file in files {
                names.file((*file).to_owned(), false, 1)?;
            }
            Ok::<_, Error>(names)
        };
        assert!(matches!(names(&["a", "b/a", "a"]), Err(Error::Twice { .. })));
        assert!(matches!(names(&["Readme", "README"]), Err(Error::SameButCase { .. })));
        assert!(matches!(names(&["a/x", "A/y"]), Err(Error::SameButCase { .. })));
        assert!(matches!(names(&["a", "a/b"]), Err(Error::FileAndFolder { .. })));
        assert!(matches!(names(&["a/b", "a"]), Err(Error::FileAndFolder { .. })));
        assert_eq!(names(&["a/x", "a/b/y"]).expect("good").common_top(), Some("a"));
        assert_eq!(names(&["a/x", "y"]).expect("good").common_top(), None);
    }
}
