//! The switch against the real firewall.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::{Duration, Instant},
};

use homeport_model::deploy::address::VirtualRange;
use tokio::{net::TcpStream, time::sleep};

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
    ground.nat.set(slot, address).await.expect("set");
    ground.nat.set(slot, address).await.expect("again");
    assert!(TcpStream::connect((slot.get(), 80)).await.is_ok());
    assert_eq!(ground.nat.list().await.expect("listed").into_iter().collect::<Vec<_>>(), [(slot, address)]);
    // Ensuring again, with what was remembered, keeps the elements.
    assert_eq!(ground.nat.ensure_table(Some(range), &network.bridge).await.expect("a table"), range);
    assert_eq!(ground.nat.list().await.expect("listed").len(), 1);
    ground.nat.clear(slot).await.expect("cleared");
    ground.nat.clear(slot).await.expect("again");
    assert!(TcpStream::connect((slot.get(), 80)).await.is_err());
    ground.nat.remove_table().await.expect("removed");
    ground.nat.remove_table().await.expect("again");
}

#[tokio::test]
async fn a_flushed_table_is_made_again() {
    let ground = Ground::new();
    let (network, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    let target = SocketAddrV4::new(Ipv4Addr::new(172, 31, 255, 1), 5000);
    ground.nat.set(slot, target).await.expect("set");
    let table = format!("homeport_{}", ground.namespace);
    let flush = |text: String| {
        let done = std::process::Command::new("nft").args(text.split(' ')).status().expect("nft");
        assert!(done.success());
    };
    // The whole table gone, as after `nft flush ruleset`.
    flush(format!("delete table ip {table}"));
    assert!(ground.nat.set(slot, target).await.is_err());
    ground.nat.ensure_table(Some(range), &network.bridge).await.expect("made again");
    ground.nat.set(slot, target).await.expect("set");
    // Only its rules gone.
    flush(format!("flush table ip {table}"));
    ground.nat.ensure_table(Some(range), &network.bridge).await.expect("made again");
    assert_eq!(ground.nat.list().await.expect("listed").get(&slot), Some(&target), "elements stay");
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
    two.nat.set(slot, SocketAddrV4::new(Ipv4Addr::new(172, 31, 255, 1), 1)).await.expect("set");
    one.nat.remove_table().await.expect("removed");
    assert_eq!(two.nat.list().await.expect("listed").len(), 1);
    let _: VirtualRange = chosen;
}

#[tokio::test]
async fn it_works_on_a_host_without_a_default_route() {
    // In a network namespace of its own there is no route at all but the bridge's.
    let name = format!("hp{:08x}", homeport_server::ambient::random_u32());
    let run = |program: &str, args: &str, input: &str| {
        use std::{io::Write, process::Stdio};
        let mut command = std::process::Command::new(program);
        let mut child =
            command.args(args.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
        child.stdin.take().expect("an input").write_all(input.as_bytes()).expect("fed");
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{program} {args}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run("ip", &format!("netns add {name}"), "");
    let inside = |args: &str, input: &str| run("ip", &format!("netns exec {name} {args}"), input);
    inside("ip link set lo up", "");
    inside("ip link add br0 type bridge", "");
    inside("ip addr add 172.30.0.1/16 dev br0", "");
    inside("ip link set br0 up", "");
    let before = inside("ip route", "");
    inside("ip route replace 10.98.77.0/24 dev br0", "");
    let route = inside("ip route get 10.98.77.1", "");
    run("ip", &format!("netns delete {name}"), "");
    assert!(!before.contains("default"));
    assert!(route.contains("dev br0 src 172.30.0.1"), "the bridge's own address is the source: {route}");
}

#[tokio::test]
async fn replacing_a_container_under_load_fails_no_request() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    let (_, range) = ground.ready().await;
    let slot = range.free_address(&[]).expect("an address");
    let (mut old, address) = ground.run(&ground.spec(&image, 1, "v1")).await;
    let port = ground.spec(&image, 1, "v1").port;
    ground.nat.set(slot, address).await.expect("set");
    ground.nginx.apply(&ground.generation(1, ground.behind(slot))).await.expect("applied");
    let crowd = Crowd::send(ground.http_port, "shop.example.com", 8);
    for number in 2..=4 {
        let (new, address) = ground.run(&ground.spec(&image, number, &format!("v{number}"))).await;
        ground.nat.set(slot, address).await.expect("switched");
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
