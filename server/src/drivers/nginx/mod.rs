//! Homeport's own nginx: a master of the distribution's binary with a prefix below the state
//! folder, detached, so that the sites outlive the panel.
//!
//! A configuration is a generation, a folder of its own. It is written, tested, linked as current,
//! loaded, and asked for its number through a socket; when the number does not come, the link goes
//! back. `kill -HUP` alone says nothing: nginx keeps the old configuration and reports success.

mod about;
mod certificates;
mod error;
mod history;
mod layout;
mod logs;
mod master;
mod meddling;
mod passwords;
mod probe;
mod sites;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    sync::{Arc, RwLock},
    time::Duration,
};

use homeport_model::{
    domain::vhost::{Generation, Host, HostPath, HostUser, MAIN_FILE, RenderedFile},
    id::CertificateId,
    name::Port,
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

pub use about::About;
pub use error::Error;
pub use history::Files;
pub use logs::{LogFile, LogPart};
pub use sites::Sites;

use super::{
    process::{self, Invocation, Program},
    system::fsroot::FsRoot,
};

/// How long a generation may take until its number is answered.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const ASK_EVERY: Duration = Duration::from_millis(5);
/// How many generations are kept.
const KEPT: usize = 5;

/// A file that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Its name.
    pub file: String,
    /// What it says now; `None` where it is gone.
    pub found: Option<String>,
}

/// What [`Nginx::ensure_running`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// It was running.
    Ran,
    /// It was not, and is now.
    Started,
    /// There is no generation to run yet.
    NothingToServe,
}

/// Our nginx.
#[derive(Debug, Clone)]
pub struct Nginx {
    root: FsRoot,
    prefix: HostPath,
    sites: Sites,
    worker: Option<(HostUser, HostUser)>,
    worker_group: Option<u32>,
    /// The current files that were changed by hand, when it was last looked.
    edits: Arc<RwLock<Vec<String>>>,
    /// The pairs that lie there as given, as they looked then.
    laid: Arc<std::sync::Mutex<HashMap<CertificateId, certificates::Laid>>>,
    meddling: meddling::Meddling,
    /// The files as they were when they were last read for that.
    looked: Arc<RwLock<Option<history::Looked>>>,
    /// One change at a time.
    turn: Arc<Mutex<()>>,
}

impl Nginx {
    /// Lays out the folders below the state folder. The state folder becomes passable (not
    /// readable) for the workers, who are nobody special; what they may not read stays closed by
    /// its own mode.
    pub fn open(state: &Path) -> Result<Self, Error> {
        let layout = layout::prepare(state)?;
        Ok(Self {
            root: layout.nginx,
            prefix: layout.prefix,
            sites: Sites::new(layout.sites, layout.sites_path),
            worker: layout.worker,
            worker_group: layout.worker_group,
            edits: Arc::default(),
            laid: Arc::default(),
            meddling: meddling::Meddling::default(),
            looked: Arc::default(),
            turn: Arc::default(),
        })
    }

    /// What a generation is rendered for.
    #[must_use]
    pub fn host(&self, addresses: Vec<IpAddr>, http_port: Port, https_port: Option<Port>) -> Host {
        Host {
            prefix: self.prefix.clone(),
            sites: self.sites.path().clone(),
            addresses,
            http_port,
            https_port,
            worker: self.worker.clone(),
            brotli: Self::brotli(),
            http2_by_server: false,
            tunnel_port: None,
        }
    }

    /// All addresses of this host: IPv4, and IPv6 where the kernel has it.
    #[must_use]
    pub fn all_addresses() -> Vec<IpAddr> {
        let has_six = FsRoot::open("/proc/self").and_then(|proc| proc.read_text("net/if_inet6", 4096));
        let mut addresses = vec![Ipv4Addr::UNSPECIFIED.into()];
        if has_six.is_ok_and(|text| !text.trim().is_empty()) {
            addresses.push(Ipv6Addr::UNSPECIFIED.into());
        }
        addresses
    }

    /// The folders of the static sites.
    #[must_use]
    pub fn sites(&self) -> &Sites {
        &self.sites
    }

    /// The generation that is linked as current.
    pub fn current(&self) -> Result<Option<u64>, Error> {
        layout::current(&self.root)
    }

    /// A number that no generation here has had.
    pub fn next_number(&self) -> Result<u64, Error> {
        Ok(layout::numbers(&self.root)?.last().copied().unwrap_or(0).max(self.current()?.unwrap_or(0)) + 1)
    }

