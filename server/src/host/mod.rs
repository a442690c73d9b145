//! This server: its figures and its engines, as last observed.

mod gauges;
mod share;

pub(crate) use share::share_for_a_build;

use std::sync::{Arc, PoisonError, RwLock};

use homeport_model::{
    event::Topic,
    host::{EngineState, HostGauges},
};

use crate::{
    ambient::Clock,
    drivers::{docker::Docker, nat::Nat, nginx::Nginx, system::fsroot::FsRoot},
    live::Hub,
};

#[derive(Default)]
struct Seen {
    engines: Vec<EngineState>,
    gauges: Option<HostGauges>,
    cpu: Option<gauges::CpuTimes>,
}

/// The service.
#[derive(Clone)]
pub struct Host {
    clock: Clock,
    hub: Hub,
    docker: Docker,
    nginx: Nginx,
    nat: Nat,
    state: FsRoot,
    seen: Arc<RwLock<Seen>>,
}

impl Host {
    /// The panel's own folder, behind its links.
    pub(crate) fn state_folder(&self) -> Option<String> {
        self.state.real_path().ok().map(|path| path.to_string_lossy().into_owned())
    }

    /// The service; nothing is looked at yet. `state` lies on the file system whose space counts.
    #[must_use]
    pub fn new(clock: Clock, hub: Hub, docker: Docker, nginx: Nginx, nat: Nat, state: FsRoot) -> Self {
        Self { clock, hub, docker, nginx, nat, state, seen: Arc::default() }
    }

    /// The engines as last seen; empty before the first look.
    #[must_use]
    pub fn engines(&self) -> Vec<EngineState> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).engines.clone()
    }

    /// One engine as last seen.
    #[must_use]
    pub fn engine(&self, name: &str) -> Option<EngineState> {
        self.engines().into_iter().find(|engine| engine.name == name)
    }

    /// The figures as last read.
    #[must_use]
    pub fn gauges(&self) -> Option<HostGauges> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).gauges.clone()
    }

    /// Looks at the engines and reads the figures.
    pub async fn look(&self) {
        let engines = vec![self.look_at_docker().await, self.look_at_nginx(), self.look_at_nat().await];
        let now = self.clock.now();
        let changed = {
            let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
            let cpu = gauges::cpu_times();
            let busy = seen.cpu.as_ref().zip(cpu.as_ref()).and_then(|(before, after)| before.busy_until(after));
            seen.gauges = gauges::read(&self.state, busy, now);
            seen.cpu = cpu;
            let changed = seen.engines != engines;
            seen.engines = engines;
            changed
        };
        if changed {
            self.hub.announce(Topic::Host);
        }
    }

    async fn look_at_docker(&self) -> EngineState {
        match self.docker.ping().await {
            Ok(info) => good("Docker", format!("{}, API {}", info.version, info.api)),
            Err(error) => {
                bad("Docker", error.to_string(), "Your static sites go on. Start the engine: systemctl start docker.")
            }
        }
    }

    fn look_at_nginx(&self) -> EngineState {
        match self.nginx.running() {
            Some(pid) => match self.nginx.noted_edits().as_slice() {
                [] => good("nginx", format!("runs, pid {pid}")),
                files => EngineState {
                    hint: Some(
                        "The next change of any app leaves the edit behind. The nginx page shows it.".to_owned(),
                    ),
                    ..good("nginx", format!("runs, and somebody changed {} by hand", files.join(", ")))
                },
            },
            None => bad(
                "nginx",
                "does not run".to_owned(),
                "Homeport starts it again by itself; the log says why it cannot.",
            ),
        }
    }

    async fn look_at_nat(&self) -> EngineState {
        if self.nat.answered() || self.nat.available().await {
            good("nftables", "switches without a reload".to_owned())
        } else {
            bad(
                "nftables",
                "cannot be used".to_owned(),
                "Deploys reload nginx instead, which may cost a request. Let Homeport run as root with nftables installed.",
            )
        }
    }
}

fn good(name: &str, detail: String) -> EngineState {
    EngineState { name: name.to_owned(), ok: true, detail, hint: None }
}

fn bad(name: &str, detail: String, hint: &str) -> EngineState {
    EngineState { name: name.to_owned(), ok: false, detail, hint: Some(hint.to_owned()) }
}
