//! An app's file: what stands above its servers, and a server for each way that its names are served.

use super::{
    AppVhost, CertificatePair, Host, INSIDE, Target, VhostLeads, VhostPort, VhostPrefix,
    main_file::listens,
    server::{HSTS, add_headers, challenges, log_file, secure, to_https},
    site::Site,
    tunnel,
    work::{Way, Work, group, zone},
    write::Writer,
};
use crate::{
    app::PortScheme,
    deploy::SiteRules,
    domain::{Knob, Redirect, RedirectScheme},
    name::Port,
};

/// What a name does by http.
#[derive(PartialEq)]
enum Http<'a> {
    /// Its app answers.
    Work(&'a [VhostPrefix]),
    /// It leads to another address.
    Away(&'a Redirect, bool),
    /// It leads to https.
    Secure,
}

/// Whether an app wants brotli.
pub(super) fn wants_brotli(app: &AppVhost) -> bool {
    app.settings.is_on(Knob::Brotli)
}

/// What follows the address of a `listen`.
pub(super) const fn speaks(host: &Host, scheme: PortScheme) -> &'static [&'static str] {
    match (scheme, host.http2_by_server) {
        (PortScheme::Http, _) | (PortScheme::Grpc, true) => &[],
        (PortScheme::Grpc, false) => &["http2"],
        (PortScheme::Https | PortScheme::Grpcs, true) => &["ssl"],
        (PortScheme::Https | PortScheme::Grpcs, false) => &["ssl", "http2"],
    }
}

/// Whether anything listens at a port: one that needs a certificate needs a name that has one.
pub(super) fn is_spoken(app: &AppVhost, port: &VhostPort) -> bool {
    let mut leading = app.names.iter().filter(|name| matches!(name.leads, VhostLeads::App(_)));
    !port.map.scheme.needs_certificate() || leading.any(|name| name.tls.is_some())
}

/// The file's text.
pub(super) fn render(host: &Host, all: &[AppVhost], app: &AppVhost) -> String {
    let mut w = Writer::new();
    above(&mut w, host, all, app);
    let work = |prefixes, port, way, scheme| Work { host, all, app, prefixes, port, way, scheme };
    plain_servers(&mut w, host, app, &work);
    let secure_port = host.https_port;
    if let Some(port) = secure_port {
        let usual = app.usual(secure_port, true);
        let scheme = usual.map_or(PortScheme::Https, |port| port.map.scheme);
        for (pair, leads, names) in pairs(app) {
            w.block("server", &[], |w| {
                secure(w, host, port, &names, pair, app.settings.is_on(Knob::Http2));
                logged(w, app);
                match leads {
                    VhostLeads::App(prefixes) => work(prefixes, usual, Way::Https, scheme).write(w),
                    VhostLeads::Redirect { to, ours } => {
                        let hsts = app.settings.hsts().map(|value| (HSTS.to_owned(), value));
                        add_headers(w, hsts.as_slice());
                        away(w, host, to, *ours);
                    }
                }
            });
        }
    }
    for port in app.unusual(host) {
        more_servers(&mut w, host, app, port, &work);
    }
    if let Target::Site(rules) = &app.target
        && all.iter().any(|other| leads_to(other, app))
    {
        inside(&mut w, host, app, rules);
    }
    tunnel::servers(&mut w, host, app, &|prefixes, port| work(prefixes, port, Way::Tunnel, PortScheme::Http));
    w.finish()
}

/// Whether a part of another app's host leads to an app.
fn leads_to(other: &AppVhost, app: &AppVhost) -> bool {
    other.leads().any(|leads| match leads {
        VhostLeads::App(prefixes) => prefixes.iter().any(|prefix| prefix.app == app.app),
        VhostLeads::Redirect { .. } => false,
    })
}

/// Where a static site is asked for parts of others' hosts.
pub(super) fn inside_socket(host: &Host, app: &AppVhost) -> String {
    format!("unix:{}/{INSIDE}/{}.sock", host.prefix, app.app)
}

/// The server that answers parts of others' hosts with a site, by all of its rules and as if they were its
/// own names' paths. Who may come, what is added and what is written down is the business of who asks.
fn inside(w: &mut Writer, host: &Host, app: &AppVhost, rules: &SiteRules) {
    w.block("server", &[], |w| {
        w.line("listen", &[&inside_socket(host, app)]);
        w.line("access_log", &["off"]);
        // Who asks packs the answer.
        w.line("gzip", &["off"]);
        Site::new(&app.app, rules).server(w, &site_root(host, app), &|_| {});
    });
}

/// The folder of a site's files.
pub(super) fn site_root(host: &Host, app: &AppVhost) -> String {
    format!("{}/{}/current", host.sites, app.app)
}

