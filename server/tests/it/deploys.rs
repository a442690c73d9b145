//! Deploys on the real engines: nothing a visitor sees goes wrong, whatever goes wrong inside.

use homeport_model::{app::AppState, job::JobState};

use crate::support::running::{Running, problem, succeeded};

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
async fn a_port_that_never_answers_keeps_the_old_release() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);

    let mut form = panel.form("shop");
    form.health_path = "/missing".into();
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    let number = panel.backend.deploys.deploy(&panel.actor, &app).await.expect("queued");
    // No test waits a minute: it is stopped instead, which undoes the same steps.
    let job = loop {
        let detail = panel.detail(&app, number).await;
        if detail.release.job.step.as_deref() == Some("check") {
            break detail.release.job.id;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    panel.backend.deploys.cancel(&panel.actor, &job).await.expect("asked");
    let ended = panel.ended(&app, number).await;
    assert_eq!(ended.release.job.state, JobState::Cancelled);
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
