//! Webhooks over HTTP: who is believed, what each provider's shape leads to, and what comes twice.

use axum::body::Body;
use hmac::{Hmac, Mac};
use homeport_model::{
    app::AppForm,
    name::AppName,
    prelude::Actor,
    webhook::{DeliveryRow, Verdict},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::panel::{Answer, Owner, Panel};

const SHA: &str = "3f9c2e1d4b5a69788796a5b4c3d2e1f001234567";

/// A panel with an app that comes from a repository, and its webhook.
struct Hooked {
    panel: Panel,
    _owner: Owner,
    app: AppName,
    path: String,
    secret: String,
}

impl Hooked {
    async fn new() -> Self {
        let form = AppForm {
            name: "shop".into(),
            kind: "dockerfile".into(),
            repo: "https://git.example.com/ada/shop.git".into(),
            ..AppForm::default()
        };
        Self::of(form).await
    }

    async fn of(form: AppForm) -> Self {
        let (panel, owner) = Panel::claimed().await;
        let backend = &panel.parts.backend;
        let app = backend.apps.create(&Actor::host(), form).await.expect("created");
        let made = backend.webhooks.renew_secret(&Actor::host(), &app).await.expect("made");
        let path = made.url.strip_prefix(&panel.origin).expect("our address").to_owned();
        Self { _owner: owner, app, path, secret: made.secret, panel }
    }

    fn mac(&self, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("any key");
        mac.update(body.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Sends as a Git host does: no cookie, no fetch metadata.
    async fn send(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let browser = self.panel.browser();
        let mut request = browser.request(Method::POST, path).header("content-type", "application/json");
        request.headers_mut().expect("good so far").remove("sec-fetch-site");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        browser.send(request.body(body.into()).expect("a request")).await
    }

    async fn github(&self, delivery: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let signature = format!("sha256={}", self.mac(&body));
        let headers =
            [("x-github-event", "push"), ("x-github-delivery", delivery), ("x-hub-signature-256", signature.as_str())];
        self.send(&self.path, &headers, body).await
    }

    async fn inbox(&self) -> Vec<DeliveryRow> {
        self.panel.parts.backend.webhooks.inbox(&Actor::host()).await.expect("listed")
    }

    async fn releases(&self) -> usize {
        self.panel.parts.backend.deploys.list(&Actor::host(), &self.app).await.expect("listed").len()
    }
}

fn push() -> Value {
    json!({
        "ref": "refs/heads/main", "after": SHA,
        "repository": { "clone_url": "https://git.example.com/ada/shop.git", "html_url": "https://git.example.com/ada/shop" },
        "pusher": { "name": "Ada" },
        "head_commit": { "id": SHA, "message": "Fix it" },
        "commits": [],
    })
}

#[tokio::test]
async fn only_a_right_signature_is_taken_and_all_wrong_ones_are_told_the_same() {
    let hooked = Hooked::new().await;
    let body = push().to_string();
    let mac = hooked.mac(&body);
    let changed = format!("{}{}", if mac.starts_with('0') { '1' } else { '0' }, &mac[1..]);
    let of = |value: String| ("x-hub-signature-256", value);
    let right = of(format!("sha256={mac}"));
    let wrong = [
        vec![],
        vec![of("sha256=".into())],
        vec![of(format!("sha256={changed}"))],
        vec![of(format!("sha256={}", mac.to_uppercase()))],
        vec![of(mac.clone())],
        vec![("x-hub-signature", format!("sha1={}", &mac[..40]))],
        vec![right.clone(), right.clone()],
        vec![("x-gitlab-token", hooked.secret.clone())],
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for signatures in &wrong {
        let mut headers = vec![("x-github-event", "push"), ("x-github-delivery", "7")];
        headers.extend(signatures.iter().map(|(name, value)| (*name, value.as_str())));
        let answer = hooked.send(&hooked.path, &headers, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{signatures:?}: {answer:?}");
        bodies.insert(answer.text());
    }
    // The right signature over other bytes, at an address that is nobody's, and at one that is no id.
    let headers = [("x-github-event", "push"), ("x-hub-signature-256", right.1.as_str())];
    let pretty = serde_json::to_string_pretty(&push()).expect("writes");
    for (path, body) in
        [(hooked.path.as_str(), &pretty), ("/webhooks/0123456789abcdef", &body), ("/webhooks/shop", &body)]
    {
        let answer = hooked.send(path, &headers, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        bodies.insert(answer.text());
    }
    assert_eq!(bodies.len(), 1, "all are told the same: {bodies:?}");
    assert_eq!(hooked.releases().await, 0);
    let refused = hooked.inbox().await;
    assert_eq!(refused.len(), wrong.len() + 1);
    assert!(refused.iter().all(|row| row.verdict == Verdict::Refused && !row.replays), "{refused:?}");
    // That forged ones had its id does not keep the real one out.
    let taken = hooked.github("7", &push()).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{taken:?}");
    assert_eq!(taken.json()["deploy"], 1);
    assert_eq!(taken.json()["url"], format!("{}/apps/shop/deploys/1", hooked.panel.origin));
    assert!(!format!("{:?}", hooked.inbox().await).contains(&hooked.secret));
}

#[tokio::test]
async fn without_a_secret_nothing_is_accepted_and_a_new_one_voids_the_old() {
    let mut hooked = Hooked::new().await;
    let old = std::mem::take(&mut hooked.secret);
    assert_eq!(hooked.github("1", &push()).await.status, StatusCode::UNAUTHORIZED, "signed with an empty secret");
    let backend = &hooked.panel.parts.backend;
    let made = backend.webhooks.renew_secret(&Actor::host(), &hooked.app).await.expect("made");
    hooked.secret = old;
    assert_eq!(hooked.github("1", &push()).await.status, StatusCode::UNAUTHORIZED);
    hooked.secret = made.secret;
    assert_eq!(hooked.github("1", &push()).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let hooked = Hooked::new().await;
    let answer = hooked.send(&hooked.path, &[("x-github-event", "push")], "x".repeat(26 << 20)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(hooked.inbox().await.is_empty());
}

#[tokio::test]
async fn every_providers_shape_leads_to_a_deploy() {
    let hooked = Hooked::new().await;
    let git = push().to_string();
    let gitlab = json!({
        "ref": "refs/heads/main", "after": SHA, "user_name": "Ada", "commits": [],
        "project": { "git_http_url": "https://git.example.com/ada/shop.git" },
    })
    .to_string();
    let bitbucket = json!({
        "push": { "changes": [{ "new": { "type": "branch", "name": "main", "target": { "hash": SHA, "message": "Fix" } } }] },
        "repository": { "links": { "html": { "href": "https://git.example.com/ada/shop" } } },
    })
    .to_string();
    let generic = json!({ "branch": "main" }).to_string();
    let signed = |body: &str| format!("sha256={}", hooked.mac(body));
    let secret = hooked.secret.clone();
    for (event, name, proof, value, body) in [
        ("x-github-event", "push", "x-hub-signature-256", signed(&git), &git),
        ("x-gitea-event", "push", "x-gitea-signature", hooked.mac(&git), &git),
        ("x-forgejo-event", "push", "x-forgejo-signature", hooked.mac(&git), &git),
        ("x-gogs-event", "push", "x-gogs-signature", hooked.mac(&git), &git),
        ("x-gitlab-event", "Push Hook", "x-gitlab-token", secret, &gitlab),
        ("x-event-key", "repo:push", "x-hub-signature", signed(&bitbucket), &bitbucket),
        ("x-homeport-delivery", "1", "x-homeport-signature", signed(&generic), &generic),
    ] {
        // Each with an id of its own, as each sends one.
        let id = if event == "x-homeport-delivery" { "x-other" } else { "x-homeport-delivery" };
        let ids = [
            ("x-github-delivery", event),
            ("x-gitea-delivery", event),
            ("idempotency-key", event),
            ("x-request-uuid", event),
            (id, event),
        ];
        let mut headers = vec![(event, name), (proof, value.as_str())];
        headers.extend(ids);
        let answer = hooked.send(&hooked.path, &headers, body.clone()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{event}: {answer:?}");
    }
    assert_eq!(hooked.releases().await, 7);
    let signature = signed("{}");
    let headers = [("x-github-event", "ping"), ("x-hub-signature-256", signature.as_str())];
    let ping = hooked.send(&hooked.path, &headers, "{}").await;
    assert_eq!(ping.status, StatusCode::OK);
    assert!(ping.json()["ignored"].as_str().is_some_and(|why| why.contains("works")), "{ping:?}");
}

#[tokio::test]
async fn a_registry_tells_of_an_image() {
    let form =
        AppForm { name: "shop".into(), kind: "image".into(), image: "ada/shop:live".into(), ..AppForm::default() };
    let hooked = Hooked::of(form).await;
    let body = |tag: &str| {
        json!({ "push_data": { "tag": tag, "pusher": "ada" }, "repository": { "repo_name": "ada/shop" } }).to_string()
    };
    let with_token = format!("{}?token={}", hooked.path, hooked.secret);
    for path in [hooked.path.clone(), format!("{}?token=", hooked.path), format!("{with_token}0")] {
        assert_eq!(hooked.send(&path, &[], body("live")).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(hooked.send(&with_token, &[], body("live")).await.status, StatusCode::ACCEPTED);
    assert_eq!(hooked.send(&with_token, &[], body("live")).await.status, StatusCode::OK, "the same once more");
    let other = hooked.send(&with_token, &[], body("next")).await;
    assert_eq!(other.status, StatusCode::OK);
    assert!(other.text().contains("live is what is deployed"), "{other:?}");
    let ghcr = json!({
        "action": "published",
        "package": { "name": "shop", "namespace": "ada", "package_version": { "container_metadata": { "tag": { "name": "live" } } } },
    })
    .to_string();
    let signature = format!("sha256={}", hooked.mac(&ghcr));
    let answer =
        hooked.send(&hooked.path, &[("x-github-event", "package"), ("x-hub-signature-256", &signature)], ghcr).await;
    assert!(answer.text().contains("comes from ada/shop"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_a_hundred_times_at_once_makes_one_deploy() {
    let hooked = std::sync::Arc::new(Hooked::new().await);
    let sends = (0..100).map(|_| {
        let hooked = hooked.clone();
        tokio::spawn(async move { hooked.github("same", &push()).await.status })
    });
    let mut statuses = Vec::new();
    for send in sends {
        statuses.push(send.await.expect("answered"));
    }
    let count = |status| statuses.iter().filter(|seen| **seen == status).count();
    assert_eq!((count(StatusCode::ACCEPTED), count(StatusCode::OK)), (1, 99), "{statuses:?}");
    assert_eq!(hooked.releases().await, 1);
    assert_eq!(hooked.inbox().await.len(), 1);
}

#[tokio::test]
async fn forged_deliveries_do_not_push_the_good_ones_out_of_the_inbox() {
    let hooked = Hooked::new().await;
    assert_eq!(hooked.github("1", &push()).await.status, StatusCode::ACCEPTED);
    for _ in 0..60 {
        let refused = hooked.send(&hooked.path, &[("x-github-event", "push")], "{}").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    let rows = hooked.inbox().await;
    assert_eq!(rows.iter().filter(|row| row.verdict == Verdict::Refused).count(), 50);
    assert_eq!(rows.len(), 51);
    assert_eq!(hooked.github("1", &push()).await.status, StatusCode::OK, "it is still known");
}

#[tokio::test]
async fn what_failed_may_be_sent_again_and_anything_good_replayed() {
    let hooked = Hooked::new().await;
    let backend = hooked.panel.parts.backend.clone();
    let host = Actor::host();
    assert_eq!(hooked.github("1", &push()).await.json()["deploy"], 1);
    let again = hooked.github("1", &push()).await;
    assert_eq!((again.status, again.text().contains("made release 1")), (StatusCode::OK, true), "{again:?}");
    let job = backend.deploys.find(&host, &hooked.app, 1).await.expect("found").release.job.id;
    backend.deploys.cancel(&host, &job).await.expect("cancelled");
    let again = hooked.github("1", &push()).await;
    assert_eq!((again.status, again.json()["deploy"].as_u64()), (StatusCode::ACCEPTED, Some(2)), "{again:?}");

    let mut feature = push();
    feature["ref"] = "refs/heads/feature".into();
    let ignored = hooked.github("2", &feature).await;
    assert!(ignored.text().contains("pushed to feature"), "{ignored:?}");
    let rows = hooked.inbox().await;
    assert_eq!(rows.len(), 2);
    let row = |what: &str| rows.iter().find(|row| row.what.starts_with(what)).expect("listed");
    assert_eq!((row("main").release, row("main").verdict), (Some(2), Verdict::Deployed));
    assert!(row("main").headers.iter().any(|line| line == "x-github-delivery: 1"), "{rows:?}");
    assert_eq!(backend.webhooks.replay(&host, &row("main").id).await.expect("replayed"), 3);
    let refused = backend.webhooks.replay(&host, &row("feature").id).await.expect_err("nothing to do");
    assert!(refused.title.contains("pushed to feature"), "{refused:?}");
    // The app follows the other branch now: the same delivery means a deploy.
    let detail = backend.apps.find(&host, &hooked.app).await.expect("found");
    let form = AppForm { branch: "feature".into(), ..AppForm::of(&detail.spec) };
    backend.apps.change(&host, &hooked.app, form).await.expect("changed");
    assert_eq!(backend.webhooks.replay(&host, &row("feature").id).await.expect("replayed"), 4);
}

#[tokio::test]
async fn what_senders_write_is_only_text() {
    let hooked = Hooked::new().await;
    for (number, hostile) in [
        "$(touch /tmp/pwn)",
        "`id`",
        "; rm -rf /",
        "main\r\nSet-Cookie: a=b",
        "<script>alert(1)</script>",
        "'); DROP TABLE apps;--",
        "\u{202e}gnp.exe",
        "\u{1b}]0;x\u{7}",
        "--upload-pack=x",
        "../../etc/passwd",
        "%0a%0d",
        "\0",
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = push();
        body["pusher"]["name"] = hostile.into();
        body["head_commit"]["message"] = hostile.into();
        assert_eq!(hooked.github(&format!("name {number}"), &body).await.status, StatusCode::ACCEPTED, "{hostile:?}");
        body["ref"] = format!("refs/heads/{hostile}").into();
        assert_eq!(hooked.github(&format!("ref {number}"), &body).await.status, StatusCode::OK, "{hostile:?}");
        body["repository"]["clone_url"] = hostile.into();
        body["repository"]["html_url"] = hostile.into();
        assert_eq!(hooked.github(&format!("repo {number}"), &body).await.status, StatusCode::OK, "{hostile:?}");
    }
    let shown = format!("{:?}", hooked.inbox().await);
    assert!(!shown.contains("\\u{1b}") && !shown.contains("\\r") && !shown.contains("\\u{202e}"), "{shown}");
}
