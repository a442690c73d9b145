//! The listener of the tunnel, on loopback: `cloudflared` asks there in plain http for what a visitor asked
//! Cloudflare for, by https or, where Cloudflare allows it, without. Who came without is led to https.
//!
//! A name that comes in there is served nowhere else. Whoever stands before it at Cloudflare (Access) could
//! be walked around at the public ports otherwise.

use std::collections::BTreeMap;

use super::{
    AppVhost, Host, VhostLeads, VhostPort, VhostPrefix,
    app::{self, away_by_tunnel, logged},
    main_file::{PROXY_HEADERS, listens},
    server::add_headers,
    work::Work,
    write::Writer,
};
use crate::{
    app::PortScheme,
    domain::{Knob, RealIpHeader},
    name::Port,
};

/// How the visitor came to Cloudflare, `http` or `https`. Cloudflare says so, and only this host reaches the
/// listener.
pub(super) const CAME_BY: &str = "$homeport_came_by";
/// The port that they came to.
const CAME_TO: &str = "$homeport_came_to";
const SAYS: &str = "$http_x_forwarded_proto";

/// Headers that say how the visitor came to Cloudflare, in place of how `cloudflared` came here.
const AT_CLOUDFLARE: [(&str, &str); 4] =
    [("Host", "$host"), ("X-Forwarded-Proto", CAME_BY), ("X-Forwarded-Port", CAME_TO), ("X-Forwarded-Host", "$host")];

/// The variables that say how a visitor came. They are there without a tunnel, too: a file from before may
/// name them.
pub(super) fn maps(w: &mut Writer) {
    for (variable, usual, plain) in [(CAME_BY, "https", "http"), (CAME_TO, "443", "80")] {
        w.block("map", &[SAYS, variable], |w| {
            w.line("default", &[usual]);
            w.line("http", &[plain]);
        });
    }
}

/// Leads those to https who came to Cloudflare without it, before anything else is done for them: no
/// password is asked for and no connection is upgraded.
pub(super) fn to_https(w: &mut Writer) {
    let came = format!("({CAME_BY}");
    w.block("if", &[&came, "=", "http)"], |w| w.line("return", &["301", "https://$host$request_uri"]));
}

/// What an app is told about a request that came in by the tunnel.
pub(super) fn proxy_headers() -> impl Iterator<Item = (&'static str, &'static str)> {
    let there = |name: &str| AT_CLOUDFLARE.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    PROXY_HEADERS.into_iter().map(move |(name, value)| (name, there(name).unwrap_or(value)))
}

/// The first lines of a server for these names. Only this host reaches the listener, and `cloudflared` puts
/// the visitor's address in place of what a visitor says it is.
pub(super) fn begin(w: &mut Writer, port: Port, names: &[&str]) {
    w.line("listen", &[&address(port)]);
    w.line("server_name", names);
    w.line("set_real_ip_from", &["127.0.0.1"]);
    w.line("real_ip_header", &[RealIpHeader::CfConnectingIp.as_str()]);
}

/// What is done for an app's visitors who come in by the tunnel.
type WorkOf<'a> = dyn Fn(&'a [VhostPrefix], Option<&'a VhostPort>) -> Work<'a> + 'a;

/// The servers of an app's names.
pub(super) fn servers<'a>(w: &mut Writer, host: &Host, app: &'a AppVhost, work: &WorkOf<'a>) {
    let Some(port) = host.tunnel_port else { return };
    let mut groups: Vec<(&VhostLeads, Vec<&str>)> = Vec::new();
    for name in &app.by_tunnel {
        match groups.iter_mut().find(|(leads, _)| **leads == name.leads) {
            Some((_, names)) => names.push(name.name.as_str()),
            None => groups.push((&name.leads, vec![name.name.as_str()])),
        }
    }
    // The port that those see who come by https, unless it speaks what cloudflared does not.
    let secure = app.usual(host.https_port, true).filter(|port| port.map.scheme == PortScheme::Https);
    let usual = secure.or_else(|| app.usual(Some(host.http_port), false));
    for (leads, names) in groups {
        w.block("server", &[], |w| {
            begin(w, port, &names);
            logged(w, app);
            let forced = app.settings.is_on(Knob::ForceHttps);
            match leads {
                VhostLeads::App(prefixes) => {
                    if forced {
                        to_https(w);
                    }
                    work(prefixes, usual).write(w);
                }
                VhostLeads::Redirect { to, ours } => {
                    let hsts = app.settings.hsts().map(|value| ("Strict-Transport-Security".to_owned(), value));
                    add_headers(w, hsts.as_slice());
                    away_by_tunnel(w, host, to, *ours, forced);
                }
            }
        });
    }
}

/// A name that does not come in by the tunnel is not answered there.
pub(super) fn unknown(w: &mut Writer, port: Port) {
    w.block("server", &[], |w| {
        w.line("listen", &[&address(port), "default_server"]);
        w.line("server_name", &["_"]);
        w.line("access_log", &["off"]);
        w.line("return", &["444"]);
    });
}

/// Nor is one that does at the public ports, also where a wildcard or whoever takes unknown names would.
pub(super) fn refused_outside(w: &mut Writer, host: &Host, names: &[&str], more: &BTreeMap<Port, PortScheme>) {
    let usual = [(Some(host.http_port), PortScheme::Http), (host.https_port, PortScheme::Https)];
    let usual = usual.into_iter().filter_map(|(port, scheme)| Some((port?, scheme)));
    for (port, scheme) in usual.chain(more.iter().map(|(port, scheme)| (*port, *scheme))) {
        w.block("server", &[], |w| {
            for listen in listens(host, port) {
                w.line("listen", &[&[listen.as_str()], app::speaks(host, scheme)].concat());
            }
            w.line("server_name", names);
            w.line("access_log", &["off"]);
            if scheme.needs_certificate() {
                w.line("ssl_reject_handshake", &["on"]);
            }
            // A handshake for another name may be followed by a request for this one.
            w.line("return", &["444"]);
        });
    }
}

fn address(port: Port) -> String {
    format!("127.0.0.1:{port}")
}
