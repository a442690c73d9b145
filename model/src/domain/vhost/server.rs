//! The servers of the panel and of each app.

use super::{
    AppVhost, CHALLENGE_PATH, CHALLENGES, CertificatePair, Down, Host, Panel, PanelName, PanelUpstream, Target,
    Upstream, main_file::listens, pages::page, site::Site, write::Writer,
};
use crate::id::AppId;

/// The panel holds streams open for a page that is left open.
const PANEL_TIMEOUT: &str = "3600s";
/// What its largest body needs, an uploaded archive.
const PANEL_BODY: &str = "514m";
/// What a push may bring; the panel itself says how much an app's repository may hold.
const PANEL_GIT_BODY: &str = "4g";
const HSTS: &str = "max-age=15724800";

/// The panel's file.
pub(super) fn panel(host: &Host, panel: &Panel) -> String {
    let names = Names::of(host, panel.names.iter().flat_map(panel_names));
    let upstream = match &panel.upstream {
        PanelUpstream::Socket(path) => format!("http://unix:{path}:"),
        PanelUpstream::Port(port) => format!("http://127.0.0.1:{port}"),
    };
    let away = page("Homeport is restarting", "Your sites keep running. This page works again in a moment.");
    servers(host, &names, |w| {
        w.line("client_max_body_size", &[PANEL_BODY]);
        w.block("location", &["/"], |w| {
            w.line("proxy_pass", &[&upstream]);
            w.line("proxy_buffering", &["off"]);
            // The panel refuses by its own table before a body is read; nginx keeps none of it.
            w.line("proxy_request_buffering", &["off"]);
            w.line("proxy_read_timeout", &[PANEL_TIMEOUT]);
            w.line("error_page", &["502", "504", "@homeport_away"]);
        });
        // git's clients send much, and wait long while a build goes on; words are passed on at once.
        w.block("location", &["/git/"], |w| {
            w.line("proxy_pass", &[&upstream]);
            w.line("client_max_body_size", &[PANEL_GIT_BODY]);
            w.line("proxy_request_buffering", &["off"]);
            w.line("proxy_buffering", &["off"]);
            w.line("proxy_read_timeout", &[PANEL_TIMEOUT]);
            w.line("gzip", &["off"]);
        });
        own_page(w, "@homeport_away", "502", &away);
    })
}

/// As nginx spells them.
fn panel_names(name: &PanelName) -> Vec<(&str, Option<&CertificatePair>)> {
    match name {
        PanelName::Name(name) => vec![(name.name.as_str(), name.tls.as_ref())],
        PanelName::Localhost => vec![("localhost", None)],
        PanelName::AnyAddress => vec![("~^[0-9.]+$", None), ("~^\\[[0-9a-f:.]+\\]$", None)],
    }
}

/// An app's file.
pub(super) fn app(host: &Host, app: &AppVhost) -> String {
    let mut names = Names::of(host, app.names.iter().map(|name| (name.name.as_str(), name.tls.as_ref())));
    names.log = Some(log_file(&app.app));
    let mut above = Writer::new();
    match &app.target {
        Target::Site(rules) => Site::new(&app.app, rules).maps(&mut above),
        Target::Proxied(upstream) => several(&mut above, app, upstream),
        Target::Down(_) => {}
    }
    let servers = servers(host, &names, |w| {
        w.line("client_max_body_size", &[&app.body_bytes.to_string()]);
        match &app.target {
            Target::Proxied(upstream) => match upstream.servers().as_slice() {
                [only] => proxied(w, app, &format!("http://{only}")),
                _ => proxied(w, app, &format!("http://{}", upstream_name(app))),
            },
            Target::Site(rules) => {
                Site::new(&app.app, rules).server(w, &format!("{}/{}/current", host.sites, app.app));
            }
            Target::Down(why) => {
                let sentence = match why {
                    Down::NotDeployed => "It has not been deployed yet.",
                    Down::NoWeb => "It has no web process.",
                    Down::Stopped => "It has been stopped.",
                };
                own_page(w, "/", "502", &page(&format!("{} is not running", app.name), sentence));
            }
        }
    });
    above.finish() + &servers
}

/// An app's access log, below nginx's folder.
#[must_use]
pub fn log_file(app: &AppId) -> String {
    format!("logs/app-{app}.log")
}

/// The group of an app's containers, where there is more than one.
fn several(w: &mut Writer, app: &AppVhost, upstream: &Upstream) {
    let servers = upstream.servers();
    if servers.len() > 1 {
        w.block("upstream", &[&upstream_name(app)], |w| {
            servers.iter().for_each(|server| w.line("server", &[server]));
        });
    }
}

