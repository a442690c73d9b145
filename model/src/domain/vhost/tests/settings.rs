//! What a person can set, as nginx reads it.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::{
    super::{parse::Directive, *},
    FORBIDDEN, host, pair, shop, text_of,
};
use crate::domain::{ProxyForm, RedirectScheme, RedirectStatus};

fn behind(count: u16) -> Target {
    let address = Ipv4Addr::new(10, 98, 0, 3).try_into().expect("virtual");
    Target::Proxied(Upstream::Virtual { address, count })
}

fn with(form: ProxyForm) -> AppVhost {
    AppVhost { settings: form.parse().unwrap_or_else(|problem| panic!("{problem}")), ..shop(behind(1)) }
}

fn knobs(pairs: &[(&str, &str)]) -> ProxyForm {
    let knobs = pairs.iter().map(|(key, typed)| ((*key).to_owned(), (*typed).to_owned())).collect();
    ProxyForm { knobs, ..ProxyForm::default() }
}

fn read(app: AppVhost) -> Vec<Directive> {
    parse::parse(&text_of(app)).expect("parses")
}

/// The arguments of every `name`, joined.
fn all(read: &[Directive], name: &str) -> Vec<String> {
    parse::find_all(read, name).iter().map(|one| one.args.join(" ")).collect()
}

#[test]
fn figures_are_written_where_they_count() {
    let form = knobs(&[
        ("body_size", "20m"),
        ("read_timeout", "300"),
        ("client_header_timeout", "10"),
        ("client_body_timeout", "11"),
        ("client_send_timeout", "12"),
        ("keepalive_timeout", "0"),
        ("lingering_timeout", "7"),
        ("buffering", "off"),
        ("buffer_size", "16k"),
        ("gzip", "off"),
        ("underscores", "on"),
        ("upstream_keepalive", "8"),
        ("rate_limit", "5"),
        ("connection_limit", "9"),
    ]);
    let read = read(with(form));
    for (name, value) in [
        ("client_max_body_size", "20971520"),
        ("proxy_read_timeout", "300s"),
        ("client_header_timeout", "10s"),
        ("client_body_timeout", "11s"),
        ("send_timeout", "12s"),
        ("lingering_timeout", "7s"),
        ("proxy_buffering", "off"),
        ("proxy_buffer_size", "16384"),
        ("proxy_buffers", "8 4096"),
        ("proxy_busy_buffers_size", "16384"),
        ("gzip", "off"),
        ("underscores_in_headers", "on"),
        ("keepalive", "8"),
        ("limit_req", "zone=rate_0000000001000001 burst=20 nodelay"),
        ("limit_req_zone", "$binary_remote_addr zone=rate_0000000001000001:1m rate=5r/s"),
        ("limit_conn", "connections_0000000001000001 9"),
    ] {
        assert_eq!(all(&read, name), [value], "{name}");
    }
    assert_eq!(all(&read, "keepalive_timeout"), ["5s", "0s"]);
    assert!(all(&read, "proxy_set_header").contains(&"Connection $homeport_kept".to_owned()));
    assert!(all(&read, "proxy_set_header").contains(&"X-Forwarded-For $remote_addr".to_owned()));
}

#[test]
fn who_may_come_does_not_count_for_certificates() {
    let mut app = with(ProxyForm { allow: "192.0.2.0/24".into(), deny: "192.0.2.7".into(), ..ProxyForm::default() });
    app.passwords = Some("/srv/homeport/nginx/passwords/a/b".parse().expect("a path"));
    let read = read(app);
    let of_server: Vec<(String, String)> =
        read[0].block.iter().map(|one| (one.name.clone(), one.args.join(" "))).collect();
    let allowed =
        |name: &str| of_server.iter().filter(|(known, _)| known == name).map(|(_, to)| to.as_str()).collect::<Vec<_>>();
    assert_eq!((allowed("deny"), allowed("allow")), (vec!["192.0.2.7", "all"], vec!["192.0.2.0/24"]));
    assert_eq!(allowed("auth_basic"), ["shop"]);
    let challenge = &read[0].all("location")[0];
    assert_eq!(
        (challenge.all("auth_basic")[0].args[0].as_str(), challenge.all("allow")[0].args[0].as_str()),
        ("off", "all")
    );
    assert!(challenge.all("limit_req").is_empty());
}