/// An app's requests are written to a log of its own, several at a time and not later than after a second.
/// Each worker has such a buffer for each app.
pub(super) fn logged(w: &mut Writer, app: &AppVhost) {
    w.line("access_log", &[&log_file(&app.app), "homeport", "buffer=4k", "flush=1s"]);
}

type WorkOf<'a> = dyn Fn(&'a [VhostPrefix], Option<&'a VhostPort>, Way, PortScheme) -> Work<'a> + 'a;

/// The servers for http.
fn plain_servers<'a>(w: &mut Writer, host: &Host, app: &'a AppVhost, work: &WorkOf<'a>) {
    let mut groups: Vec<(Http<'a>, Vec<&str>)> = Vec::new();
    for name in &app.names {
        let has_https = name.tls.is_some() && host.https_port.is_some();
        let way = match &name.leads {
            VhostLeads::Redirect { to, ours } => Http::Away(to, *ours),
            VhostLeads::App(_) if has_https && app.settings.is_on(Knob::ForceHttps) => Http::Secure,
            VhostLeads::App(prefixes) => Http::Work(prefixes),
        };
        match groups.iter_mut().find(|(known, _)| *known == way) {
            Some((_, names)) => names.push(name.name.as_str()),
            None => groups.push((way, vec![name.name.as_str()])),
        }
    }
    // Those that do the work stand first, as they are read first.
    groups.sort_by_key(|(way, _)| !matches!(way, Http::Work(_)));
    let usual = app.usual(Some(host.http_port), false);
    let guarded = app.passwords.is_some() || !app.settings.allow.is_empty() || !app.settings.deny.is_empty();
    for (way, names) in groups {
        w.block("server", &[], |w| {
            listens(host, host.http_port).iter().for_each(|listen| w.line("listen", &[listen]));
            w.line("server_name", &names);
            logged(w, app);
            challenges(w, host, guarded && matches!(way, Http::Work(_)));
            match (way, host.https_port) {
                (Http::Work(prefixes), _) => work(prefixes, usual, Way::Http, PortScheme::Http).write(w),
                (Http::Away(to, ours), _) => away(w, host, to, ours),
                (Http::Secure, Some(port)) => to_https(w, port),
                (Http::Secure, None) => {}
            }
        });
    }
    if app.catch_all {
        w.block("server", &[], |w| {
            for listen in listens(host, host.http_port) {
                w.line("listen", &[&listen, "default_server"]);
            }
            w.line("server_name", &["_"]);
            logged(w, app);
            challenges(w, host, guarded);
            work(&[], usual, Way::Http, PortScheme::Http).write(w);
        });
    }
}

/// The names that have a certificate: those that share one and lead to the same share a server.
fn pairs(app: &AppVhost) -> Vec<(&CertificatePair, &VhostLeads, Vec<&str>)> {
    let mut groups: Vec<(&CertificatePair, &VhostLeads, Vec<&str>)> = Vec::new();
    for name in &app.names {
        let Some(pair) = &name.tls else { continue };
        match groups.iter_mut().find(|(known, leads, _)| *known == pair && **leads == name.leads) {
            Some((_, _, names)) => names.push(name.name.as_str()),
            None => groups.push((pair, &name.leads, vec![name.name.as_str()])),
        }
    }
    groups
}

/// The servers of a port beside the usual ones.
fn more_servers<'a>(w: &mut Writer, host: &Host, app: &'a AppVhost, port: &'a VhostPort, work: &WorkOf<'a>) {
    let scheme = port.map.scheme;
    if !is_spoken(app, port) {
        return;
    }
    if scheme.needs_certificate() {
        for (pair, leads, names) in pairs(app) {
            if matches!(leads, VhostLeads::Redirect { .. }) {
                continue;
            }
            w.block("server", &[], |w| {
                secure(w, host, port.map.host, &names, pair, true);
                logged(w, app);
                work(&[], Some(port), Way::Https, scheme).write(w);
            });
        }
        return;
    }
    let leading = app.names.iter().filter(|name| matches!(name.leads, VhostLeads::App(_)));
    let names: Vec<&str> = leading.map(|name| name.name.as_str()).collect();
    if names.is_empty() {
        return;
    }
    w.block("server", &[], |w| {
        for listen in listens(host, port.map.host) {
            let args = [&[listen.as_str()], speaks(host, scheme)].concat();
            w.line("listen", &args);
        }
        if host.http2_by_server && scheme == PortScheme::Grpc {
            w.line("http2", &["on"]);
        }
        w.line("server_name", &names);
        logged(w, app);
        work(&[], Some(port), Way::Http, scheme).write(w);
    });
}

