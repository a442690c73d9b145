//! What is reached without nginx: a game server on a published UDP port with a folder for its world,
//! and a VPN with capabilities, kernel settings and the server's kernel modules.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use homeport_model::{
    app::{AppForm, AppState, NeedForm},
    name::{AppName, ImageRef},
    prelude::{Actor, Code, Role},
};
use tokio::{net::UdpSocket, time::timeout};

use super::{need, state, volume};
use crate::support::{
    python,
    running::{Running, problem, succeeded},
};

fn form(name: &str, image: &ImageRef) -> AppForm {
    AppForm { name: name.into(), kind: "image".into(), image: image.to_string(), ..AppForm::default() }
}

fn published(text: &str) -> NeedForm {
    NeedForm { kind: "published".into(), text: text.into(), ..NeedForm::default() }
}

/// A UDP port that is free now.
fn free_udp_port() -> u16 {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.local_addr().expect("an address").port()
}

/// The address under which others reach this machine, if it has one.
fn outward() -> IpAddr {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    // Nothing is sent: the kernel only chooses the address that it would send from.
    let chosen = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    chosen.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}

/// Sends a datagram until an answer comes.
async fn say(from: &UdpSocket, to: (IpAddr, u16), words: &str) -> String {
    let mut answer = [0; 1_400];
    for _ in 0..50 {
        from.send_to(words.as_bytes(), to).await.expect("sent");
        if let Ok(Ok((count, _))) = timeout(Duration::from_millis(200), from.recv_from(&mut answer)).await {
            return String::from_utf8_lossy(&answer[..count]).into_owned();
        }
    }
    panic!("{words}: nobody answered at {to:?}");
}

