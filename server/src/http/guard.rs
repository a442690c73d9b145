//! The guard: every request passes here first, and what is not allowed by the table of routes is
//! denied.
//!
//! In order: the shape of the request, its host, its route, its rate, where it was made (security.md,
//! 6.3), its session, its role, a fresh passkey, its size.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use homeport_model::{
    actor::{Actor, Role},
    problem::{Code, Problem},
};
use http::{HeaderMap, Method, Uri, header};
use http_body_util::Limited;

use super::{
    Panel, Peer, answer, api, cookie, git,
    routes::{Access, Rate, Route, Serve, Verb, find},
};
use crate::{
    accounts::{Session, Visit},
    config::Origin,
    db,
    failure::Failure,
    origins::Origins,
    pushes::Pusher,
};

/// Who made the request; in every handler's extensions. A signed-in one's [`Actor`] is there too.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// From where.
    pub visit: Visit,
    /// In which session.
    pub session: Option<Session>,
}

/// What a denied request gets.
enum Denied {
    Problem(Problem),
    NotHere(Option<&'static str>),
    TooMany(u32),
    SignIn,
    UnknownToken,
    UnknownPusher,
    Spoken(Problem),
    AddPasskey,
    Bounce,
}

impl<E: Into<Failure>> From<E> for Denied {
    fn from(error: E) -> Self {
        Self::Problem(error.into().into())
    }
}

/// The layer.
pub(super) async fn guard(
    State((panel, table)): State<(Panel, &'static [Route])>,
    mut request: Request,
    next: Next,
) -> Response {
    let html = wants_html(request.headers());
    match admit(&panel, table, &mut request).await {
        Ok(route) => {
            let request = limit_body(request, route);
            if route.verb == Verb::Get { db::read_only(next.run(request)).await } else { next.run(request).await }
        }
        Err(Denied::Problem(problem)) => answer::refuse(&problem, html, &panel.assets),
        Err(Denied::NotHere(command)) => not_here(&panel, command, html),
        Err(Denied::TooMany(wait_s)) => answer::too_many(wait_s, html, &panel.assets),
        Err(Denied::UnknownToken) => api::unknown_token(),
        Err(Denied::UnknownPusher) => git::unknown(),
        Err(Denied::Spoken(problem)) => git::Spoken::from(problem).into_response(),
        Err(Denied::SignIn) => Redirect::to("/sign-in").into_response(),
        Err(Denied::AddPasskey) => Redirect::to("/settings").into_response(),
        Err(Denied::Bounce) => answer::bounce(),
    }
}

async fn admit(panel: &Panel, table: &'static [Route], request: &mut Request) -> Result<&'static Route, Denied> {
    let headers = request.headers();
    if !plain(request.uri()) {
        return Err(no_such_page());
    }
    let origin = check_host(headers, request.uri(), &panel.origins)?;
    let route = find(table, request.method(), request.uri().path()).ok_or_else(no_such_page)?;

    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|peer| peer.0);
    let address = peer.and_then(|peer| peer.client(headers));
    let own_rate = if matches!(route.serve, Serve::Asset) { Rate::Read } else { route.rate };
    panel.limits.take(own_rate, address).map_err(Denied::TooMany)?;

    let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if (writes || route.stream) && !same_origin(headers, &origin) {
        return Err(Problem::new(Code::Forbidden, "This request did not come from the panel's own pages.").into());
    }
    if declared_length(headers) > route.body_limit as u64 {
        return Err(Denied::Problem(Problem::new(Code::TooLarge, "That is too much to send at once.")));
    }

    let visit = Visit::new(address.as_ref().map(IpAddr::to_string), text(headers, header::USER_AGENT), origin);
    if let Access::Token(role) | Access::Git(role) = route.access {
        admit_token(panel, request, route.access, role, visit, address).await?;
        request.extensions_mut().insert(route);
        return Ok(route);
    }
    let session = match cookie::read(headers) {
        Some(token) => panel.accounts.session(token).await?,
        None => None,
    };
    let from_outside =
        matches!(text(headers, "sec-fetch-site".parse().unwrap_or(header::FROM)), Some("cross-site" | "same-site"));
    check_access(panel, route, session.as_ref(), &visit, from_outside)?;

    if let Some(session) = &session {
        request.extensions_mut().insert::<Actor>(session.actor(&visit));
    }
    request.extensions_mut().insert(Caller { visit, session });
    request.extensions_mut().insert(route);
    Ok(route)
}

/// A program with a token. Wrong ones are counted, as every try at a secret is.
async fn admit_token(
    panel: &Panel,
    request: &mut Request,
    access: Access,
    role: Role,
    visit: Visit,
    address: Option<IpAddr>,
) -> Result<(), Denied> {
    let mut sent = request.headers().get_all(header::AUTHORIZATION).iter();
    let git = matches!(access, Access::Git(_));
    let one = sent.next().and_then(|value| value.to_str().ok()).filter(|_| sent.next().is_none());
    let token = if git {
        one.and_then(basic_password)
    } else {
        one.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned)
    };
    let found = match &token {
        Some(token) => panel.tokens.find(token, &visit).await?,
        None => None,
    };
    let Some(bearer) = found else {
        if token.is_some() {
            panel.limits.take(Rate::Token, address).map_err(Denied::TooMany)?;
        }
        return Err(if git { Denied::UnknownPusher } else { Denied::UnknownToken });
    };
    bearer.actor.require(role).map_err(if git { Denied::Spoken } else { Denied::Problem })?;
    if git {
        let (actor, only, creates) = (bearer.actor.clone(), bearer.app.clone(), bearer.creates);
        request.extensions_mut().insert(Pusher { actor, only, creates });
    }
    request.extensions_mut().insert::<Actor>(bearer.actor.clone());
    request.extensions_mut().insert(bearer);
    request.extensions_mut().insert(Caller { visit, session: None });
    Ok(())
}

fn check_access(
    panel: &Panel,
    route: &Route,
    session: Option<&Session>,
    visit: &Visit,
    from_outside: bool,
) -> Result<(), Denied> {
    let is_page = matches!(route.serve, Serve::Page);
    let role = match route.access {
        Access::Public => return Ok(()),
        Access::AnySession => None,
        Access::Role(role) => Some(role),
        // Asked for before.
        Access::Token(_) | Access::Git(_) => return Err(Denied::UnknownToken),
    };
    let Some(session) = session else {
        return Err(match (is_page, from_outside) {
            (true, true) => Denied::Bounce,
            (true, false) => Denied::SignIn,
            (false, _) => Denied::Problem(Problem::new(Code::SignInRequired, "Sign in first.")),
        });
    };
    let Some(role) = role else { return Ok(()) };
    if session.must_add_passkey() {
        return Err(if is_page {
            Denied::AddPasskey
        } else {
            Denied::Problem(
                Problem::new(Code::StepUpRequired, "A recovery cannot do this.").hint("Add a passkey first."),
            )
        });
    }
    let actor = session.actor(visit);
    actor.require(role)?;
    if route.step_up {
        actor.require_step_up(panel.clock.now())?;
    }
    Ok(())
}

/// The password of `Basic …`; the user's name is whatever the client was given.
fn basic_password(value: &str) -> Option<String> {
    let (scheme, packed) = value.split_once(' ')?;
    let bytes = STANDARD.decode(packed).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

/// Our own paths are plain ASCII without escapes, empty segments or dots; anything else is a way
/// around something.
fn plain(uri: &Uri) -> bool {
    let path = uri.path();
    let good = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'));
    let segments = || path.split('/').skip(1);
    good && uri.authority().is_none()
        && path.starts_with('/')
        && (path == "/" || segments().all(|segment| !segment.is_empty() && segment != "." && segment != ".."))
}

/// One `Host`, and it is ours: the address through which somebody came.
fn check_host(headers: &HeaderMap, uri: &Uri, origins: &Origins) -> Result<Origin, Denied> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    if hosts.next().is_some() {
        return Err(Denied::NotHere(None));
    }
    if let Some(origin) = origins.of_authority(host) {
        return Ok(origin);
    }
    let (name, _port) = host.rsplit_once(':').filter(|(name, _)| !name.ends_with(':')).unwrap_or((host, ""));
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    // Something on this host asks whether the panel is well.
    if uri.path() == "/healthz" && (name == "localhost" || address.is_some_and(|address| address.is_loopback())) {
        return Ok(origins.configured());
    }
    Err(Denied::NotHere(address.map(|_| "ssh -L")))
}

/// Where it was made: `Sec-Fetch-Site` when there is one, else `Origin`, else only without a cookie.
fn same_origin(headers: &HeaderMap, origin: &Origin) -> bool {
    let only = |name: &str, expected: &str| {
        let mut values = headers.get_all(name).iter();
        let first = values.next()?;
        Some(first == expected && values.next().is_none())
    };
    if let Some(same) = only("sec-fetch-site", "same-origin") {
        return same;
    }
    if let Some(same) = only("origin", origin.as_str()) {
        return same;
    }
    !cookie::present(headers)
}

fn declared_length(headers: &HeaderMap) -> u64 {
    text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Reading stops at the route's limit, also without a declared length.
fn limit_body(request: Request, route: &Route) -> Request {
    let (parts, body) = request.into_parts();
    Request::from_parts(parts, Body::new(Limited::new(body, route.body_limit)))
}

/// 421: this name is not the panel's. On a bare address a person is told the way.
fn not_here(panel: &Panel, by_address: Option<&'static str>, html: bool) -> Response {
    let origin = &panel.origins.primary();
    let (problem, command) = if by_address.is_none() {
        (Problem::new(Code::NotFound, "There is nothing here under this name."), None)
    } else if origin.is_https() {
        let problem = Problem::new(Code::NotFound, "Passkeys belong to a name, not to an address.")
            .hint(format!("Open {origin}"));
        (problem, None)
    } else {
        let port = origin.url().port_or_known_default().unwrap_or(80);
        let problem = Problem::new(Code::NotFound, "Passkeys belong to a name, not to an address.")
            .hint(format!("On your own computer run this, with your name and your server's, and then open {origin}"));
        (problem, Some(format!("ssh -L {port}:{} you@your-server", panel.config.listen)))
    };
    if html {
        answer::page(http::StatusCode::MISDIRECTED_REQUEST, &problem, command.as_deref(), &panel.assets)
    } else {
        let mut response = answer::respond(&problem);
        *response.status_mut() = http::StatusCode::MISDIRECTED_REQUEST;
        response
    }
}

fn no_such_page() -> Denied {
    Denied::Problem(Problem::not_found("page"))
}

fn wants_html(headers: &HeaderMap) -> bool {
    text(headers, header::ACCEPT).is_some_and(|accept| accept.contains("text/html"))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_pass() {
        for path in ["/", "/apps", "/apps/shop/deploys/41", "/pkg/homeport.aB3-_x.js"] {
            assert!(plain(&path.parse().expect("a path")), "{path}");
        }
        for path in
            ["//apps", "/./apps", "/apps/", "/%61pps", "/apps;x", "/apps%00", "/a/../b", "/apps//x", "http://evil/apps"]
        {
            assert!(!plain(&path.parse().expect("a path")), "{path}");
        }
    }
}
