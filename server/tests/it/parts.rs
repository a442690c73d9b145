//! Parts of a host that another app answers, asked through the real nginx.

use std::sync::atomic::Ordering;

use homeport_model::{
    domain::vhost::{AppVhost, Down, Target, VhostLeads, VhostPrefix},
    prelude::*,
};

use crate::{
    proxy::{ask, asked, form},
    support::{echo::Echo, namespace::Ground, web::raw},
};

#[tokio::test]
async fn parts_of_a_host_are_whole_segments_with_and_without_their_beginning() {
    let (ground, shop, api) = (Ground::new(), Echo::start().await, Echo::start().await);
    let mut generation = ground.generation(1, shop.target());
    let other = AppId::new(2, 2);
    generation.apps.push(AppVhost::new(
        other.clone(),
        "api".parse().expect("a name"),
        vec!["api.example.com".parse().expect("a host")],
        api.target(),
    ));
    generation.apps[1].settings = form(&[("body_size", "1k"), ("upstream_keepalive", "2")]).parse().expect("read");
    let part = |path: &str, strip| VhostPrefix { path: path.parse().expect("a path"), app: other.clone(), strip };
    generation.apps[0].names[0].leads = VhostLeads::App(vec![part("/api", true), part("/api/raw", false)]);
    ground.nginx.apply(&generation).await.expect("applied");
    for (path, expected, by) in [
        ("/api", "GET / HTTP/1.1", &api),
        ("/api/", "GET / HTTP/1.1", &api),
        ("/api/users?x=1", "GET /users?x=1 HTTP/1.1", &api),
        ("/api/raw/users", "GET /api/raw/users HTTP/1.1", &api),
        ("/api/rawer", "GET /rawer HTTP/1.1", &api),
        ("/apix", "GET /apix HTTP/1.1", &shop),
        ("/", "GET / HTTP/1.1", &shop),
        ("/x/api", "GET /x/api HTTP/1.1", &shop),
    ] {
        let before = by.connections.load(Ordering::Relaxed);
        let answer = ask(&ground, "shop.example.com", path).await;
        assert_eq!((answer.status, asked(&answer)), (200, expected), "{path}");
        let kept = std::ptr::eq(by, &api);
        assert!(kept || by.connections.load(Ordering::Relaxed) == before + 1, "{path}");
    }
    // Where an app that knows nothing of its part leads to is below the part; what knows, or leads away, stays.
    for (to, led) in [
        ("/login", "/api/login"),
        ("/login?next=/api", "/api/login?next=/api"),
        ("/", "/api/"),
        ("/apis", "/api/apis"),
        ("/api/login", "/api/login"),
        ("/api", "/api"),
        ("/api?x", "/api?x"),
        ("//else.example/x", "//else.example/x"),
        ("https://else.example/x", "https://else.example/x"),
    ] {
        let answer = ask(&ground, "shop.example.com", &format!("/api/to?{to}")).await;
        let location = answer.text.lines().find_map(|line| line.strip_prefix("Location: "));
        assert_eq!((answer.status, location), (302, Some(led)), "{to}");
    }
    let told = async |path: &str| {
        let answer = ask(&ground, "shop.example.com", path).await;
        answer.body().lines().find_map(|line| line.strip_prefix("X-Forwarded-Prefix: ")).map(str::to_owned)
    };
    assert_eq!(
        (told("/api/x").await.as_deref(), told("/api/raw/x").await, told("/x").await),
        (Some("/api"), None, None)
    );
    let lying = "GET /x HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-Prefix: /evil\r\nConnection: close\r\n\r\n";
    let answer = raw(ground.http_port, lying).await.expect("an answer");
    assert!(answer.status == 200 && !answer.text.contains("/evil"), "{}", answer.text);
    let body = "x".repeat(2_000);
    let send = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let big = raw(ground.http_port, &send("/api/users")).await.expect("an answer");
    assert_eq!(big.status, 413, "the other app's own limit counts");
    assert_eq!(raw(ground.http_port, &send("/users")).await.expect("an answer").status, 200);
    // What an address may ask the other app for, it may ask for at this host.
    generation.number = 9;
    generation.apps[1].settings = form(&[("rate_limit", "1"), ("rate_burst", "0")]).parse().expect("read");
    ground.nginx.apply(&generation).await.expect("applied");
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(ask(&ground, "shop.example.com", "/api/users").await.status);
    }
    assert!(statuses[0] == 200 && statuses[1..].contains(&429), "{statuses:?}");
    assert_eq!(ask(&ground, "shop.example.com", "/users").await.status, 200);
    // Who answers counts the requests.
    let counted = async |app: &AppId, path: &str| {
        for _ in 0..40 {
            let text = std::fs::read_to_string(ground.log_of(app)).unwrap_or_default();
            if text.contains(&format!("\"path\":\"{path}\"")) {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        false
    };
    let shop_id = generation.apps[0].app.clone();
    assert!(counted(&other, "/api/users").await && counted(&shop_id, "/users").await);
    assert!(!std::fs::read_to_string(ground.log_of(&shop_id)).expect("a log").contains("/api/users"));
    generation.apps[1].settings = form(&[]).parse().expect("read");
    // The other app in maintenance, and gone.
    generation.number = 10;
    generation.apps[1].maintenance = Some(None);
    ground.nginx.apply(&generation).await.expect("applied");
    assert_eq!(ask(&ground, "shop.example.com", "/api/users").await.status, 503);
    assert_eq!(ask(&ground, "shop.example.com", "/").await.status, 200);
    (generation.number, generation.apps[1].target) = (11, Target::Down(Down::Stopped));
    generation.apps[1].maintenance = None;
    ground.nginx.apply(&generation).await.expect("applied");
    assert_eq!(ask(&ground, "shop.example.com", "/api/users").await.status, 502);
}
