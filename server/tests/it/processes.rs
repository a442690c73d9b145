//! Processes on the real engines: a `Procfile`'s, several of a kind, workers without a port, what
//! runs around a switch, and checks of every kind.

use std::time::Duration;

use homeport_model::{
    app::{AppState, ProcessForm},
    deploy::{DeployDetail, Trigger, container::LABEL_PROCESS},
    name::AppName,
    problem::Fix,
};
use homeport_server::{
    drivers::docker::OurContainer,
    jobs::{Fault, When},
};

use crate::support::{
    git_server::{GitServer, Repository},
    images,
    running::{Running, dockerfile, problem, succeeded},
    web,
};

/// A panel with a repository that it builds.
struct Built {
    panel: Running,
    _server: GitServer,
    repository: Repository,
    app: AppName,
}

impl Built {
    async fn start(files: &[(&str, &str)]) -> Self {
        let panel = Running::start().await;
        let server = GitServer::start().await;
        let repository = server.repository("shop");
        repository.write("Dockerfile", &dockerfile(&panel, "CMD [\"/start\"]"));
        for (path, text) in files {
            repository.write(path, text);
        }
        repository.push("first");
        let mut form = panel.form("shop");
        (form.kind, form.repo) = ("auto".into(), server.url("shop").to_string());
        let app = panel.create(form).await;
        Self { panel, _server: server, repository, app }
    }

    async fn deploy(&self) -> DeployDetail {
        self.panel.deploy(&self.app).await
    }

    async fn set(&self, form: ProcessForm) {
        self.panel.backend.apps.set_process(&self.panel.actor, &self.app, form).await.expect("set");
    }

    async fn scale(&self, process: &str, scale: &str) {
        self.set(ProcessForm { process: process.into(), scale: scale.into(), ..ProcessForm::default() }).await;
    }

    /// The names of the processes that have containers, each as often as it has.
    async fn containers(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.ours().await.iter().map(|container| container.labels[LABEL_PROCESS].clone()).collect();
        names.sort();
        names
    }

    async fn ours(&self) -> Vec<OurContainer> {
        self.panel.ground.docker.list_ours().await.expect("listed")
    }

    async fn state(&self) -> AppState {
        self.panel.services.apps.reconcile(self.panel.services.locks()).await.expect("looked");
        self.panel.backend.apps.find(&self.panel.actor, &self.app).await.expect("found").row.state
    }
}

const WORKER: &str = "while true; do echo working; sleep 1; done";

#[tokio::test(flavor = "multi_thread")]
async fn a_procfile_names_web_and_worker_and_a_person_scales_them() {
    let procfile = format!("web: /start\nworker: {WORKER}\n");
    let built = Built::start(&[("Procfile", &procfile)]).await;
    succeeded(&built.deploy().await);
    assert_eq!(built.containers().await, ["web"], "what nobody scaled is one web and nothing else");
    assert_eq!(built.panel.visit(&built.app).await, (200, "built".into()));

    built.scale("worker", "2").await;
    built.scale("web", "3").await;
    succeeded(&built.deploy().await);
    assert_eq!(built.containers().await, ["web", "web", "web", "worker", "worker"]);
    assert!(matches!(built.state().await, AppState::Serving { release: 2, .. }));
    // Every one of the three answers: nginx goes round.
    for _ in 0..12 {
        assert_eq!(built.panel.visit(&built.app).await, (200, "built".into()));
    }
    let worker = built.ours().await.into_iter().find(|container| container.process() == Some("worker"));
    let lines = built.panel.ground.docker.last_lines(&worker.expect("a worker").id, 5).await.expect("lines");
    assert_eq!(lines[0].text, "working");

    built.scale("web", "1").await;
    built.scale("worker", "0").await;
    let third = built.deploy().await;
    succeeded(&third);
    assert_eq!(third.proof.expect("a proof").failed, 0, "fewer containers cost no request");
    assert_eq!(built.containers().await, ["web"]);

    // Rolling back brings back how many there were.
    let number = built.panel.backend.deploys.roll_back(&built.panel.actor, &built.app, 2).await.expect("queued");
    succeeded(&built.panel.ended(&built.app, number).await);
    assert_eq!(built.containers().await, ["web", "web", "web", "worker", "worker"]);
}

