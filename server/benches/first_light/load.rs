//! A constant load through ten deploys, and through ten switches the plain way, which must show
//! failures: that proves the detector.
//!
//! The load is another process, this program once more: half of its visitors keep their connection,
//! half open a fresh one for every request. A connection that the server announced to close is no
//! failure; one that breaks after a request was sent is.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{
    Result, control,
    crowd::{CHILD, EVERY, VISITORS},
    stage::{self, SERVING, Stage},
    write,
};

/// How often is switched, in each way.
pub const SWITCHES: u32 = 10;

/// What came of a load.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Requests on fresh connections: sent, failed.
    pub fresh: (usize, usize),
    /// The same on kept connections.
    pub kept: (usize, usize),
    pub median_ms: f64,
    pub p99_ms: f64,
    /// The first failures, in words.
    pub failures: Vec<String>,
}

impl Outcome {
    pub fn failed(&self) -> usize {
        self.fresh.1 + self.kept.1
    }

    fn text(&self) -> String {
        let ((fresh, no), (kept, lost)) = (self.fresh, self.kept);
        format!("{} sent, {} failed (fresh {no} of {fresh}, kept {lost} of {kept})", fresh + kept, self.failed())
    }
}

pub async fn bench(stage: &mut Stage) -> Result<()> {
    stage.ensure_apps(SERVING).await?;
    let what = format!("{VISITORS} visitors from another process, every {EVERY:?} each, through {SWITCHES} switches");
    write::title("load", &what);
    let app = stage::app(1);
    stage.deploy(&app, "load-0").await?;
    let load = Load::begin(stage.nginx(), &stage::host(&app))?;
    sleep(Duration::from_secs(1)).await;
    for turn in 1..=SWITCHES {
        stage.deploy(&app, &format!("load-{turn}")).await?;
    }
    sleep(Duration::from_secs(1)).await;
    let ours = load.end().await?;
    write::held("requests through deploys", &ours.text(), "none failed", ours.failed() == 0);
    write::figure("their answers", &format!("median {:.1} ms, 99th percentile {:.1} ms", ours.median_ms, ours.p99_ms));
    ours.failures.iter().for_each(|failure| write::figure("", failure));

    let theirs = control::bench(stage).await?;
    write::held("control: nginx -s reload, then kill", &theirs.text(), "must fail", theirs.failed() > 0);
    theirs.failures.first().iter().for_each(|failure| write::figure("its first failure", failure));
    Ok(())
}

/// A load at work.
pub struct Load(Child);

impl Load {
    pub fn begin(address: SocketAddr, host: &str) -> Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args([CHILD, &address.to_string(), host])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self(child))
    }

    /// Ends it, by closing its input.
    pub async fn end(mut self) -> Result<Outcome> {
        drop(self.0.stdin.take());
        let mut text = String::new();
        let mut stdout = self.0.stdout.take().ok_or("the load has no output")?;
        timeout(Duration::from_secs(20), stdout.read_to_string(&mut text)).await??;
        Ok(serde_json::from_str(&text)?)
    }
}
