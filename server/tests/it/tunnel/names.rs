//! Names that come in by the tunnel, asked as `cloudflared` asks and as everybody else does.

use homeport_model::{
    certificate::plan::Why,
    deploy::SiteRules,
    domain::{
        DomainForm,
        vhost::{AppHost, AppVhost, Target, TunnelHost, VhostLeads, VhostPrefix},
    },
    id::AppId,
    name::{AppName, DomainName, Port},
    prelude::Code,
    time::Timestamp,
    tunnel::WayIn,
};
use homeport_server::drivers::tls::look_secure;

use super::{becomes, connects, keep, view, with_connector};
use crate::{
    https::certificate,
    support::{
        echo::Echo,
        namespace::{Ground, free_port},
        running::{Running, succeeded},
        web::{Answer, get, raw},
    },
};

async fn ask(port: Port, host: &str) -> Answer {
    get(port, host, "/").await.expect("an answer or its end")
}

fn name(text: &str) -> DomainName {
    text.parse().expect("a name")
}

async fn set_way(panel: &Running, app: &AppName, domain: &str, by_tunnel: bool) {
    panel.backend.domains.set_way(&panel.actor, app, &name(domain), by_tunnel).await.expect("switched");
}

/// As `cloudflared` asks for somebody at `address` who came to Cloudflare by https.
async fn from(port: Port, host: &str, address: &str) -> Answer {
    came(port, host, address, "https", "close").await
}

async fn came(port: Port, host: &str, address: &str, scheme: &str, connection: &str) -> Answer {
    let request = format!(
        "GET /x?y=1 HTTP/1.1\r\nHost: {host}\r\nCF-Connecting-IP: {address}\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: {scheme}\r\nUpgrade: websocket\r\nConnection: {connection}\r\n\r\n"
    );
    raw(port, &request).await.expect("an answer or its end")
}

#[tokio::test]
async fn the_app_is_told_how_its_visitor_came_and_nobody_forges_it_outside() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    let (tunnel, https) = (ground.tunnel_ports.0, free_port());
    let (pair, _) = certificate(&ground, "other.example.com", 1);
    let mut generation = ground.generation(1, echo.target());
    generation.host.tunnel_port = Some(tunnel);
    generation.host.https_port = Some(https);
    let app = &mut generation.apps[0];
    app.by_tunnel.push(TunnelHost { name: name("in.example.com"), leads: VhostLeads::APP });
    app.names.push(AppHost { name: name("*.example.com"), tls: Some(pair), leads: VhostLeads::APP });
    app.catch_all = true;
    ground.nginx.apply(&generation).await.expect("applied");

    let answer = from(tunnel, "in.example.com", "198.51.100.9").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for line in [
        "Host: in.example.com\r\n",
        "X-Real-IP: 198.51.100.9\r\n",
        "X-Forwarded-For: 198.51.100.9\r\n",
        "X-Forwarded-Proto: https\r\n",
        "X-Forwarded-Port: 443\r\n",
        "X-Forwarded-Host: in.example.com\r\n",
    ] {
        assert!(answer.body().contains(line), "{line:?}: {}", answer.body());
    }
    assert!(answer.text.contains("Strict-Transport-Security"), "{}", answer.text);
    // What is no address is no address.
    for odd in ["x", "127.0.0.1, 10.0.0.1;", "198.51.100.9\r\nX-Real-IP: 10.0.0.1", "unix:"] {
        let answer = from(tunnel, "in.example.com", odd).await;
        assert!(answer.body().contains("X-Real-IP: 1") && !answer.body().contains("X-Real-IP: 10."), "{odd}");
    }
    // A visitor of the public port is who it is.
    let outside = from(ground.http_port, "shop.example.com", "198.51.100.9").await;
    assert!(outside.body().contains("X-Real-IP: 127.0.0.1\r\n"), "{}", outside.body());
    assert!(outside.body().contains("X-Forwarded-Proto: http\r\n"), "{}", outside.body());

    // Around the tunnel there is no way: neither a wildcard nor the app that takes unknown names has it.
    assert_eq!(ask(ground.http_port, "in.example.com").await.text, "");
    assert_eq!(ask(ground.http_port, "nobodys.example.net").await.status, 200, "that one is caught");
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], https.get()));
    let shakes_hands =
        async |name: &str| look_secure(at, &name.parse().expect("a host"), Timestamp::from_ms(0)).await.is_ok();
    assert!(shakes_hands("other.example.com").await);
    assert!(!shakes_hands("in.example.com").await);
    // And by the tunnel there is none to other names.
    for host in ["shop.example.com", "nobodys.example.net", "127.0.0.1", "localhost"] {
        assert_eq!(ask(tunnel, host).await.text, "", "{host}");
    }
}

