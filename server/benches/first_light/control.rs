//! The control: a proxy that is told of the new container by `nginx -s reload`, after which the old
//! one is killed at once. This is what the switch must be better than.

use std::{
    net::{SocketAddr, SocketAddrV4},
    path::PathBuf,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{process::Command, time::sleep};

use crate::{
    Result,
    load::{Load, Outcome, SWITCHES},
    stage::Stage,
    support::namespace::free_port,
    visitors,
};

/// Switches as often as the subject did, under the same load.
pub async fn bench(stage: &Stage) -> Result<Outcome> {
    let floor = &stage.floor;
    let (mut old, at) = floor.run(&floor.spec(&stage.image, 100, "plain-0")).await;
    let nginx = Plain::start(at).await?;
    visitors::first_answer(nginx.address, "control", "plain-0").await?;
    let load = Load::begin(nginx.address, "control")?;
    sleep(Duration::from_secs(1)).await;
    for turn in 1..=SWITCHES {
        let version = format!("plain-{turn}");
        let (new, at) = floor.run(&floor.spec(&stage.image, 100 + turn, &version)).await;
        nginx.point(at).await?;
        nginx.signal(Signal::HUP)?;
        floor.docker.remove(&old).await?;
        old = new;
        visitors::first_answer(nginx.address, "control", &version).await?;
        sleep(Duration::from_secs(1)).await;
    }
    let outcome = load.end().await?;
    floor.docker.remove(&old).await?;
    Ok(outcome)
}

/// A minimal nginx of its own.
struct Plain {
    folder: TempDir,
    address: SocketAddr,
    pid: Pid,
}

impl Plain {
    async fn start(at: SocketAddrV4) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port().get()));
        let mut plain = Self { folder, address, pid: Pid::INIT };
        plain.point(at).await?;
        let status =
            Command::new("nginx").arg("-p").arg(plain.folder.path()).args(["-c", "nginx.conf"]).status().await?;
        if !status.success() {
            return Err("the control's nginx does not start".into());
        }
        let pid = std::fs::read_to_string(plain.path("nginx.pid"))?.trim().parse()?;
        plain.pid = Pid::from_raw(pid).ok_or("the control's nginx has no pid")?;
        Ok(plain)
    }

    /// Writes a configuration that proxies to `at`.
    async fn point(&self, at: SocketAddrV4) -> Result<()> {
        let address = self.address;
        let text = format!(
            "pid nginx.pid;\nerror_log error.log;\nworker_processes auto;\nevents {{ }}\nhttp {{\n  access_log off;\n  \
             server {{\n    listen {address};\n    location / {{ proxy_pass http://{at}; }}\n  }}\n}}\n"
        );
        Ok(tokio::fs::write(self.path("nginx.conf"), text).await?)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(self.pid, signal)?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        if self.pid != Pid::INIT {
            let _ = self.signal(Signal::TERM);
        }
    }
}
