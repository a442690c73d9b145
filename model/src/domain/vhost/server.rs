//! The servers of the panel, and what all servers share.

use super::{
    CHALLENGE_PATH, CHALLENGES, CertificatePair, Host, Panel, PanelName, PanelUpstream,
    main_file::{PROXY_HEADERS, listens},
    pages::page,
    tunnel,
    write::Writer,
};
use crate::{
    id::AppId,
    name::{DomainName, Port},
    panel_domain::{BY_TUNNEL, DIRECTLY, WAY_HEADER, WAY_PATH},
};

/// The panel holds streams open for a page that is left open.
const PANEL_TIMEOUT: &str = "3600s";
/// What its largest body needs, an uploaded archive.
const PANEL_BODY: &str = "514m";
/// What a push may bring; the panel itself says how much an app's repository may hold.
const PANEL_GIT_BODY: &str = "4g";
/// Tells browsers to come by https only.
pub(super) const HSTS: &str = "Strict-Transport-Security";
const PANEL_HSTS: &str = "max-age=15724800";
/// After how many seconds a page of ours is worth asking again.
pub(super) const SOON: &str = "5";

/// The panel's file.
pub(super) fn panel(host: &Host, panel: &Panel) -> String {
    let names = Names::of(host, panel.names.iter().flat_map(panel_names));
    let upstream = match &panel.upstream {
        PanelUpstream::Socket(path) => format!("http://unix:{path}:"),
        PanelUpstream::Port(port) => format!("http://127.0.0.1:{port}"),
    };
    let away = page("Homeport is restarting", "Your sites keep running. This page works again in a moment.");
    let work = |w: &mut Writer, headers: &[(String, String)], way: &str| {
        add_headers(w, headers);
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
        // Whoever asks which way they came is told by who knows it.
        w.block("location", &["=", WAY_PATH], |w| {
            w.line("proxy_pass", &[&upstream]);
            match way == BY_TUNNEL {
                true => tunnel::proxy_headers().for_each(|(name, value)| w.line("proxy_set_header", &[name, value])),
                false => PROXY_HEADERS.iter().for_each(|(name, value)| w.line("proxy_set_header", &[name, value])),
            }
            w.line("proxy_set_header", &[WAY_HEADER, way]);
        });
        own_page(w, "@homeport_away", "502", &away, SOON, headers);
    };
    servers(host, &names, |w, headers| work(w, headers, DIRECTLY)) + &by_tunnel(host, panel, work)
}

/// The servers for those of its names that come in by the tunnel. Those that are on their way out of it or
/// into it are asked by authorities there, too.
fn by_tunnel(host: &Host, panel: &Panel, work: impl Fn(&mut Writer, &[(String, String)], &str)) -> String {
    let mut w = Writer::new();
    let Some(port) = host.tunnel_port else { return w.finish() };
    let (both, only): (Vec<&DomainName>, Vec<&DomainName>) =
        panel.by_tunnel.iter().partition(|name| panel.is_direct(name));
    for (names, is_asked) in [(only, false), (both, true)] {
        if names.is_empty() {
            continue;
        }
        let names: Vec<&str> = names.into_iter().map(DomainName::as_str).collect();
        w.block("server", &[], |w| {
            tunnel::begin(w, port, &names);
            tunnel::to_https(w);
            tunnel::proxy_headers().for_each(|(name, value)| w.line("proxy_set_header", &[name, value]));
            if is_asked {
                challenges(w, host, false);
            }
            work(w, &[(HSTS.to_owned(), PANEL_HSTS.to_owned())], BY_TUNNEL);
        });
    }
    w.finish()
}

/// As nginx spells them, and how each is served.
fn panel_names(name: &PanelName) -> Vec<(&str, Served<'_>)> {
    match name {
        PanelName::Name(name) => vec![(name.name.as_str(), name.tls.as_ref().map_or(Served::Plain, Served::Secure))],
        PanelName::Secure(name) => vec![(name.name.as_str(), name.tls.as_ref().map_or(Served::Bare, Served::Secure))],
        PanelName::Localhost => vec![("localhost", Served::Plain)],
        PanelName::AnyAddress => vec![("~^[0-9.]+$", Served::Plain), ("~^\\[[0-9a-f:.]+\\]$", Served::Plain)],
    }
}

/// How a name of the panel is served.
enum Served<'a> {
    /// By http.
    Plain,
    /// Not yet: it is to be by https, and there is no certificate.
    Bare,
    /// By https.
    Secure(&'a CertificatePair),
}

/// An app's access log, below nginx's folder.
#[must_use]
pub fn log_file(app: &AppId) -> String {
    format!("logs/app-{app}.log")
}

