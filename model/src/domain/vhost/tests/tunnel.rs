use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    super::{
        parse::{Directive, find_all},
        *,
    },
    FORBIDDEN, host, pair, shop,
};
use crate::{
    app::{PortMap, PortScheme},
    deploy::SiteRules,
    domain::{Knob, RealIp},
};

fn with_tunnel() -> Host {
    Host { tunnel_port: Some(7_381.try_into().expect("a port")), ..host() }
}

fn tunneled(name: &str, leads: VhostLeads) -> TunnelHost {
    TunnelHost { name: name.parse().expect("a name"), leads }
}

fn upstream() -> Target {
    let address = std::net::Ipv4Addr::new(10, 98, 0, 3).try_into().expect("virtual");
    Target::Proxied(Upstream::Virtual { address, count: 1 })
}

/// The servers of a file that listen on the tunnel's port.
fn at_tunnel(servers: &[Directive]) -> Vec<&Directive> {
    servers
        .iter()
        .filter(|server| server.all("listen").iter().any(|listen| listen.args[0] == "127.0.0.1:7381"))
        .collect()
}

fn headers(server: &Directive) -> Vec<String> {
    server.all("proxy_set_header").iter().map(|line| line.args.join(": ")).collect()
}

/// Whether the first thing that is done leads those to https who came to Cloudflare without it.
fn leads_to_https(server: &Directive) -> bool {
    server.all("if").iter().any(|came| {
        came.args == ["($homeport_came_by", "=", "http)"]
            && matches!(came.block.as_slice(), [only] if only.name == "return" && only.args == ["301", "https://$host$request_uri"])
    })
}

#[test]
fn a_name_of_the_tunnel_is_served_on_loopback_as_https_is() {
    let mut app = shop(upstream());
    app.by_tunnel.push(tunneled("in.example.com", VhostLeads::APP));
    app.settings.real_ip = Some(RealIp::Cloudflare);
    let generation = Generation { number: 7, host: with_tunnel(), panel: None, apps: vec![app] };
    let files = generation.render();
    let text = &files[1].text;
    let servers = parse::parse(text).expect("parses");
    let own = at_tunnel(&servers);
    let [server] = own.as_slice() else { panic!("{text}") };
    assert_eq!(server.all("listen").len(), 1);
    assert_eq!(server.all("server_name")[0].args, ["in.example.com"]);
    assert_eq!(
        server.all("set_real_ip_from").iter().map(|line| line.args[0].as_str()).collect::<Vec<_>>(),
        ["127.0.0.1"]
    );
    assert_eq!(server.all("real_ip_header")[0].args, ["CF-Connecting-IP"]);
    let headers = headers(server);
    for header in [
        "Host: $host",
        "X-Forwarded-Proto: $homeport_came_by",
        "X-Forwarded-Port: $homeport_came_to",
        "X-Real-IP: $remote_addr",
    ] {
        assert!(headers.iter().any(|found| found == header), "{header}: {headers:?}");
    }
    assert_eq!(headers.len(), 12);
    assert!(text.contains("Strict-Transport-Security"), "{text}");
    assert!(leads_to_https(server), "{text}");
    assert!(!find_all(&server.block, "location").iter().any(|line| line.args.join(" ").contains("acme-challenge")));

    // Everywhere else it is refused, before a wildcard could take it.
    let main = parse::parse(&files[0].text).expect("parses");
    let naming: Vec<&Directive> = find_all(&main, "server")
        .into_iter()
        .filter(|server| server.all("server_name").iter().any(|line| line.args == ["in.example.com"]))
        .collect();
    let [plain, secure] = naming.as_slice() else { panic!("{}", files[0].text) };
    assert_eq!(
        (plain.all("listen")[0].args[0].as_str(), plain.all("return")[0].args[0].as_str()),
        ("0.0.0.0:80", "444")
    );
    assert_eq!(secure.all("ssl_reject_handshake")[0].args, ["on"]);
    let unknown = find_all(&main, "server");
    assert!(unknown.iter().any(|server| {
        server.all("listen")[0].args == ["127.0.0.1:7381", "default_server"] && server.all("return")[0].args == ["444"]
    }));
    let outside = servers.iter().filter(|server| !own.contains(server));
    assert!(outside.clone().count() > 0);
    assert!(
        outside.flat_map(|server| server.all("server_name")).all(|line| !line.args.contains(&"in.example.com".into()))
    );
}

