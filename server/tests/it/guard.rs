//! The guard and the headers, over every route of the table.

use std::collections::BTreeSet;

use axum::body::Body;
use homeport_server::http::{Access, Route, Serve, Verb, table};
use http::{Method, Request, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::support::panel::{Answer, Browser, Panel};

/// A path that the route's pattern matches.
pub fn example(route: &Route) -> String {
    route
        .path
        .replace("{name}", "shop")
        .replace("{number}", "1")
        .replace("{id}", "0123456789abcdef")
        .replace("{job}", "0123456789abcdef")
        .replace("{file}", "x.js")
        .replace("{app}", "0123456789abcdef")
        .replace("{repo}", "shop.git")
}

fn method(route: &Route) -> Method {
    match route.verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
    }
}

pub async fn ask(browser: &Browser, route: &Route) -> Answer {
    browser.send(browser.request(method(route), &example(route)).body(Body::empty()).expect("a request")).await
}

pub fn posts() -> impl Iterator<Item = &'static Route> {
    table().iter().filter(|route| route.verb == Verb::Post)
}

#[tokio::test]
async fn every_server_function_is_in_the_table_and_the_other_way_round() {
    let _panel = Panel::new().await;
    let registered: BTreeSet<_> =
        server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())).collect();
    let listed: BTreeSet<_> = table()
        .iter()
        .filter(|route| matches!(route.serve, Serve::ServerFn))
        .map(|route| (route.path.to_owned(), method(route).to_string()))
        .collect();
    assert!(!registered.is_empty());
    assert_eq!(registered, listed);
}

#[tokio::test]
async fn every_page_is_in_the_table_and_the_other_way_round() {
    let pages: BTreeSet<_> = homeport_server::http::paths().iter().cloned().collect();
    let listed: BTreeSet<_> =
        table().iter().filter(|route| matches!(route.serve, Serve::Page)).map(|route| route.path.to_owned()).collect();
    assert_eq!(pages, listed);
}

#[tokio::test]
async fn nobody_gets_anything_but_the_entrance() {
    let (panel, _owner) = Panel::claimed().await;
    let browser = panel.browser();
    for route in table().iter().filter(|route| route.access != Access::Public) {
        let answer = ask(&browser, route).await;
        let expected = if matches!(route.serve, Serve::Page) { 303 } else { 401 };
        assert_eq!(answer.status.as_u16(), expected, "{}", route.path);
    }
    let public: Vec<_> = table()
        .iter()
        .filter(|route| route.access == Access::Public && !matches!(route.serve, Serve::Asset))
        .map(|route| route.path)
        .collect();
    assert_eq!(
        public,
        [
            "/healthz",
            "/.well-known/homeport-way",
            "/claim",
            "/sign-in",
            "/recover",
            "/passkeys/claim/start",
            "/passkeys/claim/finish",
            "/passkeys/sign-in/start",
            "/passkeys/sign-in/finish",
            "/recovery/code",
            "/recovery/link",
            "/webhooks/{app}",
            "/sign-out",
            "/api/v1/openapi.json",
        ]
    );
}

#[tokio::test]
async fn a_stranger_cannot_tell_whether_the_panel_has_an_owner() {
    let (unclaimed, (claimed, _)) = (Panel::new().await, Panel::claimed().await);
    for route in table() {
        let (mut one, mut other) = (unclaimed.browser(), claimed.browser());
        (one.cookie, other.cookie) = (None, None);
        let (before, after) = (ask(&one, route).await, ask(&other, route).await);
        assert_eq!(before.status, after.status, "{}", route.path);
        let host = |panel: &Panel| panel.origin.trim_start_matches("http://").to_owned();
        let same = |answer: &Answer, panel: &Panel| {
            let mut text = answer.text().replace(host(panel).split(':').next().expect("a host"), "HOST");
            for varying in ["\"id\":\"", "\"challenge\":\"", "nonce=\"", "data-now=\""] {
                text = text
                    .split(varying)
                    .enumerate()
                    .map(|(at, part)| {
                        if at == 0 {
                            part.to_owned()
                        } else {
                            part.split_once('"').map_or("", |(_, rest)| rest).to_owned()
                        }
                    })
                    .collect();
            }
            text.replace(|c: char| c.is_ascii_digit(), "0")
        };
        if matches!(route.serve, Serve::Page) {
            continue; // Rendered without asking the store; the statuses are what could differ.
        }
        assert_eq!(same(&before, &unclaimed), same(&after, &claimed), "{}", route.path);
    }
}

