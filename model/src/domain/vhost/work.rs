//! What a server does for an app's visitors: who may come, what they are answered, and by whom.

use super::{
    AppVhost, Down, Host, Target, VhostPort, VhostPrefix,
    app::{self, logged},
    main_file::{COMPRESSED, KEPT, PREFIX_HEADER, PROXY_HEADERS},
    pages::page,
    server::{HSTS, SOON, add_headers, own_page},
    site::{Site, literal},
    tunnel,
    write::Writer,
};
use crate::{
    app::PortScheme,
    domain::{ErrorStatus, Knob, PageText, PathPrefix, RealIpHeader},
};

/// After how many seconds a page of maintenance is worth asking again.
const LATER: &str = "300";

/// What a location may have of its own of the time that visitors are given.
const LOCATION_TIMEOUTS: [(Knob, &str); 4] = [
    (Knob::ClientBodyTimeout, "client_body_timeout"),
    (Knob::ClientSendTimeout, "send_timeout"),
    (Knob::KeepaliveTimeout, "keepalive_timeout"),
    (Knob::LingeringTimeout, "lingering_timeout"),
];

/// The name of a group of containers, as `for_app` calls it. An id has only letters and digits, so this
/// is no host's name; one's own name for another's group keeps each file whole by itself.
pub(super) fn group(for_app: &AppVhost, app: &AppVhost, port: Option<&VhostPort>) -> String {
    let lane = port.map(|port| port.lane).filter(|lane| *lane > 0).map_or_else(String::new, |lane| format!("_{lane}"));
    if for_app.app == app.app {
        format!("app_{}{lane}", app.app)
    } else {
        format!("app_{}_{}{lane}", for_app.app, app.app)
    }
}

/// The name of what counts an address's requests, as `for_app` calls it.
pub(super) fn zone(what: &str, for_app: &AppVhost, app: &AppVhost) -> String {
    if for_app.app == app.app { format!("{what}_{}", app.app) } else { format!("{what}_{}_{}", for_app.app, app.app) }
}

/// How a server is come to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By plain http.
    Http,
    /// By https, which ends here.
    Https,
    /// By the tunnel: https ended at Cloudflare.
    Tunnel,
}

/// What is done in one server.
pub(super) struct Work<'a> {
    /// What all servers share.
    pub(super) host: &'a Host,
    /// Every app, for parts that others answer.
    pub(super) all: &'a [AppVhost],
    /// The app whose server it is.
    pub(super) app: &'a AppVhost,
    /// Parts that others answer.
    pub(super) prefixes: &'a [VhostPrefix],
    /// The port of the containers, when it is not the app's own.
    pub(super) port: Option<&'a VhostPort>,
    /// How it is come to.
    pub(super) way: Way,
    /// What is spoken.
    pub(super) scheme: PortScheme,
}