#[test]
fn who_comes_to_cloudflare_by_http_is_led_to_https_unless_the_app_does_not_want_that() {
    let mut app = shop(upstream());
    let to = Redirect::to("new.example.com".parse().expect("a host"));
    app.by_tunnel.push(tunneled("in.example.com", VhostLeads::APP));
    app.by_tunnel.push(tunneled("old.example.com", VhostLeads::Redirect { to, ours: true }));
    let rendered = |app: &AppVhost| {
        let generation = Generation { number: 7, host: with_tunnel(), panel: None, apps: vec![app.clone()] };
        generation.render().into_iter().map(|file| file.text).collect::<Vec<_>>()
    };
    let away = |texts: &[String]| {
        let servers = parse::parse(&texts[1]).expect("parses");
        let own = at_tunnel(&servers);
        (leads_to_https(own[0]), find_all(&own[1].block, "return")[0].args[1].clone())
    };
    let texts = rendered(&app);
    assert_eq!(away(&texts), (true, "https://new.example.com$request_uri".to_owned()));
    // What stands in for the app is no exception.
    for target in [Target::Site(SiteRules::default()), Target::Down(Down::Stopped)] {
        assert!(away(&rendered(&AppVhost { target, ..app.clone() })).0);
    }
    assert!(away(&rendered(&AppVhost { maintenance: Some(None), ..app.clone() })).0);
    app.settings.knobs.set(Knob::ForceHttps, "off").expect("a switch");
    let texts = rendered(&app);
    assert_eq!(away(&texts), (false, "$homeport_came_by://new.example.com$request_uri".to_owned()));
    // The scheme is Cloudflare's word, also in a file from before that has it while there is no tunnel.
    let without = Generation { number: 7, host: host(), panel: None, apps: vec![app] }.render();
    for text in [&texts[0], &without[0].text] {
        let maps = parse::parse(text).expect("parses");
        let map = |name: &str| {
            let found = find_all(&maps, "map").into_iter().find(|map| map.args == ["$http_x_forwarded_proto", name]);
            found.map(|map| map.block.iter().map(|line| format!("{} {}", line.name, line.args[0])).collect::<Vec<_>>())
        };
        assert_eq!(map("$homeport_came_by"), Some(vec!["default https".to_owned(), "http http".to_owned()]));
        assert_eq!(map("$homeport_came_to"), Some(vec!["default 443".to_owned(), "http 80".to_owned()]));
    }
}

#[test]
fn a_site_answers_a_part_of_a_host_that_comes_in_by_the_tunnel_only() {
    let mut app = shop(upstream());
    app.names.clear();
    let part = VhostPrefix { path: "/docs".parse().expect("a path"), app: AppId::new(1, 3), strip: true };
    app.by_tunnel.push(tunneled("in.example.com", VhostLeads::App(vec![part])));
    let hosts = vec!["docs.example.com".parse().expect("a host")];
    let site = Target::Site(SiteRules::default());
    let docs = AppVhost::new(AppId::new(1, 3), "docs".parse().expect("a name"), hosts, site);
    let socket = format!("{INSIDE}/{}.sock", docs.app);
    let generation = Generation { number: 7, host: with_tunnel(), panel: None, apps: vec![app, docs] };
    let files = generation.render();
    assert!(files[1].text.contains(&socket), "it is asked there: {}", files[1].text);
    let servers = parse::parse(&files[2].text).expect("parses");
    let listens = find_all(&servers, "listen");
    assert!(listens.iter().any(|listen| listen.args[0].ends_with(&socket)), "and answers there: {}", files[2].text);
}

#[test]
fn without_a_tunnel_its_names_are_served_nowhere() {
    let mut app = shop(Target::Site(SiteRules::default()));
    app.by_tunnel.push(tunneled("in.example.com", VhostLeads::APP));
    let generation = Generation { number: 7, host: host(), panel: None, apps: vec![app.clone()] };
    let files = generation.render();
    assert!(!files[1].text.contains("in.example.com") && !files[0].text.contains("7381"));
    assert_eq!(files[0].text.matches("in.example.com").count(), 2, "refused by http and https");
    // Nor is there a listener for a tunnel that no name comes in by, but for the answer to unknown names.
    app.by_tunnel.clear();
    let generation = Generation { number: 7, host: with_tunnel(), panel: None, apps: vec![app] };
    let files = generation.render();
    assert_eq!((files[0].text.matches("127.0.0.1:7381").count(), files[1].text.matches("7381").count()), (1, 0));
}