/// A page of ours at a location.
pub(super) fn own_page(
    w: &mut Writer,
    location: &str,
    status: &str,
    html: &str,
    retry_after: &str,
    headers: &[(String, String)],
) {
    w.block("location", &[location], |w| {
        w.line("default_type", &["text/html"]);
        w.line("add_header", &["Cache-Control", "no-store", "always"]);
        w.line("add_header", &["Retry-After", retry_after, "always"]);
        add_headers(w, headers);
        w.line("return", &[status, html]);
    });
}

/// Headers of an answer, whatever its status. A location that has one has none of its server's.
pub(super) fn add_headers(w: &mut Writer, headers: &[(String, String)]) {
    headers.iter().for_each(|(name, value)| w.line("add_header", &[name, value, "always"]));
}

/// Leads to https at the same name.
pub(super) fn to_https(w: &mut Writer, port: Port) {
    let port = if port.get() == 443 { String::new() } else { format!(":{port}") };
    let to = format!("https://$host{port}$request_uri");
    w.block("location", &["/"], |w| w.line("return", &["301", &to]));
}

/// The lines of a server that ends TLS.
pub(super) fn secure(w: &mut Writer, host: &Host, port: Port, names: &[&str], pair: &CertificatePair, http2: bool) {
    // Before nginx 1.25.1 HTTP/2 belongs to the port, whatever one of its servers would rather have.
    let by_port: &[&str] = if host.http2_by_server { &["ssl"] } else { &["ssl", "http2"] };
    for listen in listens(host, port) {
        let args: Vec<&str> = std::iter::once(listen.as_str()).chain(by_port.iter().copied()).collect();
        w.line("listen", &args);
    }
    if host.http2_by_server {
        w.line("http2", &[if http2 { "on" } else { "off" }]);
    }
    w.line("server_name", names);
    w.line("ssl_certificate", &[pair.certificate.as_str()]);
    w.line("ssl_certificate_key", &[pair.key.as_str()]);
}

/// The panel's names, by how they are served.
struct Names<'a> {
    /// Those that are served by http.
    plain: Vec<&'a str>,
    /// Those that wait for a certificate.
    bare: Vec<&'a str>,
    /// Those with one; names that share a certificate share a server.
    secure: Vec<(&'a CertificatePair, Vec<&'a str>)>,
}

impl<'a> Names<'a> {
    fn of(host: &Host, all: impl Iterator<Item = (&'a str, Served<'a>)>) -> Self {
        let mut names = Self { plain: Vec::new(), bare: Vec::new(), secure: Vec::new() };
        for (name, served) in all {
            match served {
                Served::Plain => names.plain.push(name),
                Served::Bare => names.bare.push(name),
                Served::Secure(_) if host.https_port.is_none() => names.bare.push(name),
                Served::Secure(pair) => match names.secure.iter_mut().find(|(known, _)| *known == pair) {
                    Some((_, with)) => with.push(name),
                    None => names.secure.push((pair, vec![name])),
                },
            }
        }
        names
    }
}

/// A server for http that does the work for names that are served by it; one that says of others that their
/// certificate has not come; one that leads the rest to https; and one for https for each certificate. The work
/// is told which headers its answers have.
fn servers(host: &Host, names: &Names<'_>, work: impl Fn(&mut Writer, &[(String, String)])) -> String {
    let mut w = Writer::new();
    let http = |w: &mut Writer, server_names: &[&str], inside: &dyn Fn(&mut Writer)| {
        w.block("server", &[], |w| {
            listens(host, host.http_port).iter().for_each(|listen| w.line("listen", &[listen]));
            w.line("server_name", server_names);
            challenges(w, host, false);
            inside(w);
        });
    };
    if !names.plain.is_empty() {
        http(&mut w, &names.plain, &|w| work(w, &[]));
    }
    if !names.bare.is_empty() {
        let words = "This name is answered by https only. Its certificate has not come yet.";
        let html = page("No certificate yet", words);
        http(&mut w, &names.bare, &|w| own_page(w, "/", "503", &html, SOON, &[]));
    }
    let Some(port) = host.https_port.filter(|_| !names.secure.is_empty()) else { return w.finish() };
    let leading: Vec<&str> = names.secure.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    http(&mut w, &leading, &|w| to_https(w, port));
    for (pair, server_names) in &names.secure {
        w.block("server", &[], |w| {
            secure(w, host, port, server_names, pair, true);
            work(w, &[(HSTS.to_owned(), PANEL_HSTS.to_owned())]);
        });
    }
    w.finish()
}

/// A certificate authority asks by http, whatever else the name does and whoever else is kept out.
pub(super) fn challenges(w: &mut Writer, host: &Host, guarded: bool) {
    w.block("location", &["^~", CHALLENGE_PATH], |w| {
        if guarded {
            w.line("auth_basic", &["off"]);
            w.line("allow", &["all"]);
        }
        w.line("root", &[&format!("{}/{CHALLENGES}", host.prefix)]);
        w.line("default_type", &["text/plain"]);
        w.line("try_files", &["$uri", "=404"]);
    });
}
