//! Where in a file something is wrong, and the sentence that says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A place in a text. Both count from 1; a column is a character, a tab counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character within the line.
    pub column: u32,
}

impl Position {
    /// The place of a byte of `text`; the end is a place too, and whatever lies behind it.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            line: count(before.matches('\n').count()).saturating_add(1),
            column: count(before[start..].chars().count()).saturating_add(1),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A file of the repository that the panel reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RepoFile {
    /// `Procfile`
    Procfile,
    /// `app.json`
    #[serde(rename = "app.json")]
    AppJson,
    /// `CHECKS`
    #[serde(rename = "CHECKS")]
    Checks,
    /// `_redirects`
    #[serde(rename = "_redirects")]
    Redirects,
    /// `_headers`
    #[serde(rename = "_headers")]
    Headers,
    /// `project.toml`
    #[serde(rename = "project.toml")]
    ProjectToml,
}

impl RepoFile {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Procfile => "Procfile",
            Self::AppJson => "app.json",
            Self::Checks => "CHECKS",
            Self::Redirects => "_redirects",
            Self::Headers => "_headers",
            Self::ProjectToml => "project.toml",
        }
    }

    /// The largest one that is read, in bytes.
    #[must_use]
    pub const fn most_bytes(self) -> usize {
        match self {
            // One line of Dokku's parser holds as much.
            Self::Procfile | Self::Checks | Self::Headers | Self::ProjectToml => 64 * 1024,
            Self::AppJson | Self::Redirects => 256 * 1024,
        }
    }

    /// The text without a byte order mark, if it is not too long.
    pub(super) fn open(self, text: &str) -> Result<&str, Mistake> {
        let most = self.most_bytes();
        if text.len() > most {
            return Err(Mistake::new(self, text, most, format!("the file has more than {} KiB.", most / 1024)));
        }
        Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
    }
}

/// Something wrong in a file of the repository. It ends the reading, or it is a warning beside what
/// was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// The file.
    pub file: RepoFile,
    /// Where in it.
    pub at: Position,
    /// Which value, like `healthchecks.web[0].port`; for JSON and TOML, below the top.
    pub path: Option<String>,
    /// What is wrong: the rest of a sentence, safe to show.
    pub what: String,
}

impl Mistake {
    /// A mistake at a byte of the file's text.
    #[must_use]
    pub fn new(file: RepoFile, text: &str, offset: usize, what: impl Into<String>) -> Self {
        Self { file, at: Position::of(text, offset), path: None, what: what.into() }
    }

    /// The mistake as the person meets it; its field is the file's name.
    #[must_use]
    pub fn problem(&self) -> Problem {
        Problem::invalid(self.file.as_str(), self.to_string())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: ", self.file.as_str(), self.at)?;
        if let Some(path) = &self.path {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Mistake {}

/// What a file says, and what is odd about how it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// What it says.
    pub value: T,
    /// What does not stop the deploy but belongs into its log, in the file's order.
    pub warnings: Vec<Mistake>,
}

/// A word of the file, short and safe enough to stand in a sentence.
pub(super) fn quoted(word: &str) -> String {
    let mut shown: String = word.chars().take(40).filter(|c| !is_unsafe(*c)).collect();
    if word.chars().nth(40).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Whether a character could make a terminal or a page show something else than what is there
/// (security.md, C-27). Line breaks and tabs are among them; who allows them says so.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters_from_one() {
        let text = "aé\n\tx\r\n";
        for (offset, line, column) in
            [(0, 1, 1), (1, 1, 2), (2, 1, 2), (3, 1, 3), (4, 2, 1), (5, 2, 2), (8, 3, 1), (99, 3, 1)]
        {
            assert_eq!(Position::of(text, offset), Position { line, column }, "{offset}");
        }
    }

    #[test]
    fn a_mistake_reads_as_a_sentence() {
        let mut mistake = Mistake::new(RepoFile::AppJson, "{\n 1", 3, "this is no key.");
        assert_eq!(mistake.to_string(), "app.json, line 2, column 2: this is no key.");
        mistake.path = Some("env".into());
        assert_eq!(mistake.to_string(), "app.json, line 2, column 2: env: this is no key.");
        assert_eq!(mistake.problem().field.as_deref(), Some("app.json"));
    }

    #[test]
    fn a_mistake_travels_to_the_page() {
        let mistake = Mistake::new(RepoFile::Checks, "x", 0, "no.");
        let json = serde_json::to_string(&mistake).expect("writes");
        assert_eq!(json, r#"{"file":"CHECKS","at":{"line":1,"column":1},"path":null,"what":"no."}"#);
        assert_eq!(serde_json::from_str::<Mistake>(&json).expect("reads"), mistake);
    }

    #[test]
    fn words_are_shown_short_and_harmless() {
        assert_eq!(quoted("we\u{1b}[31mb\u{202e}\n"), "`we[31mb`");
        assert_eq!(quoted(&"x".repeat(99)).chars().count(), 43);
    }
}
