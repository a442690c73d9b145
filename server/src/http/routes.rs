//! The one table of routes. What is not in it does not exist; the guard and the router are both made
//! from it, and a test holds the server functions and the pages against it.

use std::sync::LazyLock;

use axum::routing::{MethodRouter, get, post};
use homeport_model::{actor::Role, panel_domain::WAY_PATH};
use http::Method;

use super::{Panel, api, git, health, logs, passkeys, uploads, webhooks};

/// The methods that routes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// GET, and HEAD with it. Never writes.
    Get,
    /// POST.
    Post,
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// Anyone with a session, also one that came from a recovery and still has to add a passkey.
    AnySession,
    /// A session with at least this role.
    Role(Role),
    /// An API token with at least this role. A cookie does not count.
    Token(Role),
    /// A git client with at least this role: an API token as the password. A cookie does not count.
    Git(Role),
}

/// How often a route may be asked, in classes that share their counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Pages, files and reading.
    Read,
    /// Changing something.
    Write,
    /// Ceremonies, whose answers nobody can guess.
    Ceremony,
    /// Trying a token that is worth guessing.
    Token,
    /// Trying a recovery code.
    Code,
}

/// What answers.
#[derive(Debug, Clone, Copy)]
pub enum Serve {
    /// A page of `homeport_app`.
    Page,
    /// A server function of `homeport_app`.
    ServerFn,
    /// A built file.
    Asset,
    /// A handler of this crate.
    Handler(fn() -> MethodRouter<Panel>),
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Its method.
    pub verb: Verb,
    /// Its path; a segment `{name}` is any one segment.
    pub path: &'static str,
    /// What it does: `noun.verb`.
    pub action: &'static str,
    /// Who may.
    pub access: Access,
    /// Whether a fresh passkey is needed.
    pub step_up: bool,
    /// A stream that a cookie opens: asked for its origin like a write.
    pub stream: bool,
    /// How often.
    pub rate: Rate,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// What answers.
    pub serve: Serve,
}

const KIB: usize = 1_024;
/// An archive, with what a form puts around it.
pub(super) const MOST_ARCHIVE: usize = 513 * 1_024 * KIB;

impl Route {
    /// A page that a viewer may see.
    #[must_use]
    pub const fn page(path: &'static str, action: &'static str) -> Self {
        Self::new(Verb::Get, path, action, Serve::Page)
    }

    /// A server function that reads (`input = GetUrl`) and that a viewer may ask.
    #[must_use]
    pub const fn read(path: &'static str, action: &'static str) -> Self {
        Self::new(Verb::Get, path, action, Serve::ServerFn)
    }

    /// A server function that changes something; a deployer may.
    #[must_use]
    pub const fn change(path: &'static str, action: &'static str) -> Self {
        Self { access: Access::Role(Role::Deployer), ..Self::new(Verb::Post, path, action, Serve::ServerFn) }
    }

    /// A handler that reads; a viewer may ask.
    #[must_use]
    pub const fn get(path: &'static str, action: &'static str, handler: fn() -> MethodRouter<Panel>) -> Self {
        Self::new(Verb::Get, path, action, Serve::Handler(handler))
    }

    /// A handler that changes something; a deployer may.
    #[must_use]
    pub const fn post(path: &'static str, action: &'static str, handler: fn() -> MethodRouter<Panel>) -> Self {
        Self { access: Access::Role(Role::Deployer), ..Self::new(Verb::Post, path, action, Serve::Handler(handler)) }
    }

    /// A built file; anyone may read it.
    #[must_use]
    pub const fn asset(path: &'static str) -> Self {
        Self { access: Access::Public, ..Self::new(Verb::Get, path, "asset.read", Serve::Asset) }
    }

    /// The same route for others.
    #[must_use]
    pub const fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The same route for those with at least `role`.
    #[must_use]
    pub const fn role(self, role: Role) -> Self {
        self.access(Access::Role(role))
    }

    /// The same route with a fresh passkey.
    #[must_use]
    pub const fn step_up(self) -> Self {
        Self { step_up: true, ..self }
    }

    /// The same route as a stream.
    #[must_use]
    pub const fn stream(self) -> Self {
        Self { stream: true, ..self }
    }

