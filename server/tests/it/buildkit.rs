//! Secrets in builds, by the BuildKit of the real engine: a step that mounts one gets it byte for
//! byte, and nothing else does.

use std::{fs, time::Duration};

use bollard::Docker;
use futures_util::StreamExt;
use homeport_model::{app::AppForm, environment::ScopeChoice, job::JobState, name::AppName, problem::Code};
use sha2::{Digest, Sha256};

use crate::support::{
    git_server::{GitServer, Repository},
    running::{Running, dockerfile, problem, succeeded},
    web,
};

/// Every kind of character that a shell, a Dockerfile, a query or JSON could trip over.
const VALUE: &str = "open-sesame '\"`$(touch /tmp/pwn);\\n*?[]{}~!#&|<>% \u{e9}";

async fn app(panel: &Running, git: &GitServer, line: &str) -> (AppName, Repository) {
    let repository = git.repository("shop");
    repository.write("Dockerfile", &dockerfile(panel, line)).push("first");
    let form = AppForm { kind: "dockerfile".into(), repo: git.url("shop").to_string(), ..panel.form("shop") };
    (panel.create(form).await, repository)
}

async fn set_for_builds(panel: &Running, app: &AppName, key: &str, value: &str) {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    let quoted = format!("{key}=\"{escaped}\"");
    let environments = &panel.backend.environments;
    environments.set(&panel.actor, Some(app), &quoted, ScopeChoice::Build).await.expect("set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_mounts_a_secret_gets_it_and_nothing_else_does() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let line = "RUN --mount=type=secret,id=DOOR_TOKEN /bin/busybox sha256sum < /run/secrets/DOOR_TOKEN > /www/sum \
                && cat /run/secrets/DOOR_TOKEN && ! test -e /run/secrets/OTHER_TOKEN\nRUN echo the second step";
    let (app, _) = app(&panel, &git, line).await;
    set_for_builds(&panel, &app, "DOOR_TOKEN", VALUE).await;
    set_for_builds(&panel, &app, "OTHER_TOKEN", "close-sesame").await;
    let deployed = panel.deploy(&app).await;
    let log = panel.log(&app, 1).await;
    assert_eq!(deployed.release.job.state, JobState::Succeeded, "{:?}\n{log}", deployed.release.job.problem);
    let sum: String = Sha256::digest(VALUE).iter().map(|byte| format!("{byte:02x}")).collect();
    let served = web::get(panel.ground.http_port, "shop.apps.localhost", "/sum").await.expect("an answer");
    assert_eq!(served.body().split_whitespace().next(), Some(sum.as_str()), "it arrived byte for byte");

    assert!(log.contains("RUN echo the second step") && log.contains("the second step\n"), "{log}");
    assert!(!log.contains("open-sesame"), "masked, although a step printed it: {log}");
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    let image = panel.ground.docker.list_our_images().await.expect("listed").remove(0).id.to_string();
    let about = (docker.inspect_image(&image).await.expect("there"), docker.image_history(&image).await.expect("told"));
    assert!(!format!("{about:?}").contains("sesame"), "{about:?}");
    let mut saved = docker.export_image(&image);
    let mut bytes = Vec::new();
    while let Some(piece) = saved.next().await {
        bytes.extend_from_slice(&piece.expect("saved"));
    }
    assert!(memchr::memmem::find(&bytes, b"sesame").is_none(), "it is in none of the image's files");
    // The next build takes what this one left; the one without the cache does not.
    succeeded(&panel.deploy(&app).await);
    assert!(panel.log(&app, 2).await.lines().any(|line| line.starts_with("CACHED") && line.contains("RUN")));
    let afresh = panel.backend.deploys.deploy_without_cache(&panel.actor, &app, None).await.expect("queued");
    succeeded(&panel.ended(&app, afresh).await);
    // The base image is the same all the same.
    let log = panel.log(&app, 3).await;
    assert!(!log.lines().any(|line| line.starts_with("CACHED") && line.contains("RUN")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_there_and_a_step_that_fails_are_said() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let (app, repository) = app(&panel, &git, "RUN --mount=type=secret,id=GONE,required=true true").await;
    let ended = panel.deploy(&app).await;
    let title = &problem(&ended).title;
    assert!(title.contains("GONE") || title.contains("secret"), "{title}");
    assert!(panel.log(&app, 1).await.contains("Warning: it mounts the secret GONE"));
    // One that runs only for the app is none of the build's.
    set_for_builds(&panel, &app, "OTHER", "x").await;
    panel.set(&app, "GONE=run-only-value").await;
    problem(&panel.deploy(&app).await);

    repository.write("Dockerfile", &dockerfile(&panel, "RUN --mount=type=cache,target=/c echo on its way && false"));
    repository.push("second");
    let ended = panel.deploy(&app).await;
    assert!(problem(&ended).title.contains("exit code: 1"), "{:?}", problem(&ended));
    assert!(panel.log(&app, 3).await.contains("on its way"));
    repository.write("Dockerfile", "FROM nowhere.invalid/none\nRUN --mount=type=cache,target=/c true\n").push("third");
    problem(&panel.deploy(&app).await);
    assert!(panel.ground.docker.list_our_images().await.expect("listed").is_empty(), "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_stopped_ends_in_the_engine_too() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let seconds = format!("4{}", panel.ground.http_port);
    let line = format!("RUN --mount=type=cache,target=/c echo asleep && sleep {seconds}");
    let (app, _) = app(&panel, &git, &line).await;
    let number = panel.backend.deploys.deploy(&panel.actor, &app).await.expect("queued");
    wait_until(|| sleeps(&seconds)).await;
    let job = panel.detail(&app, number).await.release.job.id;
    panel.backend.deploys.cancel(&panel.actor, &job).await.expect("asked");
    assert_eq!(panel.ended(&app, number).await.release.job.state, JobState::Cancelled);
    wait_until(|| !sleeps(&seconds)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_without_buildkit_is_said_and_the_rest_is_built_classically() {
    let (panel, _recording) = Running::with_answer("POST /session", 404, "{}").await;
    let git = GitServer::start().await;
    let (app, repository) = app(&panel, &git, "RUN --mount=type=secret,id=DOOR_TOKEN true").await;
    let ended = panel.deploy(&app).await;
    assert_eq!(problem(&ended).code, Code::Engine);
    assert_eq!(problem(&ended).title, "This Docker engine has no BuildKit, which the Dockerfile asks for.");
    repository.write("Dockerfile", &dockerfile(&panel, "RUN true")).push("second");
    succeeded(&panel.deploy(&app).await);
    assert!(panel.log(&app, 2).await.contains("Step 1/"));
}

/// Whether a process of this host is `sleep` with this argument.
fn sleeps(seconds: &str) -> bool {
    let all = fs::read_dir("/proc").expect("the processes");
    let mut lines = all.filter_map(|one| fs::read(one.ok()?.path().join("cmdline")).ok());
    lines.any(|line| line == format!("sleep\0{seconds}\0").as_bytes())
}

async fn wait_until(holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came true");
}
