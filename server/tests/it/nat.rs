//! The switch against the real firewall.

use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    time::{Duration, Instant},
};

use homeport_model::deploy::address::VirtualRange;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::support::{images, namespace::Ground, web::Crowd};

#[tokio::test]
async fn an_address_leads_where_the_map_says() {
    let ground = Ground::new();
    assert!(ground.nat.available().await);
    assert_eq!(ground.nat.list().await.expect("listed").len(), 0, "no table is no elements");
    let (network, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    // Nothing there: refused at once, not after a time-out.
    let before = Instant::now();
    assert!(TcpStream::connect((slot.get(), 80)).await.is_err());
    assert!(before.elapsed() < Duration::from_millis(500));
    let image = images::web(&ground.namespace).await;
    let (_, address) = ground.run(&ground.spec(&image, 1, "one")).await;
    ground.nat.set(slot, &[address]).await.expect("set");
    ground.nat.set(slot, &[address]).await.expect("again");
    assert!(TcpStream::connect((slot.get(), 80)).await.is_ok());
    assert_eq!(ground.nat.list().await.expect("listed").into_iter().collect::<Vec<_>>(), [((slot, 80), address)]);
    // Ensuring again, with what was remembered, keeps the elements.
    assert_eq!(ground.nat.ensure_table(Some(range), &network.bridge).await.expect("a table"), range);
    assert_eq!(ground.nat.list().await.expect("listed").len(), 1);
    ground.nat.clear(slot).await.expect("cleared");
    ground.nat.clear(slot).await.expect("again");
    assert!(TcpStream::connect((slot.get(), 80)).await.is_err());
    ground.nat.remove_table().await.expect("removed");
    ground.nat.remove_table().await.expect("again");
}

/// An app that leaves closing to nginx, for more connections than there are ports.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_takes_more_connections_than_there_are_ports() {
    const CONNECTIONS: u32 = 34_000;
    let ground = Ground::new();
    let (network, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    // The bridge's own address stands for a container: a process is not made for each connection there.
    let app = TcpListener::bind((network.gateway.expect("an address"), 0)).await.expect("a listener");
    let SocketAddr::V4(at) = app.local_addr().expect("an address") else { panic!("an address of IPv4") };
    let served = tokio::spawn(async move {
        while let Ok((mut stream, _)) = app.accept().await {
            tokio::spawn(async move { stream.read(&mut [0]).await });
        }
    });
    ground.nat.set(slot, &[at]).await.expect("set");
    let setting = |name: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).expect("a setting");
    assert_eq!(setting("tcp_tw_reuse").trim(), "1");
    let ports = setting("ip_local_port_range");
    let ports: Vec<u32> = ports.split_whitespace().map(|port| port.parse().expect("a port")).collect();
    assert!(CONNECTIONS > ports[1] - ports[0] + 1, "{ports:?}");
    for number in 0..CONNECTIONS {
        let connected = TcpStream::connect((slot.get(), 80)).await;
        assert!(connected.is_ok(), "connection {number}: {connected:?}");
        // It ends here first, so that this side is the one that waits.
    }
    served.abort();
}