impl Work<'_> {
    /// Everything but `listen`, `server_name` and certificates.
    pub(super) fn write(&self, w: &mut Writer) {
        let app = self.app;
        w.line("client_max_body_size", &[&app.settings.get(Knob::BodySize).to_string()]);
        self.server_settings(w);
        let headers = self.headers(app);
        add_headers(w, &headers);
        guard(w, app, None);
        if self.answered_by_us(w, app, "/") {
        } else if let Target::Site(rules) = &app.target {
            Site::new(&app.app, rules).server(w, &app::site_root(self.host, app), &|w| self.limits(w, app));
        } else if let Target::Proxied(upstream) = &app.target {
            let servers = upstream.servers_at(self.port);
            let to = self.upstream(app, self.port, &servers);
            w.block("location", &["/"], |w| {
                self.limits(w, app);
                if matches!(self.scheme, PortScheme::Grpc | PortScheme::Grpcs) {
                    grpc(w, app, &to);
                    hide(w, "grpc_hide_header", &headers);
                } else {
                    w.line("proxy_pass", &[&format!("http://{to}")]);
                    proxy(w, app, self.way, None);
                    hide(w, "proxy_hide_header", &headers);
                    error_pages(w, app, "");
                }
            });
            if !matches!(self.scheme, PortScheme::Grpc | PortScheme::Grpcs) {
                self.error_locations(w, app, "");
            }
        }
        let mut prefixes: Vec<&VhostPrefix> = self.prefixes.iter().collect();
        prefixes.sort_by(|one, other| other.path.length().cmp(&one.path.length()).then(one.path.cmp(&other.path)));
        prefixes.iter().enumerate().for_each(|(number, prefix)| self.part(w, prefix, number));
    }

    /// Answers at `location` with a page of ours, when the app has one for everything.
    fn answered_by_us(&self, w: &mut Writer, app: &AppVhost, location: &str) -> bool {
        let headers = self.headers(app);
        if let Some(text) = &app.maintenance {
            let words = text.as_ref().map_or("We are working on it. Try again in a while.", PageText::as_str);
            own_page(w, location, "503", &page("Back soon", words), LATER, &headers);
            return true;
        }
        let Target::Down(why) = &app.target else { return false };
        let sentence = match why {
            Down::NotDeployed => "It has not been deployed yet.",
            Down::NoWeb => "It has no web process.",
            Down::Stopped => "It has been stopped.",
            Down::Refused => "Its settings need somebody's attention.",
        };
        let html = match words_for(app, 502) {
            Some(words) => page(title_of(502), words),
            None => page(&format!("{} is not running", app.name), sentence),
        };
        own_page(w, location, "502", &html, SOON, &headers);
        true
    }

    /// A part of the host that another app answers, by that app's own settings.
    fn part(&self, w: &mut Writer, prefix: &VhostPrefix, number: usize) {
        let path = prefix.path.as_str();
        let (exactly, below) = (["=", path], format!("{path}/"));
        let other = self.all.iter().find(|other| other.app == prefix.app);
        let mark = format!("_{number}");
        let Some(other) = other else {
            let gone = page("Nothing answers here", "The app of this part is gone.");
            for location in [&exactly[..], &["^~", &below]] {
                w.block("location", location, |w| {
                    // One header of its own, and a location has none of its server's.
                    add_headers(w, &self.headers(self.app));
                    own_words(w, "502", &gone);
                });
            }
            return;
        };
        for location in [&exactly[..], &["^~", &below]] {
            w.block("location", location, |w| {
                guard(w, other, Some(self.app));
                logged(w, other);
                self.part_settings(w, other);
                w.line("client_max_body_size", &[&other.settings.get(Knob::BodySize).to_string()]);
                let headers = self.headers(other);
                if headers.is_empty() {
                    // Nothing is added, and nothing is taken over from the server either.
                    w.line("add_header", &["Cache-Control", ""]);
                }
                add_headers(w, &headers);
                if let Some(text) = &other.maintenance {
                    let words = text.as_ref().map_or("We are working on it. Try again in a while.", PageText::as_str);
                    own_words(w, "503", &page("Back soon", words));
                } else if let Target::Proxied(upstream) = &other.target {
                    let port = other.usual(Some(self.host.http_port), false);
                    let to = self.upstream(other, port, &upstream.servers_at(port));
                    self.limits(w, other);
                    // With a path behind it, nginx puts that in the place of the location's.
                    w.line("proxy_pass", &[&format!("http://{to}{}", if prefix.strip { "/" } else { "" })]);
                    if prefix.strip {
                        redirects_below(w, &prefix.path);
                    }
                    proxy(w, other, self.way, prefix.strip.then_some(&prefix.path));
                    hide(w, "proxy_hide_header", &headers);
                    error_pages(w, other, &mark);
                } else if let Target::Site(_) = &other.target {
                    self.limits(w, other);
                    self.site_part(w, other, prefix, location.len() == 2 && location[0] == "=");
                    w.line("error_page", &["502", &format!("@homeport_down{mark}")]);
                } else {
                    let title = format!("{} does not answer here", other.name);
                    own_words(w, "502", &page(&title, "It has no container to lead to."));
                }
            });
        }
        if other.maintenance.is_none() && matches!(other.target, Target::Proxied(_) | Target::Site(_)) {
            self.error_locations(w, other, &mark);
        }
    }

    /// A part that a static site answers: asked behind its socket, it goes by its own rules.
    fn site_part(&self, w: &mut Writer, site: &AppVhost, prefix: &VhostPrefix, is_bare: bool) {
        let path = &prefix.path;
        if prefix.strip && is_bare {
            // Links of the site's first page count from its folder.
            w.line("return", &["301", &format!("{path}/$is_args$args")]);
            return;
        }
        let to = app::inside_socket(self.host, site);
        w.line("proxy_pass", &[&format!("http://{to}:{}", if prefix.strip { "/" } else { "" })]);
        if prefix.strip {
            // Where the site leads on within itself is below the part.
            w.line("proxy_redirect", &["/", &format!("{path}/")]);
        } else {
            w.line("proxy_redirect", &["off"]);
        }
    }

    /// An address, or the group's name.
    fn upstream(&self, app: &AppVhost, port: Option<&VhostPort>, servers: &[String]) -> String {
        match servers {
            [only] if !app::is_grouped(app, servers) => only.clone(),
            _ => group(self.app, app, port),
        }
    }

    /// What every answer of an app has.
    fn headers(&self, app: &AppVhost) -> Vec<(String, String)> {
        let hsts = app.settings.hsts().filter(|_| self.way != Way::Http);
        let hsts = hsts.map(|value| (HSTS.to_owned(), value));
        let own = app.settings.headers.iter().map(|header| (header.name().to_owned(), literal(header.value())));
        hsts.into_iter().chain(own).collect()
    }

    /// What differs from what all servers share.
    fn server_settings(&self, w: &mut Writer) {
        let settings = &self.app.settings;
        for (knob, directive) in
            [(Knob::ClientHeaderTimeout, "client_header_timeout")].into_iter().chain(LOCATION_TIMEOUTS)
        {
            if settings.knobs.is_set(knob) {
                w.line(directive, &[&format!("{}s", settings.get(knob))]);
            }
        }
        if !settings.is_on(Knob::Gzip) {
            w.line("gzip", &["off"]);
        }
        if app::wants_brotli(self.app) && self.host.brotli.is_some() {
            w.line("brotli", &["on"]);
            w.line("brotli_comp_level", &["5"]);
            w.line("brotli_types", &COMPRESSED);
        }
        if settings.is_on(Knob::Underscores) {
            w.line("underscores_in_headers", &["on"]);
        }
        // The tunnel has said already whom to believe.
        let real_ip = settings.real_ip.as_ref().filter(|_| self.way != Way::Tunnel);
        if let Some((ranges, header)) = real_ip.map(|real_ip| real_ip.parts()) {
            ranges.iter().for_each(|range| w.line("set_real_ip_from", &[&range.to_string()]));
            w.line("real_ip_header", &[header.as_str()]);
            if header == RealIpHeader::XForwardedFor {
                w.line("real_ip_recursive", &["on"]);
            }
        }
    }

    /// What of `other`'s settings a location can have, where they differ from those of the server around it.
    fn part_settings(&self, w: &mut Writer, other: &AppVhost) {
        let (around, settings) = (&self.app.settings, &other.settings);
        for (knob, directive) in LOCATION_TIMEOUTS {
            if settings.get(knob) != around.get(knob) {
                w.line(directive, &[&format!("{}s", settings.get(knob))]);
            }
        }
        if settings.is_on(Knob::Gzip) != around.is_on(Knob::Gzip) {
            w.line("gzip", &[if settings.is_on(Knob::Gzip) { "on" } else { "off" }]);
        }
    }

    /// How much one address may ask an app for.
    fn limits(&self, w: &mut Writer, app: &AppVhost) {
        let settings = &app.settings;
        if settings.get(Knob::RateLimit) > 0 {
            let zone = format!("zone={}", zone("rate", self.app, app));
            match settings.get(Knob::RateBurst) {
                0 => w.line("limit_req", &[&zone]),
                burst => w.line("limit_req", &[&zone, &format!("burst={burst}"), "nodelay"]),
            }
            w.line("limit_req_status", &["429"]);
        }
        if settings.get(Knob::ConnectionLimit) > 0 {
            let zone = zone("connections", self.app, app);
            w.line("limit_conn", &[&zone, &settings.get(Knob::ConnectionLimit).to_string()]);
            w.line("limit_conn_status", &["429"]);
        }
    }

    /// The pages for what goes wrong between nginx and the app.
    fn error_locations(&self, w: &mut Writer, app: &AppVhost, mark: &str) {
        let headers = self.headers(app);
        let timeout = app.settings.get(Knob::ReadTimeout);
        let mut answer = |location: &str, status: u16, title: String, usual: String| {
            let html = match words_for(app, status) {
                Some(words) => page(title_of(status), words),
                None => page(&title, &usual),
            };
            // A named location asks once more who may come.
            w.block("location", &[&format!("@homeport_{location}{mark}")], |w| {
                if app.app != self.app.app {
                    guard(w, app, Some(self.app));
                    logged(w, app);
                }
                w.line("default_type", &["text/html"]);
                w.line("add_header", &["Cache-Control", "no-store", "always"]);
                if status != 404 {
                    w.line("add_header", &["Retry-After", SOON, "always"]);
                }
                add_headers(w, &headers);
                w.line("return", &[&status.to_string(), &html]);
            });
        };
        let name = &app.name;
        // With pages of its own, the app's own 502 and 504 come here as well: it may well be running.
        if app.settings.error_pages.is_empty() {
            answer("down", 502, format!("{name} is not running"), "It may be starting. Try again in a moment.".into());
            answer("slow", 504, format!("{name} does not answer"), format!("It took longer than {timeout} seconds."));
        } else {
            answer("down", 502, format!("{name} does not work right now"), "Try again in a moment.".into());
            answer("slow", 504, format!("{name} does not answer"), "It took too long. Try again in a moment.".into());
        }
        for status in intercepted(app) {
            answer(&status.get().to_string(), status.get(), String::new(), String::new());
        }
    }
}

