//! Providers that are spoken to over HTTP: listeners of the test's that behave as each documents it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use homeport_app::backend::DnsProviders;
use homeport_model::{
    domain::dns_provider::{DnsProviderForm, DnsProviderRow},
    name::HostName,
    prelude::{Actor, Code, Problem, Role},
};
use serde_json::{Value, json};

use crate::{
    dns::{Asking, name},
    support::{knot::Knot, running::Running},
};

const TOKEN: &str = "t0ken-s3cret";
const NAME: &str = "_acme-challenge.shop.example.com";

/// A provider with the zone `example.com`.
#[derive(Clone)]
struct Host {
    kind: &'static str,
    address: SocketAddr,
    /// Id, name and value of each TXT record.
    records: Arc<Mutex<Vec<(u64, String, String)>>>,
    /// What it says instead of anything else.
    instead: Arc<Mutex<Option<(u16, String)>>>,
}

/// A request in parts.
struct Asked<'a> {
    method: Method,
    /// The path below the interface, and what stands behind the question mark.
    path: &'a [&'a str],
    query: &'a str,
    body: Value,
}

impl Host {
    async fn start(kind: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let host = Self { kind, address, records: Arc::default(), instead: Arc::default() };
        host.add(NAME, "somebody's");
        let router = Router::new().fallback(answer).with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        host
    }

    fn form(&self) -> DnsProviderForm {
        let base = format!("http://{}/base", self.address);
        let (api, url) = if self.kind == "http" { (String::new(), base) } else { (base, String::new()) };
        let (zone, kind, token) = ("example.com".into(), self.kind.into(), TOKEN.into());
        DnsProviderForm { zone, kind, token, api, url, ..DnsProviderForm::default() }
    }

    fn add(&self, name: &str, value: &str) {
        let mut records = self.records.lock().expect("records");
        let id = records.iter().map(|(id, ..)| *id).max().unwrap_or(0) + 1;
        records.push((id, name.to_owned(), value.to_owned()));
    }

    fn remove(&self, which: impl Fn(&(u64, String, String)) -> bool) -> bool {
        let mut records = self.records.lock().expect("records");
        let before = records.len();
        records.retain(|record| !which(record));
        records.len() < before
    }

    fn of(&self, name: &str) -> Vec<(u64, String)> {
        let records = self.records.lock().expect("records");
        records.iter().filter(|(_, own, _)| own == name).map(|(id, _, value)| (*id, value.clone())).collect()
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.of(name).into_iter().map(|(_, value)| value).collect()
    }

    fn say(&self, status: u16, body: &str) {
        *self.instead.lock().expect("answers") = Some((status, body.to_owned()));
    }

    fn cloudflare(&self, asked: &Asked<'_>) -> (u16, Value) {
        let good = |result: Value| (200, json!({ "success": true, "errors": [], "messages": [], "result": result }));
        let bad = |status, code, message: &str| {
            (status, json!({ "success": false, "errors": [{ "code": code, "message": message }], "result": null }))
        };
        match (&asked.method, asked.path) {
            (&Method::GET, ["zones"]) if asked.query == "name=example.com" => {
                good(json!([{ "id": "023e105f4ecef8ad9ca31a8372d0c353", "name": "example.com", "status": "active" }]))
            }
            (&Method::GET, ["zones"]) => good(json!([])),
            (&Method::GET, ["zones", "023e105f4ecef8ad9ca31a8372d0c353", "dns_records"]) => {
                let name = asked.query.split('&').find_map(|part| part.strip_prefix("name=")).unwrap_or_default();
                let record =
                    |(id, value)| json!({ "id": format!("rec{id}"), "type": "TXT", "content": format!("\"{value}\"") });
                good(self.of(name).into_iter().map(record).collect())
            }
            (&Method::POST, ["zones", "023e105f4ecef8ad9ca31a8372d0c353", "dns_records"]) => {
                let (name, content) = (text(&asked.body["name"]), text(&asked.body["content"]));
                let value = content.trim_matches('"').to_owned();
                if self.values(&name).contains(&value) {
                    return bad(400, 81058, "An identical record already exists.");
                }
                self.add(&name, &value);
                good(json!({ "id": "new" }))
            }
            (&Method::DELETE, ["zones", "023e105f4ecef8ad9ca31a8372d0c353", "dns_records", id]) => {
                match self.remove(|(own, ..)| format!("rec{own}") == *id) {
                    true => good(json!({ "id": id })),
                    false => bad(404, 81044, "Record does not exist."),
                }
            }
            _ => bad(404, 7003, "Could not route"),
        }
    }