    /// The same route in another rate class.
    #[must_use]
    pub const fn rate(self, rate: Rate) -> Self {
        Self { rate, ..self }
    }

    /// The same route with another largest body.
    #[must_use]
    pub const fn body(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    const fn new(verb: Verb, path: &'static str, action: &'static str, serve: Serve) -> Self {
        let (rate, body_limit) = match verb {
            Verb::Get => (Rate::Read, 0),
            Verb::Post => (Rate::Write, 64 * KIB),
        };
        let access = Access::Role(Role::Viewer);
        Self { verb, path, action, access, step_up: false, stream: false, rate, body_limit, serve }
    }
}

/// Signing in and what stands before it.
const ENTRANCE: &[Route] = &[
    Route::get("/healthz", "health.read", || get(health::healthz)).access(Access::Public),
    Route::get(WAY_PATH, "panel_domain.way", || get(health::way)).access(Access::Public),
    Route::page("/claim", "claim.page").access(Access::Public),
    Route::page("/sign-in", "sign_in.page").access(Access::Public),
    Route::page("/recover", "recover.page").access(Access::Public),
    public_post("/passkeys/claim/start", "claim.start", || post(passkeys::start_claim)).rate(Rate::Token),
    public_post("/passkeys/claim/finish", "claim.finish", || post(passkeys::finish_claim)),
    public_post("/passkeys/sign-in/start", "sign_in.start", || post(passkeys::start_sign_in)),
    public_post("/passkeys/sign-in/finish", "sign_in.finish", || post(passkeys::finish_sign_in)),
    public_post("/recovery/code", "recover.code", || post(passkeys::recover_with_code)).rate(Rate::Code),
    public_post("/recovery/link", "recover.link", || post(passkeys::recover_with_link)).rate(Rate::Token),
    public_post("/webhooks/{app}", "webhook.receive", || post(webhooks::receive))
        .rate(Rate::Write)
        .body(5 * 1_024 * KIB),
    public_post("/sign-out", "session.sign_out", || post(passkeys::sign_out)).rate(Rate::Write),
];

/// One's own account. Whoever is signed in may; a recovery too, to add its passkey.
const ACCOUNT: &[Route] = &[
    Route::page("/settings", "account.page").access(Access::AnySession),
    Route::read("/api/ui/accounts/me", "account.me").access(Access::AnySession),
    Route::read("/api/ui/accounts/settings", "account.settings").access(Access::AnySession),
    Route::read("/api/ui/attention", "attention.read").access(Access::AnySession),
    Route::change("/api/ui/accounts/rename-passkey", "passkey.rename").role(Role::Viewer),
    Route::change("/api/ui/accounts/remove-passkey", "passkey.remove").role(Role::Viewer).step_up(),
    Route::change("/api/ui/accounts/end-session", "session.end").role(Role::Viewer),
    Route::change("/api/ui/accounts/end-other-sessions", "session.end_others").role(Role::Viewer),
    Route::change("/api/ui/tokens/create", "token.create").role(Role::Viewer).step_up(),
    Route::change("/api/ui/tokens/revoke", "token.revoke").role(Role::Viewer),
    Route::change("/api/ui/ssh-keys/add", "ssh_key.add").role(Role::Viewer).step_up(),
    Route::change("/api/ui/ssh-keys/remove", "ssh_key.remove").role(Role::Viewer),
    Route::read("/api/ui/ssh-keys/remotes", "ssh_key.remotes"),
    Route::change("/api/ui/accounts/new-recovery-codes", "recovery_codes.renew").role(Role::Viewer).step_up(),
    Route::post("/passkeys/step-up/start", "step_up.start", || post(passkeys::start_step_up))
        .role(Role::Viewer)
        .rate(Rate::Ceremony),
    Route::post("/passkeys/step-up/finish", "step_up.finish", || post(passkeys::finish_step_up))
        .role(Role::Viewer)
        .rate(Rate::Ceremony),
    Route::post("/passkeys/add/start", "passkey.start", || post(passkeys::start_passkey))
        .access(Access::AnySession)
        .rate(Rate::Ceremony),
    Route::post("/passkeys/add/finish", "passkey.add", || post(passkeys::finish_passkey))
        .access(Access::AnySession)
        .rate(Rate::Ceremony),
];

/// What programs may ask.
const API: &[Route] = &[
    Route::get("/api/v1/openapi.json", "api.read", || get(api::openapi)).access(Access::Public),
    Route::get("/api/v1/apps", "api.apps", || get(api::apps)).access(Access::Token(Role::Viewer)),
    Route::get("/api/v1/apps/{name}", "api.app", || get(api::app)).access(Access::Token(Role::Viewer)),
    Route::get("/api/v1/apps/{name}/logs", "api.logs", || get(logs::by_token)).access(Access::Token(Role::Viewer)),
    Route::get("/api/v1/apps/{name}/deploys/{number}", "api.one_deploy", || get(api::one_deploy))
        .access(Access::Token(Role::Viewer)),
    Route::get("/api/v1/apps/{name}/deploys/{number}/log", "api.log", || get(api::log))
        .access(Access::Token(Role::Viewer)),
    Route::post("/api/v1/apps/{name}/deploys", "api.deploy", || post(api::deploy))
        .access(Access::Token(Role::Deployer)),
    Route::post("/api/v1/apps/{name}/archive", "api.archive", || post(uploads::by_token))
        .access(Access::Token(Role::Deployer))
        .body(MOST_ARCHIVE),
    Route::post("/api/v1/apps/{name}/roll-back", "api.roll_back", || post(api::roll_back))
        .access(Access::Token(Role::Deployer)),
];

/// Pushes and fetches. A pack is as large as an app's repository may be, and a little more so that a
/// larger one is refused in words.
const GIT: &[Route] = &[
    Route::get("/git/{repo}/info/refs", "git.refs", || get(git::refs)).access(Access::Git(Role::Viewer)),
    Route::post("/git/{repo}/git-upload-pack", "git.fetch", || post(git::upload))
        .access(Access::Git(Role::Viewer))
        .body(16 * 1_024 * KIB),
    Route::post("/git/{repo}/git-receive-pack", "git.push", || post(git::receive))
        .access(Access::Git(Role::Deployer))
        .body(4 * 1_024 * 1_024 * KIB),
];

/// The built files.
const FILES: &[Route] = &[
    Route::asset("/pkg/{file}"),
    Route::asset("/favicon.svg"),
    Route::asset("/favicon.ico"),
    Route::asset("/apple-touch-icon.png"),
    Route::asset("/icon-192.png"),
    Route::asset("/icon-512.png"),
    Route::asset("/manifest.webmanifest"),
    Route::asset("/robots.txt"),
];

/// Every route.
#[must_use]
pub fn table() -> &'static [Route] {
    static TABLE: LazyLock<Vec<Route>> =
        LazyLock::new(|| [ENTRANCE, ACCOUNT, FILES, super::work::WORK, API, GIT].concat());
    &TABLE
}

