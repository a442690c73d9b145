//! What every answer carries, built files, and how large a request may be.

use std::collections::BTreeSet;

use axum::body::Body;
use homeport_server::http::{Access, Route, table};
use http::{Method, Request, StatusCode, header};

use crate::{
    guard::{ask, example, posts},
    support::panel::{Browser, Panel},
};

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let (panel, owner) = Panel::claimed().await;
    let anonymous = panel.browser();
    let mut answers = Vec::new();
    for route in table() {
        answers.push((format!("anonymous {}", route.path), ask(&anonymous, route).await));
        if route.path != "/sign-out" {
            answers.push((format!("owner {}", route.path), ask(&owner.browser, route).await));
        }
    }
    answers.push(("unknown".into(), owner.browser.get("/nothing/here").await));
    answers.push(("hashed file".into(), anonymous.get("/pkg/homeport.pPp7NHUNLlV7EyYz2UhqAg.css").await));
    let wrong_host = Request::builder().uri("/").header(header::HOST, "evil").body(Body::empty()).expect("a request");
    answers.push(("wrong host".into(), anonymous.send(wrong_host).await));
    let mut nonces = BTreeSet::new();
    for (what, answer) in &answers {
        let policy = answer.header("content-security-policy");
        let nonce = policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).expect("a nonce").0;
        assert!(nonces.insert(nonce.to_owned()), "a nonce twice: {what}");
        let expected = format!(
            "default-src 'none'; script-src {}/pkg/ 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
             img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'; manifest-src 'self'; worker-src 'none'; object-src 'none'",
            panel.origin
        );
        assert_eq!(policy, expected, "{what}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains", "{what}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{what}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
        for policy in ["opener", "resource"] {
            assert_eq!(answer.header(&format!("cross-origin-{policy}-policy")), "same-origin", "{what}");
        }
        assert_eq!(answer.header("cross-origin-embedder-policy"), "require-corp", "{what}");
        assert_eq!(answer.header("origin-agent-cluster"), "?1", "{what}");
        assert!(answer.header("permissions-policy").contains("publickey-credentials-get=(self)"), "{what}");
        let file =
            answer.status == StatusCode::OK && matches!(what.split_once(' '), Some((_, "/favicon.svg" | "file")));
        let keeps = answer.header("cache-control");
        assert!(if file { keeps.starts_with("public") } else { keeps == "no-store" }, "{what}: {keeps}");
        assert!(
            answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-") && name != "server"),
            "{what}"
        );
    }
    let (_, file) = answers.iter().find(|(what, _)| what == "hashed file").expect("asked");
    assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn files_come_compressed_to_who_takes_it_and_never_from_elsewhere() {
    let panel = Panel::new().await;
    let browser = panel.browser();
    let path = "/pkg/homeport.pPp7NHUNLlV7EyYz2UhqAg.css";
    let plain = browser.get(path).await;
    assert_eq!((plain.text().as_str(), plain.header("content-encoding")), ("body{}\n", ""));
    let request = browser
        .request(Method::GET, path)
        .header("accept-encoding", "gzip, br")
        .body(Body::empty())
        .expect("a request");
    let small = browser.send(request).await;
    assert_eq!((small.header("content-encoding"), small.header("content-type")), ("br", "text/css; charset=utf-8"));
    assert_eq!(small.header("vary"), "Accept-Encoding");
    for path in
        ["/pkg/hash.txt", "/hash.txt", "/pkg/../hash.txt", "/pkg/..%2fhash.txt", &format!("{path}.br"), "/pkg/none.js"]
    {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn bodies_end_at_the_routes_limit_with_and_without_a_length() {
    let (panel, owner) = Panel::claimed().await;
    let before = panel.dump().await;
    for route in posts().filter(|route| route.access == Access::Public && route.path != "/sign-out") {
        let large = "x".repeat(route.body_limit + 1);
        let browser = panel.browser();
        let declared = browser
            .request(Method::POST, &example(route))
            .header("content-type", "application/json")
            .header("content-length", large.len());
        let answer = browser.send(declared.body(Body::from(large.clone())).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", route.path);
        let browser = panel.browser();
        let chunked = browser.request(Method::POST, &example(route)).header("content-type", "application/json");
        let pieces = futures_util::stream::iter(
            large.into_bytes().chunks(4_096).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>(),
        );
        let answer = browser.send(chunked.body(Body::from_stream(pieces)).expect("a request")).await;
        assert!(
            answer.status == StatusCode::PAYLOAD_TOO_LARGE || route.path.ends_with("sign-in/start"),
            "{}: {}",
            route.path,
            answer.status
        );
    }
    assert_eq!(panel.dump().await, before);
    drop(owner);
}

async fn panics() -> &'static str {
    panic!("a bug that knows a secret")
}

#[tokio::test]
async fn a_handler_that_panics_is_a_500_with_a_reference_and_the_panel_goes_on() {
    static ROUTES: [Route; 2] = [
        Route::get("/healthz", "health.read", || axum::routing::get(async || "well")).access(Access::Public),
        Route::get("/panics", "test.panic", || axum::routing::get(panics)).access(Access::Public),
    ];
    let panel = Panel::new().await;
    let browser = Browser { router: homeport_server::http::router(panel.parts.clone(), &ROUTES), ..panel.browser() };
    for _ in 0..3 {
        let answer = browser.get("/panics").await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{answer:?}");
        assert!(answer.headers.contains_key("content-security-policy"), "{answer:?}");
        assert!(!answer.text().contains("secret"), "{answer:?}");
        assert!(answer.text().contains("The log has the details under"), "{answer:?}");
        assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
    }
}