/// The engine deletes what is tracked of a container that it takes down by nothing but its ports, so that a
/// port that is used again would lose its new connection.
#[tokio::test]
async fn what_is_over_is_forgotten_before_its_port_is_used_again() {
    let ground = Ground::new();
    let (network, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    let image = images::web(&ground.namespace).await;
    let (_, address) = ground.run(&ground.spec(&image, 1, "one")).await;
    ground.nat.set(slot, &[address]).await.expect("set");
    let tracked = |stream: &TcpStream| {
        let port = stream.local_addr().expect("an address").port();
        let mark = format!("dst={} sport={port} ", slot.get());
        move || {
            let all = std::fs::read_to_string("/proc/net/nf_conntrack").expect("what is tracked");
            all.lines().find(|line| line.contains(&mark)).map(str::to_owned)
        }
    };
    let open = TcpStream::connect((slot.get(), 80)).await.expect("connected");
    let over = TcpStream::connect((slot.get(), 80)).await.expect("connected");
    let (of_open, of_over) = (tracked(&open), tracked(&over));
    assert!(of_open().is_some_and(|line| line.contains("ESTABLISHED")) && of_over().is_some());
    drop(over);
    let ended = Instant::now();
    while let Some(line) = of_over() {
        assert!(ended.elapsed() < Duration::from_secs(10), "{line}");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(of_open().is_some_and(|line| line.contains("ESTABLISHED")));
    // A table of before, which had no such rule, is made anew and keeps its elements.
    let table = format!("homeport_{}", ground.namespace.as_str().replace('-', "_"));
    let old = std::process::Command::new("nft").args(["delete", "chain", "ip", &table, "forget"]).status();
    assert!(old.expect("nft").success());
    assert_eq!(ground.nat.ensure_table(Some(range), &network.bridge).await.expect("a table"), range);
    let listed = std::process::Command::new("nft").args(["list", "table", "ip", &table]).output().expect("nft");
    assert!(String::from_utf8_lossy(&listed.stdout).contains("ct timeout set"), "{listed:?}");
    assert_eq!(ground.nat.list().await.expect("listed").len(), 1);
}

#[tokio::test]
async fn a_flushed_table_is_made_again() {
    let ground = Ground::new();
    let (network, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    let target = SocketAddrV4::new(Ipv4Addr::new(172, 31, 255, 1), 5000);
    ground.nat.set(slot, &[target]).await.expect("set");
    let table = format!("homeport_{}", ground.namespace);
    let flush = |text: String| assert!(run("nft", &text, "").0, "{text}");
    // The whole table gone, as after `nft flush ruleset`.
    flush(format!("delete table ip {table}"));
    assert!(ground.nat.set(slot, &[target]).await.is_err());
    ground.nat.ensure_table(Some(range), &network.bridge).await.expect("made again");
    ground.nat.set(slot, &[target]).await.expect("set");
    // What the map says is never taken for granted.
    flush(format!("flush map ip {table} web"));
    ground.nat.set(slot, &[target]).await.expect("set again");
    assert_eq!(ground.nat.list().await.expect("listed").get(&(slot, 80)), Some(&target));
    flush(format!("flush map ip {table} web"));
    let other = SocketAddrV4::new(Ipv4Addr::new(172, 31, 255, 2), 5000);
    ground.nat.set(slot, &[other]).await.expect("set again");
    flush(format!("delete element ip {table} web {{ {slot} . 80 : 172.31.255.2 . 5000 }}"));
    flush(format!("add element ip {table} web {{ {slot} . 80 : 172.31.255.9 . 9 }}"));
    ground.nat.set(slot, &[target]).await.expect("set over what somebody else wrote");
    // Only its rules gone.
    flush(format!("flush table ip {table}"));
    ground.nat.ensure_table(Some(range), &network.bridge).await.expect("made again");
    assert_eq!(ground.nat.list().await.expect("listed").get(&(slot, 80)), Some(&target), "elements stay");
    assert!(TcpStream::connect((range.free_address(&[slot]).expect("an address").get(), 80)).await.is_err());
}

#[tokio::test]
async fn two_panels_choose_different_ranges() {
    let (one, two) = (Ground::new(), Ground::new());
    let ((bridge_one, range_one), (bridge_two, range_two)) = tokio::join!(one.ready(), two.ready());
    assert_ne!(range_one, range_two);
    assert_ne!(bridge_one.bridge, bridge_two.bridge);
    // A remembered range that somebody took meanwhile is given up.
    let third = Ground::new();
    let network = third.docker.ensure_network().await.expect("a bridge");
    let chosen = third.nat.ensure_table(Some(range_one), &network.bridge).await.expect("a table");
    assert!(![range_one, range_two].contains(&chosen));
    // Removing one leaves the other.
    let slot = range_two.free_address(&[]).expect("an address");
    two.nat.set(slot, &[SocketAddrV4::new(Ipv4Addr::new(172, 31, 255, 1), 1)]).await.expect("set");
    one.nat.remove_table().await.expect("removed");
    assert_eq!(two.nat.list().await.expect("listed").len(), 1);
    let _: VirtualRange = chosen;
}

/// Runs a program to its end; its words come back.
fn run(program: &str, args: &str, input: &str) -> (bool, String) {
    use std::{io::Write, process::Stdio};
    let mut command = std::process::Command::new(program);
    command.args(args.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("started");
    child.stdin.take().expect("an input").write_all(input.as_bytes()).expect("fed");
    let output = child.wait_with_output().expect("ended");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Two hosts in network namespaces: one with a bridge, the other behind it like a container.
struct Hosts(String);

impl Hosts {
    fn new() -> Self {
        let name = format!("hp{:08x}", homeport_server::ambient::random_u32());
        let hosts = Self(name.clone());
        for args in [
            format!("netns add {name}"),
            format!("netns add {name}c"),
            format!("netns exec {name} ip link set lo up"),
            format!("netns exec {name} ip link add br0 type bridge"),
            format!("netns exec {name} ip addr add 172.30.0.1/16 dev br0"),
            format!("netns exec {name} ip link add v0 type veth peer name eth0 netns {name}c"),
            format!("netns exec {name} ip link set v0 master br0"),
            format!("netns exec {name} ip link set v0 up"),
            format!("netns exec {name} ip link set br0 up"),
            format!("netns exec {name}c ip addr add 172.30.0.2/16 dev eth0"),
            format!("netns exec {name}c ip link set eth0 up"),
            format!("netns exec {name}c ip route add default via 172.30.0.1"),
        ] {
            assert!(run("ip", &args, "").0, "ip {args}");
        }
        hosts
    }

    fn host(&self, args: &str, input: &str) -> (bool, String) {
        run("ip", &format!("netns exec {} {args}", self.0), input)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        run("ip", &format!("netns delete {}", self.0), "");
        run("ip", &format!("netns delete {}c", self.0), "");
    }
}

#[tokio::test]
async fn it_works_on_a_host_without_a_default_route() {
    let ground = Ground::new();
    let (_, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    ground.nat.set(slot, &["172.30.0.2:5000".parse().expect("an address")]).await.expect("set");
    let table = run("nft", &format!("list table ip homeport_{}", ground.namespace), "").1;
    let hosts = Hosts::new();
    let serve = format!("netns exec {}c busybox nc -l -p 5000 -e busybox echo reached", hosts.0);
    let mut server = std::process::Command::new("ip").args(serve.split(' ')).spawn().expect("a server");
    assert!(hosts.host("nft -f -", &table).0, "{table}");
    let ask = format!("busybox nc -w 2 {slot} 80");
    assert!(!hosts.host("ip route", "").1.contains("default"));
    assert_ne!(hosts.host(&ask, "").1, "reached\n", "without the route there is no way");
    assert!(hosts.host(&format!("ip route replace {} dev br0", range.cidr()), "").0);
    let mut said = String::new();
    for _ in 0..50 {
        said = hosts.host(&ask, "").1;
        if said == "reached\n" {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    server.kill().expect("ended");
    server.wait().expect("ended");
    assert_eq!(said, "reached\n");
}

#[tokio::test]
async fn replacing_a_container_under_load_fails_no_request() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    let (_, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    let (mut old, address) = ground.run(&ground.spec(&image, 1, "v1")).await;
    let port = ground.spec(&image, 1, "v1").port;
    ground.nat.set(slot, &[address]).await.expect("set");
    ground.nginx.apply(&ground.generation(1, ground.behind(slot))).await.expect("applied");
    let crowd = Crowd::send(ground.http_port, "shop.example.com", 8);
    for number in 2..=4 {
        let (new, address) = ground.run(&ground.spec(&image, number, &format!("v{number}"))).await;
        ground.nat.set(slot, &[address]).await.expect("switched");
        while ground.docker.established(&old, port).await.expect("counted") > 0 {
            sleep(Duration::from_millis(10)).await;
        }
        ground.docker.stop(&old, 10).await.expect("stopped");
        ground.docker.remove(&old).await.expect("removed");
        old = new;
        let answer = crate::support::web::get(ground.http_port, "shop.example.com", "/").await.expect("an answer");
        assert_eq!(answer.body(), format!("v{number}\n"));
    }
    let (asked, failures) = crowd.home().await;
    assert!(asked > 100, "{asked}");
    assert_eq!(failures, Vec::<String>::new(), "of {asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_containers_have_a_door_each_and_old_doors_lead_somewhere_until_they_are_closed() {
    let ground = Ground::new();
    let network = ground.docker.ensure_network().await.expect("a network");
    let range = ground.nat.ensure_table(None, &network.bridge).await.expect("a table");
    let slot = range.free_address(&[]).expect("an address");
    let at = |last: u8| SocketAddrV4::new(Ipv4Addr::new(172, 31, 255, last), 5000);
    let doors = async || {
        let listed = ground.nat.list().await.expect("listed");
        listed.into_iter().map(|((_, door), at)| (door, at)).collect::<Vec<_>>()
    };
    ground.nat.set(slot, &[at(1), at(2), at(3)]).await.expect("set");
    assert_eq!(doors().await, [(80, at(1)), (81, at(2)), (82, at(3))]);
    ground.nat.set(slot, &[at(4), at(5)]).await.expect("set");
    assert_eq!(doors().await, [(80, at(4)), (81, at(5)), (82, at(4))], "nginx may still ask at the third");
    ground.nat.trim(slot, 2).await.expect("trimmed");
    ground.nat.trim(slot, 2).await.expect("again");
    assert_eq!(doors().await, [(80, at(4)), (81, at(5))]);
    ground.nat.set(slot, &[]).await.expect("cleared");
    assert!(doors().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_an_older_shape_is_made_anew_with_what_it_said() {
    let ground = Ground::new();
    let network = ground.docker.ensure_network().await.expect("a network");
    let range = ground.nat.ensure_table(None, &network.bridge).await.expect("a table");
    let slot = range.free_address(&[]).expect("an address");
    let table = format!("homeport_{}", ground.namespace.as_str().replace('-', "_"));
    let old = format!(
        "delete table ip {table}\nadd table ip {table}\n\
         add map ip {table} web {{ type ipv4_addr : ipv4_addr . inet_service ; }}\n\
         add element ip {table} web {{ {slot} : 172.31.255.9 . 5000 }}\n"
    );
    assert!(run("nft", &old, "").0, "{old}");
    ground.nat.ensure_table(Some(range), &network.bridge).await.expect("made anew");
    let expected: SocketAddrV4 = "172.31.255.9:5000".parse().expect("an address");
    assert_eq!(ground.nat.list().await.expect("listed").into_iter().collect::<Vec<_>>(), [((slot, 80), expected)]);
}
