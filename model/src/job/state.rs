//! The states of a job. A transition consumes the state and returns the next, or says why not.

use serde::{Deserialize, Serialize};

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// Somebody works on it.
    Running,
    /// Done.
    Succeeded,
    /// Did not work; what it had begun is undone.
    Failed,
    /// Stopped by a person, or replaced by a newer one.
    Cancelled,
    /// The panel died while it ran, and it has not been taken up again yet.
    Interrupted,
}

/// A transition that the rules do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {from:?} job cannot become {to:?}")]
pub struct NotAllowed {
    /// Where it is.
    pub from: JobState,
    /// Where it was to go.
    pub to: JobState,
}

impl JobState {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Reads the store's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::Interrupted]
            .into_iter()
            .find(|state| state.as_str() == word)
    }

    /// Whether nothing more happens to it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// Moves to `to`.
    ///
    /// # Errors
    /// When the rules do not have that step.
    pub const fn to(self, to: Self) -> Result<Self, NotAllowed> {
        use JobState::{Cancelled, Failed, Interrupted, Queued, Running, Succeeded};
        match (self, to) {
            (Queued, Running | Cancelled)
            | (Running, Succeeded | Failed | Cancelled | Interrupted)
            | (Interrupted, Running | Cancelled | Failed) => Ok(to),
            _ => Err(NotAllowed { from: self, to }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_stay() {
        for end in [JobState::Succeeded, JobState::Failed, JobState::Cancelled] {
            assert!(end.is_final());
            for to in [JobState::Queued, JobState::Running, JobState::Succeeded, JobState::Interrupted] {
                assert_eq!(end.to(to), Err(NotAllowed { from: end, to }));
            }
        }
    }

    #[test]
    fn an_interrupted_job_is_taken_up_again() {
        let state = JobState::Queued.to(JobState::Running).and_then(|s| s.to(JobState::Interrupted));
        assert_eq!(state.and_then(|s| s.to(JobState::Running)), Ok(JobState::Running));
    }

    #[test]
    fn words_read_back() {
        for word in ["queued", "running", "succeeded", "failed", "cancelled", "interrupted"] {
            assert_eq!(JobState::from_word(word).map(JobState::as_str), Some(word));
        }
        assert_eq!(JobState::from_word("done"), None);
    }
}