#[test]
fn redirects_other_ports_and_what_stands_in_keep_to_the_tunnel() {
    let mut app = shop(upstream());
    let to = Redirect::to("in.example.com".parse().expect("a host"));
    app.by_tunnel.push(tunneled("in.example.com", VhostLeads::APP));
    app.by_tunnel.push(tunneled("old.example.com", VhostLeads::Redirect { to, ours: true }));
    app.catch_all = true;
    let port = |number: u16| Port::try_from(number).expect("a port");
    let map = PortMap { scheme: PortScheme::Http, host: port(8_081), container: port(5_001) };
    app.ports = lanes(&[map]);
    let host = Host { http_port: 8_080.try_into().expect("a port"), ..with_tunnel() };
    let generation = Generation { number: 7, host: host.clone(), panel: None, apps: vec![app.clone()] };
    let files = generation.render();
    let servers = parse::parse(&files[1].text).expect("parses");
    let tunnel = at_tunnel(&servers);
    assert_eq!(tunnel.len(), 2);
    let away = find_all(&tunnel[1].block, "return");
    assert_eq!(away[0].args, ["301", "https://in.example.com$request_uri"], "no port of this nginx goes along");
    assert_eq!(files[0].text.matches("server_name in.example.com old.example.com").count(), 3, "8081 refuses it, too");
    assert!(!servers.iter().any(|server| {
        server.all("listen").iter().any(|line| line.args[0].ends_with(":8081"))
            && server.all("server_name")[0].args.contains(&"in.example.com".to_owned())
    }));
    // Names of the tunnel only are a vhost, too, and stay theirs when nginx refuses the app's settings.
    app.names.clear();
    app.catch_all = false;
    let refused = Generation { number: 8, host, panel: None, apps: vec![app.refused()] };
    let servers = parse::parse(&refused.render()[1].text).expect("parses");
    assert_eq!((servers.len(), at_tunnel(&servers).len()), (1, 1));
}

#[test]
fn the_panel_is_reached_by_the_tunnel() {
    let panel = Panel {
        names: vec![PanelName::Localhost],
        by_tunnel: vec!["panel.example.com".parse().expect("a name")],
        upstream: PanelUpstream::Port(7_380.try_into().expect("a port")),
    };
    let generation = Generation { number: 7, host: with_tunnel(), panel: Some(panel.clone()), apps: Vec::new() };
    let files = generation.render();
    let servers = parse::parse(&files[1].text).expect("parses");
    let tunnel = at_tunnel(&servers);
    assert_eq!(tunnel[0].all("server_name")[0].args, ["panel.example.com"]);
    assert!(headers(tunnel[0]).contains(&"X-Forwarded-Proto: $homeport_came_by".to_owned()));
    assert!(leads_to_https(tunnel[0]), "{}", files[1].text);
    assert_eq!(tunnel[0].all("add_header")[0].args[0], "Strict-Transport-Security");
    assert!(tunnel[0].all("location").iter().all(|location| !location.args.join(" ").contains("acme-challenge")));
    assert_eq!(servers.len(), 2);
    assert!(files[0].text.contains("server_name panel.example.com"));
    let generation = Generation { number: 7, host: host(), panel: Some(panel), apps: Vec::new() };
    assert_eq!(parse::parse(&generation.render()[1].text).expect("parses").len(), 1);
}

/// The servers of the panel's file that have a name.
fn named<'a>(servers: &'a [Directive], name: &str) -> Vec<&'a Directive> {
    servers.iter().filter(|server| server.all("server_name")[0].args.iter().any(|own| own == name)).collect()
}

/// What nginx tells the panel of the way, and that nobody else can.
fn way_of(server: &Directive) -> Option<String> {
    let location = server.all("location").into_iter().find(|one| one.args == ["=", "/.well-known/homeport-way"])?;
    let told = headers(location).into_iter().find_map(|line| Some(line.strip_prefix("X-Homeport-Way: ")?.to_owned()));
    assert!(headers(location).contains(&"X-Real-IP: $remote_addr".to_owned()));
    told
}