/// Leads to another address. What the request line said goes along as it came, still encoded.
fn away(w: &mut Writer, host: &Host, to: &Redirect, ours: bool) {
    leads_away(w, host, to, ours, ("$scheme", "$homeport_port"));
}

/// The same for those who came to Cloudflare, at its ports; by https from there on, where that is `forced`.
pub(super) fn away_by_tunnel(w: &mut Writer, host: &Host, to: &Redirect, ours: bool, forced: bool) {
    leads_away(w, host, to, ours, (if forced { "https" } else { tunnel::CAME_BY }, ""));
}

fn leads_away(w: &mut Writer, host: &Host, to: &Redirect, ours: bool, same: (&str, &str)) {
    let with_port = |usual: u16, port: Option<Port>| match port {
        Some(port) if ours && port.get() != usual => format!(":{port}"),
        _ => String::new(),
    };
    let (scheme, port) = match to.scheme {
        RedirectScheme::Same => (same.0, if ours { same.1.to_owned() } else { String::new() }),
        RedirectScheme::Http => ("http", with_port(80, Some(host.http_port))),
        RedirectScheme::Https => ("https", with_port(443, host.https_port)),
    };
    let path = to.path.as_ref().map_or("$request_uri", |path| path.as_str());
    let address = format!("{scheme}://{}{port}{path}", to.host);
    w.block("location", &["/"], |w| w.line("return", &[&to.status.get().to_string(), &address]));
}

/// Maps, groups of containers, and what counts an address's requests: known to all servers, so each is
/// named after the app.
fn above(w: &mut Writer, host: &Host, all: &[AppVhost], app: &AppVhost) {
    match &app.target {
        Target::Site(rules) => Site::new(&app.app, rules).maps(w),
        Target::Proxied(upstream) => {
            let mut lanes: Vec<&VhostPort> = Vec::new();
            for port in app.ports.iter().filter(|port| port.lane > 0) {
                if !lanes.iter().any(|other| other.lane == port.lane) {
                    lanes.push(port);
                }
            }
            let ports = std::iter::once(None).chain(lanes.into_iter().map(Some));
            ports.for_each(|port| containers(w, &group(app, app, port), app, &upstream.servers_at(port)));
        }
        Target::Down(_) => {}
    }
    let mut others: Vec<&AppVhost> = Vec::new();
    for prefix in app.leads().filter_map(|leads| match leads {
        VhostLeads::App(prefixes) => Some(prefixes),
        VhostLeads::Redirect { .. } => None,
    }) {
        let found = prefix.iter().filter_map(|prefix| all.iter().find(|other| other.app == prefix.app));
        others.extend(found);
    }
    others.sort_by_key(|other| &other.app);
    others.dedup_by_key(|other| &other.app);
    limits(w, app, app);
    for other in others.into_iter().filter(|other| other.app != app.app) {
        limits(w, app, other);
        if let Target::Proxied(upstream) = &other.target {
            let port = other.usual(Some(host.http_port), false);
            containers(w, &group(app, other, port), other, &upstream.servers_at(port));
        }
    }
}

/// What counts an address's requests of `app` in the servers of `for_app`. Each file has its own: an app's is
/// left out with it when nginx refuses it.
fn limits(w: &mut Writer, for_app: &AppVhost, app: &AppVhost) {
    let zone = |what: &str| format!("zone={}:1m", zone(what, for_app, app));
    if app.settings.get(Knob::RateLimit) > 0 {
        let rate = format!("rate={}r/s", app.settings.get(Knob::RateLimit));
        w.line("limit_req_zone", &["$binary_remote_addr", &zone("rate"), &rate]);
    }
    if app.settings.get(Knob::ConnectionLimit) > 0 {
        w.line("limit_conn_zone", &["$binary_remote_addr", &zone("connections")]);
    }
}

/// The group of an app's containers, where there is more than one or connections to them are kept.
fn containers(w: &mut Writer, name: &str, app: &AppVhost, servers: &[String]) {
    if !is_grouped(app, servers) {
        return;
    }
    w.block("upstream", &[name], |w| {
        servers.iter().for_each(|server| w.line("server", &[server]));
        let kept = app.settings.get(Knob::UpstreamKeepalive);
        if kept > 0 {
            w.line("keepalive", &[&kept.to_string()]);
            // A switch waits for it.
            w.line("keepalive_timeout", &["5s"]);
        }
    });
}

/// Whether nginx needs a group for them.
pub(super) fn is_grouped(app: &AppVhost, servers: &[String]) -> bool {
    servers.len() > 1 || app.settings.get(Knob::UpstreamKeepalive) > 0
}