    fn desec(&self, asked: &Asked<'_>) -> (u16, Value) {
        let full = |subname: &str| format!("{subname}.example.com");
        match (&asked.method, asked.path) {
            (&Method::GET, ["domains", ""]) if asked.query.ends_with(".example.com") => {
                (200, json!([{ "name": "example.com", "minimum_ttl": 3600 }]))
            }
            (&Method::GET, ["domains", ""]) => (200, json!([])),
            (&Method::GET, ["domains", "example.com", "rrsets", subname, "TXT", ""]) => {
                match self.values(&full(subname)) {
                    values if values.is_empty() => (404, json!({ "detail": "Not found." })),
                    values => {
                        (200, json!({ "records": values.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>() }))
                    }
                }
            }
            (&Method::PATCH, ["domains", "example.com", "rrsets", ""]) => {
                for set in asked.body.as_array().into_iter().flatten() {
                    if set["ttl"].as_u64() < Some(3_600) {
                        let low = "Ensure this value is greater than or equal to 3600.";
                        return (400, json!([{ "ttl": [low] }]));
                    }
                    let name = full(set["subname"].as_str().unwrap_or_default());
                    self.remove(|(_, own, _)| *own == name);
                    for value in set["records"].as_array().into_iter().flatten() {
                        self.add(&name, text(value).trim_matches('"'));
                    }
                }
                (200, asked.body.clone())
            }
            _ => (404, json!({ "detail": "Not found." })),
        }
    }

    fn hetzner(&self, asked: &Asked<'_>) -> (u16, Value) {
        let missing = (404, json!({ "error": { "code": "not_found", "message": "not found" } }));
        let full = |name: &str| format!("{name}.example.com");
        let values = || asked.body["records"].as_array().into_iter().flatten().map(|record| text(&record["value"]));
        let running = (201, json!({ "action": { "id": 1, "status": "running", "error": null } }));
        match (&asked.method, asked.path) {
            (&Method::GET, ["zones", "example.com"]) => (200, json!({ "zone": { "id": 42, "name": "example.com" } })),
            (&Method::GET, ["zones", "42", "rrsets", name, "TXT"]) => match self.values(&full(name)) {
                values if values.is_empty() => missing,
                values => {
                    let records: Vec<Value> = values.iter().map(|v| json!({ "value": format!("\"{v}\"") })).collect();
                    (200, json!({ "rrset": { "name": name, "type": "TXT", "records": records } }))
                }
            },
            (&Method::POST, ["zones", "42", "rrsets", name, "TXT", "actions", "add_records"]) => {
                values().for_each(|value| self.add(&full(name), value.trim_matches('"')));
                running
            }
            (&Method::POST, ["zones", "42", "rrsets", name, "TXT", "actions", "remove_records"]) => {
                values().for_each(|gone| {
                    self.remove(|(_, own, value)| *own == full(name) && *value == gone.trim_matches('"'));
                });
                running
            }
            _ => missing,
        }
    }

    fn digitalocean(&self, asked: &Asked<'_>) -> (u16, Value) {
        let missing = (404, json!({ "id": "not_found", "message": "The resource you requested could not be found." }));
        match (&asked.method, asked.path) {
            (&Method::GET, ["domains", "example.com"]) => {
                (200, json!({ "domain": { "name": "example.com", "ttl": 1800 } }))
            }
            (&Method::GET, ["domains", "example.com", "records"]) => {
                let name = asked.query.split('&').find_map(|part| part.strip_prefix("name=")).unwrap_or_default();
                let record = |(id, value)| json!({ "id": id, "type": "TXT", "data": value });
                (200, json!({ "domain_records": self.of(name).into_iter().map(record).collect::<Vec<_>>() }))
            }
            (&Method::POST, ["domains", "example.com", "records"]) => {
                self.add(&format!("{}.example.com", text(&asked.body["name"])), &text(&asked.body["data"]));
                (201, json!({ "domain_record": { "id": 9 } }))
            }
            (&Method::DELETE, ["domains", "example.com", "records", id]) => {
                if self.remove(|(own, ..)| own.to_string() == *id) { (204, Value::Null) } else { missing }
            }
            _ => missing,
        }
    }