/// What an app's owner says for a status.
fn words_for(app: &AppVhost, status: u16) -> Option<&str> {
    app.settings.error_pages.iter().find(|(known, _)| known.get() == status).map(|(_, text)| text.as_str())
}

fn title_of(status: u16) -> &'static str {
    match status {
        404 => "There is nothing here",
        503 => "Not available",
        504 => "No answer in time",
        _ => "Something went wrong",
    }
}

/// Answers of the app itself whose page is replaced.
fn intercepted(app: &AppVhost) -> impl Iterator<Item = ErrorStatus> {
    app.settings.error_pages.keys().copied().filter(|status| !matches!(status.get(), 502 | 504))
}

fn error_pages(w: &mut Writer, app: &AppVhost, mark: &str) {
    w.line("error_page", &["502", &format!("@homeport_down{mark}")]);
    w.line("error_page", &["504", &format!("@homeport_slow{mark}")]);
    for status in intercepted(app) {
        w.line("error_page", &[&status.get().to_string(), &format!("@homeport_{}{mark}", status.get())]);
    }
    if !app.settings.error_pages.is_empty() {
        w.line("proxy_intercept_errors", &["on"]);
    }
}

/// A page in a location that has its headers already.
fn own_words(w: &mut Writer, status: &str, html: &str) {
    w.line("default_type", &["text/html"]);
    w.line("add_header", &["Retry-After", SOON, "always"]);
    w.line("return", &[status, html]);
}

