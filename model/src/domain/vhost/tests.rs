mod hsts;
mod settings;
mod tunnel;

use std::{collections::BTreeSet, net::Ipv4Addr};

use proptest::prelude::*;

use super::{parse::find_all, *};
use crate::{deploy::SiteRules, domain::Knob};

/// Directives that could read or run something that was not meant.
pub(super) const FORBIDDEN: [&str; 14] = [
    "alias",
    "rewrite",
    "if",
    "set",
    "load_module",
    "perl",
    "perl_set",
    "lua_load_resty_core",
    "content_by_lua",
    "access_by_lua",
    "fastcgi_pass",
    "uwsgi_pass",
    "resolver",
    "auth_request",
];

pub(super) fn host() -> Host {
    Host {
        prefix: "/srv/homeport/nginx".parse().expect("a path"),
        sites: "/srv/homeport/sites".parse().expect("a path"),
        addresses: vec![Ipv4Addr::UNSPECIFIED.into(), std::net::Ipv6Addr::UNSPECIFIED.into()],
        http_port: 80.try_into().expect("a port"),
        https_port: Some(443.try_into().expect("a port")),
        worker: Some(("www-data".parse().expect("a user"), "www-data".parse().expect("a group"))),
        brotli: None,
        http2_by_server: false,
        tunnel_port: None,
    }
}

pub(super) fn shop(target: Target) -> AppVhost {
    let hosts = vec!["shop.example.com".parse().expect("a host"), "example.com".parse().expect("a host")];
    AppVhost::new(AppId::new(1, 1), "shop".parse().expect("a name"), hosts, target)
}

pub(super) fn text_of(app: AppVhost) -> String {
    let generation = Generation { number: 7, host: host(), panel: None, apps: vec![app] };
    generation.render().pop().expect("the app's file").text
}

