//! A panel in this process: a state folder of its own, the real router, a clock that the test moves.

use std::{
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
};
use clap::Parser;
use homeport_server::{
    accounts::{Accounts, Link},
    ambient::{self, Clock},
    audit::Audit,
    cli::{Cli, Command},
    compose::{Base, Services},
    config::Config,
    db::Db,
    http as panel_http,
    state::{Refusal, StateFolder},
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::authenticator::Passkey;

/// Lines that panels showed on the console.
static ANNOUNCED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn announce(line: &str) {
    ANNOUNCED.lock().expect("not poisoned").push(line.to_owned());
}

/// A running panel.
pub struct Panel {
    pub folder: Arc<TempDir>,
    pub origin: String,
    pub clock: Clock,
    pub db: Db,
    pub audit: Audit,
    pub accounts: Arc<Accounts>,
    pub router: Router,
    /// What handlers get, for a router with other routes.
    pub parts: panel_http::Panel,
    _state: StateFolder,
}

/// The configuration that flags give.
pub fn config(flags: &[&str]) -> Config {
    let cli = Cli::try_parse_from(["homeport", "serve"].iter().chain(flags)).expect("good flags");
    match cli.command {
        Command::Serve(config) => *config,
        other => panic!("not serve: {other:?}"),
    }
}

impl Panel {
    /// A new panel that nobody owns.
    pub async fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let origin = format!("http://p{:08x}.localhost:7380", ambient::random_u32());
        Self::open(folder, origin, Clock::default()).await.expect("starts")
    }

    /// A panel with its owner signed in.
    pub async fn claimed() -> (Self, Owner) {
        let panel = Self::new().await;
        let owner = panel.claim().await;
        (panel, owner)
    }

    /// Stops this panel and starts one on the same state.
    pub async fn restart(self) -> Result<Self, Refusal> {
        let Self { folder, origin, clock, db, router, accounts, audit, parts, _state } = self;
        drop((router, accounts, audit, parts));
        db.close().await;
        drop(_state);
        Self::open(folder, origin, clock).await
    }

    async fn open(folder: Arc<TempDir>, origin: String, clock: Clock) -> Result<Self, Refusal> {
        let state_folder = folder.path().join("state");
        let state_flag = state_folder.display().to_string();
        let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/site");
        let site = site.display().to_string();
        // Nobody answers there: a test asks no name server of others.
        let nobody = ["--dns-resolver", "127.0.0.1:9"];
        let config = config(&[&["--state", &state_flag, "--origin", &origin, "--site", &site], &nobody[..]].concat());
        let state = StateFolder::lock(&config.state)?;
        let (db, sealer) = Db::open(&state).await?;
        let base = Base { clock: clock.clone(), announce, ..Base::new(db.clone(), sealer) };
        let services = Services::compose(&config, base)?;
        let accounts = services.accounts.clone();
        let audit = Audit::new(db.clone(), clock.clone());
        let parts = panel_http::Panel::new(config, &services);
        let router = panel_http::router(parts.clone(), panel_http::table());
        Ok(Self { folder, origin, clock, db, audit, accounts, router, parts, _state: state })
    }

    /// The token of a new one-time link.
    pub async fn token(&self, kind: Link) -> String {
        let link = self.accounts.new_link(kind).await.expect("a link");
        let (address, token) = link.expose().split_once('#').expect("a fragment");
        let path = if kind == Link::Claim { "claim" } else { "recover" };
        assert_eq!(address, format!("{}/{path}", self.origin));
        token.to_owned()
    }

    /// The token of the last link that the console showed.
    pub fn announced_token(&self) -> Option<String> {
        let lines = ANNOUNCED.lock().expect("not poisoned");
        let line = lines.iter().rev().find(|line| line.contains(&self.origin))?;
        line.split_once('#').map(|(_, token)| token.to_owned())
    }

    /// Claims the panel.
    pub async fn claim(&self) -> Owner {
        let token = self.token(Link::Claim).await;
        let browser = self.browser();
        let begun = browser.post("/passkeys/claim/start", &json!({ "token": token, "name": "Ada" })).await;
        assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
        let (passkey, credential) = Passkey::create(&begun.json()["options"], &self.origin);
        let answer = json!({ "id": begun.json()["id"], "credential": credential, "label": "Laptop" });
        let done = browser.post("/passkeys/claim/finish", &answer).await;
        assert_eq!(done.status, StatusCode::CREATED, "{done:?}");
        let codes = serde_json::from_value(done.json()["codes"].clone()).expect("codes");
        Owner { codes, browser: done.enter(browser), passkey }
    }

    /// A browser without a cookie, at an address of its own.
    pub fn browser(&self) -> Browser {
        let [a, b, c] = ambient::random_bytes::<3>();
        Browser {
            router: self.router.clone(),
            authority: self.origin.replace("http://", ""),
            cookie: None,
            address: [10, a, b, c].into(),
        }
    }

    /// Counts rows.
    pub async fn count(&self, table: &'static str) -> i64 {
        let sql = match table {
            "users" => "SELECT count(*) FROM users",
            "passkeys" => "SELECT count(*) FROM passkeys",
            "sessions" => "SELECT count(*) FROM sessions",
            "audit" => "SELECT count(*) FROM audit",
            "recovery_codes" => "SELECT count(*) FROM recovery_codes",
            other => panic!("no such table: {other}"),
        };
        sqlx::query_scalar(sql).fetch_one(self.db.reader()).await.expect("a count")
    }

    /// All that is stored, as text, to see whether anything changed.
    pub async fn dump(&self) -> String {
        let sql = "SELECT group_concat(line, char(10)) FROM (
            SELECT 'user ' || id || name || role AS line FROM users
            UNION ALL SELECT 'passkey ' || id || credential || label || coalesce(last_used_at, '') || coalesce(frozen_at, '') FROM passkeys
            UNION ALL SELECT 'code ' || selector || hash || coalesce(used_at, '') FROM recovery_codes
            UNION ALL SELECT 'session ' || id || seen_at || coalesce(step_up_until, '') FROM sessions
            UNION ALL SELECT 'link ' || hex(token_hash) || attempts || coalesce(used_at, '') FROM one_time_links
            UNION ALL SELECT 'audit ' || seq || hex(hash) FROM audit)";
        sqlx::query_scalar::<_, Option<String>>(sql)
            .fetch_one(self.db.reader())
            .await
            .expect("a dump")
            .unwrap_or_default()
    }

    /// The actions of the audit log, oldest first.
    pub async fn actions(&self) -> Vec<String> {
        let mut rows = self.audit.list(None, 1_000).await.expect("a log");
        rows.reverse();
        rows.into_iter().map(|row| row.action).collect()
    }
}