#[test]
fn headers_and_pages_of_ones_own() {
    let form = ProxyForm {
        headers: "X-Frame-Options: DENY\nContent-Security-Policy: default-src 'self' $host;".into(),
        error_pages: [("404".to_owned(), "<b>$uri</b>\ngone".to_owned()), ("502".to_owned(), "Later.".to_owned())]
            .into(),
        ..ProxyForm::default()
    };
    let mut app = with(form);
    app.names[0].tls = Some(pair("a"));
    let read = read(app);
    let headers = all(&read, "add_header");
    assert!(headers.contains(&"Content-Security-Policy default-src 'self' ${homeport_dollar}host; always".to_owned()));
    assert_eq!(
        headers.iter().filter(|header| header.starts_with("Strict-Transport-Security")).count(),
        4,
        "pages of ours, too"
    );
    assert!(all(&read, "error_page").contains(&"404 @homeport_404".to_owned()));
    assert_eq!(all(&read, "proxy_intercept_errors"), ["on", "on"]);
    let pages = all(&read, "return").join("\n");
    assert!(
        pages.contains("&lt;b&gt;&#36;uri&lt;/b&gt;<br>gone") && pages.contains("Later.") && !pages.contains("$uri")
    );
}

#[test]
fn a_cdn_says_who_asks() {
    let cloudflare = read(with(ProxyForm { real_ip: "cloudflare".into(), ..ProxyForm::default() }));
    assert_eq!(all(&cloudflare, "set_real_ip_from").len(), 22);
    assert_eq!(all(&cloudflare, "real_ip_header"), ["CF-Connecting-IP"]);
    let own = ProxyForm { real_ip: "ranges".into(), ranges: "10.0.0.0/8".into(), ..ProxyForm::default() };
    let own = read(with(own));
    assert_eq!(
        (all(&own, "set_real_ip_from"), all(&own, "real_ip_recursive")),
        (vec!["10.0.0.0/8".into()], vec!["on".into()])
    );
}

#[test]
fn a_name_that_redirects_has_a_server_of_its_own() {
    let mut app = shop(behind(1));
    app.names[0].tls = Some(pair("a"));
    let redirect = |to: &str, path: Option<&str>, scheme, status| VhostLeads::Redirect {
        to: Redirect {
            scheme,
            host: to.parse().expect("a host"),
            path: path.map(|path| path.parse().expect("a path")),
            status,
        },
        ours: to == "shop.example.com",
    };
    let mut add = |name: &str, leads| app.names.push(AppHost { name: name.parse().expect("a name"), tls: None, leads });
    add("www.example.com", redirect("shop.example.com", None, RedirectScheme::Same, RedirectStatus::Moved));
    add(
        "*.old.example.com",
        redirect("else.example", Some("/x?y=1"), RedirectScheme::Https, RedirectStatus::Permanent),
    );
    app.names[3].tls = Some(pair("b"));
    let read = read(app);
    let server = |at: usize| (read[at].all("server_name")[0].args.join(" "), all(&read[at].block, "return").concat());
    assert_eq!(server(0).0, "example.com");
    assert_eq!(server(1), ("shop.example.com".into(), "301 https://$host$request_uri".into()));
    assert_eq!(
        server(2),
        ("www.example.com".into(), "301 $scheme://shop.example.com$homeport_port$request_uri".into())
    );
    assert_eq!(server(3), ("*.old.example.com".into(), "308 https://else.example/x?y=1".into()));
    assert_eq!(server(5), ("*.old.example.com".into(), "308 https://else.example/x?y=1".into()));
    assert_eq!(read[3].all("location")[0].args, ["^~", "/.well-known/acme-challenge/"]);
}

