//! Places where a test makes a job fail or die. Empty in a running panel.

use std::sync::{Arc, Mutex, PoisonError};

/// Before or after a step's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before the step does anything.
    Before,
    /// After it has done everything, before that is written down.
    After,
}

/// What happens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The step reports a failure.
    Fail,
    /// The runner stops as if the process had been killed: nothing more is written.
    Die,
    /// The step is done once more.
    Repeat,
}

/// Where a fault is planted; it goes off once.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<(String, When, Fault)>>>);

impl Faults {
    /// Plants a fault at a step.
    pub fn plant(&self, step: &str, when: When, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((step.to_owned(), when, fault));
    }

    /// Whether all planted faults have gone off.
    #[must_use]
    pub fn all_went_off(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes the fault planted there, if one is.
    pub(crate) fn take(&self, step: &str, when: When) -> Option<Fault> {
        let mut planted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = planted.iter().position(|(name, at, _)| name == step && *at == when)?;
        Some(planted.remove(at).2)
    }
}
