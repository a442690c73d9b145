//! nginx as somebody would write it by hand: what generated vhosts are measured against.

use std::{net::Ipv4Addr, path::Path, process::Stdio, time::Duration};

use homeport_model::name::Port;
use tokio::process::{Child, Command};

use crate::{
    Result,
    support::namespace::{Ground, free_port},
    vhosts::Way,
};

/// Where they find the answer.
const TO: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 3)];

/// Two minimal proxies that are the same, and the answer that everybody asks for. They stand apart, so that
/// no proxy shares its workers with what it leads to.
pub struct ByHand {
    running: Vec<Child>,
    proxies: [Port; 2],
}

impl ByHand {
    /// With the answer at `upstream`.
    pub async fn start(ground: &Ground, upstream: Port) -> Result<Self> {
        let folder = ground.state().join("by-hand");
        let answer = format!("server {{ listen {upstream}; access_log off; location / {{ return 200 ok; }} }}");
        let running = vec![nginx(&folder.join("answer"), &answer)?];
        let mut by_hand = Self { running, proxies: [free_port(), free_port()] };
        for (port, to) in by_hand.proxies.into_iter().zip(TO) {
            let proxy = format!(
                "server {{ listen 127.0.0.1:{port};
                  location / {{ proxy_pass http://{to}:{upstream}; proxy_http_version 1.1;
                    proxy_set_header Host $host; proxy_set_header Connection close; }} }}"
            );
            by_hand.running.push(nginx(&folder.join(port.to_string()), &proxy)?);
        }
        for port in [upstream, by_hand.proxies[0], by_hand.proxies[1]] {
            is_up(port).await?;
        }
        Ok(by_hand)
    }

    pub fn ways(&self) -> Result<[Way; 2]> {
        let way = |index: usize| -> Result<Way> {
            let master = self.running[index + 1].id().ok_or("a proxy by hand has ended")?;
            Ok(Way { port: self.proxies[index], master })
        };
        Ok([way(0)?, way(1)?])
    }

    /// Workers end with a master that is asked to, not with one that is killed.
    pub async fn stop(self) -> Result<()> {
        for mut child in self.running {
            let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
            }
            child.wait().await?;
        }
        Ok(())
    }
}

/// An nginx of one server, in a session of its own as Homeport's is: the kernel shares the processor out among
/// sessions first (`sched_autogroup_enabled`), and one in ours would take its turns from wrk's.
fn nginx(folder: &Path, server: &str) -> Result<Child> {
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
    let mut command = Command::new("/usr/bin/setsid");
    command.arg("/usr/sbin/nginx").arg("-p").arg(folder).arg("-c").arg(&file).kill_on_drop(true);
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
