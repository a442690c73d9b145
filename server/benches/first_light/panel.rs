//! The subject: the release program itself, as a process of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{Result, support::namespace::Ground, visitors};

/// A running `homeport serve`.
pub struct Process {
    child: Child,
    /// From starting the program to the first answer over HTTP.
    pub cold_start: Duration,
    /// The one-time link to claim it, while nobody owns it.
    pub claim_link: Option<String>,
}

/// Where the program is and how it is to be started.
pub struct Program {
    pub path: PathBuf,
    pub listen: SocketAddr,
}

impl Program {
    /// The program that was built beside this bench.
    pub fn find() -> Result<Self> {
        let bench = std::env::current_exe()?;
        let folder = bench.parent().and_then(|deps| deps.parent()).ok_or("this bench is nowhere")?;
        let path = std::env::var_os("HOMEPORT_BENCH_PROGRAM").map_or_else(|| folder.join("homeport"), PathBuf::from);
        if !path.is_file() {
            return Err(format!("{} is not there; run script/bench", path.display()).into());
        }
        let port = crate::support::namespace::free_port().get();
        Ok(Self { path, listen: (Ipv4Addr::LOCALHOST, port).into() })
    }

    /// Starts it on the state folder of `ground` and waits until it answers. Its log goes to the
    /// file `log` in there.
    pub async fn start(&self, ground: &Ground, unclaimed: bool, log: &str) -> Result<Process> {
        let (http, https) = (ground.http_port.to_string(), crate::support::namespace::free_port().to_string());
        let stderr = std::fs::File::options().create(true).append(true).open(log_file(ground))?;
        let began = Instant::now();
        let mut child = Command::new(&self.path)
            .arg("serve")
            .arg("--state")
            .arg(ground.state())
            .args(["--listen", &self.listen.to_string()])
            .args(["--origin", &format!("http://localhost:{}", self.listen.port())])
            .args(["--http-port", &http, "--https-port", &https, "--ssh-port", "0", "--bind", "127.0.0.1"])
            .args(["--namespace", &ground.namespace.to_string(), "--log", log])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()?;
        let cold_start = loop {
            if visitors::answers(self.listen, "/healthz").await {
                break began.elapsed();
            }
            if let Some(status) = child.try_wait()? {
                let log = std::fs::read_to_string(log_file(ground)).unwrap_or_default();
                return Err(format!("the panel ended with {status}: {log}").into());
            }
            if began.elapsed() > Duration::from_secs(30) {
                return Err("the panel does not answer".into());
            }
            sleep(Duration::from_micros(500)).await;
        };
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let claim_link = match unclaimed {
            true => lines.next_line().await?.and_then(|line| Some(line.split_once(": ")?.1.to_owned())),
            false => None,
        };
        Ok(Process { child, cold_start, claim_link })
    }
}

impl Process {
    pub fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| "the panel has ended".into())
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()?)?).ok_or("no pid")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await??;
        Ok(())
    }
}

/// Where the panel's log goes.
pub fn log_file(ground: &Ground) -> PathBuf {
    ground.state().join("bench.log")
}