    fn http(&self, asked: &Asked<'_>) -> (u16, Value) {
        let (fqdn, value) = (text(&asked.body["fqdn"]), text(&asked.body["value"]));
        let name = fqdn.strip_suffix('.').expect("a whole name");
        match asked.body["action"].as_str() {
            Some("present") => self.add(name, &value),
            Some("cleanup") => {
                self.remove(|(_, own, held)| own == name && *held == value);
            }
            other => panic!("{other:?}"),
        }
        (204, Value::Null)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

async fn answer(State(host): State<Host>, method: Method, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let status = |status: u16| StatusCode::from_u16(status).expect("a status");
    if let Some((code, body)) = host.instead.lock().expect("answers").clone() {
        return (status(code), [("retry-after", "30"), ("location", "/elsewhere")], body).into_response();
    }
    let scheme = if host.kind == "desec" { "Token" } else { "Bearer" };
    let signed =
        headers.get("authorization").and_then(|value| value.to_str().ok()) == Some(&format!("{scheme} {TOKEN}"));
    if !signed {
        return (status(401), "{}").into_response();
    }
    let path: Vec<&str> = uri.path().trim_start_matches("/base").trim_start_matches('/').split('/').collect();
    let body = serde_json::from_str(&body).unwrap_or_default();
    let asked = Asked { method, path: &path, query: uri.query().unwrap_or_default(), body };
    let (code, said) = match host.kind {
        "cloudflare" => host.cloudflare(&asked),
        "desec" => host.desec(&asked),
        "hetzner" => host.hetzner(&asked),
        "digitalocean" => host.digitalocean(&asked),
        _ => host.http(&asked),
    };
    (status(code), said.to_string()).into_response()
}

async fn keep(asking: &Asking, form: DnsProviderForm) -> Result<(), Problem> {
    DnsProviders::keep(&asking.dns, &Actor::host(), form).await
}

async fn rows(asking: &Asking) -> Vec<DnsProviderRow> {
    DnsProviders::list(&asking.dns, &Actor::host()).await.expect("listed")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_provider_publishes_a_value_beside_others_and_takes_it_back_alone() {
    // The zone's own servers have the value before the provider is asked: what is tested is the asking.
    let published = "@ NS ns1\nns1 A 127.0.0.1\n_acme-challenge.shop TXT v4lue\n";
    let knot = Knot::start(&[("example.com", published)]);
    for kind in ["cloudflare", "desec", "hetzner", "digitalocean", "http"] {
        let host = Host::start(kind).await;
        let asking = Asking::of(&[knot.address], knot.address.port(), true).await;
        keep(&asking, host.form()).await.unwrap_or_else(|problem| panic!("{kind}: {problem}"));
        assert_eq!(host.values("_homeport-test.example.com"), [""; 0], "{kind}: the try left nothing");
        let shop = name("shop.example.com");
        let challenge = asking.dns.put_challenge(&shop, "v4lue").await.unwrap_or_else(|f| panic!("{kind}: {f:?}"));
        let mut values = host.values(NAME);
        values.sort();
        assert_eq!(values, ["somebody's", "v4lue"], "{kind}");
        asking.dns.remove_challenge(challenge).await.unwrap_or_else(|failure| panic!("{kind}: {failure:?}"));
        assert_eq!(host.values(NAME), ["somebody's"], "{kind}");
        let shown = serde_json::to_string(&rows(&asking).await).expect("json");
        assert!(!shown.contains("s3cret"), "{kind}: {shown}");
        let log = format!("{:?}", asking.audit.list(None, 100).await.expect("a log"));
        assert!(log.contains("dns_provider.keep") && !log.contains("s3cret"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_refuses_is_said() {
    for kind in ["cloudflare", "desec", "hetzner", "digitalocean", "http"] {
        let host = Host::start(kind).await;
        let asking = Asking::of(&["127.0.0.1:9".parse().expect("an address")], 53, true).await;
        let wrong = DnsProviderForm { token: "another".into(), ..host.form() };
        let problem = keep(&asking, wrong).await.expect_err("refused");
        assert!(problem.title.contains("does not take the token"), "{kind}: {problem}");
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Engine, Some("token")));
        if kind != "http" {
            let elsewhere = DnsProviderForm { zone: "example.net".into(), ..host.form() };
            let problem = keep(&asking, elsewhere).await.expect_err("refused");
            assert_eq!(problem.field.as_deref(), Some("zone"), "{kind}: {problem}");
        }
        assert!(rows(&asking).await.is_empty(), "what does not work is not kept");
        keep(&asking, host.form()).await.unwrap_or_else(|problem| panic!("{kind}: {problem}"));
        let zone: HostName = "example.com".parse().expect("a zone");
        for (status, words) in [
            (429, "asks for a pause: too many requests. Try again in 30 s."),
            (503, "is in trouble (status 503)."),
            (302, "answers with a redirect, which is not followed."),
            (418, "refuses (status 418)."),
        ] {
            host.say(status, "<html>no JSON</html>");
            let problem = DnsProviders::try_it(&asking.dns, &Actor::host(), &zone).await.expect_err("refused");
            assert!(problem.to_string().contains(words) && problem.hint.is_some(), "{kind}: {problem}");
            assert_eq!(rows(&asking).await[0].problem.as_deref(), Some(problem.to_string().as_str()));
        }
        *host.instead.lock().expect("answers") = None;
        DnsProviders::try_it(&asking.dns, &Actor::host(), &zone).await.expect("it works again");
        assert_eq!(rows(&asking).await[0].problem, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_internet_is_asked_outside_tests() {
    let host = Host::start("http").await;
    let asking = Asking::of(&["127.0.0.1:9".parse().expect("an address")], 53, false).await;
    for (url, words) in [
        (format!("http://{}/hook", host.address), "begins with https"),
        (format!("https://{}/hook", host.address), "not public"),
        ("https://169.254.169.254/latest".to_owned(), "not public"),
        ("https://10.0.0.1/hook".to_owned(), "not public"),
    ] {
        let problem = keep(&asking, DnsProviderForm { url, ..host.form() }).await.expect_err("refused");
        assert!(problem.title.contains(words) && problem.field.as_deref() == Some("url"), "{problem}");
    }
    let other = DnsProviderForm { api: "https://api.example.net".into(), kind: "cloudflare".into(), ..host.form() };
    assert_eq!(keep(&asking, other).await.expect_err("refused").field.as_deref(), Some("api"));
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_an_owners() {
    let panel = Running::without_docker().await;
    let host = Host::start("desec").await;
    let providers = &panel.backend.dns_providers;
    let zone: HostName = "example.com".parse().expect("a zone");
    let (viewer, deployer) = (panel.person("viewer").await, panel.person("deployer").await);
    assert_eq!((viewer.role, deployer.role), (Role::Viewer, Role::Deployer));
    for person in [&viewer, &deployer] {
        assert!(providers.list(person).await.is_ok());
        assert_eq!(providers.keep(person, host.form()).await.expect_err("refused").code, Code::Forbidden);
        assert_eq!(providers.try_it(person, &zone).await.expect_err("refused").code, Code::Forbidden);
        assert_eq!(providers.forget(person, &zone).await.expect_err("refused").code, Code::Forbidden);
    }
    providers.keep(&panel.actor, host.form()).await.expect("kept");
    providers.try_it(&panel.actor, &zone).await.expect("works");
    // What is kept outlives the panel, and its secret opens again.
    let panel = panel.restart().await;
    let providers = &panel.backend.dns_providers;
    assert_eq!(providers.list(&panel.actor).await.expect("listed").len(), 1);
    providers.try_it(&panel.actor, &zone).await.expect("works");
    providers.forget(&panel.actor, &zone).await.expect("forgotten");
    assert_eq!(providers.forget(&panel.actor, &zone).await.expect_err("gone").code, Code::NotFound);
    assert_eq!(providers.try_it(&panel.actor, &zone).await.expect_err("gone").code, Code::NotFound);
    // A person's mistakes are theirs to mend: 422, and the field.
    let problem = providers.keep(&panel.actor, DnsProviderForm { zone: "a b".into(), ..host.form() }).await;
    assert_eq!(problem.expect_err("refused").code, Code::Invalid);
}
