//! Five hundred vhosts: how long a generation takes until it answers, what nginx weighs then, and how many
//! requests a second go through a generated vhost, against one that was written by hand with nothing in it.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    process::Stdio,
    time::{Duration, Instant},
};

use homeport_model::{
    domain::vhost::{AppVhost, Generation, Target, Upstream},
    id::AppId,
    name::Port,
};
use tokio::process::{Child, Command};

use crate::{
    Result, idle,
    stage::Stage,
    support::namespace::free_port,
    write::{self, Series},
};

const VHOSTS: u32 = 500;
const GENERATIONS: u64 = 10;
const PAIRS: usize = 30;
const SHARE: f64 = 0.97;
/// The app that the load goes to.
const HOST: &str = "v0.example.com";

pub async fn bench(stage: &mut Stage) -> Result<()> {
    write::title("vhosts", &format!("{VHOSTS} vhosts of a name each, on an nginx of their own"));
    let (minimal, upstream) = (free_port(), free_port());
    let by_hand = ByHand::start(&stage.floor, minimal, upstream).await?;
    // An address each: neither meets the ports that the other has just used.
    let at = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), upstream.get());

    let (mut render, mut applied) = (Series::default(), Series::default());
    for number in 1..=GENERATIONS {
        let generation = generation(stage, number, at)?;
        let began = Instant::now();
        let bytes: usize = generation.render().iter().map(|file| file.text.len()).sum();
        render.push_ms(began.elapsed());
        let began = Instant::now();
        stage.floor.nginx.apply(&generation).await?;
        applied.push_ms(began.elapsed());
        if stage.floor.nginx.answering().await != Some(number) || bytes == 0 {
            return Err(format!("generation {number} does not answer").into());
        }
    }
    write::figure("rendered", &render.text("ms"));
    write::figure("written, tested, loaded, answers", &applied.text("ms"));
    let master = stage.floor.nginx.running().ok_or("nginx does not run")?;
    write::figure("memory of the master (PSS)", &idle::Memory::of(master)?.text());

    let (mut shares, mut ours, mut theirs) = (Series::default(), Series::default(), Series::default());
    let generated_port = stage.floor.http_port;
    for port in [generated_port, minimal, generated_port, minimal] {
        requests_a_second(port).await?;
    }
    for pair in 0..PAIRS {
        // Each is the first of every second pair.
        let (generated, plain) = if pair % 2 == 0 {
            let generated = requests_a_second(generated_port).await?;
            (generated, requests_a_second(minimal).await?)
        } else {
            let plain = requests_a_second(minimal).await?;
            (requests_a_second(generated_port).await?, plain)
        };
        ours.push(generated);
        theirs.push(plain);
        shares.push(generated / plain);
    }
    write::figure("through a generated vhost", &ours.text("requests/s"));
    write::figure("through one written by hand", &theirs.text("requests/s"));
    let text = format!("{:.3} ({:.3} to {:.3})", shares.median(), shares.quantile(0.0), shares.quantile(1.0));
    write::held("their share, pair by pair", &text, "at least 0.97", shares.median() >= SHARE);
    stage.floor.nginx.stop().await?;
    by_hand.stop().await
}

fn generation(stage: &Stage, number: u64, at: SocketAddrV4) -> Result<Generation> {
    let target = Target::Proxied(Upstream::Direct(vec![at]));
    let mut generation = stage.floor.generation(number, target.clone());
    generation.apps = (0..VHOSTS)
        .map(|index| {
            let host = format!("v{index}.example.com").parse()?;
            Ok(AppVhost::new(AppId::new(1, index), format!("v{index}").parse()?, vec![host], target.clone()))
        })
        .collect::<Result<_>>()?;
    Ok(generation)
}

/// What wrk counts in a second. Every answer has to be the upstream's.
async fn requests_a_second(port: Port) -> Result<f64> {
    let url = format!("http://127.0.0.1:{port}/");
    let run = Command::new("wrk")
        .args(["-t1", "-c16", "-d1s", "-H", &format!("Host: {HOST}"), &url])
        .stdin(Stdio::null())
        .output()
        .await?;
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(format!("not every answer was right: {text}").into());
    }
    let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).ok_or("wrk counted nothing")?;
    Ok(line.trim().parse()?)
}

/// Two nginx: a minimal proxy, and the answer that everybody asks for. They stand apart, so that neither
/// proxy shares its workers with what it leads to.
struct ByHand([Child; 2]);

impl ByHand {
    async fn start(ground: &crate::support::namespace::Ground, minimal: Port, upstream: Port) -> Result<Self> {
        let folder = ground.state().join("by-hand");
        let answer = format!("server {{ listen {upstream}; access_log off; location / {{ return 200 ok; }} }}");
        let proxy = format!(
            "server {{ listen 127.0.0.1:{minimal};
              location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1;
                proxy_set_header Host $host; proxy_set_header Connection close; }} }}"
        );
        let running = Self([nginx(&folder.join("answer"), &answer)?, nginx(&folder.join("proxy"), &proxy)?]);
        for port in [upstream, minimal] {
            is_up(port).await?;
        }
        Ok(running)
    }

    /// Workers end with a master that is asked to, not with one that is killed.
    async fn stop(self) -> Result<()> {
        for mut child in self.0 {
            let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
            }
            child.wait().await?;
        }
        Ok(())
    }
}

/// An nginx of one server.
fn nginx(folder: &std::path::Path, server: &str) -> Result<Child> {
    std::fs::create_dir_all(folder)?;
    let text = format!(
        "daemon off; worker_processes auto; pid nginx.pid; error_log error.log;
        events {{ worker_connections 4096; }}
        http {{
          access_log access.log; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
          uwsgi_temp_path t4; scgi_temp_path t5;
          {server}
        }}"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, text)?;
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(folder).arg("-c").arg(&file).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.spawn()?)
}

async fn is_up(port: Port) -> Result<()> {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port.get())).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err("an nginx written by hand does not answer".into())
}
