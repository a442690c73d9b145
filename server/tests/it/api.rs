//! `/api/v1` with tokens: who may what, for how long, and on which app.

use std::collections::BTreeSet;

use axum::body::Body;
use homeport_model::{
    account::TokenForm,
    app::AppForm,
    name::AppName,
    prelude::{Actor, Timestamp},
};
use homeport_server::http::{Access, OPENAPI, Verb, table};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    guard::example,
    support::panel::{Answer, Browser, Owner, Panel},
};

/// A panel with two apps that run an image.
struct Api {
    panel: Panel,
    owner: Owner,
    actor: Actor,
}

impl Api {
    async fn new() -> Self {
        let (panel, owner) = Panel::claimed().await;
        for name in ["shop", "blog"] {
            let form = AppForm {
                name: name.into(),
                kind: "image".into(),
                image: format!("ada/{name}:1"),
                ..AppForm::default()
            };
            panel.parts.backend.apps.create(&Actor::host(), form).await.expect("created");
        }
        let user: String = sqlx::query_scalar("SELECT id FROM users").fetch_one(panel.db.reader()).await.expect("one");
        let actor = Actor { user, step_up_until: Some(Timestamp::from_ms(i64::MAX)), ..Actor::host() };
        Self { panel, owner, actor }
    }

    async fn token(&self, scope: &str, app: &str) -> String {
        let form = TokenForm { name: "CI".into(), scope: scope.into(), app: app.into(), days: "90".into() };
        self.panel.parts.backend.tokens.create(&self.actor, form).await.expect("made")
    }

    async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: &str) -> Answer {
        ask(&self.panel.browser(), method, path, token, body).await
    }
}

