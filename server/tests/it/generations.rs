//! nginx's generations: a hand that changes their files is seen and never written over in silence, one
//! app's trouble stays that app's, and a panel that comes back finds what it left.

use std::time::Duration;

use homeport_model::{
    app::NeedForm,
    domain::{DomainForm, NginxView, ProxyForm},
    name::AppName,
    prelude::Code,
};

use crate::support::{
    git_server::GitServer,
    namespace::free_port,
    running::{Running, dockerfile, succeeded},
    web,
};

async fn view(panel: &Running) -> NginxView {
    panel.backend.domains.nginx(&panel.actor, Some("app-shop.conf".into())).await.expect("shown")
}

async fn gzip(panel: &Running, app: &AppName, typed: &str) {
    let form = ProxyForm { knobs: [("gzip".to_owned(), typed.to_owned())].into(), ..ProxyForm::default() };
    panel.backend.domains.set_proxy(&panel.actor, app, form).await.expect("set");
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1_500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_hand_is_shown_and_left_behind_only_in_the_open() {
    let panel = Running::start().await;
    let shop = panel.create(panel.form("shop")).await;
    // The app's own generation may be on its way still.
    let settled = async || {
        let now = view(&panel).await;
        now.current == now.answering && now.files.iter().any(|file| file.name == "app-shop.conf")
    };
    until("the app is served", settled).await;
    let first = view(&panel).await;
    assert!(first.edits.is_empty() && first.version.as_deref().is_some_and(|version| version.starts_with("1.")));
    assert_eq!(first.current, first.answering);
    let text = first.files.iter().find_map(|file| file.text.clone()).expect("the file's text");
    assert!(text.contains("server_name shop.apps.localhost;"), "{text}");
    let file = panel.ground.state().join("nginx/current/app-shop.conf");
    std::fs::write(&file, format!("{text}# by hand\n")).expect("written");
    let seen = view(&panel).await;
    let added: Vec<&str> = seen.edits[0]
        .lines
        .iter()
        .filter(|(change, _)| change.as_str() == "added")
        .map(|(_, line)| line.as_str())
        .collect();
    assert_eq!((seen.edits.len(), seen.edits[0].file.as_str(), added), (1, "app-shop.conf", vec!["# by hand"]));
    // Today says so within a look, and nobody writes over it.
    panel.services.domains.nudge();
    let warned = async || {
        panel.services.host.look().await;
        let today = panel.backend.apps.today(&panel.actor).await.expect("shown");
        today.engines.iter().any(|engine| engine.name == "nginx" && engine.ok && engine.hint.is_some())
    };
    until("Today says so", warned).await;
    assert!(std::fs::read_to_string(&file).expect("read").ends_with("# by hand\n"));

    // Put back: a new generation; the edit stays in the history.
    let edited = seen.current.expect("a number");
    panel.backend.domains.put_nginx_back(&panel.actor).await.expect("written");
    let back = view(&panel).await;
    assert!(back.edits.is_empty() && back.current == Some(edited + 1) && back.answering == back.current);
    let row = back.history.iter().find(|row| row.number == edited).expect("kept");
    assert_eq!(row.edited, ["app-shop.conf"]);
    let diffs = panel.backend.domains.nginx_difference(&panel.actor, edited, edited).await.expect("compared");
    assert!(diffs[0].lines.iter().any(|(_, line)| line == "# by hand"));

    // A change of an app leaves an edit behind, and the history says so.
    let file = panel.ground.state().join("nginx/current/app-shop.conf");
    std::fs::write(&file, format!("{text}# again\n")).expect("written");
    gzip(&panel, &shop, "off").await;
    let next = view(&panel).await;
    assert_eq!((next.current, next.edits.len()), (Some(edited + 2), 0));
    let rows: Vec<(u64, usize)> = next.history.iter().map(|row| (row.number, row.edited.len())).collect();
    assert!(rows.contains(&(edited + 1, 1)) && rows.contains(&(edited, 1)), "{rows:?}");
    assert_eq!(next.history[0].changed.as_deref(), Some(&["app-shop.conf".to_owned()][..]));
    let diffs = panel.backend.domains.nginx_difference(&panel.actor, edited + 1, edited + 2).await.expect("compared");
    assert!(diffs.iter().any(|diff| diff.lines.iter().any(|(_, line)| line.trim() == "gzip off;")), "{diffs:?}");
    // What a hand did stays longer than what only Homeport wrote, until somebody drops it.
    for number in 0..7 {
        gzip(&panel, &shop, if number % 2 == 0 { "on" } else { "off" }).await;
    }
    let later = view(&panel).await;
    let numbers: Vec<u64> = later.history.iter().map(|row| row.number).collect();
    let current = later.current.expect("a number");
    let newest: Vec<u64> = (0..5).map(|back| current - back).chain([edited + 1, edited]).collect();
    assert_eq!(numbers, newest, "the five newest, and the two with edits");
    let forget = async |number| panel.backend.domains.forget_nginx_generation(&panel.actor, number).await;
    assert_eq!(forget(current).await.expect_err("it serves").code, Code::Conflict);
    assert_eq!(forget(9_999).await.expect_err("there is none").code, Code::NotFound);
    forget(edited).await.expect("dropped");
    assert!(!view(&panel).await.history.iter().any(|row| row.number == edited));
    let gone = panel.backend.domains.nginx_difference(&panel.actor, 1, 9_999).await.expect_err("there is none");
    assert_eq!(gone.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_breaks_nginx_does_not_keep_it_down() {
    let panel = Running::start().await;
    let shop = panel.create(panel.form("shop")).await;
    let edited = view(&panel).await.current.expect("a number");
    std::fs::write(panel.ground.state().join("nginx/current/app-shop.conf"), "nonsense").expect("written");
    panel.ground.nginx.stop().await.expect("stopped");
    panel.services.domains.nudge();
    until("nginx is back", async || {
        web::get(panel.ground.http_port, "shop.apps.localhost", "/").await.is_ok_and(|answer| answer.status == 502)
    })
    .await;
    let now = view(&panel).await;
    assert!(now.current > Some(edited) && now.edits.is_empty());
    assert!(now.history.iter().any(|row| row.number == edited && row.edited == ["app-shop.conf"]));
    gzip(&panel, &shop, "off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_comes_back_goes_on_with_what_serves() {
    let panel = Running::start().await;
    let shop = panel.create(panel.form("shop")).await;
    gzip(&panel, &shop, "off").await;
    let number = view(&panel).await.current;
    let file = panel.ground.state().join("nginx/current/app-shop.conf");
    let text = std::fs::read_to_string(&file).expect("read") + "# while the panel was away\n";
    std::fs::write(&file, &text).expect("written");
    let panel = panel.restart().await;
    assert_eq!(std::fs::read_to_string(&file).expect("read"), text);
    let now = view(&panel).await;
    assert_eq!((now.current, now.answering, now.edits.len()), (number, number, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_apps_trouble_stays_its_own() {
    let panel = Running::start().await;
    let (shop, api) = (panel.create(panel.form("shop")).await, panel.create(panel.form("api")).await);
    let port = free_port();
    let form = NeedForm { kind: "port".into(), text: format!("http:{port}:5001"), ..NeedForm::default() };
    // Somebody takes the port between the check and nginx: the need is written behind the service's back.
    let holder = std::net::TcpListener::bind(("0.0.0.0", port.get())).expect("a port");
    let refused = panel.backend.apps.add_need(&panel.actor, &shop, form.clone()).await.expect_err("it is taken");
    assert!(refused.code == Code::Conflict && refused.title.contains("is taken by"), "{refused}");
    let mut tx = panel.db.write().await.expect("writes");
    sqlx::query("UPDATE apps SET spec = json_set(spec, '$.needs.ports', json_array(?)) WHERE name = 'shop'")
        .bind(form.text)
        .execute(&mut *tx)
        .await
        .expect("planted");
    tx.commit().await.expect("committed");
    panel.services.domains.nudge();
    let refusal = async || panel.backend.domains.of_app(&panel.actor, &shop).await.expect("shown").refusal.is_some();
    until("the refusal is shown", refusal).await;
    let detail = panel.backend.apps.find(&panel.actor, &shop).await.expect("found");
    assert!(detail.picture.iter().any(|hop| hop.detail.contains("refused")), "{:?}", detail.picture);
    assert_eq!(panel.visit(&shop).await.0, 502, "as before: it is not deployed");
    // The other app's changes go through meanwhile.
    let name = DomainForm { name: "api.example.com".into(), ..DomainForm::default() };
    panel.backend.domains.add(&panel.actor, &api, name).await.expect("added");
    let answer = web::get(panel.ground.http_port, "api.example.com", "/").await.expect("an answer");
    assert_eq!(answer.status, 502);
    assert!(panel.backend.domains.of_app(&panel.actor, &api).await.expect("shown").refusal.is_none());
    assert_eq!(view(&panel).await.refusals.len(), 1);
    // Its own next change is taken up again, once the cause is gone.
    drop(holder);
    panel.backend.apps.remove_need(&panel.actor, &shop, "port", &format!("http:{port}:5001")).await.expect("removed");
    until("the refusal is gone", async || view(&panel).await.refusals.is_empty()).await;
    gzip(&panel, &shop, "off").await;
    assert!(
        view(&panel).await.files.iter().any(|file| file.text.as_ref().is_some_and(|text| text.contains("gzip off;")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_nginx_leads_to_another_port_of_the_app() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let repository = git.repository("two");
    repository.write("run", "#!/bin/sh\nmkdir -p /a /b\necho first > /a/index.html\necho second > /b/index.html\nhttpd -p 5001 -h /b\nexec httpd -f -p \"$PORT\" -h /a\n");
    let lines = "COPY run /run-it\nRUN [\"/bin/busybox\", \"chmod\", \"755\", \"/run-it\"]\nCMD [\"/run-it\"]";
    repository.write("Dockerfile", &dockerfile(&panel, lines)).push("first");
    let mut form = panel.form("two");
    (form.kind, form.repo) = ("dockerfile".into(), git.url("two").to_string());
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    let port = free_port();
    let need = |text: String| NeedForm { kind: "port".into(), text, ..NeedForm::default() };
    panel.backend.apps.add_need(&panel.actor, &app, need(format!("http:{port}:5001"))).await.expect("added");
    let at = async |port| {
        web::get(port, "two.apps.localhost", "/").await.map(|answer| (answer.status, answer.body().trim().to_owned()))
    };
    until("it leads there", async || at(port).await.is_ok_and(|answer| answer == (200, "second".into()))).await;
    assert_eq!(panel.visit(&app).await, (200, "first".into()));
    assert_eq!(
        web::get(port, "nobody.example", "/").await.expect("closed").text,
        "",
        "unknown names get nothing there"
    );
    assert!(!panel.backend.apps.needs(&panel.actor, &app).await.expect("shown").pending, "it waits for nothing");
    // It leads on to the next release, and with two containers.
    succeeded(&panel.deploy(&app).await);
    until("and to the next", async || at(port).await.is_ok_and(|answer| answer == (200, "second".into()))).await;

    let other = panel.create(panel.form("other")).await;
    for (text, code, says) in [
        (format!("http:{port}:5001"), Code::Conflict, "the app two"),
        (format!("https:{}:5001", panel.ground.http_port), Code::Invalid, "speaks http"),
        (format!("grpc:{}:5001", panel.ground.http_port), Code::Invalid, "speaks http"),
    ] {
        let refused = panel.backend.apps.add_need(&panel.actor, &other, need(text)).await.expect_err(says);
        assert!(refused.code == code && refused.title.contains(says), "{refused}");
    }
    let published = NeedForm { kind: "published".into(), ..need(format!("{port}:5001/tcp")) };
    let refused = panel.backend.apps.add_need(&panel.actor, &other, published).await.expect_err("nginx has it");
    assert!(refused.title.contains("nginx, for the app two"), "{refused}");
    // The usual port, led to the other one.
    let usual = format!("http:{}:5001", panel.ground.http_port);
    panel.backend.apps.add_need(&panel.actor, &app, need(usual.clone())).await.expect("added");
    until("the usual port leads there", async || panel.visit(&app).await == (200, "second".into())).await;
    panel.backend.apps.remove_need(&panel.actor, &app, "port", &usual).await.expect("removed");
    until("and back", async || panel.visit(&app).await == (200, "first".into())).await;
    panel.backend.apps.remove_need(&panel.actor, &app, "port", &format!("http:{port}:5001")).await.expect("removed");
    until("nothing listens", async || at(port).await.is_err()).await;
}
