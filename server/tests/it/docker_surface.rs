//! What the panel may ever ask of the engine (C-13): a list that a new call has to be added to.

use homeport_model::{app::NeedForm, log::LogForm};

use crate::support::{
    git_server::GitServer,
    running::{Running, dockerfile, problem, succeeded},
};

/// Method and path, with `{}` for a name or an id.
pub const ALLOWED: &[&str] = &[
    "DELETE /containers/{}",
    "DELETE /images/{}",
    "DELETE /volumes/{}",
    "GET /containers/json",
    "GET /exec/{}/json",
    "GET /containers/{}/archive",
    "GET /containers/{}/json",
    "GET /containers/{}/logs",
    "GET /images/json",
    "GET /images/{}/get",
    "GET /images/{}/json",
    "GET /info",
    "GET /networks/{}",
    "GET /version",
    "GET /volumes",
    "GET /volumes/{}",
    "POST /build",
    "POST /commit",
    "POST /containers/create",
    "POST /containers/{}/exec",
    "POST /containers/{}/start",
    "POST /containers/{}/stop",
    "POST /exec/{}/start",
    "POST /images/create",
    "POST /images/load",
    "POST /images/prune",
    "POST /networks/create",
    "POST /session",
    "POST /volumes/create",
    "PUT /containers/{}/archive",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_asked_for_nothing_but_what_is_listed() {
    let (panel, recording) = Running::recorded().await;
    let image = panel.create(panel.form("shop")).await;
    succeeded(&panel.deploy(&image).await);
    panel.set(&image, "VERSION=two").await;
    let volume = NeedForm { kind: "mount".into(), text: "data".into(), to: "/data".into(), ..NeedForm::default() };
    panel.backend.apps.add_need(&panel.actor, &image, volume).await.expect("added");
    succeeded(&panel.deploy(&image).await);
    let back = panel.backend.deploys.roll_back(&panel.actor, &image, 1).await.expect("queued");
    succeeded(&panel.ended(&image, back).await);
    panel.backend.apps.needs(&panel.actor, &image).await.expect("shown");
    panel.backend.apps.remove_need(&panel.actor, &image, "mount", "data:/data").await.expect("removed");
    panel.backend.apps.remove_volume(&panel.actor, &image, &"data".parse().expect("a name")).await.expect("removed");
    panel.backend.logs.page(&panel.actor, &image, &LogForm::default()).await.expect("lines");
    panel.services.apps.reconcile(panel.services.locks()).await.expect("looked");

    let git = GitServer::start().await;
    let repository = git.repository("api");
    repository.write("Dockerfile", &dockerfile(&panel, "CMD [\"/start\"]")).push("first");
    let mut form = panel.form("api");
    (form.kind, form.repo) = ("dockerfile".into(), git.url("api").to_string());
    let built = panel.create(form).await;
    succeeded(&panel.deploy(&built).await);
    repository.write("Dockerfile", &dockerfile(&panel, "RUN false")).push("second");
    problem(&panel.deploy(&built).await);
    repository.write("Dockerfile", &dockerfile(&panel, "RUN --mount=type=cache,target=/c true")).push("third");
    succeeded(&panel.deploy(&built).await);
    panel.backend.apps.delete(&panel.actor, &built, "api").await.expect("queued");
    while !panel.backend.activity.jobs(&panel.actor).await.expect("listed")[0].state.is_final() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    let calls = recording.calls();
    assert!(calls.len() > 10, "the proxy heard next to nothing: {calls:?}");
    let unknown: Vec<_> = calls.iter().filter(|call| !ALLOWED.contains(&call.as_str())).collect();
    assert!(unknown.is_empty(), "not on the list: {unknown:#?}");
}
