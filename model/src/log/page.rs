//! A log as its page shows it.

use serde::{Deserialize, Serialize};

use super::Written;

/// A release whose lines can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRelease {
    /// Its number.
    pub number: u32,
    /// Whether it serves.
    pub serving: bool,
    /// Whether it never served: it failed, or is on its way.
    pub never_served: bool,
    /// The processes that wrote something or may.
    pub processes: Vec<String>,
}

/// A part of a log, and what there is to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogPage {
    /// Releases with lines, newest first; the serving one is among them in any case.
    pub releases: Vec<LogRelease>,
    /// The release that is shown; none where nothing was ever started.
    pub release: Option<u32>,
    /// The lines, oldest first; empty for a search.
    pub lines: Vec<Written>,
    /// Whether there are older lines than these.
    pub earlier: bool,
    /// Whether there are newer ones.
    pub later: bool,
    /// Whether the log's beginning was not kept.
    pub cut: bool,
    /// Whether a container of it runs, so that more may come.
    pub running: bool,
    /// What a search found.
    pub found: Option<Found>,
    /// What could not be read, in words.
    pub trouble: Option<String>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// How many lines have it, among those that were read.
    pub total: u64,
    /// How many of them are shown: the newest.
    pub shown: u64,
    /// How many lines were read.
    pub read: u64,
    /// Whether the whole log was read before the time was over.
    pub whole: bool,
    /// The newest of them with the lines around each, oldest first.
    pub lines: Vec<FoundLine>,
}

/// A line of a search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundLine {
    /// The line.
    pub line: Written,
    /// Whether it has what was looked for; else it stands beside one that has.
    pub hit: bool,
    /// Whether lines between it and the one above are left out.
    pub gap: bool,
}

/// Lines that have just been written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogBatch {
    /// The lines in their order.
    pub lines: Vec<Written>,
    /// How many came too fast and are left out before them; they are in the log.
    pub skipped: u64,
}