#[test]
fn parts_of_a_host_go_to_other_apps_longest_first() {
    let api = AppId::new(2, 2);
    let address = Ipv4Addr::new(10, 98, 0, 9).try_into().expect("virtual");
    let target = Target::Proxied(Upstream::Virtual { address, count: 2 });
    let mut other = AppVhost::new(
        api.clone(),
        "api".parse().expect("a name"),
        vec!["api.example.com".parse().expect("a host")],
        target,
    );
    other.settings = knobs(&[("body_size", "5m")]).parse().expect("read");
    let mut app = shop(behind(1));
    app.passwords = Some("/srv/homeport/nginx/passwords/a/b".parse().expect("a path"));
    let part = |path: &str, strip| VhostPrefix { path: path.parse().expect("a path"), app: api.clone(), strip };
    app.names[0].leads = VhostLeads::App(vec![part("/api", true), part("/api/v2", false)]);
    let generation = Generation { number: 7, host: host(), panel: None, apps: vec![app, other] };
    let read = parse::parse(&generation.render()[1].text).expect("parses");
    let group = format!("app_{}_{api}", AppId::new(1, 1));
    assert_eq!((read[0].name.as_str(), read[0].args[0].as_str()), ("upstream", group.as_str()));
    let with_parts = &read[1];
    assert_eq!(with_parts.all("server_name")[0].args, ["shop.example.com"]);
    let locations: Vec<(String, String)> = with_parts
        .all("location")
        .iter()
        .map(|location| (location.args.join(" "), all(&location.block, "proxy_pass").concat()))
        .filter(|(_, to)| !to.is_empty())
        .collect();
    let pair = |a: &str, b: String| (a.to_owned(), b);
    assert_eq!(
        locations,
        [
            pair("/", "http://10.98.0.3:80".into()),
            pair("= /api/v2", format!("http://{group}")),
            pair("^~ /api/v2/", format!("http://{group}")),
            pair("= /api", format!("http://{group}/")),
            pair("^~ /api/", format!("http://{group}/")),
        ]
    );
    let part = with_parts.all("location").into_iter().find(|location| location.args == ["=", "/api"]).expect("there");
    assert_eq!(all(&part.block, "auth_basic"), ["off"], "the other app asks for no password");
    assert_eq!(all(&part.block, "client_max_body_size"), ["5242880"]);
    assert_eq!(all(&part.block, "add_header"), ["Cache-Control "], "the host's own headers do not count there");
    assert!(
        read[2].all("location").iter().all(|location| !location.args.concat().contains("api")),
        "other names have no parts"
    );
}

#[test]
fn a_part_of_a_host_may_be_a_site() {
    let docs = AppId::new(2, 2);
    let hosts = vec!["docs.example.com".parse().expect("a host")];
    let mut site =
        AppVhost::new(docs.clone(), "docs".parse().expect("a name"), hosts, Target::Site(SiteRules::default()));
    site.passwords = Some("/srv/homeport/nginx/passwords/a".parse().expect("a path"));
    let mut app = shop(behind(1));
    let render = |app: &AppVhost| {
        let generation =
            Generation { number: 7, host: host(), panel: None, apps: vec![app.clone(), site.clone()] }.render();
        [1, 2].map(|at: usize| parse::parse(&generation[at].text).expect("parses"))
    };
    let socket = format!("unix:/srv/homeport/nginx/inside/{docs}.sock");
    let [_, alone] = render(&app);
    assert!(!all(&alone, "listen").contains(&socket), "nobody asks");
    let part = |path: &str, strip| VhostPrefix { path: path.parse().expect("a path"), app: docs.clone(), strip };
    app.names[0].leads = VhostLeads::App(vec![part("/docs", true), part("/raw", false)]);
    let [outside, inside] = render(&app);
    let location = |args: &[&str]| {
        let all = outside[0].all("location");
        all.into_iter().find(|location| location.args == args).expect("there").block.clone()
    };
    assert_eq!(all(&location(&["=", "/docs"]), "return"), ["301 /docs/$is_args$args"]);
    let below = location(&["^~", "/docs/"]);
    assert_eq!(all(&below, "proxy_pass"), [format!("http://{socket}:/")]);
    assert_eq!(all(&below, "proxy_redirect"), ["/ /docs/"]);
    assert_eq!(all(&below, "auth_basic"), ["docs"], "who may come is asked before");
    let raw = location(&["^~", "/raw/"]);
    assert_eq!(
        (all(&raw, "proxy_pass"), all(&raw, "proxy_redirect")),
        (vec![format!("http://{socket}:")], vec!["off".into()])
    );
    let server = inside.iter().find(|server| all(&server.block, "listen") == [socket.clone()]).expect("there");
    assert_eq!(all(&server.block, "access_log"), ["off"], "a request counts once");
    assert!(all(&server.block, "auth_basic").is_empty());
    assert_eq!(server.all("root")[0].args, [format!("/srv/homeport/sites/{docs}/current")]);
}

