//! A namespace for one test, on the engines that everybody shares. Whatever the test made goes away
//! with it, also when the test fails.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use homeport_model::{
    build::{RestartPolicy, StopGrace, StopSignal},
    deploy::{
        address::{VirtualAddress, VirtualRange},
        container::{ContainerId, ContainerSpec, Grants, ImageId, Limits, Namespace, Network, ProcessName},
    },
    domain::vhost::{AppVhost, Generation, Target, Upstream, log_file},
    prelude::*,
};
use homeport_server::{
    ambient::random_u32,
    drivers::{
        docker::Docker,
        git::{self, Git},
        nat::Nat,
        nginx::Nginx,
    },
};
use tempfile::TempDir;
use tokio::time::sleep;

use super::{images, volumes};

/// The engine's socket.
pub const SOCKET: &str = "/var/run/docker.sock";

/// A panel's engines, without the panel.
pub struct Ground {
    pub namespace: Namespace,
    pub docker: Docker,
    pub nat: Nat,
    pub nginx: Nginx,
    pub git: Git,
    pub app: AppId,
    pub http_port: Port,
    pub https_port: Port,
    /// Where the tunnel's visitors come in, and where its connector says how it is.
    pub tunnel_ports: (Port, Port),
    state: TempDir,
}

impl Ground {
    pub fn new() -> Self {
        let namespace: Namespace = format!("t{:08x}", random_u32()).parse().expect("a namespace");
        let state = tempfile::tempdir().expect("a folder");
        let limits = git::Limits { time: Duration::from_secs(20), size_bytes: 4 << 20 };
        Self {
            docker: Docker::connect(namespace.clone(), SOCKET),
            nat: Nat::new(&namespace),
            nginx: Nginx::open(state.path()).expect("nginx's folders"),
            git: Git::open(state.path(), true, limits).expect("git's folder"),
            app: AppId::new(1, random_u32()),
            http_port: free_port(),
            https_port: free_port(),
            tunnel_ports: (free_port(), free_port()),
            namespace,
            state,
        }
    }

    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// Where nginx writes down an app's requests.
    pub fn log_of(&self, app: &AppId) -> PathBuf {
        self.state().join("nginx").join(log_file(app))
    }

    /// The bridge and the table, as a panel has them before its first deploy.
    pub async fn ready(&self) -> (Network, VirtualRange) {
        let network = self.docker.ensure_network().await.expect("a bridge");
        let range = self.nat.ensure_table(None, &network.bridge).await.expect("a table");
        (network, range)
    }

    /// A container of release `number` that says `version` on port 5000.
    pub fn spec(&self, image: &ImageId, number: u32, version: &str) -> ContainerSpec {
        ContainerSpec {
            app: self.app.clone(),
            app_name: "shop".parse().expect("a name"),
            release: release(number),
            release_number: number,
            process: ProcessName::web(),
            index: 1,
            job: JobId::new(1, 1),
            image: image.clone(),
            env: vec![("VERSION".parse().expect("a key"), Secret::new(version.to_owned()))],
            port: 5000.try_into().expect("a port"),
            entrypoint: None,
            user: None,
            command: None,
            limits: Limits { memory_bytes: 64 << 20, ..Limits::default() },
            grants: Grants::default(),
            restart: RestartPolicy::UnlessStopped,
            stop_signal: StopSignal::Term,
            stop_grace: StopGrace::default(),
        }
    }

    /// Creates and starts a container and waits until its port answers.
    pub async fn run(&self, spec: &ContainerSpec) -> (ContainerId, std::net::SocketAddrV4) {
        let id = self.docker.ensure_container(spec).await.expect("created");
        self.docker.start(&id).await.expect("started");
        let state = self.docker.inspect(&id).await.expect("inspected").expect("there");
        let address = std::net::SocketAddrV4::new(state.address.expect("an address"), spec.port.get());
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(SocketAddr::from(address)).await.is_ok() {
                return (id, address);
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{address} never answered: {:?}", self.docker.last_lines(&id, 20).await);
    }

    /// A generation with one app at `shop.example.com`.
    pub fn generation(&self, number: u64, target: Target) -> Generation {
        let hosts = vec!["shop.example.com".parse().expect("a host")];
        let app = AppVhost::new(self.app.clone(), "shop".parse().expect("a name"), hosts, target);
        let host = self.nginx.host(vec![std::net::Ipv4Addr::LOCALHOST.into()], self.http_port, None);
        Generation { number, host, panel: None, apps: vec![app] }
    }

    pub fn behind(&self, address: VirtualAddress) -> Target {
        let _ = self;
        Target::Proxied(Upstream::Virtual { address, count: 1 })
    }
}

pub fn release(number: u32) -> ReleaseId {
    ReleaseId::new(i64::from(number), number)
}

/// A port of 127.0.0.1 that is free now, and that nobody else of this test was given.
pub fn free_port() -> Port {
    static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
    loop {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut given = GIVEN.lock().expect("a list");
        if !given.contains(&port) {
            given.push(port);
            return port.try_into().expect("a port");
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let (docker, nat, nginx, namespace) =
            (self.docker.clone(), self.nat.clone(), self.nginx.clone(), self.namespace.clone());
        // A panel that is still at work must find nothing to start again.
        let _ = std::fs::remove_file(self.state.path().join("nginx/current"));
        // A runtime of its own, because the test's may be the one that is unwinding.
        let cleaned = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let _ = nginx.stop().await;
                let _ = nat.remove_table().await;
                for container in docker.list_ours().await.unwrap_or_default() {
                    let _ = docker.remove(&container.id).await;
                }
                for image in docker.list_our_images().await.unwrap_or_default() {
                    let _ = docker.remove_image(&image.id).await;
                }
                volumes::remove(&namespace).await;
                images::remove(&namespace).await;
                let _ = docker.remove_network().await;
            });
        });
        let _ = cleaned.join();
    }
}
