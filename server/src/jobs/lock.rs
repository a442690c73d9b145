//! One at a time may change an app. The lock is a value that dangerous functions ask for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Proof that its holder alone changes the containers and the vhost of one app.
#[derive(Debug)]
pub struct AppLock {
    subject: String,
    _guard: OwnedMutexGuard<()>,
}

impl AppLock {
    /// The app's id.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

/// Hands out the locks.
#[derive(Debug, Clone, Default)]
pub struct Locks(Arc<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>>);

impl Locks {
    /// Waits for the lock of `subject`.
    pub async fn acquire(&self, subject: &str) -> AppLock {
        let guard = self.of(subject).lock_owned().await;
        AppLock { subject: subject.to_owned(), _guard: guard }
    }

    /// Takes the lock of `subject` when it is free.
    #[must_use]
    pub fn try_acquire(&self, subject: &str) -> Option<AppLock> {
        let guard = self.of(subject).try_lock_owned().ok()?;
        Some(AppLock { subject: subject.to_owned(), _guard: guard })
    }

    fn of(&self, subject: &str) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A lock that nobody holds or waits for is only in this map.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(subject.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time() {
        let locks = Locks::default();
        let held = locks.acquire("a").await;
        assert!(locks.try_acquire("a").is_none());
        assert!(locks.try_acquire("b").is_some());
        drop(held);
        assert_eq!(locks.try_acquire("a").expect("free").subject(), "a");
    }
}
