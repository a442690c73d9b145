//! Headers of every answer, errors included, and the nonce of the pages' scripts (security.md, 6.1
//! and 6.2).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use leptos::nonce::Nonce;

use super::Panel;
use crate::{ambient, config::Origin};

const ALWAYS: [(HeaderName, &str); 9] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("origin-agent-cluster"), "?1"),
    (
        HeaderName::from_static("permissions-policy"),
        "publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self), \
         accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(self), \
         geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=(), \
         screen-wake-lock=(), xr-spatial-tracking=()",
    ),
];

/// The layer: mints the nonce, passes it on, and adds the headers to whatever comes back.
pub(super) async fn add(State(panel): State<Panel>, mut request: Request, next: Next) -> Response {
    let origin = origin_of(&panel, request.headers());
    let nonce = URL_SAFE_NO_PAD.encode(ambient::random_bytes::<16>());
    request.extensions_mut().insert(Nonce::from_value(nonce.clone()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(policy(&origin, &nonce)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Files say themselves how long they keep; everything else is told to one person at one time.
    let is_public = headers.get(header::CACHE_CONTROL).is_some_and(|keep| keep.as_bytes().starts_with(b"public"));
    if !is_public {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("Cookie, Sec-Fetch-Site"));
    response
}

/// The address through which the request came; the primary one where it is none of ours.
pub(super) fn origin_of(panel: &Panel, headers: &HeaderMap) -> Origin {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    panel.origins.of_authority(host).unwrap_or_else(|| panel.origins.primary())
}

/// Scripts come from the built files only, or carry this answer's nonce; nothing is framed, nothing
/// is sent elsewhere.
fn policy(origin: &Origin, nonce: &str) -> String {
    let upgrade = if origin.is_https() { "; upgrade-insecure-requests" } else { "" };
    format!(
        "default-src 'none'; script-src {origin}/pkg/ 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'none'; \
         object-src 'none'{upgrade}"
    )
}
