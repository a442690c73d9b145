//! What the panel takes from its apps while nobody asks anything of it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    Result,
    stage::{SERVING, Stage},
    write,
};

/// Longer than the first minute of a release, in which it is watched closely.
const SETTLE: Duration = Duration::from_secs(75);
const WATCH: Duration = Duration::from_secs(60);
const MEMORY_MIB: f64 = 30.0;
const CPU_PERCENT: f64 = 0.3;

/// Processor time in ticks of 10 ms: the panel's own, and that of the programs it has run.
#[derive(Clone, Copy)]
struct Ticks {
    own: u64,
    programs: u64,
}

pub async fn bench(stage: &mut Stage) -> Result<()> {
    stage.ensure_apps(SERVING).await?;
    write::title(
        "idle",
        &format!("{SERVING} apps of an image, each with a container that serves; {WATCH:?} of nothing"),
    );
    sleep(SETTLE).await;
    let pid = stage.pid()?;
    let (before, began) = (ticks(pid)?, Instant::now());
    sleep(WATCH).await;
    let (after, took) = (ticks(pid)?, began.elapsed());
    let own = percent(after.own - before.own, took);
    let programs = percent(after.programs - before.programs, took);
    let memory = Memory::of(pid)?;
    let held = |text: &str, pss: f64| write::held(text, &memory.text(), "at most 30 MiB", pss <= MEMORY_MIB);
    held("memory (PSS)", memory.pss_mib);
    write::held(
        "processor",
        &format!("{own:.2} % of a core, programs it runs {programs:.2} %"),
        "at most 0.3 % (with monitors)",
        own + programs <= CPU_PERCENT,
    );
    Ok(())
}

/// The memory of a process.
pub struct Memory {
    pub pss_mib: f64,
    anonymous_mib: f64,
    threads: u64,
}

impl Memory {
    pub fn of(pid: u32) -> Result<Self> {
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        Ok(Self {
            pss_mib: field(&rollup, "Pss:")? / 1_024.0,
            anonymous_mib: field(&rollup, "Pss_Anon:")? / 1_024.0,
            threads: status
                .lines()
                .find_map(|line| line.strip_prefix("Threads:"))
                .and_then(|count| count.trim().parse().ok())
                .unwrap_or_default(),
        })
    }

    /// "14.2 MiB, 8.1 of them its own data, 5 threads".
    pub fn text(&self) -> String {
        format!("{:.1} MiB, {:.1} of them its own data; {} threads", self.pss_mib, self.anonymous_mib, self.threads)
    }
}

fn field(text: &str, name: &str) -> Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn ticks(pid: u32) -> Result<Ticks> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold anything.
    let fields = stat.rsplit_once(')').ok_or("no stat")?.1;
    let number = |index: usize| fields.split_whitespace().nth(index).and_then(|text| text.parse::<u64>().ok());
    let sum = |a: usize, b: usize| Some(number(a)? + number(b)?);
    Ok(Ticks { own: sum(11, 12).ok_or("no utime")?, programs: sum(13, 14).ok_or("no cutime")? })
}

#[expect(clippy::cast_precision_loss, reason = "seconds of ticks")]
fn percent(ticks: u64, length: Duration) -> f64 {
    ticks as f64 / length.as_secs_f64()
}
