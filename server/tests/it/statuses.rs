//! Statuses on a Git host, which is a listener of the test's.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use homeport_model::{
    app::AppForm,
    problem::Code,
    webhook::{StatusForm, StatusState},
};
use serde_json::Value;

use crate::support::{
    git_server::GitServer,
    running::{Running, problem, succeeded},
};

/// What a host was told: the path, who signed in, the body.
type Told = Arc<Mutex<Vec<(String, String, Value)>>>;

#[derive(Clone)]
struct Host {
    told: Told,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Host {
    /// Answers with `answers`, the last of them for ever.
    async fn start(answers: &[u16]) -> (Self, String) {
        let host = Self { told: Arc::default(), answers: Arc::new(Mutex::new(answers.to_vec())) };
        let router = Router::new().fallback(take).with_state(host.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        (host, format!("http://{address}/api/v1"))
    }

    fn states(&self) -> Vec<String> {
        let told = self.told.lock().expect("told");
        told.iter().map(|(_, _, body)| body["state"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn until(&self, last: &str) {
        for _ in 0..400 {
            if self.states().last().is_some_and(|state| state == last) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("never told {last}: {:?}", self.states());
    }
}

async fn take(State(host): State<Host>, uri: Uri, headers: HeaderMap, body: String) -> StatusCode {
    let by = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = serde_json::from_str(&body).unwrap_or_default();
    host.told.lock().expect("told").push((uri.to_string(), by, body));
    let mut answers = host.answers.lock().expect("answers");
    let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
    StatusCode::from_u16(answer).expect("a status")
}

fn form(api: &str) -> StatusForm {
    StatusForm { host: "gitea".into(), api: api.into(), token: "s3cret-token".into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_is_told_as_pending_then_as_it_ended_and_names_its_page() {
    let panel = Running::start().await;
    let (host, api) = Host::start(&[201]).await;
    let server = GitServer::start().await;
    let repo = server.repository("ada/shop");
    repo.write("index.html", "one");
    let first = repo.push("First");
    let app = AppForm {
        name: "shop".into(),
        kind: "static".into(),
        repo: server.url("ada/shop").to_string(),
        ..AppForm::default()
    };
    let shop = panel.backend.apps.create(&panel.actor, app).await.expect("created");
    panel.backend.statuses.set(&panel.actor, &shop, form(&api)).await.expect("set");
    succeeded(&panel.deploy(&shop).await);
    host.until("success").await;
    {
        let told = host.told.lock().expect("told");
        let (path, by, body) = told.last().expect("told");
        assert_eq!(*path, format!("/api/v1/repos/ada/shop/statuses/{first}"));
        assert_eq!(by, "token s3cret-token");
        assert_eq!(body["target_url"].as_str(), Some(format!("{}/apps/shop/deploys/1", panel.origin).as_str()));
        assert_eq!(body["context"], "homeport/shop");
    }
    repo.write("Dockerfile", "FROM homeport-test-none:none\n").push("Broken");
    let broken = AppForm {
        name: "shop".into(),
        kind: "dockerfile".into(),
        repo: server.url("ada/shop").to_string(),
        ..AppForm::default()
    };
    panel.backend.apps.change(&panel.actor, &shop, broken).await.expect("changed");
    problem(&panel.deploy(&shop).await);
    host.until("failure").await;
    // Each state of each release once, in order.
    let mut states = host.states();
    states.retain(|state| state != "pending");
    assert_eq!(states, ["success", "failure"]);
    // The token is shown to nobody.
    let view = panel.backend.statuses.find(&panel.actor, &shop).await.expect("found");
    assert!(!serde_json::to_string(&view).expect("json").contains("s3cret"));
    let viewer = panel.person("viewer").await;
    assert_eq!(
        panel.backend.statuses.set(&viewer, &shop, form(&api)).await.expect_err("refused").code,
        Code::Forbidden
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_fails_is_told_again_and_the_reason_is_shown() {
    let panel = Running::start().await;
    let (host, api) = Host::start(&[500, 401, 201]).await;
    let server = GitServer::start().await;
    server.repository("ada/shop").write("index.html", "one").push("First");
    let app = AppForm {
        name: "shop".into(),
        kind: "static".into(),
        repo: server.url("ada/shop").to_string(),
        ..AppForm::default()
    };
    let shop = panel.backend.apps.create(&panel.actor, app).await.expect("created");
    panel.backend.statuses.set(&panel.actor, &shop, form(&api)).await.expect("set");
    succeeded(&panel.deploy(&shop).await);
    let mut waiting = None;
    for _ in 0..400 {
        let last = panel.backend.statuses.find(&panel.actor, &shop).await.expect("found").last;
        if last.as_ref().is_some_and(|last| last.state == StatusState::Success && last.problem.is_some()) {
            waiting = last;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let waiting = waiting.expect("a report that waits");
    assert!(waiting.next_at.is_some_and(|at| at > waiting.at), "{waiting:?}");
    assert!(waiting.problem.is_some_and(|words| words.contains("500") || words.contains("401")));
    // A panel that starts anew goes on where it was.
    let panel = panel.restart().await;
    panel.services.clock.advance_ms(11_000);
    panel.services.statuses.reconcile().await.expect("told");
    panel.services.clock.advance_ms(61_000);
    panel.services.statuses.reconcile().await.expect("told");
    host.until("success").await;
    let view = panel.backend.statuses.find(&panel.actor, &shop).await.expect("found");
    assert_eq!(view.last.expect("a report").problem, None);
    let count = host.states().len();
    panel.services.clock.advance_ms(3_600_000);
    panel.services.statuses.reconcile().await.expect("nothing to tell");
    assert_eq!(host.states().len(), count, "told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_for_the_address_it_was_typed_for_and_hostile_addresses_are_refused() {
    let panel = Running::start().await;
    let (_, api) = Host::start(&[201]).await;
    let server = GitServer::start().await;
    server.repository("ada/shop").write("index.html", "one").push("First");
    let app = AppForm {
        name: "shop".into(),
        kind: "static".into(),
        repo: server.url("ada/shop").to_string(),
        ..AppForm::default()
    };
    let shop = panel.backend.apps.create(&panel.actor, app).await.expect("created");
    let set = async |form| panel.backend.statuses.set(&panel.actor, &shop, form).await;
    let field = |refused: homeport_model::problem::Problem| (refused.code, refused.field.unwrap_or_default());
    let no_token = StatusForm { token: String::new(), ..form(&api) };
    assert_eq!(field(set(no_token.clone()).await.expect_err("refused")), (Code::Invalid, "status_token".into()));
    set(form(&api)).await.expect("set");
    set(no_token).await.expect("the token stays");
    let elsewhere = StatusForm { token: String::new(), ..form("http://127.0.0.1:9/api/v1") };
    assert_eq!(field(set(elsewhere).await.expect_err("refused")), (Code::Invalid, "status_token".into()));
    for api in ["file:///etc/passwd", "https://a@b/", "http://x/../y", "https://x.example.com/a\nb", "gopher://x"] {
        assert_eq!(field(set(form(api)).await.expect_err("refused")), (Code::Invalid, "status_api".into()), "{api}");
    }
    panel.backend.statuses.unset(&panel.actor, &shop).await.expect("unset");
    assert_eq!(panel.backend.statuses.unset(&panel.actor, &shop).await.expect_err("none").code, Code::NotFound);
    let image = panel.create(panel.form("image")).await;
    let refused = panel.backend.statuses.set(&panel.actor, &image, form(&api)).await.expect_err("no repository");
    assert_eq!(refused.code, Code::Invalid);
}