#[test]
fn maintenance_and_names_that_nobody_has() {
    let mut app = shop(Target::Site(SiteRules::default()));
    app.maintenance = Some(Some("Back at 9.".parse().expect("a text")));
    app.catch_all = true;
    let generation = Generation { number: 7, host: host(), panel: None, apps: vec![app] };
    let files = generation.render();
    let main = parse::parse(&files[0].text).expect("parses");
    assert_eq!(all(&main, "ssl_reject_handshake"), ["on"]);
    assert!(all(&main, "return").iter().all(|answer| answer != "444"));
    let read = parse::parse(&files[1].text).expect("parses");
    assert_eq!(read[1].all("listen")[0].args, ["0.0.0.0:80", "default_server"]);
    for server in &read {
        let answer = server.all("location").into_iter().find(|location| location.args == ["/"]).expect("there");
        let said = all(&answer.block, "return").concat();
        assert!(said.starts_with("503 ") && said.contains("Back at 9."), "{said}");
        assert_eq!(server.all("location")[0].args, ["^~", "/.well-known/acme-challenge/"]);
    }
}

#[test]
fn ports_beside_the_usual_ones() {
    let mut app = shop(behind(2));
    app.names[0].tls = Some(pair("a"));
    let ports: Vec<PortMap> = ["http:8081:5001", "https:8443:5000", "grpc:9000:5002", "http:80:5001"]
        .map(|text| text.parse().expect("a map"))
        .into();
    app.ports = lanes(&ports);
    assert_eq!(app.ports.iter().map(|port| port.lane).collect::<Vec<_>>(), [1, 2, 3, 1]);
    let generation = Generation { number: 7, host: host(), panel: None, apps: vec![app] };
    let files = generation.render();
    let main = parse::parse(&files[0].text).expect("parses");
    let defaults: Vec<String> =
        all(&main, "listen").into_iter().filter(|listen| listen.starts_with("0.0.0.0")).collect();
    assert_eq!(
        defaults,
        [
            "0.0.0.0:80 default_server",
            "0.0.0.0:443 ssl http2 default_server",
            "0.0.0.0:8081 default_server",
            "0.0.0.0:8443 ssl http2 default_server",
            "0.0.0.0:9000 http2 default_server",
        ]
    );
    let read = parse::parse(&files[1].text).expect("parses");
    let groups: Vec<(String, String)> = read
        .iter()
        .filter(|one| one.name == "upstream")
        .map(|one| (one.args[0].clone(), all(&one.block, "server").join(" ")))
        .collect();
    let id = AppId::new(1, 1);
    assert_eq!(
        groups,
        [
            (format!("app_{id}"), "10.98.0.3:80 10.98.0.3:81".into()),
            (format!("app_{id}_1"), "10.98.0.3:1080 10.98.0.3:1081".into()),
            (format!("app_{id}_2"), "10.98.0.3:2080 10.98.0.3:2081".into()),
            (format!("app_{id}_3"), "10.98.0.3:3080 10.98.0.3:3081".into()),
        ]
    );
    let at = |port: &str| {
        let server =
            read.iter().find(|one| one.all("listen").iter().any(|listen| listen.args[0] == format!("0.0.0.0:{port}")));
        let server = server.unwrap_or_else(|| panic!("nothing at {port}"));
        (
            server.all("server_name")[0].args.join(" "),
            [all(&server.block, "proxy_pass"), all(&server.block, "grpc_pass")].concat().concat(),
        )
    };
    assert_eq!(at("80"), ("example.com".into(), format!("http://app_{id}_1")));
    assert_eq!(at("8081"), ("shop.example.com example.com".into(), format!("http://app_{id}_1")));
    assert_eq!(at("8443"), ("shop.example.com".into(), format!("http://app_{id}_2")));
    assert_eq!(at("9000"), ("shop.example.com example.com".into(), format!("grpc://app_{id}_3")));
}

