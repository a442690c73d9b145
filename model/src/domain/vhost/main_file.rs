//! The main file: what all servers share, the answer to unknown names, and the probe.

use std::net::IpAddr;

use super::{DOLLAR, Generation, Host, PROBE_SOCKET, app, tunnel, write::Writer};
use crate::{
    app::PortScheme,
    name::Port,
    traffic::{LOG_FORMAT, PATH_VARIABLE, PROBE_VARIABLE},
};

/// Says which part of the path was taken away.
pub(super) const PREFIX_HEADER: &str = "X-Forwarded-Prefix";

/// What an app is told about a request. Headers of the same name from outside are replaced.
pub(super) const PROXY_HEADERS: [(&str, &str); 12] = [
    ("Host", "$host$homeport_port"),
    ("Connection", "$homeport_connection"),
    ("Upgrade", "$http_upgrade"),
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-For", "$remote_addr"),
    ("X-Forwarded-Proto", "$scheme"),
    ("X-Forwarded-Port", "$server_port"),
    ("X-Forwarded-Host", "$host$homeport_port"),
    (PREFIX_HEADER, ""),
    ("X-Request-Start", "$msec"),
    ("Forwarded", ""),
    ("Proxy", ""),
];

pub(super) const COMPRESSED: [&str; 12] = [
    "text/css",
    "text/plain",
    "text/xml",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/rss+xml",
    "application/atom+xml",
    "application/wasm",
    "application/xml",
    "image/svg+xml",
];

/// What keeps a connection to an app open between two requests.
pub(super) const KEPT: &str = "$homeport_kept";

