//! The queue: who waits for whom is said, and whatever a deploy is doing, it can be stopped within
//! ten seconds.

use std::time::{Duration, Instant};

use homeport_model::{
    app::{AppForm, ProcessForm},
    job::JobState,
    name::AppName,
};
use tokio::io::AsyncWriteExt;

use crate::support::{
    git_server::GitServer,
    registry::Registry,
    running::{Running, dockerfile, problem, succeeded},
};

/// An app that is built, with one more line in its Dockerfile.
async fn built(panel: &Running, git: &GitServer, name: &str, line: &str) -> AppName {
    git.repository(name).write("Dockerfile", &dockerfile(panel, line)).push("first");
    let mut form = panel.form(name);
    (form.kind, form.repo) = ("dockerfile".into(), git.url(name).to_string());
    panel.create(form).await
}

async fn press(panel: &Running, app: &AppName) -> u32 {
    panel.backend.deploys.deploy(&panel.actor, app).await.expect("queued")
}

/// Waits until a release's job is at a step.
async fn at(panel: &Running, app: &AppName, number: u32, step: &str) {
    for _ in 0..1_500 {
        if panel.detail(app, number).await.release.job.step.as_deref() == Some(step) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{app} never came to {step}: {:#?}", panel.detail(app, number).await.steps);
}

async fn wait_until(holds: impl AsyncFn() -> bool) {
    for _ in 0..1_500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came true");
}

/// Stops a job and says how long that took.
async fn stop(panel: &Running, app: &AppName, number: u32) -> JobState {
    let job = panel.detail(app, number).await.release.job.id;
    let began = Instant::now();
    panel.backend.deploys.cancel(&panel.actor, &job).await.expect("asked");
    let state = panel.ended(app, number).await.release.job.state;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_build_says_which_one_it_waits_for() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let shop = built(&panel, &git, "shop", "RUN sleep 60").await;
    let blog = built(&panel, &git, "blog", "RUN true").await;
    let first = press(&panel, &shop).await;
    at(&panel, &shop, first, "build").await;
    let second = press(&panel, &blog).await;
    let waits = loop {
        if let Some(waits) = panel.detail(&blog, second).await.release.job.waits_for {
            break waits;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(waits.sentence(), "Waits for shop release 1, which is building.");
    assert_eq!(waits.job, panel.detail(&shop, first).await.release.job.id);
    let jobs = panel.backend.activity.jobs(&panel.actor).await.expect("listed");
    let of_blog = jobs.iter().find(|job| job.app == blog).expect("listed");
    assert_eq!(of_blog.waits_for.as_ref(), Some(&waits));
    let third = press(&panel, &blog).await;
    let queued = panel.detail(&blog, third).await.release.job;
    assert_eq!(queued.state, JobState::Queued);
    assert_eq!(queued.waits_for.expect("the one before").sentence(), "Waits for blog release 1, which is building.");

    assert_eq!(stop(&panel, &blog, third).await, JobState::Cancelled);
    assert_eq!(stop(&panel, &shop, first).await, JobState::Cancelled);
    let ended = panel.ended(&blog, second).await;
    succeeded(&ended);
    assert_eq!(ended.release.job.waits_for, None);
    assert!(panel.log(&blog, second).await.contains("Waits for shop release 1, which is building."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_is_stopped_while_it_fetches_builds_waits_or_proves_itself() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let (silent, _listens) = GitServer::silent().await;
    let mut form = panel.form("silent");
    (form.kind, form.repo) = ("dockerfile".into(), silent.to_string());
    let silent = panel.create(form).await;
    let number = press(&panel, &silent).await;
    at(&panel, &silent, number, "fetch").await;
    assert_eq!(stop(&panel, &silent, number).await, JobState::Cancelled);

    let slow = built(&panel, &git, "slow", "RUN sleep 60").await;
    let line = built(&panel, &git, "line", "RUN true").await;
    let building = press(&panel, &slow).await;
    at(&panel, &slow, building, "build").await;
    let waiting = press(&panel, &line).await;
    while panel.detail(&line, waiting).await.release.job.waits_for.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stop(&panel, &line, waiting).await, JobState::Cancelled);
    assert_eq!(stop(&panel, &slow, building).await, JobState::Cancelled);

    let mut form = panel.form("shop");
    form.health_path = "/missing".into();
    let shop = panel.create(form).await;
    let proving = press(&panel, &shop).await;
    at(&panel, &shop, proving, "check").await;
    assert_eq!(stop(&panel, &shop, proving).await, JobState::Cancelled);
    assert!(panel.ground.docker.list_ours().await.expect("listed").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_old_connections_ends_when_somebody_asks() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    succeeded(&panel.deploy(&app).await);
    let port = panel.ground.http_port.get();
    let mut visitor = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("connected");
    visitor.write_all(b"GET /cgi-bin/slow HTTP/1.1\r\nHost: shop.apps.localhost\r\n").await.expect("begun");
    let number = press(&panel, &app).await;
    at(&panel, &app, number, "prove").await;
    assert_eq!(stop(&panel, &app, number).await, JobState::Succeeded, "it had been switched already");
    let detail = panel.detail(&app, number).await;
    let prove = detail.steps.iter().find(|step| step.name == "prove").expect("the step");
    assert_eq!(prove.note.as_deref(), Some("cut short, as somebody asked"));
    assert_eq!(panel.ground.docker.list_ours().await.expect("listed").len(), 1, "the old one is retired all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_is_stopped_while_the_registry_is_silent_and_in_the_middle_of_a_layer() {
    let panel = Running::start().await;
    // One registry takes the question and is silent, the other stops in the middle of a layer.
    let (silent, _listens) = GitServer::silent().await;
    let silent = silent.as_str().trim_start_matches("http://").trim_end_matches("/silent.git").to_owned();
    let form = AppForm { image: format!("{silent}/ada/web:1"), ..panel.form("silent") };
    let app = panel.create(form).await;
    let number = press(&panel, &app).await;
    at(&panel, &app, number, "fetch").await;
    wait_until(async || panel.log(&app, number).await.contains("Pulling ")).await;
    assert_eq!(stop(&panel, &app, number).await, JobState::Cancelled);

    let registry = Registry::stalling().await;
    let app = panel.create(AppForm { image: registry.image().to_string(), ..panel.form("half") }).await;
    let number = press(&panel, &app).await;
    wait_until(async || registry.halves() > 0).await;
    assert_eq!(stop(&panel, &app, number).await, JobState::Cancelled);
    let detail = panel.detail(&app, number).await;
    assert_eq!(detail.release.job.problem.expect("a reason").title, "Stopped before anything was switched.");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_containers_that_will_not_end_are_ended_when_somebody_asks() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("bot")).await;
    let stubborn = "trap '' TERM; while true; do sleep 1; done";
    let set = |process: &str, scale: &str, command: &str| ProcessForm {
        process: process.into(),
        scale: scale.into(),
        command: command.into(),
        stop_grace: "600".into(),
        ..ProcessForm::default()
    };
    for form in [set("web", "0", ""), set("bot", "1", stubborn), set("other", "1", stubborn)] {
        panel.backend.apps.set_process(&panel.actor, &app, form).await.expect("set");
    }
    succeeded(&panel.deploy(&app).await);
    let number = press(&panel, &app).await;
    at(&panel, &app, number, "retire").await;
    assert_eq!(stop(&panel, &app, number).await, JobState::Succeeded, "it had been switched already");
    let detail = panel.detail(&app, number).await;
    let retire = detail.steps.iter().find(|step| step.name == "retire").expect("the step");
    assert_eq!(retire.note.as_deref(), Some("2 old containers are stopped"));
    let ours = panel.ground.docker.list_ours().await.expect("listed");
    assert!(ours.len() == 2 && ours.iter().all(|one| one.running && one.name.contains("-r2-")), "{ours:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_after_a_switch_is_ended_when_somebody_asks() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let repository = git.repository("shop");
    repository.write("Dockerfile", &dockerfile(&panel, "CMD [\"/start\"]"));
    repository.write("app.json", r#"{"scripts": {"dokku": {"postdeploy": "echo warming; sleep 600"}}}"#).push("first");
    let mut form = panel.form("shop");
    (form.kind, form.repo) = ("dockerfile".into(), git.url("shop").to_string());
    let app = panel.create(form).await;
    let number = press(&panel, &app).await;
    wait_until(async || panel.log(&app, number).await.lines().any(|line| line == "warming")).await;
    assert_eq!(stop(&panel, &app, number).await, JobState::Succeeded, "it had been switched already");
    let detail = panel.detail(&app, number).await;
    let postdeploy = detail.steps.iter().find(|step| step.name == "postdeploy").expect("the step");
    assert_eq!(postdeploy.note.as_deref(), Some("stopped, as somebody asked: postdeploy ran in part"));
    let ours = panel.ground.docker.list_ours().await.expect("listed");
    assert!(ours.len() == 1 && ours[0].is_web(), "{ours:#?}");
    assert_eq!(panel.visit(&app).await, (200, "built".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_waited_goes_on_after_a_restart() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let shop = built(&panel, &git, "shop", "RUN sleep 20").await;
    let blog = built(&panel, &git, "blog", "RUN true").await;
    let first = press(&panel, &shop).await;
    at(&panel, &shop, first, "build").await;
    let second = press(&panel, &blog).await;
    while panel.detail(&blog, second).await.release.job.waits_for.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let panel = panel.restart().await;
    let ended = panel.ended(&blog, second).await;
    succeeded(&ended);
    assert_eq!(ended.release.job.waits_for, None);
    succeeded(&panel.ended(&shop, first).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_cannot_fit_is_not_begun() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let app = built(&panel, &git, "shop", "RUN true").await;
    let mut form = panel.form("shop");
    (form.kind, form.repo) = ("dockerfile".into(), git.url("shop").to_string());
    form.build.memory = "1000000".into();
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    let ended = panel.deploy(&app).await;
    assert!(problem(&ended).title.starts_with("The build is to have 1000000 MiB of memory, and only "));
}