#[test]
fn brotli_and_http2_as_this_nginx_has_them() {
    let mut app = with(knobs(&[("brotli", "on"), ("http2", "off")]));
    app.names[0].tls = Some(pair("a"));
    let module: HostPath = "/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so".parse().expect("a path");
    let host = Host { brotli: Some(module.clone()), http2_by_server: true, ..host() };
    let files = Generation { number: 7, host, panel: None, apps: vec![app.clone()] }.render();
    assert_eq!(all(&parse::parse(&files[0].text).expect("parses"), "load_module"), [module.as_str()]);
    let read = parse::parse(&files[1].text).expect("parses");
    assert_eq!((all(&read, "brotli"), all(&read, "http2")), (vec!["on".into(), "on".into()], vec!["off".into()]));
    assert!(!text_of(app).contains("brotli"), "not where there is no module");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_is_accepted_is_one_configuration(
        body in "[0-9]{1,4}[km]?", rate in 0_u32..200, kept in 0_u16..20,
        header in "X-[A-Za-z]{1,8}: [ -~]{1,40}", page in "[ -~é\n]{1,60}", range in "[0-9]{1,3}\\.[0-9]{1,3}\\.0\\.0/[0-9]{1,2}",
        catch_all: bool, maintenance: bool, https: bool, count in 1_u16..4,
    ) {
        let mut form = knobs(&[]);
        form.knobs = [("body_size", body), ("rate_limit", rate.to_string()), ("upstream_keepalive", kept.to_string())]
            .map(|(key, typed)| (key.to_owned(), typed)).into();
        form.headers = header;
        form.error_pages = [("404".to_owned(), page.clone())].into();
        (form.allow, form.real_ip, form.ranges) = (range.clone(), "ranges".into(), range);
        let Ok(settings) = form.parse() else { return Ok(()) };
        let mut app = AppVhost { settings, catch_all, ..shop(behind(count)) };
        app.maintenance = maintenance.then(|| page.parse().ok());
        app.names[0].tls = https.then(|| pair("a"));
        let wanted = app.clone();
        let read = read(app);
        for name in FORBIDDEN.iter().chain(&["include"]) {
            prop_assert!(parse::find_all(&read, name).is_empty(), "{}", name);
        }
        let servers = 1 + usize::from(catch_all) + 2 * usize::from(https);
        prop_assert_eq!(read.iter().filter(|one| one.name == "server").count(), servers);
        for server in read.iter().filter(|one| one.name == "server" && !one.all("client_max_body_size").is_empty()) {
            let ranges: Vec<String> = wanted.settings.allow.iter().map(ToString::to_string).collect();
            prop_assert_eq!(all(&server.block, "set_real_ip_from"), ranges);
            let own = &wanted.settings.headers[0];
            let dollars = own.value().replace('$', "${homeport_dollar}");
            let line = format!("{} {dollars} always", own.name());
            prop_assert!(all(&server.block, "add_header").contains(&line));
        }
    }
}