async fn ask(browser: &Browser, method: Method, path: &str, token: Option<&str>, body: &str) -> Answer {
    let mut request = browser.request(method, path);
    request.headers_mut().expect("good so far").remove("sec-fetch-site");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    browser.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

#[tokio::test]
async fn each_route_opens_for_its_scope_and_for_nothing_else() {
    let api = Api::new().await;
    let (read, deploy) = (api.token("read", "").await, api.token("deploy", "").await);
    for route in table().iter().filter(|route| route.path.starts_with("/api/v1/") && route.access != Access::Public) {
        let Access::Token(role) = route.access else { panic!("{} takes no token", route.path) };
        let method = if route.verb == Verb::Get { Method::GET } else { Method::POST };
        let path = example(route);
        for wrong in [None, Some(""), Some("hpt_"), Some("hpt_0"), Some(&read[..read.len() - 1])] {
            let answer = api.ask(method.clone(), &path, wrong, "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} with {wrong:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        let in_query = format!("{path}?token={deploy}");
        assert_eq!(api.ask(method.clone(), &in_query, None, "").await.status, StatusCode::UNAUTHORIZED, "{in_query}");
        // The owner's cookie opens none of them, and a token opens nothing of the pages.
        let with_cookie = ask(&api.owner.browser, method.clone(), &path, None, "").await;
        assert!(matches!(with_cookie.status.as_u16(), 401 | 403), "{path}: {with_cookie:?}");
        let allowed = api.ask(method.clone(), &path, Some(&deploy), "").await;
        assert!(!matches!(allowed.status.as_u16(), 401 | 403), "{path}: {allowed:?}");
        let read_only = api.ask(method, &path, Some(&read), "").await;
        let expected = role > homeport_model::actor::Role::Viewer;
        assert_eq!(read_only.status == StatusCode::FORBIDDEN, expected, "{path}: {read_only:?}");
    }
    let pages = api.ask(Method::GET, "/api/ui/apps/list", Some(&deploy), "").await;
    assert_eq!(pages.status, StatusCode::UNAUTHORIZED);
    let twice = api.panel.browser();
    let request = twice
        .request(Method::GET, "/api/v1/apps")
        .header("authorization", format!("Bearer {deploy}"))
        .header("authorization", format!("Bearer {deploy}"));
    assert_eq!(twice.send(request.body(Body::empty()).expect("a request")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_ends_with_its_time_with_its_person_and_when_it_is_revoked() {
    let api = Api::new().await;
    let token = api.token("deploy", "").await;
    let look = async || api.ask(Method::GET, "/api/v1/apps", Some(&token), "").await.status;
    assert_eq!(look().await, StatusCode::OK);
    let days = 90 * 86_400_000;
    api.panel.clock.advance_ms(days - 1_000);
    assert_eq!(look().await, StatusCode::OK);
    api.panel.clock.advance_ms(1_000);
    assert_eq!(look().await, StatusCode::UNAUTHORIZED, "it lives for 90 days");

    let token = api.token("deploy", "").await;
    let tokens = &api.panel.parts.backend.tokens;
    let row = tokens.list(&api.actor).await.expect("listed").remove(0);
    assert_eq!(api.ask(Method::GET, "/api/v1/apps", Some(&token), "").await.status, StatusCode::OK);
    let other = Actor { user: "somebody else".into(), ..api.actor.clone() };
    tokens.revoke(&other, &row.id).await.expect_err("not theirs");
    tokens.revoke(&api.actor, &row.id).await.expect("revoked");
    assert_eq!(api.ask(Method::GET, "/api/v1/apps", Some(&token), "").await.status, StatusCode::UNAUTHORIZED);
    let without_step_up = Actor { step_up_until: None, ..api.actor.clone() };
    let form = TokenForm { name: "CI".into(), scope: "read".into(), days: "1".into(), ..TokenForm::default() };
    let refused = tokens.create(&without_step_up, form).await.expect_err("no fresh passkey");
    assert_eq!(refused.code, homeport_model::problem::Code::StepUpRequired);
    let actions = api.panel.actions().await;
    assert!(actions.contains(&"token.create".to_owned()) && actions.contains(&"token.revoke".to_owned()));
    let stored: String = sqlx::query_scalar("SELECT group_concat(hex(token_hash)) FROM api_tokens")
        .fetch_one(api.panel.db.reader())
        .await
        .expect("rows");
    assert!(!stored.contains(&token), "only its hash is stored");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let api = Api::new().await;
    let browser = api.panel.browser();
    let mut statuses = Vec::new();
    for number in 0..12 {
        statuses.push(ask(&browser, Method::GET, "/api/v1/apps", Some(&format!("hpt_{number}")), "").await.status);
    }
    assert_eq!(statuses[9], StatusCode::UNAUTHORIZED);
    assert_eq!(statuses[11], StatusCode::TOO_MANY_REQUESTS, "{statuses:?}");
}

#[tokio::test]
async fn a_token_for_one_app_sees_no_other() {
    let api = Api::new().await;
    let token = api.token("deploy", "shop").await;
    let listed = api.ask(Method::GET, "/api/v1/apps", Some(&token), "").await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((&listed[0]["name"], &listed[0]["state"]), (&json!("shop"), &json!("not_deployed")));
    for (method, path) in [
        (Method::GET, "/api/v1/apps/blog"),
        (Method::POST, "/api/v1/apps/blog/deploys"),
        (Method::POST, "/api/v1/apps/blog/roll-back"),
        (Method::GET, "/api/v1/apps/blog/deploys/1"),
        (Method::GET, "/api/v1/apps/blog/logs"),
        (Method::GET, "/api/v1/apps/none"),
        (Method::GET, "/api/v1/apps/..."),
    ] {
        let answer = api.ask(method, path, Some(&token), r#"{"to":1}"#).await;
        assert!(
            matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY),
            "{path}: {answer:?}"
        );
    }
    let blog: AppName = "blog".parse().expect("a name");
    assert!(api.panel.parts.backend.deploys.list(&api.actor, &blog).await.expect("listed").is_empty());
    // It ends with its app.
    let gone = sqlx::query("DELETE FROM apps WHERE name = 'shop'");
    let mut tx = api.panel.db.write().await.expect("the writer");
    gone.execute(&mut *tx).await.expect("removed");
    tx.commit().await.expect("committed");
    assert_eq!(api.ask(Method::GET, "/api/v1/apps", Some(&token), "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_deploy_is_asked_for_looked_at_and_its_log_read() {
    let api = Api::new().await;
    let token = api.token("deploy", "shop").await;
    let post = async |path: &str, body: &str| api.ask(Method::POST, path, Some(&token), body).await;
    let asked = post("/api/v1/apps/shop/deploys", "").await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
    assert_eq!(asked.json(), json!({ "deploy": 1, "url": format!("{}/apps/shop/deploys/1", api.panel.origin) }));
    let other = post("/api/v1/apps/shop/deploys", r#"{"image":"ada/shop:2"}"#).await;
    assert_eq!(other.json()["deploy"], 2);
    let shop: AppName = "shop".parse().expect("a name");
    let detail = api.panel.parts.backend.apps.find(&api.actor, &shop).await.expect("found");
    assert_eq!(AppForm::of(&detail.spec).image, "ada/shop:2", "the app keeps it");
    for (body, field) in [
        (r#"{"image":"eve/shop:2"}"#, "image"),
        (r#"{"image":"ada/shop:$(id)"}"#, "image"),
        (r#"{"image":""}"#, "image"),
        (r#"{"no_cache":true}"#, "no_cache"),
        (r#"{"no_cache":true,"ref":"0123456"}"#, "no_cache"),
        (r#"{"no_cache":true,"ref":"--x"}"#, "ref"),
        (r#"{"no_cache":true,"image":"ada/shop:2"}"#, "no_cache"),
        (r#"{"no_cache":"yes"}"#, "body"),
        (r#"{"imagee":"ada/shop:2"}"#, "body"),
        ("{", "body"),
        ("[]", "body"),
    ] {
        let refused = post("/api/v1/apps/shop/deploys", body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {refused:?}");
        assert_eq!(refused.json()["field"], field, "{body}");
    }
    let get = async |path: &str| api.ask(Method::GET, path, Some(&token), "").await;
    let deploy = get("/api/v1/apps/shop/deploys/2").await.json();
    assert_eq!(
        (&deploy["state"], &deploy["ended"], &deploy["serving"]),
        (&json!("queued"), &json!(false), &json!(false))
    );
    let first = get("/api/v1/apps/shop/deploys/1").await.json();
    assert_eq!((&first["state"], &first["ended"]), (&json!("cancelled"), &json!(true)), "replaced by the second");
    assert!(first["problem"]["title"].as_str().is_some_and(|title| title.contains("release 2")), "{first}");
    assert_eq!(get("/api/v1/apps/shop/deploys/2/log?after=0").await.json(), json!({ "lines": [], "ended": false }));
    assert_eq!(get("/api/v1/apps/shop/deploys/2/log?after=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let written = get("/api/v1/apps/shop/logs").await.json();
    assert_eq!(written, json!({ "release": null, "lines": [], "earlier": false, "later": false, "running": false }));
    for (query, field) in [
        ("release=x", "release"),
        ("process=..%2f", "process"),
        ("after=now", "after"),
        ("stream=out&stream=err", "query"),
    ] {
        let refused = get(&format!("/api/v1/apps/shop/logs?{query}")).await;
        assert_eq!((refused.status, &refused.json()["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)));
    }
    assert_eq!(get("/api/v1/apps/shop/logs?release=9").await.status, StatusCode::NOT_FOUND);
    for missing in
        ["/api/v1/apps/shop/deploys/9", "/api/v1/apps/shop/deploys/x", "/api/v1/apps/shop/deploys/4294967296"]
    {
        assert_eq!(get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    assert_eq!(post("/api/v1/apps/shop/roll-back", r#"{"to":1}"#).await.status, StatusCode::GONE);
    assert_eq!(post("/api/v1/apps/shop/roll-back", "{}").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_description_has_every_route_and_no_other() {
    let panel = Panel::new().await;
    let served = panel.browser().get("/api/v1/openapi.json").await;
    assert_eq!((served.status, served.text().as_str()), (StatusCode::OK, OPENAPI));
    let described: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let described: BTreeSet<_> = described["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| {
            let methods =
                item.as_object().expect("an item").keys().filter(|key| matches!(key.as_str(), "get" | "post"));
            methods.map(|method| (method.clone(), path.clone())).collect::<Vec<_>>()
        })
        .collect();
    let routes: BTreeSet<_> = table()
        .iter()
        .filter(|route| route.path.starts_with("/api/v1/"))
        .map(|route| (if route.verb == Verb::Get { "get" } else { "post" }.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(described, routes);
}
