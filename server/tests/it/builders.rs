//! Builders on the real engine: what a Dockerfile is given, and what a build may use.

use homeport_model::{app::AppForm, problem::Code};

use crate::support::{
    git_server::GitServer,
    images,
    running::{Running, problem, succeeded},
};

async fn form(panel: &Running, git: &GitServer, dockerfile: &str) -> AppForm {
    let from = images::name(&panel.ground.namespace);
    git.repository("shop").write("Dockerfile", &dockerfile.replace("BASE", from.as_str())).push("first");
    AppForm { kind: "dockerfile".into(), repo: git.url("shop").to_string(), ..panel.form("shop") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_and_public_arguments_reach_the_dockerfile() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let text =
        "FROM BASE AS release\nARG GREETING=none\nENV VERSION=$GREETING\nFROM release AS other\nENV VERSION=wrong\n";
    let mut form = form(&panel, &git, text).await;
    form.build.target = "release".into();
    form.build.arguments = "GREETING=hello $(id) \"there\"".into();
    let app = panel.create(form.clone()).await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "hello $(id) \"there\"".into()));
    assert!(panel.log(&app, 1).await.contains("Public arguments, which the image keeps: GREETING."));

    form.build.target = "nowhere".into();
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    assert!(problem(&panel.deploy(&app).await).title.contains("nowhere"));
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_of_earlier_builds_are_used_unless_somebody_says_no() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let mut form = form(&panel, &git, "FROM BASE\nRUN echo a step\nENV VERSION=one\n").await;
    let app = panel.create(form.clone()).await;
    succeeded(&panel.deploy(&app).await);
    succeeded(&panel.deploy(&app).await);
    assert!(panel.log(&app, 2).await.contains("Using cache"));
    // Once, because somebody asked for it with this deploy.
    let afresh = panel.backend.deploys.deploy_without_cache(&panel.actor, &app, None).await.expect("queued");
    succeeded(&panel.ended(&app, afresh).await);
    let log = panel.log(&app, 3).await;
    assert!(!log.contains("Using cache") && log.contains("Nothing of earlier builds is used."), "{log}");
    succeeded(&panel.deploy(&app).await);
    assert!(panel.log(&app, 4).await.contains("Using cache"));
    // Always, because the settings say so.
    form.build.no_cache = "on".into();
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    succeeded(&panel.deploy(&app).await);
    assert!(!panel.log(&app, 5).await.contains("Using cache"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_built_has_no_cache_to_leave_out() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let refused = panel.backend.deploys.deploy_without_cache(&panel.actor, &app, None).await.expect_err("an image");
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("no_cache")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_ran_out_of_memory_says_how_much_it_had() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let text = "FROM BASE\nRUN dd if=/dev/zero of=/dev/null bs=300M count=1\n";
    let mut form = form(&panel, &git, text).await;
    form.build.memory = "64".into();
    let app = panel.create(form).await;
    let ended = panel.deploy(&app).await;
    assert_eq!(problem(&ended).title, "The build used up its 64 MiB of memory.");
    assert!(problem(&ended).hint.as_deref().is_some_and(|hint| hint.starts_with("Give it more")));
}
