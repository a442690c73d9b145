//! Asking a host by itself: what no webhook told of is deployed, once.

use homeport_model::{app::AppForm, deploy::Trigger, name::AppName, webhook::Reply};
use homeport_server::webhooks::{Delivery, Received};
use http::HeaderMap;

use crate::support::{
    git_server::{GitServer, Repository},
    running::{Running, succeeded},
};

/// A panel with a static site that is asked for every five minutes, live.
async fn site(git: &GitServer, change: impl FnOnce(&mut AppForm)) -> (Running, Repository, AppName) {
    let panel = Running::start().await;
    let repository = git.repository("site");
    repository.write("index.html", "one").push("first");
    let mut form = AppForm { kind: "static".into(), repo: git.url("site").to_string(), ..panel.form("site") };
    form.poll = "5".into();
    change(&mut form);
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    (panel, repository, app)
}

async fn releases(panel: &Running, app: &AppName) -> usize {
    panel.backend.deploys.list(&panel.actor, app).await.expect("listed").len()
}

/// Lets the time come, and asks.
async fn ask(panel: &Running) {
    panel.services.clock.advance_ms(24 * 60 * 60 * 1_000);
    panel.services.polls.look().await.expect("looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_moved_is_deployed_once_and_a_late_webhook_adds_nothing() {
    let git = GitServer::start().await;
    let (panel, repository, app) = site(&git, |_| {}).await;
    ask(&panel).await;
    assert_eq!(releases(&panel, &app).await, 1, "nothing moved");
    let second = repository.write("index.html", "two").push("second");
    ask(&panel).await;
    let detail = panel.ended(&app, 2).await;
    succeeded(&detail);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    assert_eq!(detail.release.trigger, Trigger::Pushed { by: String::new(), through: "asking the host".into() });
    ask(&panel).await;
    assert_eq!(releases(&panel, &app).await, 2);

    let made = panel.backend.webhooks.renew_secret(&panel.actor, &app).await.expect("made");
    let mut headers = HeaderMap::new();
    headers.insert("x-gitlab-event", "Push Hook".parse().expect("a value"));
    headers.insert("x-gitlab-token", made.secret.parse().expect("a value"));
    let id: homeport_model::id::AppId = made.url.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
    let body = |commit: &str| {
        let repo = git.url("site");
        format!(r#"{{"ref":"refs/heads/main","after":"{commit}","project":{{"git_http_url":"{repo}"}}}}"#)
    };
    let told = async |commit: &str| {
        let body = body(commit);
        let delivery =
            Delivery { app: id.clone(), headers: &headers, token: None, body: body.as_bytes(), address: None };
        panel.services.webhooks.receive(delivery).await.expect("taken")
    };
    match told(&second).await {
        Received::Taken(Reply::Ignored { ignored }) => assert!(ignored.contains("release 2"), "{ignored}"),
        _ => panic!("deployed again"),
    }
    // The webhook comes first for the next one: asking has nothing to add.
    let third = repository.write("index.html", "three").push("third");
    assert!(matches!(told(&third).await, Received::Taken(Reply::Deploy { deploy: 3, .. })));
    panel.services.polls.look().await.expect("looked");
    succeeded(&panel.ended(&app, 3).await);
    ask(&panel).await;
    assert_eq!(releases(&panel, &app).await, 3);
    // What a person took back stays back until the branch moves on.
    let back = panel.backend.deploys.roll_back(&panel.actor, &app, 1).await.expect("queued");
    succeeded(&panel.ended(&app, back).await);
    ask(&panel).await;
    assert_eq!(releases(&panel, &app).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_watched_is_not_deployed() {
    let git = GitServer::start().await;
    let (panel, repository, app) = site(&git, |form| form.watch = "*.html".into()).await;
    repository.write("docs/a.md", "x").push("docs");
    ask(&panel).await;
    assert_eq!(releases(&panel, &app).await, 1);
    repository.write("index.html", "two").push("second");
    ask(&panel).await;
    succeeded(&panel.ended(&app, 2).await);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_refuses_is_told_on_the_app_and_asked_less_often() {
    let git = GitServer::start().await;
    let (panel, repository, app) = site(&git, |_| {}).await;
    git.lock("ada", "secret-of-the-host");
    let poll = async || panel.backend.access.find(&panel.actor, &app).await.expect("found").poll.expect("asked");
    let mut before = 0;
    for _ in 0..3 {
        ask(&panel).await;
        let row = poll().await;
        let problem = row.problem.expect("refused");
        assert!(problem.title.contains("wants a sign-in"), "{problem}");
        let wait = row.next_at.ms() - row.asked_at.ms();
        assert!(wait > before, "{wait} after {before}");
        before = wait;
    }
    let form = homeport_model::access::SignInForm { user: "ada".into(), token: "secret-of-the-host".into() };
    panel.backend.access.set_sign_in(&panel.actor, &app, form).await.expect("kept");
    let tip = repository.write("index.html", "two").push("second");
    ask(&panel).await;
    let row = poll().await;
    assert_eq!((row.problem, row.tip.as_ref().map(ToString::to_string)), (None, Some(tip)));
    succeeded(&panel.ended(&app, 2).await);
    // Never, for an app that does not want it.
    let form = AppForm { kind: "static".into(), repo: git.url("site").to_string(), ..panel.form("site") };
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    repository.write("index.html", "three").push("third");
    ask(&panel).await;
    assert_eq!(releases(&panel, &app).await, 2);
}