async fn player() -> UdpSocket {
    UdpSocket::bind("0.0.0.0:0").await.expect("a socket")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_server_keeps_its_port_and_its_world_over_releases() {
    let panel = Running::start().await;
    let namespace = &panel.ground.namespace;
    let one = python::publish(namespace, "game", "1").await;
    let two = python::publish(namespace, "game", "2").await;
    let app = panel.create(form("game", &one)).await;
    let port = free_udp_port();
    need(&panel, &app, published(&format!("{port}:27015/udp"))).await;
    need(&panel, &app, volume("world", "/data", "")).await;
    succeeded(&panel.deploy(&app).await);
    let (near, far) = ((Ipv4Addr::LOCALHOST.into(), port), (outward(), port));
    let ada = player().await;
    assert_eq!(say(&ada, near, "join ada").await, "version 1: ada");
    assert_eq!(say(&player().await, far, "who").await, "version 1: ada");
    assert!(matches!(state(&panel, &app).await, AppState::Serving { release: 1, .. }));
    let (status, page) = panel.visit(&app).await;
    assert!(status == 502 && page.contains("It has no web process."), "nginx has nothing to lead to: {page}");

    let number = panel.backend.deploys.deploy_image(&panel.actor, &app, two.as_str()).await.expect("queued");
    let second = panel.ended(&app, number).await;
    succeeded(&second);
    assert!(second.proof.is_none(), "no page was asked for: {:?}", second.proof);
    let log = panel.log(&app, 2).await;
    assert!(log.contains("Stopping ") && log.contains(" first, as its settings say."), "there is one port: {log}");
    // Who stayed is answered by the new one, and whoever comes from elsewhere.
    assert_eq!(say(&ada, near, "who").await, "version 2: ada", "the old one had time to save its world");
    assert_eq!(say(&player().await, far, "join ben").await, "version 2: ada ben");

    // One that does not start gives the port back.
    panel.set(&app, "BROKEN=1").await;
    let third = panel.deploy(&app).await;
    assert!(problem(&third).title.contains("exited with code 1"), "{:?}", problem(&third));
    assert_eq!(say(&ada, near, "who").await, "version 2: ada ben");

    let back = panel.backend.deploys.roll_back(&panel.actor, &app, 1).await.expect("queued");
    succeeded(&panel.ended(&app, back).await);
    assert_eq!(say(&player().await, far, "who").await, "version 1: ada ben");
    assert_eq!(panel.ground.docker.list_ours().await.expect("listed").len(), 1);
    assert!(matches!(state(&panel, &app).await, AppState::Serving { release: 4, .. }));
}

const OPTIONS: &str = "--cap-add NET_ADMIN --sysctl net.ipv4.ip_forward=1 --sysctl net.ipv4.conf.all.src_valid_mark=1";

/// What a VPN asks for.
fn privileges() -> [NeedForm; 2] {
    let option = NeedForm { kind: "option".into(), text: OPTIONS.into(), ..NeedForm::default() };
    let modules = NeedForm { read_only: "on".into(), ..volume("/lib/modules", "/lib/modules", "") };
    [option, modules]
}

async fn inside(panel: &Running, app: &AppName, command: &str) -> (i64, String) {
    let ours = panel.ground.docker.list_ours().await.expect("listed");
    let container = ours.iter().find(|one| one.name.contains(app.as_str())).expect("a container");
    let words = ["sh", "-c", command].map(str::to_owned);
    let said = panel.ground.docker.execute(&container.id, &words, Duration::from_secs(10)).await.expect("ran");
    (said.exit_code, said.output.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vpn_has_its_privileges_from_the_owner_alone() {
    let panel = Running::start().await;
    // A machine whose kernel has no modules may lack the folder.
    std::fs::create_dir_all("/lib/modules").expect("a folder");
    let image = python::publish(&panel.ground.namespace, "vpn", "1").await;
    let app = panel.create(form("vpn", &image)).await;
    let port = free_udp_port();
    need(&panel, &app, published(&format!("{port}:51820/udp"))).await;
    // Without its privileges it says why it cannot work.
    let first = panel.deploy(&app).await;
    assert!(problem(&first).title.contains("exited with code"), "{:?}", problem(&first));
    let log = panel.log(&app, 1).await;
    assert!(log.contains("Operation not permitted"), "{log}");

    let deployer = Actor { role: Role::Deployer, ..panel.actor.clone() };
    let sleepy = Actor { step_up_until: None, ..panel.actor.clone() };
    for (actor, code) in [(&deployer, Code::Forbidden), (&sleepy, Code::StepUpRequired)] {
        for form in privileges() {
            let refused = panel.backend.apps.add_need(actor, &app, form).await.expect_err("not for everybody");
            assert_eq!(refused.code, code, "{refused}");
        }
    }
    for form in privileges() {
        need(&panel, &app, form).await;
    }
    succeeded(&panel.deploy(&app).await);
    assert_eq!(say(&player().await, (Ipv4Addr::LOCALHOST.into(), port), "hello").await, "handshake");
    let (_, line) = inside(&panel, &app, "grep CapEff /proc/self/status").await;
    let effective = line.split_whitespace().nth(1).and_then(|hex| u64::from_str_radix(hex, 16).ok());
    // The engine's usual ones are 00000000a80425fb; NET_ADMIN is number 12.
    assert_eq!(effective, Some(0xa804_25fb | 1 << 12), "{line}");
    for (command, expected) in [
        ("cat /proc/sys/net/ipv4/ip_forward", "1"),
        ("cat /proc/sys/net/ipv4/conf/all/src_valid_mark", "1"),
        ("ip address show dev lo | grep -c 10.8.0.1/24", "1"),
        ("ip address add 10.8.0.2/24 dev lo && echo added", "added"),
    ] {
        assert_eq!(inside(&panel, &app, command).await, (0, expected.into()), "{command}");
    }
    let (code, said) = inside(&panel, &app, "touch /lib/modules/x").await;
    assert!(code != 0 && said.contains("Read-only file system"), "{said}");
    let (code, said) = inside(&panel, &app, "mount -o remount,rw /lib/modules").await;
    assert!(code != 0, "{said}");
    let sent_on = std::fs::read_to_string("/proc/sys/net/ipv4/conf/all/src_valid_mark").expect("the host's");
    assert_eq!(sent_on.trim(), "0", "the host's own setting is as it was");

    // Its next release takes port and privileges over.
    succeeded(&panel.deploy(&app).await);
    assert_eq!(say(&player().await, (Ipv4Addr::LOCALHOST.into(), port), "hello").await, "handshake");
    assert!(matches!(state(&panel, &app).await, AppState::Serving { release: 3, .. }));
}