#[tokio::test]
async fn who_came_to_cloudflare_by_http_is_led_to_https_before_the_app_hears_of_it() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    let tunnel = ground.tunnel_ports.0;
    let mut generation = ground.generation(1, echo.target());
    generation.host.tunnel_port = Some(tunnel);
    generation.apps[0].by_tunnel.push(TunnelHost { name: name("in.example.com"), leads: VhostLeads::APP });
    generation.apps[0].passwords = Some("/nowhere/passwords".parse().expect("a path"));
    ground.nginx.apply(&generation).await.expect("applied");
    for connection in ["close", "Upgrade, close"] {
        let answer = came(tunnel, "in.example.com", "198.51.100.9", "http", connection).await;
        assert_eq!(answer.status, 301, "{}", answer.text);
        assert!(answer.text.contains("Location: https://in.example.com/x?y=1\r\n"), "{}", answer.text);
        assert!(!answer.text.contains("WWW-Authenticate"), "no password in clear: {}", answer.text);
    }
    assert_eq!(echo.connections.load(std::sync::atomic::Ordering::Relaxed), 0);

    // Whose owner wants both is told which one it was.
    generation.number = 2;
    generation.apps[0].passwords = None;
    generation.apps[0].settings.knobs.set(homeport_model::domain::Knob::ForceHttps, "off").expect("a switch");
    ground.nginx.apply(&generation).await.expect("applied");
    for (scheme, port) in [("http", "80"), ("https", "443")] {
        let answer = came(tunnel, "in.example.com", "198.51.100.9", scheme, "close").await;
        for line in [format!("X-Forwarded-Proto: {scheme}\r\n"), format!("X-Forwarded-Port: {port}\r\n")] {
            assert!(answer.body().contains(&line), "{line:?}: {}", answer.body());
        }
    }
}