const TYPES: [(&str, &[&str]); 40] = [
    ("application/atom+xml", &["atom"]),
    ("application/gzip", &["gz", "tgz"]),
    ("application/json", &["json", "map"]),
    ("application/ld+json", &["jsonld"]),
    ("application/manifest+json", &["webmanifest"]),
    ("application/msword", &["doc"]),
    ("application/octet-stream", &["bin", "exe", "dll", "deb", "dmg", "iso", "img", "msi"]),
    ("application/pdf", &["pdf"]),
    ("application/rss+xml", &["rss"]),
    ("application/rtf", &["rtf"]),
    ("application/vnd.ms-excel", &["xls"]),
    ("application/vnd.ms-fontobject", &["eot"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/wasm", &["wasm"]),
    ("application/xhtml+xml", &["xhtml"]),
    ("application/zip", &["zip"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/wav", &["wav"]),
    ("font/otf", &["otf"]),
    ("font/ttf", &["ttf"]),
    ("font/woff", &["woff"]),
    ("font/woff2", &["woff2"]),
    ("image/avif", &["avif"]),
    ("image/gif", &["gif"]),
    ("image/jpeg", &["jpeg", "jpg"]),
    ("image/png", &["png"]),
    ("image/svg+xml", &["svg", "svgz"]),
    ("image/webp", &["webp"]),
    ("image/x-icon", &["ico"]),
    ("text/calendar", &["ics"]),
    ("text/css", &["css"]),
    ("text/csv", &["csv"]),
    ("text/html", &["html", "htm"]),
    ("text/javascript", &["js", "mjs"]),
    ("text/plain", &["txt", "md"]),
    ("text/xml", &["xml"]),
    ("video/mp4", &["mp4"]),
    ("video/webm", &["webm"]),
];

pub(super) fn render(generation: &Generation, files: &[&str]) -> String {
    let (number, host) = (generation.number, &generation.host);
    let mut w = Writer::new();
    w.comment(&format!("Written by Homeport, generation {number}. A change made here by hand is found and shown."));
    if let Some((user, group)) = &host.worker {
        w.line("user", &[user.as_str(), group.as_str()]);
        w.line("worker_rlimit_nofile", &["16384"]);
    }
    if let Some(module) = host.brotli.as_ref().filter(|_| generation.apps.iter().any(app::wants_brotli)) {
        w.line("load_module", &[module.as_str()]);
    }
    w.line("worker_processes", &["auto"]);
    // Long enough for a download or a slow answer; websockets connect again.
    w.line("worker_shutdown_timeout", &["300s"]);
    // By this folder orphaned workers are known as ours.
    w.line("working_directory", &[&format!("{}/run", host.prefix)]);
    w.line("pid", &["nginx.pid"]);
    w.line("error_log", &["logs/error.log", "warn"]);
    w.line("pcre_jit", &["on"]);
    w.block("events", &[], |w| w.line("worker_connections", &["4096"]));
    w.block("http", &[], |w| {
        shared(w);
        unknown_names(w, host, generation.apps.iter().any(|app| app.catch_all && app.is_named()));
        let more = generation.more_ports();
        for (port, scheme) in &more {
            unknown_at(w, host, *port, *scheme);
        }
        if let Some(port) = host.tunnel_port {
            tunnel::unknown(w, port);
        }
        let by_tunnel = generation.by_tunnel();
        if !by_tunnel.is_empty() {
            tunnel::refused_outside(w, host, &by_tunnel, &more);
        }
        probe(w, host, number);
        for file in files {
            w.line("include", &[file]);
        }
    });
    w.finish()
}

fn shared(w: &mut Writer) {
    w.line("log_format", &["homeport", "escape=json", LOG_FORMAT]);
    w.line("access_log", &["logs/access.log", "homeport"]);
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        w.line(&format!("{kind}_temp_path"), &[&format!("temp/{kind}")]);
    }
    w.block("types", &[], |w| TYPES.iter().for_each(|(kind, endings)| w.line(kind, endings)));
    for (name, value) in [
        ("default_type", "application/octet-stream"),
        ("charset", "utf-8"),
        ("server_tokens", "off"),
        ("absolute_redirect", "off"),
        ("types_hash_max_size", "2048"),
        ("server_names_hash_bucket_size", "512"),
        ("server_names_hash_max_size", "4096"),
        ("variables_hash_max_size", "2048"),
        ("map_hash_max_size", "8192"),
        ("map_hash_bucket_size", "128"),
        ("sendfile", "on"),
        ("tcp_nopush", "on"),
        ("keepalive_timeout", "75s"),
        ("client_header_timeout", "60s"),
        ("client_body_timeout", "60s"),
        ("send_timeout", "60s"),
        ("gzip", "on"),
        ("gzip_vary", "on"),
        ("gzip_proxied", "any"),
        ("gzip_comp_level", "5"),
        ("gzip_min_length", "1100"),
        ("ssl_session_tickets", "off"),
        ("ssl_prefer_server_ciphers", "off"),
        ("proxy_http_version", "1.1"),
        ("proxy_next_upstream", "off"),
    ] {
        w.line(name, &[value]);
    }
    w.line("gzip_types", &COMPRESSED);
    w.line("ssl_protocols", &["TLSv1.2", "TLSv1.3"]);
    w.line("ssl_session_cache", &["shared:homeport:2m"]);
    w.block("geo", &[DOLLAR], |w| w.line("default", &["$"]));
    w.block("map", &["$http_upgrade", "$homeport_connection"], |w| {
        w.line("default", &["upgrade"]);
        // Upstream keep-alive would hold requests on the old container after a switch.
        w.line("", &["close"]);
    });
    // For apps whose owner wants it all the same.
    w.block("map", &["$http_upgrade", KEPT], |w| {
        w.line("default", &["upgrade"]);
        w.line("", &[""]);
    });
    for (variable, looks_at, values) in [PROBE_VARIABLE, PATH_VARIABLE] {
        w.block("map", &[looks_at, variable], |w| values.iter().for_each(|(from, to)| w.line(from, &[to])));
    }
    w.block("map", &["$server_port", "$homeport_port"], |w| {
        w.line("default", &[":$server_port"]);
        w.line("80", &[""]);
        w.line("443", &[""]);
    });
    tunnel::maps(w);
    for (name, value) in PROXY_HEADERS {
        w.line("proxy_set_header", &[name, value]);
    }
}

/// A name that no app has is not answered at all, unless one app takes them.
fn unknown_names(w: &mut Writer, host: &Host, caught: bool) {
    if !caught {
        unknown_at(w, host, host.http_port, PortScheme::Http);
    }
    if let Some(port) = host.https_port {
        unknown_at(w, host, port, PortScheme::Https);
    }
}

fn unknown_at(w: &mut Writer, host: &Host, port: Port, scheme: PortScheme) {
    let speaks = app::speaks(host, scheme);
    w.block("server", &[], |w| {
        for listen in listens(host, port) {
            let args = [&[listen.as_str()], speaks, &["default_server"]].concat();
            w.line("listen", &args);
        }
        w.line("server_name", &["_"]);
        w.line("access_log", &["off"]);
        if scheme.needs_certificate() {
            w.line("ssl_reject_handshake", &["on"]);
        } else {
            w.line("return", &["444"]);
        }
    });
}

/// Says which generation answers, to whoever may open the socket.
fn probe(w: &mut Writer, host: &Host, number: u64) {
    w.block("server", &[], |w| {
        w.line("listen", &[&format!("unix:{}/{PROBE_SOCKET}", host.prefix)]);
        w.line("access_log", &["off"]);
        w.line("default_type", &["text/plain"]);
        w.block("location", &["=", "/generation"], |w| w.line("return", &["200", &number.to_string()]));
        w.block("location", &["/"], |w| w.line("return", &["404"]));
    });
}

/// `address:port`, for each address.
pub(super) fn listens(host: &Host, port: Port) -> Vec<String> {
    let one = |address: &IpAddr| match address {
        IpAddr::V4(address) => format!("{address}:{port}"),
        IpAddr::V6(address) => format!("[{address}]:{port}"),
    };
    host.addresses.iter().map(one).collect()
}
