//! What visitors asked of an app and how it answered: read from nginx's access log, counted by the
//! minute, rolled up, and shown.
//!
//! Addresses and paths stay in the log files, which are rotated; what is kept for longer is numbers
//! only. A query never gets as far as the log, because tokens stand there.

mod bucket;
mod entry;
mod histogram;
mod line;
mod page;
mod window;

pub use bucket::{Bucket, Class, Grain, NotABucket};
pub use entry::{Entries, Entry, MOST_ENTRIES, Which};
pub use histogram::{Histogram, P50, P95, P99};
pub use line::{LOG_FORMAT, PATH_VARIABLE, PROBE_AGENT, PROBE_VARIABLE, Request, Unreadable, moment};
pub use page::{Busiest, Hole, Known, Point, Times, Totals, TrafficForm, TrafficPage, TrafficQuery, shown};
pub use window::Window;

/// All access logs together have about this many bytes at most, the old ones included.
const MOST_LOG_BYTES: u64 = 256 << 20;

/// Above which size a log is begun anew, for a host with so many apps; one old file of each is kept.
#[must_use]
pub fn rotate_above_bytes(apps: usize) -> u64 {
    // The panel's own and the errors' count as two more.
    let files = u64::try_from(apps).unwrap_or(u64::MAX).saturating_add(2).saturating_mul(2);
    (MOST_LOG_BYTES / files.max(1)).clamp(512 << 10, 8 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_logs_together_are_bounded() {
        assert_eq!(rotate_above_bytes(0), 8 << 20);
        assert_eq!(rotate_above_bytes(usize::MAX), 512 << 10);
        for apps in 0..=254 {
            let files = 2 * (apps as u64 + 2);
            assert!(rotate_above_bytes(apps) * files <= MOST_LOG_BYTES + (8 << 20), "{apps}");
        }
    }
}
