//! What a build may use of this host, so that the sites keep enough.

use homeport_model::{
    domain::vhost::HostPath,
    problem::{Code, Problem},
};

use super::gauges;
use crate::drivers::system::fsroot::FsRoot;

/// What a build may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuildShare {
    /// Memory, swap included.
    pub(crate) memory_bytes: u64,
    /// Processor time, in hundredths of a processor.
    pub(crate) cpu_percent: u32,
}

/// What a build gets at the least, or is not begun.
const LEAST_BUILD_MEMORY: u64 = 128 << 20;
/// Disk that is free before a build begins; a layer of a usual base image takes as much.
const LEAST_BUILD_DISK: u64 = 512 << 20;

/// What a build may use now: the memory it was given, else three quarters of what could be given
/// out; three quarters of the processors, so that the sites keep the rest. `disk` is a folder of the
/// disk that it writes to.
///
/// # Errors
/// When it cannot fit.
pub(crate) fn share_for_a_build(memory_mib: Option<u32>, disk: &HostPath) -> Result<BuildShare, Problem> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    let space = FsRoot::open(disk.as_str()).and_then(|folder| folder.space_bytes());
    // Where the kernel does not tell, the build begins and the engine decides.
    build_share(memory_mib, gauges::memory_available_bytes(), space.ok().map(|(free, _)| free), cores)
}

fn build_share(
    memory_mib: Option<u32>,
    available: Option<u64>,
    disk: Option<u64>,
    cores: u32,
) -> Result<BuildShare, Problem> {
    let refuse = |what: String, hint: &str| Err(Problem::new(Code::Engine, what).hint(hint));
    if let Some(disk) = disk.filter(|disk| *disk < LEAST_BUILD_DISK) {
        let what = format!("Only {} MiB of disk are free, too little for a build.", disk >> 20);
        return refuse(what, "Free some space on the server, then try again.");
    }
    let wanted = memory_mib.map(|mib| u64::from(mib) << 20);
    let available = available.unwrap_or_else(|| wanted.unwrap_or(LEAST_BUILD_MEMORY * 2));
    let memory_bytes = wanted.unwrap_or(available / 4 * 3);
    if memory_bytes > available {
        let what = format!(
            "The build is to have {} MiB of memory, and only {} MiB are free.",
            memory_bytes >> 20,
            available >> 20
        );
        return refuse(what, "Stop something, or give the build less in the app's settings.");
    }
    if wanted.is_none() && memory_bytes < LEAST_BUILD_MEMORY {
        let what = format!("Only {} MiB of memory are free, too little for a build.", available >> 20);
        return refuse(what, "Stop something, add swap, or build elsewhere and deploy the image.");
    }
    Ok(BuildShare { memory_bytes, cpu_percent: (cores * 75).max(50) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_gets_what_fits() {
        let mib = |n: u64| Some(n << 20);
        let share = build_share(None, mib(1_000), mib(10_000), 4).expect("fits");
        assert_eq!(share, BuildShare { memory_bytes: 750 << 20, cpu_percent: 300 });
        let share = build_share(Some(64), mib(100), None, 1).expect("fits");
        assert_eq!(share, BuildShare { memory_bytes: 64 << 20, cpu_percent: 75 });
        for (wanted, available, disk, says) in [
            (None, mib(150), mib(10_000), "Only 150 MiB of memory are free"),
            (Some(2_048), mib(1_024), None, "is to have 2048 MiB of memory, and only 1024 MiB"),
            (None, mib(9_000), mib(511), "Only 511 MiB of disk are free"),
        ] {
            let problem = build_share(wanted, available, disk, 2).expect_err("does not fit");
            assert!(problem.title.contains(says), "{problem}");
        }
    }
}