#[test]
fn a_name_of_the_panel_that_is_switched_is_served_both_ways_and_never_in_clear() {
    let name: DomainName = "panel.example.com".parse().expect("a name");
    let panel = |tls| Panel {
        names: vec![PanelName::Localhost, PanelName::Secure(VhostName { name: name.clone(), tls })],
        by_tunnel: vec![name.clone()],
        upstream: PanelUpstream::Port(7_380.try_into().expect("a port")),
    };
    let rendered =
        |tls| Generation { number: 7, host: with_tunnel(), panel: Some(panel(tls)), apps: Vec::new() }.render();
    // Without a certificate it is still the tunnel that serves it, and authorities are answered both ways.
    let files = rendered(None);
    assert!(!files[0].text.contains("panel.example.com"), "not refused: {}", files[0].text);
    let servers = parse::parse(&files[1].text).expect("parses");
    let own = named(&servers, "panel.example.com");
    let [bare, tunnel] = own.as_slice() else { panic!("{}", files[1].text) };
    let challenge = |server: &Directive| {
        server.all("location").iter().any(|location| location.args.join(" ").contains("acme-challenge"))
    };
    assert!(find_all(&bare.block, "proxy_pass").is_empty(), "nothing of the panel: {}", files[1].text);
    assert!(challenge(bare) && find_all(&bare.block, "return").iter().all(|line| line.args[0] == "503"));
    assert!(challenge(tunnel) && leads_to_https(tunnel));
    assert_eq!(way_of(tunnel).as_deref(), Some("tunnel"));
    let localhost = named(&servers, "localhost");
    assert_eq!(way_of(localhost[0]).as_deref(), Some("direct"));
    // With one both serve it.
    let files = rendered(Some(pair("p")));
    let servers = parse::parse(&files[1].text).expect("parses");
    let ways: Vec<_> = named(&servers, "panel.example.com").into_iter().filter_map(way_of).collect();
    assert_eq!(ways, ["direct", "tunnel"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn names_of_the_tunnel_parse_back_and_are_nowhere_else(
        inside in prop::collection::btree_set("(\\*\\.)?[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\\.in\\.[a-z]{2,9}", 1..5),
        outside in prop::collection::btree_set("[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\\.out\\.[a-z]{2,9}", 0..3),
        kind in 0..3, https: bool, kept: bool,
    ) {
        let target = match kind {
            0 => Target::Site(SiteRules::default()),
            1 => Target::Down(Down::Stopped),
            _ => upstream(),
        };
        let parsed = outside.iter().map(|host| host.parse().expect("a host")).collect();
        let mut app = AppVhost::new(AppId::new(5, 5), "shop".parse().expect("a name"), parsed, target);
        app.names.iter_mut().for_each(|name| name.tls = https.then(|| pair("a")));
        app.by_tunnel = inside.iter().map(|name| tunneled(name, VhostLeads::APP)).collect();
        app.settings.knobs.set(Knob::UpstreamKeepalive, if kept { "8" } else { "0" }).expect("within its bounds");
        let generation = Generation { number: 7, host: with_tunnel(), panel: None, apps: vec![app] };
        let read = parse::parse(&generation.render()[1].text).expect("parses");
        let names = |servers: &[&Directive]| -> BTreeSet<String> {
            servers.iter().flat_map(|server| server.all("server_name")).flat_map(|line| line.args.clone()).collect()
        };
        let own = at_tunnel(&read);
        let others: Vec<&Directive> =
            read.iter().filter(|one| one.name == "server" && !own.contains(one)).collect();
        prop_assert_eq!(names(&own), inside);
        prop_assert_eq!(names(&others), outside);
        for server in own {
            prop_assert_eq!(server.all("real_ip_header").len(), 1);
            prop_assert!(server.all("ssl_certificate").is_empty());
        }
        for name in FORBIDDEN.iter().chain(&["include"]).filter(|name| **name != "if") {
            prop_assert!(find_all(&read, name).is_empty(), "{}", name);
        }
        let ours = read.iter().filter(|server| leads_to_https(server)).count();
        prop_assert_eq!(find_all(&read, "if").len(), ours, "none but ours");
    }
}
