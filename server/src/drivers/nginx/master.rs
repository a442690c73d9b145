//! The master process: find it, start it, signal it, stop it.

use std::{io, time::Duration};

use homeport_model::domain::vhost::{INSIDE, MAIN_FILE, PROBE_SOCKET};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::{Error, Nginx, layout};
use crate::drivers::{
    process::{Invocation, Program},
    system::procfs,
};

const ENDS_WITHIN: Duration = Duration::from_secs(5);

impl Nginx {
    /// The master's process, if it runs. A process that merely got the same number is not it.
    #[must_use]
    pub fn running(&self) -> Option<u32> {
        let pid: u32 = self.root.read_text("nginx.pid", 32).ok()?.trim().parse().ok()?;
        let line = procfs::command_line(pid)?;
        (line.contains("nginx: master process") && line.contains(self.main_path().as_str())).then_some(pid)
    }

    /// Ends nginx and its workers at once: for tests and for removing Homeport.
    pub async fn stop(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        if let Some(pid) = self.running() {
            signal(pid, Signal::TERM)?;
        }
        let deadline = Instant::now() + ENDS_WITHIN;
        loop {
            let left: Vec<u32> = self.running().into_iter().chain(self.workers()?).collect();
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                left.into_iter().try_for_each(|pid| signal(pid, Signal::KILL))?;
            }
            sleep(Duration::from_millis(10)).await;
            if self.running().is_none() {
                self.workers()?.into_iter().try_for_each(|pid| signal(pid, Signal::TERM))?;
            }
        }
    }

    /// Starts the master with the current generation; it detaches itself.
    pub(super) async fn start(&self) -> Result<(), Error> {
        // Workers outlive a killed master and hold its ports; this asks them to close those and to
        // finish their requests.
        self.workers()?.into_iter().try_for_each(|pid| signal(pid, Signal::QUIT))?;
        // A killed master leaves its sockets' names, which then cannot be taken.
        self.root.remove_file(PROBE_SOCKET).map_err(Error::Files)?;
        for socket in self.root.names(INSIDE).map_err(Error::Files)? {
            self.root.remove_file(format!("{INSIDE}/{socket}")).map_err(Error::Files)?;
        }
        let main = self.main_path();
        let run = Invocation::new(Program::Nginx).args(["-p", self.prefix.as_str(), "-c", &main]);
        run.run().await.map(|_| ()).map_err(Error::start)
    }

    /// Has the master load the current generation. That it does is not certain yet.
    pub(super) fn reload(&self) -> Result<(), Error> {
        self.running().map_or(Ok(()), |pid| signal(pid, Signal::HUP))
    }

    /// Has nginx open its log files anew, and make those that are gone.
    pub fn reopen_logs(&self) -> Result<(), Error> {
        self.running().map_or(Ok(()), |pid| signal(pid, Signal::USR1))
    }

    /// How long the error log is now.
    pub(super) fn log_end(&self) -> u64 {
        self.root.size_bytes("logs/error.log").unwrap_or(0)
    }

    /// What nginx wrote to its error log since, as far as it says that it cannot go on.
    pub(super) fn emergencies_since(&self, log_end: u64) -> String {
        let log = self.root.read("logs/error.log", log_end + (1 << 20)).unwrap_or_default();
        let from = usize::try_from(log_end).unwrap_or(usize::MAX).min(log.len());
        let text = String::from_utf8_lossy(&log[from..]).into_owned();
        text.lines().filter(|line| line.contains("[emerg]")).collect::<Vec<_>>().join("\n")
    }

    fn main_path(&self) -> String {
        format!("{}/{}/{MAIN_FILE}", self.prefix, layout::CURRENT)
    }

    /// Our workers, whether their master lives or not: they work in a folder of ours.
    pub(super) fn workers(&self) -> Result<Vec<u32>, Error> {
        procfs::working_in(&format!("{}/run", self.prefix), "nginx").map_err(Error::Files)
    }
}

/// Whether a worker is there and has not been told to finish.
pub(super) fn takes_connections(pid: u32) -> bool {
    procfs::command_line(pid)
        .is_some_and(|line| line.contains("nginx: worker process") && !line.contains("shutting down"))
}

fn signal(pid: u32, signal: Signal) -> Result<(), Error> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Error::Signal(io::Error::from(error))),
    }
}
