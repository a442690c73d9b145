//! Environments on the real engine: what is set arrives, when it is to, and only there.

use homeport_model::{
    deploy::{Artifact, Trigger},
    problem::Code,
};

use crate::support::running::{Running, succeeded};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_applies_the_environment_without_a_build_and_loses_no_request() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let early = panel.backend.deploys.restart(&panel.actor, &app).await.expect_err("nothing serves yet");
    assert_eq!(early.code, Code::Conflict);
    panel.set(&app, "VERSION=one").await;
    let first = panel.deploy(&app).await;
    succeeded(&first);

    panel.set(&app, "VERSION=two").await;
    assert_eq!(panel.visit(&app).await, (200, "one".into()), "what runs keeps what it was started with");
    let number = panel.backend.deploys.restart(&panel.actor, &app).await.expect("queued");
    let restarted = panel.ended(&app, number).await;
    succeeded(&restarted);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    assert_eq!(restarted.release.artifact, first.release.artifact);
    assert!(matches!(restarted.release.artifact, Some(Artifact::Image { .. })));
    assert!(matches!(&restarted.release.trigger, Trigger::Restarted { why, .. } if why == "1 variable changed"));
    assert_eq!(restarted.steps.first().map(|step| step.name.as_str()), Some("start"), "nothing is fetched or built");
    assert_eq!(restarted.proof.map(|proof| proof.failed), Some(0));
    let detail = panel.backend.apps.find(&panel.actor, &app).await.expect("found");
    assert_eq!(detail.pending_env, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_never_takes_the_place_of_a_deploy() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);
    let number = panel.backend.deploys.deploy(&panel.actor, &app).await.expect("queued");
    let refused = panel.backend.deploys.restart(&panel.actor, &app).await.expect_err("a deploy is under way");
    assert_eq!(refused.code, Code::Conflict);
    succeeded(&panel.ended(&app, number).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_push_no_older_content_out() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);
    for _ in 0..6 {
        let number = panel.backend.deploys.restart(&panel.actor, &app).await.expect("queued");
        succeeded(&panel.ended(&app, number).await);
    }
    let releases = panel.backend.deploys.list(&panel.actor, &app).await.expect("listed");
    assert_eq!(releases.len(), 7);
    assert!(releases.iter().all(|release| release.kept), "all have the content that serves");
}
