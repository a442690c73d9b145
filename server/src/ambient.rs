//! Time and randomness as values, so that tests move a clock instead of sleeping.
//!
//! The only place that asks the operating system for either (style.md, rule 4).

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use homeport_model::time::Timestamp;
use rand::RngCore;

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Added to the system's time, in ms; tests move it.
    shift_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The time now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    pub fn now(&self) -> Timestamp {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let system = i64::try_from(system).unwrap_or(i64::MAX);
        Timestamp::from_ms(system.saturating_add(self.shift_ms.load(Ordering::Relaxed)))
    }

    /// Moves this clock and its clones by `ms`; for tests.
    pub fn advance_ms(&self, ms: i64) {
        self.shift_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

/// `N` bytes from the operating system's generator.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one generator")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A random number, for the tail of an id.
#[must_use]
pub fn random_u32() -> u32 {
    u32::from_le_bytes(random_bytes())
}