/// An id has only letters and digits, so this is no host's name.
fn upstream_name(app: &AppVhost) -> String {
    format!("app_{}", app.app)
}

fn proxied(w: &mut Writer, app: &AppVhost, upstream: &str) {
    let timeout = format!("{}s", app.timeout_s);
    w.block("location", &["/"], |w| {
        w.line("proxy_pass", &[upstream]);
        for kind in ["connect", "read", "send"] {
            w.line(&format!("proxy_{kind}_timeout"), &[&timeout]);
        }
        w.line("error_page", &["502", "@homeport_down"]);
        w.line("error_page", &["504", "@homeport_slow"]);
    });
    let down = page(&format!("{} is not running", app.name), "It may be starting. Try again in a moment.");
    own_page(w, "@homeport_down", "502", &down);
    let slow =
        page(&format!("{} does not answer", app.name), &format!("It took longer than {} seconds.", app.timeout_s));
    own_page(w, "@homeport_slow", "504", &slow);
}

/// A page of ours at a location.
fn own_page(w: &mut Writer, location: &str, status: &str, html: &str) {
    w.block("location", &[location], |w| {
        w.line("default_type", &["text/html"]);
        w.line("add_header", &["Cache-Control", "no-store", "always"]);
        w.line("add_header", &["Retry-After", "5", "always"]);
        w.line("return", &[status, html]);
    });
}

/// A vhost's names, by how they are served.
struct Names<'a> {
    /// Those without a certificate, by http.
    plain: Vec<&'a str>,
    /// Those with one; names that share a certificate share a server.
    secure: Vec<(&'a CertificatePair, Vec<&'a str>)>,
    /// The log of their requests; the shared one without.
    log: Option<String>,
}

impl<'a> Names<'a> {
    fn of(host: &Host, all: impl Iterator<Item = (&'a str, Option<&'a CertificatePair>)>) -> Self {
        let mut names = Self { plain: Vec::new(), secure: Vec::new(), log: None };
        for (name, pair) in all {
            match pair.filter(|_| host.https_port.is_some()) {
                None => names.plain.push(name),
                Some(pair) => match names.secure.iter_mut().find(|(known, _)| *known == pair) {
                    Some((_, with)) => with.push(name),
                    None => names.secure.push((pair, vec![name])),
                },
            }
        }
        names
    }

    fn logged(&self, w: &mut Writer) {
        if let Some(file) = &self.log {
            w.line("access_log", &[file, "homeport"]);
        }
    }
}

/// A server for http that does the work for names without a certificate; one that leads the others to
/// https; and one for https for each certificate.
fn servers(host: &Host, names: &Names<'_>, work: impl Fn(&mut Writer)) -> String {
    let mut w = Writer::new();
    let http = |w: &mut Writer, server_names: &[&str], inside: &dyn Fn(&mut Writer)| {
        w.block("server", &[], |w| {
            listens(host, host.http_port).iter().for_each(|listen| w.line("listen", &[listen]));
            w.line("server_name", server_names);
            names.logged(w);
            challenges(w, host);
            inside(w);
        });
    };
    if !names.plain.is_empty() {
        http(&mut w, &names.plain, &work);
    }
    let Some(port) = host.https_port.filter(|_| !names.secure.is_empty()) else { return w.finish() };
    let leading: Vec<&str> = names.secure.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    http(&mut w, &leading, &|w| {
        let port = if port.get() == 443 { String::new() } else { format!(":{port}") };
        let to = format!("https://$host{port}$request_uri");
        w.block("location", &["/"], |w| w.line("return", &["301", &to]));
    });
    for (pair, server_names) in &names.secure {
        w.block("server", &[], |w| {
            listens(host, port).iter().for_each(|listen| w.line("listen", &[listen, "ssl", "http2"]));
            w.line("server_name", server_names);
            names.logged(w);
            w.line("ssl_certificate", &[pair.certificate.as_str()]);
            w.line("ssl_certificate_key", &[pair.key.as_str()]);
            w.line("add_header", &["Strict-Transport-Security", HSTS, "always"]);
            work(w);
        });
    }
    w.finish()
}

/// A certificate authority asks by http, whatever else the name does.
fn challenges(w: &mut Writer, host: &Host) {
    w.block("location", &["^~", CHALLENGE_PATH], |w| {
        w.line("root", &[&format!("{}/{CHALLENGES}", host.prefix)]);
        w.line("default_type", &["text/plain"]);
        w.line("try_files", &["$uri", "=404"]);
    });
}
