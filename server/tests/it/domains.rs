//! Names and proxies through the service, on the real engines: what is added is answered at once, what
//! clashes is said, and nothing that a person can type reaches past it.

use std::{path::Path, time::Duration};

use homeport_model::{
    domain::{DomainForm, Leads, MaintenanceForm, PasswordForm, PrefixForm, ProxyForm},
    name::AppName,
    prelude::{Code, Problem, Role},
};

use crate::support::{
    running::{Running, succeeded},
    web,
};

fn leads(name: &str) -> DomainForm {
    DomainForm { name: name.into(), ..DomainForm::default() }
}

fn redirects(name: &str, to: &str) -> DomainForm {
    DomainForm { leads: "redirect".into(), to: to.into(), ..leads(name) }
}

async fn add(panel: &Running, app: &AppName, form: DomainForm) {
    let shown = format!("{form:?}");
    let added = panel.backend.domains.add(&panel.actor, app, form).await;
    added.unwrap_or_else(|problem| panic!("{shown}: {problem}"));
}

async fn refused(panel: &Running, app: &AppName, form: DomainForm) -> Problem {
    let shown = format!("{form:?}");
    panel.backend.domains.add(&panel.actor, app, form).await.err().unwrap_or_else(|| panic!("accepted: {shown}"))
}

async fn names(panel: &Running, app: &AppName) -> Vec<String> {
    let view = panel.backend.domains.of_app(&panel.actor, app).await.expect("shown");
    view.names.iter().map(|row| row.name.to_string()).collect()
}

async fn ask(panel: &Running, host: &str, path: &str) -> web::Answer {
    web::get(panel.ground.http_port, host, path).await.expect("an answer")
}