    /// Brings a generation live, or leaves the one before it serving and says why. When this
    /// returns `Ok`, the generation's number has been answered and nothing older takes connections.
    pub async fn apply(&self, generation: &Generation) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let (number, files) = (generation.number, generation.render());
        let before = self.current()?;
        if before == Some(number) {
            return Err(Error::NumberTaken { number });
        }
        let root = self.root.clone();
        let texts = files.clone();
        let written = tokio::task::spawn_blocking(move || layout::write_generation(&root, number, &texts)).await;
        written.map_err(|_| Error::Interrupted)??;
        if let Err(error) = self.test(number, &files).await {
            let error = self.name_app(error, generation).await;
            layout::remove_generation(&self.root, number)?;
            return Err(error);
        }
        self.meddling.happen();
        history::remember(&self.root, number, &files)?;
        layout::link(&self.root, number)?;
        if let Err(error) = self.load(generation).await {
            self.swap_back(before, number).await;
            return Err(error);
        }
        // What a hand made of a generation is nowhere else. One that cannot be read may have been edited.
        let may_be_edited = |number| !self.edited(number).is_ok_and(|edits| edits.is_empty());
        layout::prune(&self.root, KEPT, may_be_edited)?;
        history::forget_others(&self.root, &layout::numbers(&self.root)?)
    }

    /// Drops a generation of the past; the current one stays.
    pub async fn forget(&self, number: u64) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        if self.current()? == Some(number) {
            return Ok(());
        }
        layout::remove_generation(&self.root, number)?;
        history::forget_others(&self.root, &layout::numbers(&self.root)?)
    }

    /// Starts nginx with the current generation where it does not run. Workers that a killed
    /// master left behind finish what they are doing and make room.
    pub async fn ensure_running(&self) -> Result<Ensured, Error> {
        let _turn = self.turn.lock().await;
        if self.running().is_some() {
            return Ok(Ensured::Ran);
        }
        let Some(number) = self.current()? else { return Ok(Ensured::NothingToServe) };
        self.start().await?;
        self.wait_for(number, self.log_end()).await?;
        Ok(Ensured::Started)
    }

    /// Which generation answers, if one does.
    pub async fn answering(&self) -> Option<u64> {
        probe::ask(&self.prefix).await
    }

    /// The files of the current generation that are not as `generation` renders them.
    pub fn drift(&self, generation: &Generation) -> Result<Vec<Drift>, Error> {
        let folder = layout::folder(generation.number);
        let mut drifted = Vec::new();
        for RenderedFile { name, text, .. } in generation.render() {
            let found = self.root.read_text(format!("{folder}/{name}"), 16 << 20).ok();
            if found.as_ref() != Some(&text) {
                drifted.push(Drift { file: name, found });
            }
        }
        Ok(drifted)
    }

    /// The files of the current generation, as they are.
    pub fn files(&self) -> Result<Vec<(String, String)>, Error> {
        let Some(number) = self.current()? else { return Ok(Vec::new()) };
        let folder = self.root.sub(layout::folder(number)).map_err(Error::Files)?;
        let names = folder.names(".").map_err(Error::Files)?;
        let read = |name: String| Ok((folder.read_text(&name, 16 << 20).map_err(Error::Files)?, name));
        names.into_iter().map(|name| read(name).map(|(text, name)| (name, text))).collect()
    }

    async fn test(&self, number: u64, files: &[RenderedFile]) -> Result<(), Error> {
        let main = format!("{}/{}/{MAIN_FILE}", self.prefix, layout::folder(number));
        let run = Invocation::new(Program::Nginx).args(["-t", "-q", "-p", self.prefix.as_str(), "-c", &main]);
        match run.run().await {
            Ok(_) => Ok(()),
            Err(process::Error::Failed { stderr, .. }) => Err(Error::rejected(&stderr, files)),
            Err(error) => Err(Error::Process(error)),
        }
    }

    /// nginx does not always name a file. Then each app is tested alone, so that one app's mistake
    /// is that app's alone.
    async fn name_app(&self, error: Error, generation: &Generation) -> Error {
        let Error::Rejected { app: None, ref message, .. } = error else { return error };
        for vhost in &generation.apps {
            let alone = Generation { panel: None, apps: vec![vhost.clone()], ..generation.clone() };
            let files = alone.render();
            let refused = layout::write_generation(&self.root, generation.number, &files).is_ok()
                && matches!(self.test(generation.number, &files).await, Err(Error::Rejected { .. }));
            if refused {
                let file = files.last().map_or_else(String::new, |file| file.name.clone());
                return Error::Rejected { file, app: Some(vhost.name.clone()), line: None, message: message.clone() };
            }
        }
        error
    }

    async fn load(&self, generation: &Generation) -> Result<(), Error> {
        let log_end = self.log_end();
        if self.running().is_none() {
            self.start().await?;
            return self.wait_for(generation.number, log_end).await;
        }
        let before = self.workers()?;
        self.reload()?;
        self.wait_for(generation.number, log_end).await?;
        // For a moment the old workers take new connections, too.
        let deadline = Instant::now() + ANSWERS_WITHIN;
        while before.iter().any(|pid| master::takes_connections(*pid)) && Instant::now() < deadline {
            sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    async fn wait_for(&self, number: u64, log_end: u64) -> Result<(), Error> {
        let deadline = Instant::now() + ANSWERS_WITHIN;
        loop {
            if self.answering().await == Some(number) {
                return Ok(());
            }
            let said = self.emergencies_since(log_end);
            if !said.is_empty() || Instant::now() > deadline {
                return Err(Error::not_serving(number, &said));
            }
            sleep(ASK_EVERY).await;
        }
    }

    async fn swap_back(&self, before: Option<u64>, failed: u64) {
        let (workers, log_end) = (self.workers().unwrap_or_default(), self.log_end());
        let back = match before {
            Some(before) => layout::link(&self.root, before).and_then(|()| self.reload()),
            None => self.root.remove_file(layout::CURRENT).map_err(Error::Files),
        };
        // The failure that is reported is the one that led here.
        if let Err(error) = back {
            tracing::error!(error = &error as &dyn std::error::Error, "the generation before could not be put back");
        }
        let _ = layout::remove_generation(&self.root, failed);
        // A master that waits for a port tries for some seconds and hears of nothing meanwhile; new
        // workers show that it is done. So does a word about the files of before: the old workers go on.
        let deadline = Instant::now() + ANSWERS_WITHIN;
        while before.is_some() && self.running().is_some() && Instant::now() < deadline {
            let is_new = |pid: &u32| !workers.contains(pid);
            let refused = self.emergencies_since(log_end).lines().any(|line| !line.contains("bind"));
            if refused || self.workers().unwrap_or_default().iter().any(is_new) {
                return;
            }
            sleep(ASK_EVERY).await;
        }
    }
}