/// The route of a request, and whether its path is known under another method.
#[must_use]
pub fn find(table: &'static [Route], method: &Method, path: &str) -> Option<&'static Route> {
    let verb = match *method {
        Method::GET | Method::HEAD => Verb::Get,
        Method::POST => Verb::Post,
        _ => return None,
    };
    let of_verb = || table.iter().filter(|route| route.verb == verb);
    // A path spelt out goes before one with a parameter, as in the router.
    of_verb().find(|route| route.path == path).or_else(|| of_verb().find(|route| matches(route.path, path)))
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut asked = path.split('/');
    let fits = pattern.split('/').all(|expected| {
        asked.next().is_some_and(|part| if expected.starts_with('{') { !part.is_empty() } else { expected == part })
    });
    fits && asked.next().is_none()
}

const fn public_post(path: &'static str, action: &'static str, handler: fn() -> MethodRouter<Panel>) -> Route {
    Route::post(path, action, handler).access(Access::Public).rate(Rate::Ceremony)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_one_segment_with_something_in_it() {
        assert!(matches("/apps/{name}", "/apps/shop"));
        for path in ["/apps/", "/apps", "/apps/shop/", "/apps/shop/x", "/Apps/shop", "//apps/shop"] {
            assert!(!matches("/apps/{name}", path), "{path}");
        }
    }

    #[test]
    fn no_route_is_there_twice() {
        let table = table();
        for (index, one) in table.iter().enumerate() {
            assert!(
                !table[..index].iter().any(|other| other.verb == one.verb && other.path == one.path),
                "{}",
                one.path
            );
        }
    }
}