/// The owner after claiming.
pub struct Owner {
    pub browser: Browser,
    pub passkey: Passkey,
    pub codes: Vec<String>,
}

impl Owner {
    /// Signs in once more, in another browser.
    pub async fn sign_in(&mut self, browser: Browser) -> Answer {
        let begun = browser.post("/passkeys/sign-in/start", &json!({})).await.json();
        let credential = self.passkey.assert(&begun["options"]);
        browser.post("/passkeys/sign-in/finish", &json!({ "id": begun["id"], "credential": credential })).await
    }

    /// Uses the passkey once more in the owner's session.
    pub async fn step_up(&mut self) -> Answer {
        let begun = self.browser.post("/passkeys/step-up/start", &json!({})).await.json();
        let credential = self.passkey.assert(&begun["options"]);
        self.browser.post("/passkeys/step-up/finish", &json!({ "id": begun["id"], "credential": credential })).await
    }

    /// Adds a passkey in the owner's session.
    pub async fn add_passkey(&self, label: &str) -> (Passkey, Answer) {
        let begun = self.browser.post("/passkeys/add/start", &json!({})).await;
        assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
        let (passkey, credential) = Passkey::create(&begun.json()["options"], &self.passkey.origin);
        let answer = json!({ "id": begun.json()["id"], "credential": credential, "label": label });
        (passkey, self.browser.post("/passkeys/add/finish", &answer).await)
    }

    /// What Settings shows.
    pub async fn settings(&self) -> Value {
        let answer = self.browser.get("/api/ui/accounts/settings").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }
}

/// A browser: an address, maybe a cookie.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub authority: String,
    pub cookie: Option<String>,
    pub address: IpAddr,
}

impl Browser {
    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    /// Sends JSON, as the panel's own pages do.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// Sends a form, as a server function or a plain form.
    pub async fn form(&self, path: &str, body: &str) -> Answer {
        let request =
            self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// A request of this browser from the panel's own page.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header("sec-fetch-site", "same-origin")
            .extension(ConnectInfo(panel_http::Peer::Address(self.address)));
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("__Host-sid={cookie}"));
        }
        request
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("always an answer");
        let (parts, body) = response.into_parts();
        // A stream has no end to wait for.
        let stream = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let body = if stream { Bytes::new() } else { body.collect().await.expect("a body").to_bytes() };
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The problem's code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's value, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The browser with the cookie that this answer sets.
    pub fn enter(&self, browser: Browser) -> Browser {
        let set = self.header("set-cookie");
        let value = set.strip_prefix("__Host-sid=").and_then(|rest| rest.split_once(';')).expect("a cookie").0;
        Browser { cookie: Some(value.to_owned()), ..browser }
    }
}