/// Who may come. Inside a server of `around`, what that asks for is taken back where `app` does not.
fn guard(w: &mut Writer, app: &AppVhost, around: Option<&AppVhost>) {
    match &app.passwords {
        Some(file) => {
            w.line("auth_basic", &[app.name.as_str()]);
            w.line("auth_basic_user_file", &[file.as_str()]);
        }
        None if around.is_some_and(|around| around.passwords.is_some()) => w.line("auth_basic", &["off"]),
        None => {}
    }
    let lists = |app: &AppVhost| !app.settings.allow.is_empty() || !app.settings.deny.is_empty();
    app.settings.deny.iter().for_each(|range| w.line("deny", &[&range.to_string()]));
    app.settings.allow.iter().for_each(|range| w.line("allow", &[&range.to_string()]));
    if !app.settings.allow.is_empty() {
        w.line("deny", &["all"]);
    } else if around.is_some_and(lists) && !lists(app) {
        w.line("allow", &["all"]);
    }
}

/// Headers that are added here replace those of the same name that the app sends: two of one kind make
/// browsers refuse an answer (CORS) or go by the first (HSTS).
fn hide(w: &mut Writer, directive: &str, added: &[(String, String)]) {
    added.iter().for_each(|(name, _)| w.line(directive, &[name]));
}