#[test]
fn a_proxied_app() {
    let address = Ipv4Addr::new(10, 98, 0, 3).try_into().expect("virtual");
    let text = text_of(shop(Target::Proxied(Upstream::Virtual { address, count: 1 })));
    let until_pages: Vec<&str> = text.lines().take_while(|line| !line.contains("@homeport_down {")).collect();
    insta::assert_snapshot!(until_pages.join("\n"), @r"
    server {
        listen 0.0.0.0:80;
        listen [::]:80;
        server_name shop.example.com example.com;
        access_log logs/app-0000000001000001.log homeport buffer=4k flush=1s;
        location ^~ /.well-known/acme-challenge/ {
            root /srv/homeport/nginx/challenges;
            default_type text/plain;
            try_files $uri =404;
        }
        client_max_body_size 1048576;
        location / {
            proxy_pass http://10.98.0.3:80;
            proxy_connect_timeout 60s;
            proxy_read_timeout 60s;
            proxy_send_timeout 60s;
            error_page 502 @homeport_down;
            error_page 504 @homeport_slow;
        }
    ");
}

#[test]
fn an_app_with_several_containers() {
    let address = Ipv4Addr::new(10, 98, 0, 3).try_into().expect("virtual");
    let text = text_of(shop(Target::Proxied(Upstream::Virtual { address, count: 3 })));
    let name = format!("app_{}", AppId::new(1, 1));
    let read = parse::parse(&text).expect("parses");
    assert_eq!((read[0].name.as_str(), &read[0].args), ("upstream", &vec![name.clone()]));
    let servers: Vec<&str> = read[0].all("server").iter().map(|line| line.args[0].as_str()).collect();
    assert_eq!(servers, ["10.98.0.3:80", "10.98.0.3:81", "10.98.0.3:82"]);
    assert_eq!(read[1].all("proxy_pass")[0].args, [format!("http://{name}")]);
}

#[test]
fn a_static_site() {
    insta::assert_snapshot!(text_of(shop(Target::Site(SiteRules::default()))), @r#"
    server {
        listen 0.0.0.0:80;
        listen [::]:80;
        server_name shop.example.com example.com;
        access_log logs/app-0000000001000001.log homeport buffer=4k flush=1s;
        location ^~ /.well-known/acme-challenge/ {
            root /srv/homeport/nginx/challenges;
            default_type text/plain;
            try_files $uri =404;
        }
        client_max_body_size 1048576;
        root /srv/homeport/sites/0000000001000001/current;
        disable_symlinks on from=$document_root;
        index index.html;
        recursive_error_pages on;
        error_page 404 /404.html;
        add_header Cache-Control "public, max-age=0, must-revalidate";
        location / {
            try_files $uri $uri/ @homeport_missing;
            error_page 403 = @homeport_missing;
            error_page 404 /404.html;
        }
        location @homeport_missing {
            return 404;
        }
        location = /404.html {
            internal;
            recursive_error_pages off;
        }
        location ~ "/\\.(?!well-known/)" {
            return 404;
        }
    }
    "#);
}

pub(super) fn pair(name: &str) -> CertificatePair {
    let file = |file: &str| format!("/srv/homeport/nginx/certificates/{name}/{file}").parse().expect("a path");
    CertificatePair { certificate: file("chain.pem"), key: file("key.pem") }
}

#[test]
fn each_name_is_served_with_its_own_certificate_and_the_others_by_http() {
    let mut app = shop(Target::Site(SiteRules::default()));
    let named = |text: &str, tls| AppHost { name: text.parse().expect("a name"), tls, leads: VhostLeads::APP };
    app.names.push(named("*.example.net", Some(pair("b"))));
    app.names.push(named("a.example.net", Some(pair("b"))));
    app.names[0].tls = Some(pair("a"));
    let servers = parse::parse(&text_of(app.clone())).expect("parses");
    let names = |at: usize| servers[at].all("server_name")[0].args.join(" ");
    assert_eq!(servers.len(), 4);
    assert_eq!((names(0), servers[0].all("listen")[0].args.join(" ")), ("example.com".into(), "0.0.0.0:80".into()));
    assert_eq!(names(1), "shop.example.com *.example.net a.example.net");
    assert_eq!(servers[1].all("return")[0].args, ["301", "https://$host$request_uri"]);
    assert_eq!(servers[1].all("location")[0].args, ["^~", "/.well-known/acme-challenge/"]);
    assert_eq!((names(2), names(3)), ("shop.example.com".into(), "*.example.net a.example.net".into()));
    assert_eq!(servers[2].all("listen")[0].args, ["0.0.0.0:443", "ssl", "http2"]);
    assert_eq!(servers[3].all("ssl_certificate")[0].args, [pair("b").certificate.as_str()]);
    // Without a port for https all are served by http.
    let host = Host { https_port: None, ..host() };
    let generation = Generation { number: 7, host, panel: None, apps: vec![app] };
    let servers = parse::parse(&generation.render()[1].text).expect("parses");
    assert_eq!((servers.len(), servers[0].all("server_name")[0].args.len()), (1, 4));
}

#[test]
fn the_main_file_has_the_probe_and_refuses_unknown_names() {
    let generation =
        Generation { number: 42, host: host(), panel: None, apps: vec![shop(Target::Site(SiteRules::default()))] };
    let text = &generation.render()[0].text;
    let main = parse::parse(text).expect("parses");
    let servers = find_all(&main, "server");
    assert_eq!(servers[0].all("return")[0].args, ["444"]);
    assert_eq!(servers[1].all("ssl_reject_handshake")[0].args, ["on"]);
    assert_eq!(servers[2].all("listen")[0].args, ["unix:/srv/homeport/nginx/probe.sock"]);
    assert_eq!(servers[2].all("return")[0].args, ["200", "42"]);
    assert_eq!(find_all(&main, "include").len(), 1);
    // The request's address is looked at once, to leave its query out.
    assert_eq!(text.matches("$request_uri").count(), 1);
    assert!(!text.contains("$args") && !text.contains("$query"));
}

#[test]
fn a_query_is_never_logged() {
    let format = parse::parse(&Generation { number: 1, host: host(), panel: None, apps: vec![] }.render()[0].text);
    let format = format.expect("parses");
    let words = find_all(&format, "log_format")[0].args.join(" ");
    assert!(!words.contains("$request ") && !words.contains("$args") && !words.contains("$http_referer"));
}

#[test]
fn hostile_strings_never_become_values() {
    for text in [
        "a.com; } server { listen 80 default_server; location / { alias /; } #",
        "a.com\nload_module x;",
        "$request_uri",
        "\"",
        "\\",
        "{",
        "}",
        "#",
        "é",
        "a..b",
        "-a.com",
        "a.com:443",
        "*.*.com",
        "x\r\nSet-Cookie: a=b",
        "a.com b.com",
    ] {
        assert!(text.parse::<HostName>().is_err(), "{text}");
        assert!(text.parse::<AppName>().is_err(), "{text}");
        assert!(format!("/x/{text}/y").parse::<HostPath>().is_err() || text == "a..b" || text == "-a.com", "{text}");
    }
    for text in ["", "/", "relative", "/a//b", "/a/../b", "/a/./b", "/a b", "/a$b"] {
        assert!(text.parse::<HostPath>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_rendered_parses_back(
        name in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?",
        hosts in prop::collection::btree_set("[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\\.[a-z]{2,9}", 1..5),
        kind in 0..5, last in 1u8..=254, port in 1u16.., body_bytes in 1_024_u64..1 << 40,
        timeout_s in 1_u16..,
    ) {
        let target = match kind {
            0 => Target::Site(SiteRules::default()),
            1 => Target::Down(Down::NotDeployed),
            2 => Target::Down(Down::Stopped),
            3 => Target::Proxied(Upstream::Virtual {
                address: Ipv4Addr::new(10, 98, 3, last).try_into().expect("virtual"),
                count: 1,
            }),
            _ => Target::Proxied(Upstream::Direct(vec![SocketAddrV4::new(Ipv4Addr::new(172, 18, 0, last), port)])),
        };
        let parsed: Vec<HostName> = hosts.iter().map(|host| host.parse().expect("a host")).collect();
        let mut app = AppVhost::new(AppId::new(5, 5), name.parse().expect("a name"), parsed, target.clone());
        app.settings.knobs.set(Knob::BodySize, &body_bytes.to_string()).expect("within its bounds");
        app.settings.knobs.set(Knob::ReadTimeout, &timeout_s.to_string()).expect("within its bounds");
        let read = parse::parse(&text_of(app)).expect("parses");
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(&read[0].name, "server");
        let names: BTreeSet<String> = read[0].all("server_name")[0].args.iter().cloned().collect();
        prop_assert_eq!(names, hosts);
        prop_assert_eq!(&read[0].all("client_max_body_size")[0].args, &[body_bytes.to_string()]);
        if let Target::Proxied(upstream) = target {
            prop_assert_eq!(&read[0].all("proxy_pass")[0].args, &[format!("http://{}", upstream.servers()[0])]);
        } else {
            prop_assert!(read[0].all("proxy_pass").is_empty());
        }
        for name in FORBIDDEN.iter().chain(&["include"]) {
            prop_assert!(find_all(&read, name).is_empty(), "{}", name);
        }
    }

    #[test]
    fn any_word_survives_the_writer(words in prop::collection::vec("[^\n\r\t]*", 1..4)) {
        let args: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut writer = write::Writer::new();
        writer.block("b", &args, |w| w.line("x", &args));
        let read = parse::parse(&writer.finish()).expect("parses");
        prop_assert_eq!(&read[0].args, &words);
        prop_assert_eq!(&read[0].block[0].args, &words);
    }
}
