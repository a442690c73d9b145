//! Reads the host's figures from the kernel.

use homeport_model::{host::HostGauges, time::Timestamp};

use crate::drivers::system::{fsroot::FsRoot, procfs};

/// Processor time since the boot, in ticks.
pub(super) struct CpuTimes {
    busy: u64,
    all: u64,
}

impl CpuTimes {
    /// The busy share between two looks, in hundredths of a percent.
    pub(super) fn busy_until(&self, later: &Self) -> Option<u32> {
        let all = later.all.checked_sub(self.all).filter(|all| *all > 0)?;
        let busy = later.busy.saturating_sub(self.busy);
        u32::try_from((busy * 10_000) / all).ok()
    }
}

/// The processors' times, from the first line of `/proc/stat`.
pub(super) fn cpu_times() -> Option<CpuTimes> {
    parse_cpu(&procfs::text("stat")?)
}

fn parse_cpu(stat: &str) -> Option<CpuTimes> {
    let fields: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).take(8).map_while(|field| field.parse().ok()).collect();
    let all: u64 = fields.iter().sum();
    // user nice system idle iowait irq softirq steal
    let idle = fields.get(3)? + fields.get(4)?;
    Some(CpuTimes { busy: all - idle, all })
}

/// All figures; `None` where the kernel does not tell.
pub(super) fn read(state: &FsRoot, cpu_busy_centipercent: Option<u32>, now: Timestamp) -> Option<HostGauges> {
    let memory = procfs::text("meminfo")?;
    let (disk_available_bytes, disk_total_bytes) = state.space_bytes().ok()?;
    Some(HostGauges {
        cpu_busy_centipercent,
        cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
        memory_available_bytes: memory_field(&memory, "MemAvailable:")?,
        memory_total_bytes: memory_field(&memory, "MemTotal:")?,
        disk_available_bytes,
        disk_total_bytes,
        observed_at: now,
    })
}

/// Memory that could be given out now.
pub(super) fn memory_available_bytes() -> Option<u64> {
    memory_field(&procfs::text("meminfo")?, "MemAvailable:")
}

fn memory_field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_texts() {
        let before = parse_cpu("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2\n").expect("parses");
        let after = parse_cpu("cpu  150 0 150 900 0 0 0 0 0 0\n").expect("parses");
        assert_eq!(before.busy_until(&after), Some(5_000));
        assert_eq!(memory_field("MemTotal:  1000 kB\nMemAvailable:   250 kB\n", "MemAvailable:"), Some(256_000));
    }
}