/// Signs in someone with `role` by writing their session into the store.
async fn with_role(panel: &Panel, role: &str) -> Browser {
    let (user, token) = (format!("00000000-0000-4000-8000-{:0>12}", role.len()), format!("token-of-{role}"));
    let now = panel.clock.now().ms();
    let mut tx = panel.db.write().await.expect("writes");
    sqlx::query("INSERT INTO users (id, name, role, created_at) VALUES (?, ?, ?, ?)")
        .bind(&user)
        .bind(role)
        .bind(role)
        .bind(now)
        .execute(&mut *tx)
        .await
        .expect("a user");
    sqlx::query(
        "INSERT INTO sessions (id, token_hash, user_id, method, created_at, seen_at) VALUES (?, ?, ?, 'passkey', ?, ?)",
    )
    .bind(format!("{:0>16}", role.len()))
    .bind(Sha256::digest(token.as_bytes()).to_vec())
    .bind(&user)
    .bind(now)
    .bind(now)
    .execute(&mut *tx)
    .await
    .expect("a session");
    tx.commit().await.expect("commits");
    Browser { cookie: Some(token), ..panel.browser() }
}

#[tokio::test]
async fn each_role_gets_what_the_table_gives_it() {
    use homeport_model::actor::Role;
    let (panel, owner) = Panel::claimed().await;
    let actors = [
        (Role::Viewer, with_role(&panel, "viewer").await),
        (Role::Deployer, with_role(&panel, "deployer").await),
        (Role::Owner, owner.browser),
    ];
    for (has, browser) in &actors {
        for route in
            table().iter().filter(|route| !matches!(route.path, "/sign-out" | "/api/ui/accounts/end-other-sessions"))
        {
            let answer = ask(browser, route).await;
            let Access::Role(needs) = route.access else { continue };
            let forbidden = answer.status == StatusCode::FORBIDDEN;
            if *has < needs {
                assert!(forbidden, "{has:?} {}: {}", route.path, answer.status);
                assert_eq!(answer.code(), "forbidden", "{has:?} {}", route.path);
            } else if route.step_up {
                assert!(forbidden && answer.code() == "step_up_required", "{has:?} {}", route.path);
            } else {
                assert!(!matches!(answer.status.as_u16(), 401 | 303), "{has:?} {}", route.path);
                assert!(!forbidden || answer.code() == "step_up_required", "{has:?} {}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn one_persons_things_are_not_there_for_another() {
    let (panel, owner) = Panel::claimed().await;
    let stranger = with_role(&panel, "viewer").await;
    let settings = owner.settings().await;
    let session = settings["sessions"][0]["id"].as_str().expect("an id").to_owned();
    let foreign = stranger.form("/api/ui/accounts/end-session", &format!("id={session}")).await;
    let random = stranger.form("/api/ui/accounts/end-session", "id=0123456789abcdef").await;
    assert_eq!((foreign.status, &foreign.body), (StatusCode::NOT_FOUND, &random.body));
    let key = settings["passkeys"][0]["id"].as_str().expect("an id").to_owned();
    let renamed = stranger.form("/api/ui/accounts/rename-passkey", &format!("id={key}&label=mine")).await;
    assert_eq!(renamed.status, StatusCode::NOT_FOUND);
    assert_eq!(owner.settings().await["passkeys"][0]["label"], "Laptop");
}

/// The algorithm of security.md 6.3, written once more.
fn may_pass(site: &[&str], origin: &[&str], own: &str, cookie: bool) -> bool {
    match (site, origin) {
        (["same-origin"], _) => true,
        ([_, ..], _) => false,
        ([], [one]) => *one == own,
        ([], [_, _, ..]) => false,
        ([], []) => !cookie,
    }
}

#[tokio::test]
async fn requests_from_elsewhere_are_refused_on_every_post() {
    let (panel, owner) = Panel::claimed().await;
    let own = panel.origin.clone();
    let sites: [&[&str]; 8] = [
        &["same-origin"],
        &["same-site"],
        &["cross-site"],
        &["none"],
        &[],
        &["SAME-ORIGIN"],
        &["same-origin", "same-origin"],
        &["same-origin", "cross-site"],
    ];
    let foreign: Vec<String> = vec![
        own.clone(),
        own.replace("http://", "http://app."),
        "null".into(),
        own.replace("http:", "https:"),
        own.replace(":7380", ":7381"),
        format!("{own}/"),
        own.to_uppercase(),
        format!("{own}.evil"),
    ];
    let mut origins: Vec<Vec<&str>> = foreign.iter().map(|origin| vec![origin.as_str()]).collect();
    origins.push(vec![]);
    origins.push(vec![&own, &own]);
    let before = panel.dump().await;
    for route in posts() {
        for site in sites {
            for origin in &origins {
                for cookie in [false, true] {
                    if may_pass(site, origin, &own, cookie) {
                        continue;
                    }
                    let mut request = Request::builder()
                        .method(Method::POST)
                        .uri(example(route))
                        .header(header::HOST, &owner.browser.authority);
                    for value in site {
                        request = request.header("sec-fetch-site", *value);
                    }
                    for value in origin {
                        request = request.header("origin", *value);
                    }
                    if cookie {
                        request = request.header(
                            "cookie",
                            format!("__Host-sid={}", owner.browser.cookie.as_deref().expect("a cookie")),
                        );
                    }
                    // No address: each request of this test counts for the limits of all together only.
                    let answer = owner.browser.send(request.body(Body::empty()).expect("a request")).await;
                    let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
                    assert!(refused, "{} {site:?} {origin:?} {cookie}: {}", route.path, answer.status);
                    panel.clock.advance_ms(0);
                }
            }
        }
    }
    assert_eq!(panel.dump().await, before);
}

#[tokio::test]
async fn requests_from_our_own_pages_pass() {
    let (panel, _owner) = Panel::claimed().await;
    let own = panel.origin.clone();
    let cases: [(&[&str], &[&str], bool); 4] =
        [(&["same-origin"], &[], true), (&["same-origin"], &["null"], true), (&[], &[&own], true), (&[], &[], false)];
    for (site, origin, cookie) in cases {
        assert!(may_pass(site, origin, &own, cookie));
        let browser = panel.browser();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/passkeys/sign-in/start")
            .header(header::HOST, &browser.authority);
        for value in site {
            request = request.header("sec-fetch-site", *value);
        }
        for value in origin {
            request = request.header("origin", *value);
        }
        if cookie {
            request = request.header("cookie", "__Host-sid=x");
        }
        let answer = browser.send(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::OK, "{site:?} {origin:?} {cookie}");
    }
}

#[tokio::test]
async fn other_hosts_are_answered_with_421_and_never_repeated() {
    let (panel, owner) = Panel::claimed().await;
    let own = owner.browser.authority.clone();
    let hosts = [
        "evil.example".to_owned(),
        format!("{own}.evil.example"),
        format!("app.{own}"),
        format!("{own}@evil.example"),
        own.replace(":7380", ""),
        own.replace(":7380", ":80"),
        own.to_uppercase(),
        "203.0.113.7".into(),
        "[2001:db8::7]:7380".into(),
        String::new(),
    ];
    for route in table() {
        for host in &hosts {
            let request = Request::builder()
                .method(method(route))
                .uri(example(route))
                .header(header::HOST, host)
                .header("accept", "text/html");
            let answer = owner.browser.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{} {host}", route.path);
            assert!(host.is_empty() || !answer.text().contains(host.as_str()), "{host} is repeated");
            assert!(host.is_empty() || answer.headers.values().all(|value| value != host.as_str()));
        }
        let twice = Request::builder()
            .method(method(route))
            .uri(example(route))
            .header(header::HOST, &own)
            .header(header::HOST, "evil.example");
        let answer = owner.browser.send(twice.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{}", route.path);
        let none = Request::builder().method(method(route)).uri(example(route)).body(Body::empty()).expect("a request");
        assert_eq!(owner.browser.send(none).await.status, StatusCode::MISDIRECTED_REQUEST, "{}", route.path);
        let absolute = Request::builder()
            .method(method(route))
            .uri(format!("http://evil.example{}", example(route)))
            .header(header::HOST, &own);
        let answer = owner.browser.send(absolute.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", route.path);
        let forwarded =
            owner.browser.request(method(route), &example(route)).header("x-forwarded-host", "evil.example");
        let answer = owner.browser.send(forwarded.body(Body::empty()).expect("a request")).await;
        assert!(!answer.text().contains("evil.example"), "{}", route.path);
        if route.path == "/sign-out" {
            break;
        }
    }
    let _ = panel;
}

#[tokio::test]
async fn a_bare_address_is_told_the_way() {
    let panel = Panel::new().await;
    let browser = panel.browser();
    let request = Request::builder().uri("/").header(header::HOST, "203.0.113.7:7380").header("accept", "text/html");
    let answer = browser.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    assert!(answer.text().contains("ssh -L 7380:127.0.0.1:7380"), "{}", answer.text());
    assert!(answer.text().contains(&panel.origin));
    let health = Request::builder().uri("/healthz").header(header::HOST, "127.0.0.1:7380");
    let answer = browser.send(health.body(Body::empty()).expect("a request")).await;
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, "ok\n"));
}

#[tokio::test]
async fn odd_paths_and_methods_never_get_in() {
    let (panel, owner) = Panel::claimed().await;
    let before = panel.dump().await;
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "FOO"];
    let public = |path: &str| table().iter().any(|route| route.path == path && route.access == Access::Public);
    for route in table() {
        let path = example(route);
        let letter = path
            .trim_start_matches('/')
            .bytes()
            .next()
            .map_or_else(String::new, |byte| format!("/%{byte:02x}{}", &path[2..]));
        let odd = [
            path.clone(),
            format!("/{path}"),
            format!("/.{path}"),
            format!("{path}/"),
            path.to_uppercase(),
            letter,
            format!("{path};x"),
            format!("{path}%00"),
            format!("{path}/../claim"),
            format!("{path}/."),
        ];
        for name in methods {
            for path in &odd {
                let mut browser = panel.browser();
                browser.cookie = None;
                let Ok(request) = browser.request(name.parse().expect("a method"), path).body(Body::empty()) else {
                    continue;
                };
                let answer = browser.send(request).await;
                let allowed = public(path) || (path.starts_with("/pkg/") || matches!(route.serve, Serve::Asset));
                assert!(allowed || !answer.status.is_success(), "{name} {path}: {}", answer.status);
            }
        }
    }
    assert_eq!(panel.dump().await, before);
    drop(owner);
}

#[tokio::test]
async fn reading_never_writes() {
    let (panel, owner) = Panel::claimed().await;
    let before = panel.dump().await;
    for route in table().iter().filter(|route| route.verb == Verb::Get) {
        ask(&owner.browser, route).await;
        ask(&panel.browser(), route).await;
    }
    assert_eq!(panel.dump().await, before);
}

#[tokio::test]
async fn control_characters_in_headers_change_nothing() {
    let (panel, owner) = Panel::claimed().await;
    let sessions = panel.count("sessions").await;
    for cookie in ["%0d%0aSet-Cookie:%20a=b", "../../etc/passwd", "' OR 1=1 --", "", "\u{e9}"] {
        let mut browser = panel.browser();
        browser.cookie = Some(cookie.to_owned());
        let answer = browser.get("/api/ui/accounts/me").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{cookie}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!(panel.count("sessions").await, sessions);
    // Two cookies of the name: one is not ours.
    let cookie = owner.browser.cookie.clone().expect("a cookie");
    let request = panel
        .browser()
        .request(Method::GET, "/api/ui/accounts/me")
        .header("cookie", format!("__Host-sid={cookie}; __Host-sid=x"));
    let answer = panel.browser().send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_link_from_another_site_comes_back_by_itself() {
    let (panel, _owner) = Panel::claimed().await;
    let browser = panel.browser();
    for (site, status) in [("cross-site", 200), ("same-site", 200), ("none", 303), ("same-origin", 303)] {
        let request =
            Request::builder().uri("/apps").header(header::HOST, &browser.authority).header("sec-fetch-site", site);
        let answer = browser.send(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status.as_u16(), status, "{site}");
        assert_eq!(answer.text().contains("http-equiv=\"refresh\""), status == 200, "{site}");
    }
}