#[tokio::test]
async fn a_site_answers_its_part_of_a_host_that_comes_in_by_the_tunnel_only() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    let tunnel = ground.tunnel_ports.0;
    let mut generation = ground.generation(1, echo.target());
    generation.host.tunnel_port = Some(tunnel);
    let site = Target::Site(SiteRules::default());
    let docs = AppVhost::new(
        AppId::new(9, 9),
        "docs".parse().expect("a name"),
        vec!["docs.example.com".parse().expect("a host")],
        site,
    );
    let files = ground.state().join("sites").join(docs.app.to_string()).join("current");
    std::fs::create_dir_all(&files).expect("a folder");
    std::fs::write(files.join("index.html"), "the docs").expect("a page");
    let part = VhostPrefix { path: "/docs".parse().expect("a path"), app: docs.app.clone(), strip: true };
    generation.host.sites = ground.state().join("sites").to_string_lossy().into_owned().try_into().expect("a path");
    generation.apps[0].names.clear();
    generation.apps[0].by_tunnel.push(TunnelHost { name: name("in.example.com"), leads: VhostLeads::App(vec![part]) });
    generation.apps.push(docs);
    ground.nginx.apply(&generation).await.expect("applied");
    let answer = get(tunnel, "in.example.com", "/docs/").await.expect("an answer");
    assert_eq!((answer.status, answer.body()), (200, "the docs"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_comes_in_by_the_tunnel_and_by_no_other_way() {
    let panel = with_connector().await;
    let (public, tunnel) = (panel.ground.http_port, panel.ground.tunnel_ports.0);
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);
    let form = |text: &str, way: &str| DomainForm { name: text.into(), way: way.into(), ..DomainForm::default() };

    // Without a tunnel there is no way by it.
    let early = panel.backend.domains.add(&panel.actor, &app, form("in.example.com", "tunnel")).await;
    let early = early.expect_err("there is no tunnel");
    assert!(early.code == Code::Conflict && early.field.is_none() && early.title.contains("no tunnel"), "{early}");
    panel.backend.domains.add(&panel.actor, &app, form("in.example.com", "direct")).await.expect("added");
    let early = panel.backend.domains.set_way(&panel.actor, &app, &name("in.example.com"), true).await;
    assert_eq!(early.expect_err("there is no tunnel").code, Code::Conflict);
    assert!(get(tunnel, "in.example.com", "/").await.is_err(), "nothing listens");

    keep(&panel, 7).await;
    connects(&panel).await;
    assert_eq!(ask(tunnel, "in.example.com").await.text, "", "not before somebody says so");
    set_way(&panel, &app, "in.example.com", true).await;
    let answer = ask(tunnel, "in.example.com").await;
    assert_eq!((answer.status, answer.body().trim()), (200, "one"));
    assert_eq!(ask(public, "in.example.com").await.text, "");
    assert_eq!(ask(public, "shop.apps.localhost").await.status, 200);
    assert_eq!(ask(tunnel, "shop.apps.localhost").await.text, "");

    // No certificate is ordered, and the pages say which way it comes in.
    let plan = panel.backend.certificates.plan(&panel.actor, &name("in.example.com")).await.expect("planned");
    assert_eq!(plan.why_not, Some(Why::Tunnel));
    let domain = panel.backend.certificates.domain(&panel.actor, &name("in.example.com")).await.expect("shown");
    assert!(domain.way == WayIn::Tunnel && domain.tunnel.on && domain.tunnel.id.is_some() && domain.alerts.is_empty());
    let rows = panel.backend.domains.list(&panel.actor).await.expect("listed");
    let way = |text: &str| rows.iter().find(|row| row.name.as_str() == text).map(|row| row.way);
    assert_eq!((way("in.example.com"), way("shop.apps.localhost")), (Some(WayIn::Tunnel), Some(WayIn::Direct)));
    let detail = panel.backend.apps.find(&panel.actor, &app).await.expect("found");
    assert!(detail.urls.contains(&"https://in.example.com".to_owned()), "{:?}", detail.urls);

    // The app's first name, too: a deploy then asks where it is answered.
    set_way(&panel, &app, "shop.apps.localhost", true).await;
    panel.set(&app, "VERSION=two").await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(ask(tunnel, "shop.apps.localhost").await.body().trim(), "two");
    assert_eq!(ask(public, "shop.apps.localhost").await.text, "");

    // The tunnel goes: its names are said, and served nowhere until somebody lets them in directly.
    panel.backend.tunnel.remove(&panel.actor).await.expect("removed");
    becomes(&panel, |state| *state == homeport_model::tunnel::TunnelState::None).await;
    let left: Vec<String> = view(&panel).await.names.iter().map(|left| left.name.to_string()).collect();
    assert_eq!(left, ["in.example.com", "shop.apps.localhost"]);
    assert!(get(tunnel, "in.example.com", "/").await.is_err());
    assert_eq!(ask(public, "in.example.com").await.text, "");
    set_way(&panel, &app, "in.example.com", false).await;
    assert_eq!(ask(public, "in.example.com").await.body().trim(), "two");
    // A name that goes takes its way with it, and so does an app.
    keep(&panel, 7).await;
    set_way(&panel, &app, "in.example.com", true).await;
    panel.backend.domains.remove(&panel.actor, &app, &name("in.example.com")).await.expect("removed");
    assert_eq!(view(&panel).await.names.len(), 1);
    panel.backend.apps.delete(&panel.actor, &app, "shop").await.expect("queued");
    for _ in 0..500 {
        if view(&panel).await.names.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(view(&panel).await.names, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_switch_a_way_and_which_names_have_one() {
    let panel = with_connector().await;
    let app = panel.create(panel.form("shop")).await;
    keep(&panel, 7).await;
    let own = name("shop.apps.localhost");
    for role in ["viewer", "deployer"] {
        let somebody = panel.person(role).await;
        let refused = panel.backend.domains.set_way(&somebody, &app, &own, true).await.expect_err("not theirs");
        assert_eq!(refused.code, Code::Forbidden);
        assert_eq!(panel.backend.tunnel.remove(&somebody).await.expect_err("not theirs").code, Code::Forbidden);
    }
    assert!(panel.backend.tunnel.find(&panel.person("viewer").await).await.is_ok());
    for other in ["other.example.com", "*.apps.localhost", "api.apps.localhost"] {
        let refused = panel.backend.domains.set_way(&panel.actor, &app, &name(other), true).await;
        assert_eq!(refused.expect_err(other).code, Code::NotFound, "{other}");
    }
    // No app takes the tunnel's port from nginx.
    let port = panel.ground.tunnel_ports.0;
    let need =
        homeport_model::app::NeedForm { kind: "port".into(), text: format!("http:{port}:5000"), ..Default::default() };
    let refused = panel.backend.apps.add_need(&panel.actor, &app, need).await.expect_err("taken");
    assert!(refused.title.contains(&port.to_string()), "{refused}");
}
