//! What the connector is doing, from what is seen of its container and of its own answers.

use serde::{Deserialize, Serialize};

use super::TunnelToken;
use crate::{
    mask::SHOWN,
    problem::{Code, Problem},
    text::clean_line,
};

/// The longest words of `cloudflared` that are shown, in characters.
const MOST_WORDS: usize = 240;

/// What the tunnel is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TunnelState {
    /// There is no token.
    #[default]
    None,
    /// Its container does not run.
    Stopped,
    /// It is being made, or does not answer yet.
    Starting,
    /// It runs and has no connection.
    Connecting {
        /// The last trouble it spoke of.
        said: Option<String>,
    },
    /// Visitors can come in.
    Connected {
        /// How many connections to Cloudflare there are; usually 4.
        connections: u32,
    },
    /// Something has to be done.
    Trouble {
        /// What is wrong, and what to do.
        problem: Problem,
    },
}

/// What is seen of the connector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Whether its process runs.
    pub running: bool,
    /// Whether the engine is about to start it again.
    pub restarting: bool,
    /// How often the engine has started it again.
    pub restarts: u32,
    /// How it ended, where it has.
    pub exit_code: Option<i64>,
    /// Its connections, where it says.
    pub connections: Option<u32>,
    /// The last trouble it wrote of.
    pub said: Option<String>,
}

impl TunnelState {
    /// What follows from what is seen.
    #[must_use]
    pub fn of(seen: &Observed) -> Self {
        match (seen.connections, seen.running) {
            (Some(0), true) => Self::Connecting { said: seen.said.clone() },
            (Some(connections), true) => Self::Connected { connections },
            (None, true) if seen.restarts == 0 || seen.said.is_none() => Self::Starting,
            _ if seen.running || seen.restarting => Self::Trouble { problem: ends(seen) },
            _ => Self::Stopped,
        }
    }

    /// In a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::None => "no tunnel".to_owned(),
            Self::Stopped => "stopped".to_owned(),
            Self::Starting => "starting".to_owned(),
            Self::Connecting { .. } => "connecting".to_owned(),
            Self::Connected { connections: 1 } => "connected with 1 connection".to_owned(),
            Self::Connected { connections } => format!("connected with {connections} connections"),
            Self::Trouble { .. } => "in trouble".to_owned(),
        }
    }
}

fn ends(seen: &Observed) -> Problem {
    let with = seen.exit_code.map_or_else(String::new, |code| format!(" with code {code}"));
    let said = seen.said.as_ref().map_or_else(String::new, |words| format!(" It says: {words}"));
    Problem::new(Code::Engine, format!("cloudflared ends by itself{with}, again and again.{said}"))
        .hint("If it speaks of the token, copy the token anew from Cloudflare and put it here.")
}

/// The connections that `cloudflared`'s `/ready` tells of.
#[must_use]
pub fn connections(answer: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Ready {
        #[serde(rename = "readyConnections")]
        connections: u32,
    }
    serde_json::from_str::<Ready>(answer).ok().map(|ready| ready.connections)
}

/// The last trouble in the end of a log, fit for a page; `token` is in none of it.
#[must_use]
pub fn last_words(lines: &[String], token: &TunnelToken) -> Option<String> {
    let is_trouble = |line: &&String| [" ERR ", " FTL "].iter().any(|mark| line.contains(mark));
    let plain = |line: &&String| ![" INF ", " WRN ", " DBG "].iter().any(|mark| line.contains(mark));
    let found = lines.iter().rev().find(is_trouble).or_else(|| lines.iter().rev().find(plain))?;
    let words =
        found.split_once(" ERR ").or_else(|| found.split_once(" FTL ")).map_or(found.as_str(), |(_, rest)| rest);
    let words = clean_line(&words.replace(token.expose().expose().as_str(), SHOWN));
    let words: String = words.trim().chars().take(MOST_WORDS).collect();
    (!words.is_empty()).then_some(words)
}
