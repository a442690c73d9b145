//! `Procfile`: the commands of an app's processes, one a line.
//!
//! The rules are those of dokku-contract.md, 2.2, and of the strict mode of
//! <https://github.com/dokku/procfile-util>: one line that does not parse makes the file invalid,
//! because a guess past a merge marker ships a broken release.

use serde::{Deserialize, Serialize};

use super::{
    CommandLine, Mistake, RepoFile,
    position::{is_unsafe, quoted},
};
use crate::{deploy::container::ProcessName, name::Refused};

/// How many processes an app has at most.
pub const MOST_PROCESSES: usize = 50;

/// The process type that runs once before the switch and is never scaled.
pub const RELEASE: &str = "release";

/// One line of a `Procfile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The process type.
    pub name: ProcessName,
    /// What it runs.
    pub command: CommandLine,
}

/// The commands of an app's processes, in the file's order. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Procfile {
    entries: Vec<Entry>,
}

impl Procfile {
    /// Reads a file's text: `type: command` lines, blank lines, comments that begin with `#` or
    /// `//`, at a line's start or behind white space; line feeds or CRLF.
    ///
    /// # Errors
    /// The first line that is none of these, with what is wrong about it.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let text = RepoFile::Procfile.open(text)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut offset = 0;
        for whole in text.split_inclusive('\n') {
            let line = whole.trim();
            let start = offset + (whole.len() - whole.trim_start().len());
            offset += whole.len();
            if line.is_empty() || begins_comment(line) {
                continue;
            }
            let refuse = |at: usize, what: String| Mistake::new(RepoFile::Procfile, text, start + at, what);
            let entry = entry(line).map_err(|(at, what)| refuse(at, what))?;
            if entries.iter().any(|earlier| earlier.name == entry.name) {
                return Err(refuse(0, format!("there are two processes called {}.", entry.name)));
            }
            if entries.len() == MOST_PROCESSES {
                return Err(refuse(0, format!("an app has at most {MOST_PROCESSES} processes.")));
            }
            entries.push(entry);
        }
        if entries.is_empty() {
            return Err(Mistake::new(RepoFile::Procfile, text, 0, "the file names no process, like `web: ./serve`."));
        }
        Ok(Self { entries })
    }

    /// The processes that can be scaled: all but `release`, in the file's order.
    pub fn processes(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.name.as_str() != RELEASE)
    }

    /// What runs once in the new image before the switch.
    #[must_use]
    pub fn release(&self) -> Option<&CommandLine> {
        self.find(RELEASE)
    }

    /// The command of a process type, `release` included.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&CommandLine> {
        self.entries.iter().find(|entry| entry.name.as_str() == name).map(|entry| &entry.command)
    }
}

/// Reads a line that is neither blank nor a comment; a mistake has its byte within the line.
fn entry(line: &str) -> Result<Entry, (usize, String)> {
    if let Some(at) = line.find(|c| is_unsafe(c) && c != '\t') {
        let code = line[at..].chars().next().map_or(0, u32::from);
        return Err((at, format!("there is a control character (U+{code:04X}).")));
    }
    let Some(colon) = line.find(':') else {
        return Err((0, not_a_line(line)));
    };
    let typed = line[..colon].trim_end();
    if typed.is_empty() {
        return Err((0, "there is no process type before the colon.".to_owned()));
    }
    // A sentence with a colon in it is no process, and neither is a line of a merge conflict.
    if typed.contains(char::is_whitespace) || typed.starts_with(['<', '=', '>', '|']) {
        return Err((0, not_a_line(line)));
    }
    let name = typed.parse().map_err(|Refused(what)| (0, format!("{} is no process type. {what}", quoted(typed))))?;
    let rest = &line[colon + 1..];
    let command_at = colon + 1 + (rest.len() - rest.trim_start().len());
    let command = without_comment(rest.trim_start());
    if command.is_empty() || begins_comment(command) {
        return Err((command_at, format!("there is no command for {}.", quoted(typed))));
    }
    let command = command.parse().map_err(|Refused(what)| (command_at, what.to_owned()))?;
    Ok(Entry { name, command })
}

fn not_a_line(line: &str) -> String {
    let marker = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker));
    if marker {
        "this is the mark of a merge conflict; resolve it first.".to_owned()
    } else {
        "this is no line like `type: command`, and no comment.".to_owned()
    }
}

fn begins_comment(text: &str) -> bool {
    text.starts_with('#') || text.starts_with("//")
}

/// The command without its trailing comment. As in Dokku, the comment begins at the last `#` that
/// has white space before it and something behind it, else at the last such `//`; quotes are not
/// looked at.
fn without_comment(command: &str) -> &str {
    let cut = |mark: &str| {
        let mut places = command.char_indices().rev().map(|(at, _)| at);
        places.find(|at| {
            let behind = command[*at..].strip_prefix(mark);
            behind.is_some_and(|behind| !behind.is_empty()) && command[..*at].ends_with([' ', '\t'])
        })
    };
    cut("#").or_else(|| cut("//")).map_or(command, |at| &command[..at]).trim()
}

#[cfg(test)]
mod tests;