/// How many containers of a process were started and had not proved themselves yet, at most.
fn most_at_once(log: &str, process: &str) -> i32 {
    let name = format!("-{process}-");
    let (mut now, mut most) = (0, 0);
    for line in log.lines().filter(|line| line.contains(&name)) {
        now += i32::from(line.starts_with("Started ")) - i32::from(line.contains(" ms."));
        most = most.max(now);
    }
    assert_eq!(now, 0, "each that was started proved itself: {log}");
    most
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_start_at_a_time_as_the_files_say_and_else_one() {
    let procfile = format!("web: /start\nworker: {WORKER}\n");
    let app_json = r#"{"formation": {"web": {"quantity": 4, "max_parallel": 2}, "worker": {"quantity": 2}}}"#;
    let built = Built::start(&[("Procfile", &procfile), ("app.json", app_json)]).await;
    succeeded(&built.deploy().await);
    assert_eq!(built.containers().await, ["web", "web", "web", "web", "worker", "worker"]);
    let log = built.panel.log(&built.app, 1).await;
    assert_eq!((most_at_once(&log, "web"), most_at_once(&log, "worker")), (2, 1), "{log}");
    let detail = built.panel.backend.apps.find(&built.panel.actor, &built.app).await.expect("found");
    let at_once: Vec<u16> = detail.processes.iter().map(|row| row.process.max_parallel).collect();
    assert_eq!(at_once, [2, 1]);

    // What is broken is seen at the first ones: the others are not even started.
    built.repository.write("Procfile", &format!("web: exit 3\nworker: {WORKER}\n")).push("second");
    assert_eq!(problem(&built.deploy().await).title, "The container exited with code 3 right after its start.");
    let log = built.panel.log(&built.app, 2).await;
    assert_eq!(log.lines().filter(|line| line.starts_with("Started ") && line.contains("-web-")).count(), 2, "{log}");
    assert_eq!(built.containers().await, ["web", "web", "web", "web", "worker", "worker"]);
    assert_eq!(built.panel.visit(&built.app).await, (200, "built".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_died_between_two_containers_goes_on_with_the_next() {
    let mut built = Built::start(&[("Procfile", "web: /start\n")]).await;
    built.scale("web", "3").await;
    built.panel.faults.plant("start", When::After, Fault::Die);
    let number = built.panel.backend.deploys.deploy(&built.panel.actor, &built.app).await.expect("queued");
    tokio::time::timeout(Duration::from_secs(60), async {
        while !built.ours().await.iter().any(OurContainer::is_web) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the first one was started");
    built.panel = built.panel.restart().await;
    succeeded(&built.panel.ended(&built.app, number).await);
    assert_eq!(built.containers().await, ["web", "web", "web"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_has_only_a_worker() {
    let built = Built::start(&[("Procfile", &format!("bot: {WORKER}\n"))]).await;
    built.scale("bot", "1").await;
    let first = built.deploy().await;
    succeeded(&first);
    assert_eq!(built.containers().await, ["bot"]);
    let (status, page) = built.panel.visit(&built.app).await;
    assert_eq!(status, 502);
    assert!(page.contains("It has no web process."), "{page}");
    assert!(matches!(built.state().await, AppState::Serving { release: 1, .. }));

    // One that ends is no bot.
    built.repository.write("Procfile", "bot: true\n").push("second");
    let second = built.deploy().await;
    assert_eq!(problem(&second).title, "The bot container ended by itself (exit code 0) right after its start.");
    assert_eq!(built.containers().await, ["bot"], "the first one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_procfile_breaks_stops_the_deploy_with_its_line() {
    let built = Built::start(&[("Procfile", "web: /start\n<<<<<<< HEAD\nworker: x\n")]).await;
    let ended = built.deploy().await;
    assert!(problem(&ended).title.contains("Procfile") && problem(&ended).title.contains('2'), "{:?}", problem(&ended));
    assert!(built.containers().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_run_around_a_switch_and_predeploy_is_kept_without_the_values() {
    let app_json = r#"{"scripts": {
        "dokku": {"predeploy": "echo $VERSION > /www/assets.txt", "postdeploy": "echo after"},
        "postdeploy": "echo only the first time"
    }}"#;
    let procfile = "web: /start\nrelease: echo migrating && cat /www/assets.txt\n";
    let built = Built::start(&[("Procfile", procfile), ("app.json", app_json)]).await;
    built.panel.set(&built.app, "VERSION=secret-version").await;
    let first = built.deploy().await;
    succeeded(&first);
    let log = built.panel.log(&built.app, 1).await;
    for words in ["migrating", "after", "only the first time"] {
        assert!(log.lines().any(|line| line.ends_with(words)), "{words}: {log}");
    }
    let host = format!("{}.apps.localhost", built.app);
    let kept = web::get(built.panel.ground.http_port, &host, "/assets.txt").await.expect("an answer");
    assert_eq!(kept.body().trim(), "secret-version", "what predeploy wrote is in the image");
    // The image that was kept has its own command, and no value that it was given.
    let image = bollard::Docker::connect_with_local_defaults()
        .expect("the engine")
        .inspect_image(built.ours().await[0].image.as_ref().expect("an image").as_str())
        .await
        .expect("inspected")
        .config
        .expect("its configuration");
    assert_eq!(image.cmd, Some(vec!["/start".to_owned()]));
    let env = image.env.unwrap_or_default();
    assert!(env.iter().all(|line| !line.contains("secret-version")), "{env:?}");
    assert_eq!(built.containers().await, ["web"], "what ran once is gone");

    built.repository.write("Procfile", "web: /start\nrelease: exit 3\n").push("second");
    let second = built.deploy().await;
    assert_eq!(problem(&second).title, "release exited with code 3.");
    assert_eq!(built.containers().await, ["web"]);
    assert_eq!(built.panel.visit(&built.app).await, (200, "secret-version".into()));

    built.repository.write("Procfile", "web: /start\n").push("third");
    succeeded(&built.deploy().await);
    let log = built.panel.log(&built.app, 3).await;
    assert!(log.contains("after") && !log.contains("only the first time"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_there_may_be_only_one_of_is_stopped_first_and_comes_back() {
    let built = Built::start(&[("Procfile", &format!("bot: {WORKER}\n"))]).await;
    let form = ProcessForm {
        process: "bot".into(),
        scale: "1".into(),
        order: "stop_first".into(),
        stop_grace: "1".into(),
        ..ProcessForm::default()
    };
    built.set(form).await;
    succeeded(&built.deploy().await);
    let first = built.ours().await.remove(0);
    succeeded(&built.deploy().await);
    let log = built.panel.log(&built.app, 2).await;
    assert!(log.contains(&format!("Stopping {} first", first.name)), "{log}");
    let second = built.ours().await.remove(0);
    assert_ne!(first.id, second.id);

    built.repository.write("Procfile", "bot: exit 9\n").push("broken");
    problem(&built.deploy().await);
    let left = built.ours().await;
    assert_eq!(left.len(), 1);
    assert!(left[0].id == second.id && left[0].running, "the old one was started again: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_that_the_files_declare_are_asked() {
    let check = |check: &str| format!(r#"{{"healthchecks": {{"web": [{check}]}}}}"#);
    let built = Built::start(&[("app.json", &check(r#"{"path": "/", "content": "built", "wait": 1}"#))]).await;
    succeeded(&built.deploy().await);
    let cases: [(&str, Result<&str, &str>); 7] = [
        (
            r#"{"path": "/", "content": "something else", "attempts": 1, "wait": 1, "timeout": 1}"#,
            Err("/ answered without \"something else\": built"),
        ),
        (r#"{"path": "/missing", "attempts": 1, "wait": 1, "timeout": 1}"#, Err("/missing answered 404")),
        (
            r#"{"command": ["sh", "-c", "echo no; exit 4"], "attempts": 1, "wait": 1, "timeout": 1}"#,
            Err("ended with 4: no"),
        ),
        (r#"{"command": ["true"]}"#, Ok("true ends with 0")),
        (
            r#"{"listening": true, "port": 81, "attempts": 1, "wait": 1, "timeout": 1}"#,
            Err("nothing listens on port 81"),
        ),
        (r#"{"listening": true}"#, Ok("web listens on port 5000")),
        (r#"{"uptime": 2}"#, Ok("web stays up for 2 s")),
    ];
    for (text, expected) in cases {
        built.repository.write("app.json", &check(text)).push(text);
        let ended = built.deploy().await;
        match expected {
            Ok(words) => {
                succeeded(&ended);
                let note = ended.steps.iter().find(|step| step.name == "check").and_then(|step| step.note.clone());
                assert_eq!(note.as_deref(), Some(words));
            }
            Err(words) => assert!(problem(&ended).title.contains(words), "{text}: {:?}", problem(&ended)),
        }
    }
    built.repository.write("app.json", &check(r#"{"path": "/missing", "warn": true, "attempts": 1, "wait": 1}"#));
    built.repository.push("only a warning");
    succeeded(&built.deploy().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_port_is_explained_and_mended_at_one_press() {
    let built = Built::start(&[("Procfile", "web: httpd -f -p 3000 -h /www\n")]).await;
    let ended = built.deploy().await;
    let problem = problem(&ended);
    assert!(problem.title.contains("port 5000: connection refused"), "{problem:?}");
    assert!(problem.hint.as_deref().unwrap_or_default().contains("listens on 3000 instead"), "{problem:?}");
    let Some(fix) = problem.fix else { panic!("nothing to press: {problem:?}") };
    assert_eq!(fix, Fix::SetPort { port: 3000.try_into().expect("a port") });
    let number = built.panel.backend.deploys.fix(&built.panel.actor, &built.app, fix).await.expect("queued");
    succeeded(&built.panel.ended(&built.app, number).await);
    assert_eq!(built.panel.visit(&built.app).await.0, 404, "it answers, and has no page");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_can_have_processes_that_a_person_names() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("bot")).await;
    let set = |process: &str, scale: &str, command: &str| ProcessForm {
        process: process.into(),
        scale: scale.into(),
        command: command.into(),
        memory: "32".into(),
        ..ProcessForm::default()
    };
    for form in [set("web", "0", ""), set("bot", "1", WORKER)] {
        panel.backend.apps.set_process(&panel.actor, &app, form).await.expect("set");
    }
    succeeded(&panel.deploy(&app).await);
    let ours = panel.ground.docker.list_ours().await.expect("listed");
    assert_eq!(ours.len(), 1);
    let raw = bollard::Docker::connect_with_local_defaults()
        .expect("the engine")
        .inspect_container(ours[0].id.as_str(), None::<bollard::query_parameters::InspectContainerOptions>)
        .await
        .expect("inspected");
    assert_eq!(raw.host_config.and_then(|host| host.memory), Some(32 << 20));

    // A container that somebody removes leaves the app down until it is deployed again.
    panel.ground.docker.remove(&ours[0].id).await.expect("removed");
    panel.services.apps.reconcile(panel.services.locks()).await.expect("looked");
    let state = panel.backend.apps.find(&panel.actor, &app).await.expect("found").row.state;
    assert!(matches!(&state, AppState::Down { why, .. } if why.starts_with("bot 1: its container was removed")));
    let _ = (images::name(&panel.ground.namespace), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_dies_after_its_switch_is_taken_back_by_itself() {
    let built = Built::start(&[("Procfile", "web: /start\n")]).await;
    succeeded(&built.deploy().await);
    // It answers, and ends a few seconds after.
    built.repository.write("Procfile", "web: /start & sleep 5; exit 7\n").push("second");
    let second = built.deploy().await;
    assert!(second.release.switched_at.is_some(), "{:?}", second.release.job.problem);
    let third = async {
        loop {
            let list = built.panel.backend.deploys.list(&built.panel.actor, &built.app).await.expect("listed");
            if list.iter().any(|release| release.number == 3) {
                return built.panel.ended(&built.app, 3).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let third = tokio::time::timeout(Duration::from_secs(30), third).await.expect("it was rolled back");
    succeeded(&third);
    let Trigger::RolledBack { by, to: 1, why } = &third.release.trigger else { panic!("{:?}", third.release.trigger) };
    assert_eq!(by, "Homeport");
    assert!(why.starts_with("release 2 died: it ") && why.ends_with("s after its switch"), "{why}");
    assert_eq!(built.panel.visit(&built.app).await, (200, "built".into()));
    let row = built.panel.backend.apps.find(&built.panel.actor, &built.app).await.expect("found").row;
    let said = row.last_failure.expect("it is said");
    assert!(said.contains("Homeport brought release 1 back"), "{said}");
}
