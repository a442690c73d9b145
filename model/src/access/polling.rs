//! Asking a host by itself where a branch stands: the net under webhooks that got lost.

use serde::{Deserialize, Serialize};

use crate::{
    name::{CommitSha, Refused},
    problem::Problem,
    time::Timestamp,
};

/// After so many failures in a row the time between two questions grows no more.
const MOST_DOUBLINGS: u32 = 5;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Every how many minutes a host is asked: 1 to 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct PollMinutes(u16);

impl PollMinutes {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// When to ask again, in milliseconds from now: twice as late with every failure in a row, but at
    /// least once a day.
    #[must_use]
    pub fn next_in_ms(self, failures: u32) -> i64 {
        let usual = i64::from(self.0) * 60_000;
        (usual << failures.min(MOST_DOUBLINGS)).min(DAY_MS.max(usual))
    }
}

impl TryFrom<u16> for PollMinutes {
    type Error = Refused;
    fn try_from(number: u16) -> Result<Self, Refused> {
        if (1..=1_440).contains(&number) { Ok(Self(number)) } else { Err(NOT_ONE) }
    }
}

const NOT_ONE: Refused = Refused("A number of minutes from 1 to 1440; empty means never.");

impl std::str::FromStr for PollMinutes {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse::<u16>().ok().filter(|_| digits);
        number.ok_or(NOT_ONE).and_then(Self::try_from)
    }
}

impl From<PollMinutes> for u16 {
    fn from(minutes: PollMinutes) -> Self {
        minutes.0
    }
}

/// What is known when a host has answered.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Where the branch was seen at the last answer, of the same repository and branch.
    pub before: Option<&'a CommitSha>,
    /// The commit of the newest release, if it came from the same repository and branch.
    pub newest: Option<&'a CommitSha>,
    /// Whether a job of the app is queued or runs: it may be about this commit.
    pub busy: bool,
}

/// What an answer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing is written down; the next answer decides.
    Wait,
    /// It is only written down.
    Note,
    /// The branch moved, and nobody told of it.
    Deploy,
}

/// Decides. Each place of a branch leads to one deploy at the most: one that failed, or that a person
/// took back, is not tried again before the branch moves on. An app that was never deployed waits for
/// a person.
#[must_use]
pub fn decide(tip: &CommitSha, known: &Known<'_>) -> Next {
    match known {
        Known { busy: true, .. } => Next::Wait,
        Known { newest: None, .. } => Next::Note,
        Known { newest: Some(newest), .. } if *newest == tip => Next::Note,
        Known { before: Some(before), .. } if *before == tip => Next::Note,
        Known { .. } => Next::Deploy,
    }
}

/// What pages show of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollRow {
    /// Where the branch stood when the host answered last.
    pub tip: Option<CommitSha>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it is asked next.
    pub next_at: Timestamp,
    /// Why it did not answer.
    pub problem: Option<Problem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(digit: char) -> CommitSha {
        digit.to_string().repeat(40).parse().expect("a commit")
    }

    #[test]
    fn a_place_of_the_branch_is_deployed_once() {
        let (a, b, c) = (sha('a'), sha('b'), sha('c'));
        let go = |before: Option<&CommitSha>, newest: Option<&CommitSha>, busy, tip: &CommitSha| {
            decide(tip, &Known { before, newest, busy })
        };
        assert_eq!(go(None, None, false, &a), Next::Note, "never deployed");
        assert_eq!(go(None, Some(&a), false, &a), Next::Note, "deployed already");
        assert_eq!(go(None, Some(&a), false, &b), Next::Deploy, "moved before it was asked for the first time");
        assert_eq!(go(Some(&a), Some(&a), false, &b), Next::Deploy);
        assert_eq!(go(Some(&a), Some(&a), true, &b), Next::Wait, "a webhook's deploy may be under way");
        assert_eq!(go(Some(&b), Some(&a), false, &b), Next::Note, "failed, or taken back");
        assert_eq!(go(Some(&b), Some(&a), false, &c), Next::Deploy);
    }

    #[test]
    fn a_host_that_fails_is_asked_less_often() {
        let five: PollMinutes = "5".parse().expect("minutes");
        let minutes = |failures| five.next_in_ms(failures) / 60_000;
        assert_eq!([0, 1, 2, 5, 6, 4_000_000_000].map(minutes), [5, 10, 20, 160, 160, 160]);
        let day: PollMinutes = "1440".parse().expect("minutes");
        assert_eq!(day.next_in_ms(3), DAY_MS);
        for text in ["", "0", "1441", "-1", "+5", "5m", "1e3", " 5", "99999999999999999999"] {
            assert!(text.parse::<PollMinutes>().is_err(), "{text:?}");
        }
    }
}
