//! Ranges of other panels on this host, and the lock under which one is chosen.

use std::{io, os::fd::OwnedFd, time::Duration};

use homeport_model::deploy::address::VirtualRange;
use rustix::fs::{self, FlockOperation, Mode, OFlags};
use tokio::time::{Instant, sleep};

use super::Error;

/// Beside the kernel's own state: it is gone after a boot, as the tables are.
const LOCK: &str = "/run/homeport-nat.lock";
const WAIT: Duration = Duration::from_secs(20);

/// Waits for the host-wide lock; it is released when the value is dropped.
pub(super) async fn lock() -> Result<OwnedFd, Error> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = fs::open(LOCK, flags, Mode::from_raw_mode(0o600)).map_err(|e| Error::Lock(e.into()))?;
    let deadline = Instant::now() + WAIT;
    loop {
        match fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => sleep(Duration::from_millis(10)).await,
            Err(error) => return Err(Error::Lock(io::Error::from(error))),
        }
    }
}

/// The ranges that a table's text speaks of.
pub(super) fn in_text(text: &str) -> Vec<VirtualRange> {
    let mut found: Vec<VirtualRange> = text
        .split("ip daddr 10.98.")
        .skip(1)
        .filter_map(|rest| rest.split_once(".0/24")?.0.parse().ok())
        .map(VirtualRange::new)
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_from_rules() {
        let text = "chain out {\n ip daddr 10.98.7.0/24 dnat to ip daddr map @web\n}\n ip daddr 10.98.7.0/24 reject";
        assert_eq!(in_text(text), [VirtualRange::new(7)]);
        assert_eq!(in_text("ip daddr 10.98.x.0/24"), []);
    }
}
