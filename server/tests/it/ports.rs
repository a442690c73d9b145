//! Published ports with sources, as neighbours in network namespaces of their own meet them.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use homeport_model::{app::NeedForm, deploy::container::ContainerId, name::AppName};
use homeport_server::ambient::random_u32;

use crate::support::{
    namespace::free_port,
    running::{Running, succeeded},
};

/// Runs a program to its end; whether it ended well, and what it said to `input`.
async fn talk(line: &str, input: &str) -> (bool, String) {
    let mut words = line.split(' ').map(str::to_owned).collect::<Vec<_>>().into_iter();
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("started");
    // Whoever is turned away takes no input.
    let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("waited").expect("ended");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

async fn run(line: &str) -> (bool, String) {
    talk(line, "").await
}

/// The page at a port, asked for by a program that `before` starts; none when it is turned away.
async fn page(before: &str, host: &str, port: &str) -> Option<String> {
    let (came, said) = talk(&format!("{before}busybox nc -w 2 {host} {port}"), "GET / HTTP/1.0\r\n\r\n").await;
    came.then(|| said.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned())
}

/// A neighbour of this host: a network namespace at the other end of a cable.
struct Neighbour {
    name: String,
    /// This host's address on the cable, and the neighbour's.
    host: String,
    own: String,
}

impl Neighbour {
    async fn new() -> Self {
        let random = random_u32();
        let name = format!("hn{random:08x}");
        // Of a range that no container and no panel here has.
        let net = format!("10.97.{}.{}", random >> 24, (random >> 16 & 0x3f) << 2);
        let (first, last) = net.rsplit_once('.').expect("an address");
        let last: u32 = last.parse().expect("a number");
        let neighbour =
            Self { host: format!("{first}.{}", last + 1), own: format!("{first}.{}", last + 2), name: name.clone() };
        for args in [
            format!("netns add {name}"),
            format!("link add {name} type veth peer name eth0 netns {name}"),
            format!("addr add {}/30 dev {name}", neighbour.host),
            format!("link set {name} up"),
            format!("netns exec {name} ip addr add {}/30 dev eth0", neighbour.own),
            format!("netns exec {name} ip link set eth0 up"),
            format!("netns exec {name} ip link set lo up"),
        ] {
            assert!(run(&format!("ip {args}")).await.0, "ip {args}");
        }
        neighbour
    }

    /// What the neighbour is answered at a port of this host; nothing when it is turned away.
    async fn asks(&self, port: &str) -> Option<String> {
        page(&format!("ip netns exec {} ", self.name), &self.host, port).await
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // The cable goes with its end.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

async fn add(panel: &Running, app: &AppName, text: &str, sources: &str) {
    let form = NeedForm { kind: "published".into(), text: text.into(), sources: sources.into(), ..NeedForm::default() };
    panel.backend.apps.add_need(&panel.actor, app, form).await.expect("added");
}

fn table(panel: &Running) -> String {
    format!("inet homeport_{}", panel.ground.namespace)
}

async fn only_container(panel: &Running) -> ContainerId {
    panel.ground.docker.list_ours().await.expect("listed").remove(0).id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_with_sources_is_reached_from_there_and_from_nowhere_else() {
    let (panel, near, far) = (Running::start().await, Neighbour::new().await, Neighbour::new().await);
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=here").await;
    let (open, kept) = (free_port().to_string(), free_port().to_string());
    add(&panel, &app, &format!("{open}:5000"), "").await;
    add(&panel, &app, &format!("{kept}:5000/tcp"), &format!("{}/31, 192.0.2.0/24", near.own)).await;
    succeeded(&panel.deploy(&app).await);
    let here = || Some("here".to_owned());
    assert_eq!((near.asks(&open).await, far.asks(&open).await), (here(), here()));
    assert_eq!((near.asks(&kept).await, far.asks(&kept).await), (here(), None));
    // The host itself is nobody's stranger, at whichever of its addresses.
    for address in ["127.0.0.1", &near.host, &far.host] {
        assert_eq!(page("", address, &kept).await, here(), "{address}");
    }
    // What a container asks elsewhere at a port of the same number passes.
    let serve = format!("netns exec {} busybox nc -l -p {kept} -e busybox echo reached", far.name);
    let mut server = Command::new("ip").args(serve.split(' ')).spawn().expect("a server");
    let route = format!("ip netns exec {} ip route add default via {}", far.name, far.host);
    assert!(run(&route).await.0);
    let ask = ["nc", "-w", "2", &far.own, &kept].map(str::to_owned);
    let container = only_container(&panel).await;
    let mut said = String::new();
    for _ in 0..20 {
        let answered = panel.ground.docker.execute(&container, &ask, Duration::from_secs(5)).await;
        said = answered.expect("asked").output;
        if said == "reached\n" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.kill().expect("ended");
    server.wait().expect("ended");
    assert_eq!(said, "reached\n");

    // Flushed by somebody, whole or in part, it is mended.
    for flush in [format!("nft delete table {}", table(&panel)), format!("nft flush table {}", table(&panel))] {
        assert!(run(&flush).await.0, "{flush}");
        assert_eq!(far.asks(&kept).await, here(), "{flush}");
        panel.services.domains.reconcile(panel.services.locks()).await.expect("looked");
        assert_eq!((near.asks(&kept).await, far.asks(&kept).await), (here(), None), "{flush}");
    }

    // A panel that starts again finds it as it is, and what is given up is open to nobody.
    let panel = panel.restart().await;
    assert_eq!(far.asks(&kept).await, None);
    let spelt = panel.backend.apps.needs(&panel.actor, &app).await.expect("shown").needs.published[1].to_string();
    panel.backend.apps.remove_need(&panel.actor, &app, "published", &spelt).await.expect("removed");
    add(&panel, &app, &format!("{kept}:5000/tcp"), &far.own).await;
    assert_eq!(far.asks(&kept).await, None, "it waits for the next release");
    succeeded(&panel.deploy(&app).await);
    assert_eq!((near.asks(&kept).await, far.asks(&kept).await), (None, here()));
    let back = panel.backend.deploys.roll_back(&panel.actor, &app, 1).await.expect("queued");
    succeeded(&panel.ended(&app, back).await);
    assert_eq!((near.asks(&kept).await, far.asks(&kept).await), (here(), None));

    // A release that fails leaves the sources of the one that serves.
    let spelt = panel.backend.apps.needs(&panel.actor, &app).await.expect("shown").needs.published[1].to_string();
    panel.backend.apps.remove_need(&panel.actor, &app, "published", &spelt).await.expect("removed");
    add(&panel, &app, &format!("{kept}:5000/tcp"), "").await;
    let mut form = panel.form("shop");
    form.health_path = "/missing".into();
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    crate::support::running::problem(&panel.deploy(&app).await);
    assert_eq!((near.asks(&kept).await, far.asks(&kept).await), (here(), None));

    let job = panel.backend.apps.delete(&panel.actor, &app, "shop").await.expect("queued");
    while !panel.backend.deploys.job(&panel.actor, &job).await.expect("found").state.is_final() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panel.services.domains.reconcile(panel.services.locks()).await.expect("looked");
    assert!(
        !run(&format!("nft list table {}", table(&panel))).await.0,
        "the table goes with the last app that needs it"
    );
}