/// Where an app that does not know of its part leads to within itself is below the part. One that does know
/// says so itself, and what leads to another host stays.
fn redirects_below(w: &mut Writer, path: &PathPrefix) {
    let bare = path.as_str().trim_start_matches('/');
    w.line("proxy_redirect", &[&format!("~^/(?!/|{}(?:[/?#]|$))(.*)$", expression(bare)), &format!("{path}/$1")]);
    w.line("proxy_redirect", &["default"]);
}

/// A text as an expression that matches it and nothing else.
fn expression(text: &str) -> String {
    let escaped = |c: char| if c.is_ascii_alphanumeric() || "/_".contains(c) { vec![c] } else { vec!['\\', c] };
    text.chars().flat_map(escaped).collect()
}

/// How an app is asked, at a part of a host that is taken away or at all of it.
fn proxy(w: &mut Writer, app: &AppVhost, way: Way, below: Option<&PathPrefix>) {
    let settings = &app.settings;
    for (kind, knob) in [("connect", Knob::ConnectTimeout), ("read", Knob::ReadTimeout), ("send", Knob::SendTimeout)] {
        w.line(&format!("proxy_{kind}_timeout"), &[&format!("{}s", settings.get(knob))]);
    }
    if !settings.is_on(Knob::Buffering) {
        w.line("proxy_buffering", &["off"]);
    }
    if [Knob::BufferSize, Knob::BuffersCount, Knob::BuffersSize].iter().any(|knob| settings.knobs.is_set(*knob)) {
        let (first, count, size) =
            (settings.get(Knob::BufferSize), settings.get(Knob::BuffersCount), settings.get(Knob::BuffersSize));
        w.line("proxy_buffer_size", &[&first.to_string()]);
        w.line("proxy_buffers", &[&count.to_string(), &size.to_string()]);
        // Those on their way to the visitor: at least the first part's, and two of the others.
        w.line("proxy_busy_buffers_size", &[&first.max(2 * size).to_string()]);
    }
    let is_kept = settings.get(Knob::UpstreamKeepalive) > 0;
    // A location that sets one header has none of those that all share.
    let write = |(name, value)| {
        let value = match (name, below) {
            ("Connection", _) if is_kept => KEPT,
            (PREFIX_HEADER, Some(path)) => path.as_str(),
            _ => value,
        };
        w.line("proxy_set_header", &[name, value]);
    };
    match way {
        Way::Tunnel => tunnel::proxy_headers().for_each(write),
        _ if is_kept || below.is_some() => PROXY_HEADERS.into_iter().for_each(write),
        _ => {}
    }
}

/// How an app is asked that speaks gRPC; nginx ends TLS.
fn grpc(w: &mut Writer, app: &AppVhost, to: &str) {
    w.line("grpc_pass", &[&format!("grpc://{to}")]);
    for (kind, knob) in [("connect", Knob::ConnectTimeout), ("read", Knob::ReadTimeout), ("send", Knob::SendTimeout)] {
        w.line(&format!("grpc_{kind}_timeout"), &[&format!("{}s", app.settings.get(knob))]);
    }
    for (name, value) in PROXY_HEADERS.iter().filter(|(name, _)| !matches!(*name, "Connection" | "Upgrade")) {
        w.line("grpc_set_header", &[name, value]);
    }
}
