//! How much of all that is kept may stay.

use crate::{
    deploy::container::{ContainerId, ProcessName},
    id::{AppId, ReleaseId},
    time::Timestamp,
};

/// What a container wrote, kept as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLog {
    /// Its app.
    pub app: AppId,
    /// Its release.
    pub release: ReleaseId,
    /// The release's number.
    pub number: u32,
    /// Its process.
    pub process: ProcessName,
    /// Which one of its kind, from 1.
    pub instance: u32,
    /// The container.
    pub container: ContainerId,
    /// The file's size, in bytes.
    pub size_bytes: u64,
    /// How many lines it has.
    pub lines: u64,
    /// Whether its beginning is not kept.
    pub cut: bool,
    /// When it was kept.
    pub at: Timestamp,
}

/// Those that have to go, oldest first, so that each app has at most a quarter of `total_bytes` and
/// all together have no more than that. The newest of all stays whatever its size.
#[must_use]
pub fn doomed(all: &[KeptLog], total_bytes: u64) -> Vec<&KeptLog> {
    let mut newest_first: Vec<&KeptLog> = all.iter().collect();
    newest_first.sort_by(|one, other| (other.at, &other.container).cmp(&(one.at, &one.container)));
    let mut of_apps: std::collections::BTreeMap<&AppId, u64> = std::collections::BTreeMap::new();
    let mut together = 0_u64;
    let mut gone = Vec::new();
    for (place, log) in newest_first.into_iter().enumerate() {
        let of_app = of_apps.entry(&log.app).or_default();
        let fits = *of_app + log.size_bytes <= total_bytes / 4 && together + log.size_bytes <= total_bytes;
        if place > 0 && !fits {
            gone.push(log);
            // What is older goes too: a log with holes would be hard to read.
            *of_app = total_bytes;
        } else {
            *of_app += log.size_bytes;
            together += log.size_bytes;
        }
    }
    gone.reverse();
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(app: u32, at: i64, size_bytes: u64) -> KeptLog {
        KeptLog {
            app: AppId::new(1, app),
            release: ReleaseId::new(1, 1),
            number: 1,
            process: ProcessName::web(),
            instance: 1,
            container: format!("{at:012x}").parse().expect("an id"),
            size_bytes,
            lines: 1,
            cut: false,
            at: Timestamp::from_ms(at),
        }
    }

    fn ages(all: &[KeptLog], total: u64) -> Vec<i64> {
        doomed(all, total).into_iter().map(|log| log.at.ms()).collect()
    }

    #[test]
    fn the_oldest_go_first_and_one_app_cannot_push_out_the_others() {
        assert!(ages(&[], 100).is_empty());
        assert!(ages(&[log(1, 1, 1_000)], 100).is_empty(), "the newest stays");
        // An app has a quarter of 100.
        assert_eq!(ages(&[log(1, 1, 10), log(1, 2, 10), log(1, 3, 10), log(2, 0, 10)], 100), [1]);
        // No hole: 2 does not fit, so 1 goes as well.
        assert_eq!(ages(&[log(1, 1, 1), log(1, 2, 20), log(1, 3, 10)], 100), [1, 2]);
        let many: Vec<KeptLog> = (0..6).map(|n| log(n, n.into(), 20)).collect();
        assert_eq!(ages(&many, 100), [0], "five times 20 are 100");
    }
}
