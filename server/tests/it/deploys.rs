//! Deploys on the real engines: nothing a visitor sees goes wrong, whatever goes wrong inside.

use homeport_model::{
    app::{AppForm, AppState},
    deploy::{Trigger, proof::Between},
    domain::{MaintenanceForm, PasswordForm},
    job::JobState,
    problem::Code,
    webhook::Reply,
};
use homeport_server::webhooks::{Delivery, Received};

use crate::support::{
    git_server::GitServer,
    running::{Running, dockerfile, problem, succeeded},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_image_goes_live_and_the_next_one_loses_no_request() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    let first = panel.deploy(&app).await;
    succeeded(&first);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));

    panel.set(&app, "VERSION=two").await;
    let second = panel.deploy(&app).await;
    succeeded(&second);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    let proof = second.proof.expect("a proof");
    assert_eq!(proof.failed, 0, "{:?}", proof.first_failure);
    assert!(proof.sent >= 10, "{proof:?}");
    assert_eq!(second.previous, Some(1));

    let number = panel.backend.deploys.roll_back(&panel.actor, &app, 1).await.expect("queued");
    let back = panel.ended(&app, number).await;
    succeeded(&back);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
    let row = panel.backend.apps.find(&panel.actor, &app).await.expect("found").row;
    assert!(matches!(row.state, AppState::Serving { release: 3, .. }), "{:?}", row.state);
    assert_eq!(panel.ground.docker.list_ours().await.expect("listed").len(), 1, "old containers are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_proven_past_what_nginx_answers_by_itself() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    succeeded(&panel.deploy(&app).await);
    let on = MaintenanceForm { on: "on".into(), ..MaintenanceForm::default() };
    panel.backend.domains.set_maintenance(&panel.actor, &app, on).await.expect("on");
    assert_eq!(panel.visit(&app).await.0, 503);

    panel.set(&app, "VERSION=two").await;
    let second = panel.deploy(&app).await;
    succeeded(&second);
    let proof = second.proof.expect("a proof");
    assert_eq!((proof.failed, proof.past), (0, Some(Between::Maintenance)), "{:?}", proof.first_failure);
    assert!(proof.sent >= 10, "{proof:?}");
    assert_eq!(panel.visit(&app).await.0, 503, "visitors still read the page");

    panel.backend.domains.set_maintenance(&panel.actor, &app, MaintenanceForm::default()).await.expect("off");
    let password = PasswordForm { user: "ada".into(), password: "correct horse".into() };
    panel.backend.domains.set_password(&panel.actor, &app, password).await.expect("set");
    let third = panel.deploy(&app).await;
    succeeded(&third);
    assert_eq!(third.proof.map(|proof| (proof.failed, proof.past)), Some((0, Some(Between::Password))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_deploy_is_replaced_and_a_running_one_can_be_stopped() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);

    let mut form = panel.form("shop");
    form.health_path = "/missing".into();
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    let press = || async { panel.backend.deploys.deploy(&panel.actor, &app).await.expect("queued") };
    let running = press().await;
    while panel.detail(&app, running).await.release.job.state == JobState::Queued {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let (replaced, queued) = (press().await, press().await);
    let ended = panel.ended(&app, replaced).await;
    assert_eq!(ended.release.job.state, JobState::Cancelled);
    assert_eq!(ended.release.job.problem.expect("a reason").title, "Replaced by release 4, which was asked for later.");

    for number in [queued, running] {
        let job = panel.detail(&app, number).await.release.job.id;
        panel.backend.deploys.cancel(&panel.actor, &job).await.expect("asked");
        assert_eq!(panel.ended(&app, number).await.release.job.state, JobState::Cancelled);
        let again = panel.backend.deploys.cancel(&panel.actor, &job).await;
        assert_eq!(again.expect_err("it has ended").code, Code::Conflict);
    }
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
    assert_eq!(panel.ground.docker.list_ours().await.expect("listed").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_says_so() {
    let panel = Running::start().await;
    let mut form = panel.form("shop");
    form.image = "homeport-test-none:none".into();
    let app = panel.create(form).await;
    let ended = panel.deploy(&app).await;
    assert!(problem(&ended).title.contains("could not be pulled"), "{:?}", problem(&ended));
    assert_eq!(panel.visit(&app).await.0, 502, "its own page says that it is not running");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_removed_with_all_that_it_had() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    git.repository("api").write("Dockerfile", &dockerfile(&panel, "CMD [\"/start\"]")).push("first");
    let mut form = panel.form("api");
    (form.kind, form.repo) = ("dockerfile".into(), git.url("api").to_string());
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.ground.docker.list_our_images().await.expect("listed").len(), 1);

    let delete = |typed: &'static str| panel.backend.apps.delete(&panel.actor, &app, typed);
    assert_eq!(delete("apj").await.expect_err("another name").field.as_deref(), Some("typed"));
    delete("api").await.expect("queued");
    while !panel.backend.activity.jobs(&panel.actor).await.expect("listed")[0].state.is_final() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(panel.backend.apps.list(&panel.actor).await.expect("listed").is_empty());
    assert!(panel.ground.docker.list_ours().await.expect("listed").is_empty());
    assert!(panel.ground.docker.list_our_images().await.expect("listed").is_empty());
    assert!(panel.ground.git.mirrors().expect("listed").is_empty());
    assert!(panel.ground.nat.list().await.expect("listed").is_empty());
    assert_eq!(panel.visit(&app).await.0, 0, "its name is unknown again");
    panel.create(panel.form("api")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_a_webhook_tells_of_goes_live() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let repository = git.repository("site");
    repository.write("index.html", "one").push("first");
    let mut form = panel.form("site");
    (form.kind, form.repo) = ("static".into(), git.url("site").to_string());
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    let made = panel.backend.webhooks.renew_secret(&panel.actor, &app).await.expect("made");
    repository.write("index.html", "two").push("second");

    let body =
        format!(r#"{{"ref":"refs/heads/main","project":{{"git_http_url":"{}"}},"user_name":"Ada"}}"#, git.url("site"));
    let mut headers = http::HeaderMap::new();
    headers.insert("x-gitlab-event", "Push Hook".parse().expect("a value"));
    headers.insert("x-gitlab-token", made.secret.parse().expect("a value"));
    let id = made.url.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
    let delivery = Delivery { app: id, headers: &headers, token: None, body: body.as_bytes(), address: None };
    let received = panel.services.webhooks.receive(delivery).await.expect("taken");
    assert!(matches!(received, Received::Taken(Reply::Deploy { deploy: 2, .. })));
    let detail = panel.ended(&app, 2).await;
    succeeded(&detail);
    assert_eq!(detail.release.trigger, Trigger::Pushed { by: "Ada".into(), through: "GitLab".into() });
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_releases_compare_with_commits_settings_and_names_of_variables() {
    let panel = Running::start().await;
    let server = GitServer::start().await;
    let repo = server.repository("shop");
    repo.write("index.html", "one").push("First");
    let repo_url = server.url("shop").to_string();
    let form = AppForm { name: "shop".into(), kind: "static".into(), repo: repo_url, ..AppForm::default() };
    let shop = panel.backend.apps.create(&panel.actor, form.clone()).await.expect("created");
    succeeded(&panel.deploy(&shop).await);
    repo.write("index.html", "two").push("Second");
    repo.write("_redirects", "/old /new 301\n").push("Third");
    let text = "TOKEN=hunter2hunter2";
    let scope = homeport_model::environment::ScopeChoice::default();
    panel.backend.environments.set(&panel.actor, Some(&shop), text, scope).await.expect("set");
    let form = AppForm { spa: "on".into(), ..form };
    panel.backend.apps.change(&panel.actor, &shop, form).await.expect("changed");
    succeeded(&panel.deploy(&shop).await);

    let found = panel.backend.deploys.compare(&panel.actor, &shop, 1, 2).await.expect("compared");
    let subjects: Vec<&str> = found.commits.iter().map(|commit| commit.subject.as_str()).collect();
    assert_eq!(subjects, ["Third", "Second"]);
    assert!(found.whole);
    assert_eq!((found.from.number, found.to.number, found.numbers.as_slice()), (1, 2, &[2, 1][..]));
    assert!(found.change.artifact);
    let names: Vec<String> = found.change.env.iter().map(|(key, change)| format!("{key} {change:?}")).collect();
    assert_eq!(names, ["TOKEN Added"]);
    let lines: Vec<String> =
        found.change.settings.iter().map(|line| format!("{:?} {}", line.area, line.name)).collect();
    assert!(lines.contains(&"Site redirects".to_owned()), "{lines:?}");
    assert!(!serde_json::to_string(&found).expect("json").contains("hunter2"), "a value left the server");
    // The other way round nothing is new.
    let back = panel.backend.deploys.compare(&panel.actor, &shop, 2, 1).await.expect("compared");
    assert!(back.commits.is_empty());
    assert_eq!(back.change.settings.len(), found.change.settings.len());
    let missing = panel.backend.deploys.compare(&panel.actor, &shop, 1, 9).await.expect_err("no such release");
    assert_eq!(missing.code, Code::NotFound);
}