/// Two apps that say `one` and `two`.
async fn two_apps(panel: &Running) -> (AppName, AppName) {
    let mut apps = Vec::new();
    for (name, says) in [("shop", "one"), ("api", "two")] {
        let app = panel.create(panel.form(name)).await;
        panel.set(&app, &format!("VERSION={says}")).await;
        succeeded(&panel.deploy(&app).await);
        apps.push(app);
    }
    let api = apps.pop().expect("two");
    (apps.pop().expect("two"), api)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_answered_at_once_and_outlive_releases() {
    let panel = Running::start().await;
    let (shop, api) = two_apps(&panel).await;
    add(&panel, &shop, leads(" Shop.Example.com ")).await;
    let answer = ask(&panel, "shop.example.com", "/").await;
    assert_eq!((answer.status, answer.body().trim()), (200, "one"));
    add(&panel, &shop, leads("*.wild.example.com")).await;
    assert_eq!(ask(&panel, "any.wild.example.com", "/").await.body().trim(), "one");
    add(&panel, &shop, redirects("old.example.com", "shop.example.com")).await;
    let moved = ask(&panel, "old.example.com", "/a?b=c").await;
    assert_eq!(moved.status, 301);
    let to = format!("Location: http://shop.example.com:{}/a?b=c", panel.ground.http_port);
    assert!(moved.text.contains(&to), "{}", moved.text);

    // www to bare at one press, and back.
    let name = |text: &str| text.parse().expect("a name");
    panel.backend.domains.lead_here(&panel.actor, &shop, &name("shop.example.com")).await.expect("led");
    assert_eq!(ask(&panel, "www.shop.example.com", "/").await.status, 301);
    panel.backend.domains.lead_here(&panel.actor, &shop, &name("www.shop.example.com")).await.expect("led");
    assert_eq!(ask(&panel, "www.shop.example.com", "/").await.status, 200);
    assert_eq!(ask(&panel, "shop.example.com", "/").await.status, 301);

    let first: homeport_model::name::DomainName = "www.shop.example.com".parse().expect("a name");
    panel.backend.domains.make_primary(&panel.actor, &shop, &first).await.expect("put first");
    let detail = panel.backend.apps.find(&panel.actor, &shop).await.expect("found");
    assert_eq!(detail.row.host_name.as_str(), "www.shop.example.com");

    // None of it is part of a release.
    panel.set(&shop, "VERSION=three").await;
    succeeded(&panel.deploy(&shop).await);
    let before = names(&panel, &shop).await;
    let number = panel.backend.deploys.roll_back(&panel.actor, &shop, 1).await.expect("queued");
    succeeded(&panel.ended(&shop, number).await);
    assert_eq!(names(&panel, &shop).await, before);
    assert_eq!(ask(&panel, "www.shop.example.com", "/").await.body().trim(), "one");

    panel.backend.domains.remove(&panel.actor, &shop, &first).await.expect("removed");
    assert_eq!(ask(&panel, "www.shop.example.com", "/").await.text, "");
    let own = "shop.apps.localhost".parse().expect("a name");
    let stays = panel.backend.domains.remove(&panel.actor, &shop, &own).await.expect_err("it follows from the app's");
    assert_eq!(stays.code, Code::Conflict);

    let all = panel.backend.domains.list(&panel.actor).await.expect("listed");
    let old = all.iter().find(|row| row.name.as_str() == "old.example.com").expect("there");
    assert!(matches!(&old.leads, Leads::Redirect { status: 301, .. }) && old.app == shop);
    assert!(all.iter().any(|row| row.app == api && row.derived && row.primary));
    let viewer = panel.person("viewer").await;
    assert_eq!(viewer.role, Role::Viewer);
    assert!(panel.backend.domains.add(&viewer, &shop, leads("x.example.com")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_has_one_owner_and_a_redirect_an_end() {
    let panel = Running::start().await;
    let (shop, api) = two_apps(&panel).await;
    add(&panel, &shop, leads("shop.example.com")).await;
    for (app, name, says) in [
        (&api, "shop.example.com", "leads to shop"),
        (&shop, "shop.example.com", "already"),
        (&shop, "shop.apps.localhost", "already"),
        (&shop, "api.apps.localhost", "belongs to the app of that name, api"),
        (&shop, "*.apps.localhost", "belongs to the apps"),
    ] {
        let problem = refused(&panel, app, leads(name)).await;
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Conflict, Some("name")), "{name}");
        assert!(problem.title.contains(says), "{name}: {problem}");
    }
    for to in ["round.example.com", "x.round.example.com"] {
        let name = if to.starts_with('x') { "*.round.example.com" } else { "round.example.com" };
        assert_eq!(refused(&panel, &shop, redirects(name, to)).await.field.as_deref(), Some("to"));
    }
    add(&panel, &shop, leads("www.round.example.com")).await;
    add(&panel, &shop, redirects("*.round.example.com", "www.round.example.com")).await;
    add(&panel, &shop, redirects("a.example.com", "b.example.com")).await;
    add(&panel, &api, redirects("b.example.com", "c.example.com")).await;
    let round = refused(&panel, &api, redirects("c.example.com", "a.example.com")).await;
    assert_eq!((round.code, round.field.as_deref()), (Code::Invalid, Some("to")));

    // One app at most answers names that nobody has.
    panel.backend.domains.set_catch_all(&panel.actor, &shop, true).await.expect("set");
    assert_eq!(ask(&panel, "nobody.example", "/").await.body().trim(), "one");
    let second = panel.backend.domains.set_catch_all(&panel.actor, &api, true).await.expect_err("one has them");
    assert!(second.code == Code::Conflict && second.title.contains("shop"), "{second}");
    panel.backend.domains.set_catch_all(&panel.actor, &shop, false).await.expect("unset");
    assert_eq!(ask(&panel, "nobody.example", "/").await.text, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_passwords_and_maintenance() {
    let panel = Running::start().await;
    let (shop, api) = two_apps(&panel).await;
    let domains = &panel.backend.domains;
    let part = |path: &str| PrefixForm {
        host: "shop.apps.localhost".into(),
        path: path.into(),
        app: "api".into(),
        strip: "yes".into(),
    };
    domains.add_prefix(&panel.actor, &shop, part("/api")).await.expect("added");
    assert_eq!(ask(&panel, "shop.apps.localhost", "/api/").await.body().trim(), "two");
    assert_eq!(ask(&panel, "shop.apps.localhost", "/").await.body().trim(), "one");
    let twice = domains.add_prefix(&panel.actor, &shop, part("/api/")).await.expect_err("it is led already");
    assert_eq!((twice.code, twice.field.as_deref()), (Code::Conflict, Some("path")));
    for (form, field) in [
        (PrefixForm { host: "elsewhere.example.com".into(), ..part("/x") }, "host"),
        (PrefixForm { app: "shop".into(), ..part("/x") }, "app"),
        (PrefixForm { app: "nothing".into(), ..part("/x") }, "app"),
    ] {
        let problem = domains.add_prefix(&panel.actor, &shop, form).await.expect_err(field);
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    // The other app's password is asked for in its part, and nowhere else.
    let password = PasswordForm { user: "ada".into(), password: "correct horse".into() };
    domains.set_password(&panel.actor, &api, password).await.expect("set");
    assert_eq!(ask(&panel, "shop.apps.localhost", "/api/").await.status, 401);
    assert_eq!(ask(&panel, "shop.apps.localhost", "/").await.status, 200);
    let with = "GET / HTTP/1.1\r\nHost: api.apps.localhost\r\nAuthorization: Basic YWRhOmNvcnJlY3QgaG9yc2U=\r\nConnection: close\r\n\r\n";
    assert_eq!(web::raw(panel.ground.http_port, with).await.expect("an answer").status, 200);
    let audit = panel.backend.activity.audit(&panel.actor, None).await.expect("listed");
    assert!(!format!("{audit:?}").contains("correct horse"));
    let stored = std::fs::read(panel.ground.state().join("homeport.db")).expect("read");
    assert!(!stored.windows(4).any(|part| part == b"$6$s" || part == b"hors"));
    domains.remove_password(&panel.actor, &api, &"ada".parse().expect("a user")).await.expect("removed");
    assert_eq!(ask(&panel, "shop.apps.localhost", "/api/").await.status, 200);

    let on = MaintenanceForm { on: "on".into(), text: "Back at nine.".into() };
    domains.set_maintenance(&panel.actor, &shop, on).await.expect("on");
    let answer = ask(&panel, "shop.apps.localhost", "/").await;
    assert!(answer.status == 503 && answer.text.contains("Back at nine."), "{}", answer.text);
    assert_eq!(ask(&panel, "shop.apps.localhost", "/api/").await.status, 200, "parts are their app's");
    let now = domains.of_app(&panel.actor, &shop).await.expect("shown").maintenance.expect("on");
    assert_eq!(now.by, panel.actor.name);
    // A deploy goes on behind it.
    succeeded(&panel.deploy(&shop).await);
    assert_eq!(ask(&panel, "shop.apps.localhost", "/").await.status, 503);
    domains.set_maintenance(&panel.actor, &shop, MaintenanceForm::default()).await.expect("off");
    assert_eq!(ask(&panel, "shop.apps.localhost", "/").await.status, 200);
    domains
        .remove_prefix(
            &panel.actor,
            &shop,
            &"shop.apps.localhost".parse().expect("a host"),
            &"/api".parse().expect("a path"),
        )
        .await
        .expect("removed");
    assert_eq!(ask(&panel, "shop.apps.localhost", "/api/").await.status, 404);
}

/// Every file below a folder with what is in it, so that any change shows.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match std::fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_dir() => folders.push(path),
                Ok(meta) if meta.is_file() => {
                    found.push((path.display().to_string(), std::fs::read(&path).expect("read")))
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_typed_reaches_the_configuration() {
    let panel = Running::start().await;
    let (shop, _) = two_apps(&panel).await;
    panel.services.stop_looking();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let folder = panel.ground.state().join("nginx/generations");
    let before = contents(&folder);
    let long = format!("{}.com", "a".repeat(254));
    let payloads = [
        "a.com; } server { listen 80 default_server; location / { alias /; } #",
        "a.com\nload_module x;",
        "$request_uri",
        "\"",
        "\\",
        "{",
        "}",
        "#",
        "é",
        "xn--",
        &long,
        "a..b",
        "-a.com",
        "a.com:443",
        "*.*.com",
        "x\r\nSet-Cookie: a=b",
    ];
    let domains = &panel.backend.domains;
    let mut tried = 0;
    let mut held = |what: &str, payload: &str, problem: Option<Problem>, field: &str| {
        let problem = problem.unwrap_or_else(|| panic!("{what} took {payload:?}"));
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            (Code::Invalid, Some(field)),
            "{what}: {payload:?}: {problem}"
        );
        tried += 1;
    };
    for payload in payloads {
        held("name", payload, domains.add(&panel.actor, &shop, leads(payload)).await.err(), "name");
        held("to", payload, domains.add(&panel.actor, &shop, redirects("r.example.com", payload)).await.err(), "to");
        let base = redirects("r.example.com", "else.example");
        let form = DomainForm { path: payload.into(), ..base.clone() };
        held("path", payload, domains.add(&panel.actor, &shop, form).await.err(), "path");
        let form = DomainForm { status: payload.into(), ..base.clone() };
        held("status", payload, domains.add(&panel.actor, &shop, form).await.err(), "status");
        let form = DomainForm { scheme: payload.into(), ..base };
        held("scheme", payload, domains.add(&panel.actor, &shop, form).await.err(), "scheme");
        let base = PrefixForm {
            host: "shop.apps.localhost".into(),
            path: "/api".into(),
            app: "api".into(),
            strip: String::new(),
        };
        let form = PrefixForm { path: payload.into(), ..base.clone() };
        held("prefix", payload, domains.add_prefix(&panel.actor, &shop, form).await.err(), "path");
        let form = PrefixForm { app: payload.into(), ..base.clone() };
        held("prefix's app", payload, domains.add_prefix(&panel.actor, &shop, form).await.err(), "app");
        let form = PrefixForm { host: payload.into(), ..base };
        held("prefix's host", payload, domains.add_prefix(&panel.actor, &shop, form).await.err(), "host");
        let form = PasswordForm { user: format!("{payload}:"), password: "long enough".into() };
        held("user", payload, domains.set_password(&panel.actor, &shop, form).await.err(), "user");
        for (field, form) in [
            ("allow", ProxyForm { allow: payload.into(), ..ProxyForm::default() }),
            ("deny", ProxyForm { deny: payload.into(), ..ProxyForm::default() }),
            ("ranges", ProxyForm { real_ip: "ranges".into(), ranges: payload.into(), ..ProxyForm::default() }),
            ("headers", ProxyForm { headers: payload.into(), ..ProxyForm::default() }),
            ("headers", ProxyForm { headers: format!("X A{payload}: b"), ..ProxyForm::default() }),
            ("body_size", ProxyForm { knobs: [("body_size".into(), payload.into())].into(), ..ProxyForm::default() }),
            ("gzip", ProxyForm { knobs: [("gzip".into(), payload.into())].into(), ..ProxyForm::default() }),
            ("knobs", ProxyForm { knobs: [(payload.to_owned(), "1".into())].into(), ..ProxyForm::default() }),
            (
                "error_pages",
                ProxyForm { error_pages: [(payload.to_owned(), "x".into())].into(), ..ProxyForm::default() },
            ),
        ] {
            held(field, payload, domains.set_proxy(&panel.actor, &shop, form).await.err(), field);
        }
    }
    assert_eq!(tried, 16 * 18);
    let text = MaintenanceForm { on: "on".into(), text: "a\0b".into() };
    assert_eq!(
        domains.set_maintenance(&panel.actor, &shop, text).await.expect_err("refused").field.as_deref(),
        Some("text")
    );
    assert_eq!(contents(&folder), before, "nothing was written");
    // What is text stays text.
    let odd = payloads[..8].join(" ").replace(['\n', '\r'], " ");
    let form = ProxyForm {
        headers: format!("X-Odd: {odd}"),
        error_pages: [("404".into(), odd.clone())].into(),
        ..ProxyForm::default()
    };
    domains.set_proxy(&panel.actor, &shop, form).await.expect("accepted");
    let answer = ask(&panel, "shop.apps.localhost", "/").await;
    assert!(answer.status == 200 && answer.text.contains(&format!("X-Odd: {odd}\r\n")), "{}", answer.text);
}
