//! Tells everybody who listens that something changed, after it has been committed.
//!
//! It carries no data: the page asks again through its ordinary server function. A slow listener
//! loses events and is told so; the next one makes it ask again anyway.

mod logs;

pub use logs::LogHub;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use homeport_model::event::{Event, Topic};
use tokio::sync::broadcast;

/// How many events a slow listener may lag behind.
const BUFFER: usize = 256;

/// Where changes are announced.
#[derive(Debug, Clone)]
pub struct Hub {
    sender: broadcast::Sender<Event>,
    version: Arc<AtomicU64>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { sender: broadcast::channel(BUFFER).0, version: Arc::default() }
    }
}

impl Hub {
    /// Says that `topic` changed. Call it after the commit.
    pub fn announce(&self, topic: Topic) {
        let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        // Nobody listening is fine.
        let _ = self.sender.send(Event { topic, version });
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }

    /// The version of the newest event.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn listeners_hear_in_order() {
        let hub = Hub::default();
        hub.announce(Topic::Host);
        let mut listener = hub.listen();
        hub.announce(Topic::Apps);
        hub.announce(Topic::Account);
        assert_eq!(listener.recv().await.expect("heard"), Event { topic: Topic::Apps, version: 2 });
        assert_eq!(listener.recv().await.expect("heard"), Event { topic: Topic::Account, version: 3 });
    }
}
