//! What a vhost does with visitors, asked through the real nginx.

use std::{net::SocketAddrV4, sync::atomic::Ordering};

use homeport_model::{
    deploy::SiteRules,
    domain::{
        Knob, ProxyForm, Redirect, RedirectScheme, RedirectStatus,
        vhost::{
            AppHost, AppVhost, Down, Generation, Target, TunnelHost, Upstream, VhostLeads, VhostPrefix, lanes, parse,
        },
    },
    prelude::*,
};
use homeport_server::drivers::nginx::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    https,
    support::{
        echo::Echo,
        namespace::{Ground, free_port},
        web::{Answer, get, raw},
    },
};

pub fn form(pairs: &[(&str, &str)]) -> ProxyForm {
    let knobs = pairs.iter().map(|(key, typed)| ((*key).to_owned(), (*typed).to_owned())).collect();
    ProxyForm { knobs, ..ProxyForm::default() }
}

/// A generation with one app that serves `target` with these settings.
pub fn with(ground: &Ground, number: u64, target: Target, form: &ProxyForm) -> Generation {
    let mut generation = ground.generation(number, target);
    generation.apps[0].settings = form.parse().unwrap_or_else(|problem| panic!("{problem}"));
    generation
}

pub async fn ask(ground: &Ground, host: &str, path: &str) -> Answer {
    get(ground.http_port, host, path).await.expect("an answer")
}

/// The first line that the app was asked with.
pub fn asked(answer: &Answer) -> &str {
    answer.body().lines().next().unwrap_or_default()
}

fn name(text: &str, leads: VhostLeads) -> AppHost {
    AppHost { name: text.parse().expect("a name"), tls: None, leads }
}

const CHALLENGE: &str = "/.well-known/acme-challenge/token";

fn plant_challenge(ground: &Ground) {
    ground.nginx.answer_challenge(&"token".parse().expect("a token"), "token.print").expect("planted");
}

#[tokio::test]
async fn redirects_wildcards_and_names_that_nobody_has() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    let mut generation = ground.generation(1, echo.target());
    let to = |host: &str, path: Option<&str>, status, scheme, ours| VhostLeads::Redirect {
        to: Redirect {
            scheme,
            host: host.parse().expect("a host"),
            path: path.map(|path| path.parse().expect("a path")),
            status,
        },
        ours,
    };
    let names = &mut generation.apps[0].names;
    names
        .push(name("www.example.com", to("shop.example.com", None, RedirectStatus::Moved, RedirectScheme::Same, true)));
    names.push(name(
        "old.example.com",
        to("else.example", Some("/x?y=1"), RedirectStatus::Permanent, RedirectScheme::Https, false),
    ));
    names.push(name("*.wild.example.com", VhostLeads::APP));
    ground.nginx.apply(&generation).await.expect("applied");
    plant_challenge(&ground);
    let location = |answer: &Answer| {
        let line = answer.text.lines().find_map(|line| line.strip_prefix("Location: "));
        (answer.status, line.unwrap_or_default().to_owned())
    };
    let answer = ask(&ground, "www.example.com", "/a%20b/c?d=%0d%0aX:1&e=2").await;
    assert_eq!(
        location(&answer),
        (301, format!("http://shop.example.com:{}/a%20b/c?d=%0d%0aX:1&e=2", ground.http_port))
    );
    let answer = ask(&ground, "old.example.com", "/a?b=c").await;
    assert_eq!(location(&answer), (308, "https://else.example/x?y=1".into()));
    assert_eq!(ask(&ground, "www.example.com", CHALLENGE).await.body(), "token.print");
    assert_eq!(asked(&ask(&ground, "a.wild.example.com", "/x").await), "GET /x HTTP/1.1");
    assert_eq!(ask(&ground, "nobody.example", "/").await.text, "", "no answer at all");

    generation.number = 2;
    generation.apps[0].catch_all = true;
    ground.nginx.apply(&generation).await.expect("applied");
    assert_eq!(asked(&ask(&ground, "nobody.example", "/y").await), "GET /y HTTP/1.1");
    assert_eq!(location(&ask(&ground, "www.example.com", "/").await).0, 301, "names that somebody has go first");
}

#[tokio::test]
async fn maintenance_answers_in_the_apps_place() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    let mut generation = ground.generation(1, echo.target());
    generation.apps[0].maintenance = Some(Some("Back at <nine>, $uri \"soon\"; }".parse().expect("a text")));
    ground.nginx.apply(&generation).await.expect("applied");
    plant_challenge(&ground);
    let answer = ask(&ground, "shop.example.com", "/any/path").await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.text.contains("Retry-After: 300")
            && answer.text.contains("Back at &lt;nine&gt;, &#36;uri &quot;soon&quot;; }"),
        "{}",
        answer.text
    );
    assert_eq!(ask(&ground, "shop.example.com", CHALLENGE).await.body(), "token.print");
    assert_eq!(echo.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn passwords_and_lists_keep_visitors_out_and_certificates_in() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    plant_challenge(&ground);
    let mut generation = ground.generation(1, echo.target());
    // "Hello world!", as the specification of SHA-crypt hashes it.
    let hash = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
    let text = Secret::new(format!("ada:{hash}\n"));
    generation.apps[0].passwords = Some(ground.nginx.ensure_passwords(&ground.app, "0123", &text).expect("written"));
    ground.nginx.apply(&generation).await.expect("applied");
    let with_header = async |header: &str| {
        raw(ground.http_port, &format!("GET / HTTP/1.1\r\nHost: shop.example.com\r\n{header}Connection: close\r\n\r\n"))
            .await
            .expect("an answer")
    };
    let none = with_header("").await;
    assert!(none.status == 401 && none.text.contains("WWW-Authenticate: Basic realm=\"shop\""), "{}", none.text);
    // ada:Hello world! and ada:hello world!
    assert_eq!(with_header("Authorization: Basic YWRhOkhlbGxvIHdvcmxkIQ==\r\n").await.status, 200);
    assert_eq!(with_header("Authorization: Basic YWRhOmhlbGxvIHdvcmxkIQ==\r\n").await.status, 401);
    assert_eq!(ask(&ground, "shop.example.com", CHALLENGE).await.body(), "token.print");
    for (number, allow, deny, status) in [
        (2, "", "127.0.0.1", 403),
        (3, "192.0.2.0/24", "", 403),
        (4, "127.0.0.0/8", "", 200),
        (5, "127.0.0.0/8", "127.0.0.1", 403),
        (6, "", "::1", 200),
    ] {
        let lists = ProxyForm { allow: allow.into(), deny: deny.into(), ..ProxyForm::default() };
        ground.nginx.apply(&with(&ground, number, echo.target(), &lists)).await.expect("applied");
        assert_eq!(ask(&ground, "shop.example.com", "/").await.status, status, "allow {allow:?}, deny {deny:?}");
        assert_eq!(ask(&ground, "shop.example.com", CHALLENGE).await.body(), "token.print");
    }
    // Who asks may be said by a proxy that is believed.
    let cdn = ProxyForm {
        real_ip: "ranges".into(),
        ranges: "127.0.0.1".into(),
        allow: "198.51.100.7".into(),
        ..ProxyForm::default()
    };
    ground.nginx.apply(&with(&ground, 7, echo.target(), &cdn)).await.expect("applied");
    assert_eq!(with_header("").await.status, 403);
    let from = with_header("X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\n").await;
    assert!(from.status == 200 && from.body().contains("X-Forwarded-For: 198.51.100.7\r\n"), "{}", from.text);
}

#[tokio::test]
async fn limits_headers_and_pages_of_ones_own() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    let mut typed = form(&[("rate_limit", "1"), ("rate_burst", "1"), ("body_size", "1k")]);
    typed.headers = "X-Frame-Options: DENY\nX-Odd: $uri \"{};".into();
    typed.error_pages =
        [("404".to_owned(), "Nothing, $uri.".to_owned()), ("502".to_owned(), "Asleep.".to_owned())].into();
    ground.nginx.apply(&with(&ground, 1, echo.target(), &typed)).await.expect("applied");
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(ask(&ground, "shop.example.com", "/").await.status);
    }
    assert!(statuses[..2] == [200, 200] && statuses[2..].contains(&429), "{statuses:?}");
    typed.knobs.remove("rate_limit");
    ground.nginx.apply(&with(&ground, 2, echo.target(), &typed)).await.expect("applied");
    let answer = ask(&ground, "shop.example.com", "/").await;
    assert!(
        answer.text.contains("X-Frame-Options: DENY\r\n") && answer.text.contains("X-Odd: $uri \"{};\r\n"),
        "{}",
        answer.text
    );
    let said = |name: &str| answer.text.lines().filter(|line| line.starts_with(&format!("{name}:"))).count();
    assert_eq!((said("X-Frame-Options"), said("Access-Control-Allow-Origin")), (1, 1), "ours is in the place of its");
    let missing = ask(&ground, "shop.example.com", "/missing").await;
    assert!(
        missing.status == 404
            && missing.text.contains("Nothing, &#36;uri.")
            && missing.text.contains("X-Frame-Options"),
        "{}",
        missing.text
    );
    let body = "x".repeat(2_000);
    let big =
        format!("POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n{body}");
    assert_eq!(raw(ground.http_port, &big).await.expect("an answer").status, 413);
    let nobody = Target::Proxied(Upstream::Direct(vec![SocketAddrV4::new([127, 0, 0, 1].into(), free_port().get())]));
    ground.nginx.apply(&with(&ground, 3, nobody, &typed)).await.expect("applied");
    let down = ask(&ground, "shop.example.com", "/").await;
    assert!(down.status == 502 && down.text.contains("Asleep."), "{}", down.text);
    ground.nginx.apply(&with(&ground, 4, Target::Down(Down::Stopped), &typed)).await.expect("applied");
    let stopped = ask(&ground, "shop.example.com", "/").await;
    assert!(stopped.status == 502 && stopped.text.contains("Asleep."), "{}", stopped.text);
    // With a page of one's own for anything, the app's own 502 is replaced: that is no word about whether it runs.
    typed.error_pages.remove("502");
    ground.nginx.apply(&with(&ground, 5, echo.target(), &typed)).await.expect("applied");
    let broken = ask(&ground, "shop.example.com", "/broken").await;
    assert!(broken.status == 502 && broken.text.contains("does not work right now"), "{}", broken.text);
    ground.nginx.apply(&with(&ground, 6, echo.target(), &form(&[]))).await.expect("applied");
    let own = ask(&ground, "shop.example.com", "/broken").await;
    assert!(own.status == 502 && own.body().starts_with("GET /broken"), "{}", own.text);
}

#[tokio::test]
async fn connections_to_the_app_are_kept_where_somebody_wants_it() {
    let (ground, echo) = (Ground::new(), Echo::start().await);
    for (number, kept, connections) in [(1, "0", 4), (2, "1", 1)] {
        let before = echo.connections.load(Ordering::Relaxed);
        let mut generation = with(&ground, number, echo.target(), &form(&[("upstream_keepalive", kept)]));
        generation.host.addresses = vec![std::net::Ipv4Addr::LOCALHOST.into()];
        ground.nginx.apply(&generation).await.expect("applied");
        // One visitor's connection is one worker's.
        let mut stream =
            tokio::net::TcpStream::connect(("127.0.0.1", ground.http_port.get())).await.expect("connected");
        for number in 0..4 {
            let last = if number == 3 { "close" } else { "keep-alive" };
            let request = format!("GET /{number} HTTP/1.1\r\nHost: shop.example.com\r\nConnection: {last}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("asked");
            let mut told = String::new();
            while !told.contains(&format!("GET /{number} ")) {
                let mut buffer = [0; 4_096];
                let count = stream.read(&mut buffer).await.expect("an answer");
                assert_ne!(count, 0, "{told}");
                told += &String::from_utf8_lossy(&buffer[..count]);
            }
            assert!(kept == "0" || !told.contains("Connection: close\r\nX-Real"), "{told}");
        }
        assert_eq!(echo.connections.load(Ordering::Relaxed) - before, connections, "{kept} kept");
    }
}

#[tokio::test]
async fn grpc_reaches_its_port_over_plain_http2() {
    use http_body_util::{BodyExt, Empty, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let ground = Ground::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let inner = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let answer = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                    let said = format!(
                        "{:?} {} {:?}",
                        request.version(),
                        request.uri().path(),
                        request.headers().get("x-forwarded-for")
                    );
                    Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(bytes_of(said))))
                });
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    let outer = free_port();
    let mut generation =
        ground.generation(1, Target::Proxied(Upstream::Direct(vec![SocketAddrV4::new([127, 0, 0, 1].into(), 1)])));
    generation.apps[0].ports = lanes(&[format!("grpc:{outer}:{inner}").parse().expect("a map")]);
    ground.nginx.apply(&generation).await.expect("applied");
    let ask = async |host: &str| {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", outer.get())).await.expect("connected");
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
        tokio::spawn(connection);
        let request = http::Request::post(format!("http://{host}/pkg.Service/Call")).header("te", "trailers");
        let answer =
            sender.send_request(request.body(Empty::<axum::body::Bytes>::new()).expect("a request")).await.ok()?;
        Some(String::from_utf8_lossy(&answer.into_body().collect().await.ok()?.to_bytes()).into_owned())
    };
    let said = ask("shop.example.com").await.expect("an answer");
    assert_eq!(said, "HTTP/2.0 /pkg.Service/Call Some(\"127.0.0.1\")");
    assert_eq!(ask("nobody.example").await, None, "unknown names get nothing at this port either");
}

fn bytes_of(text: String) -> axum::body::Bytes {
    axum::body::Bytes::from(text)
}

#[tokio::test]
async fn a_thousand_accepted_inputs_are_one_configuration() {
    let ground = Ground::new();
    let mut state = 11_u32;
    let mut random = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let (pair, _) = https::certificate(&ground, "example.com", 1);
    let odd: Vec<char> = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~azAZ09é".chars().collect();
    let mut apps = Vec::new();
    let mut tries = 0_u32;
    while apps.len() < 1_000 {
        tries += 1;
        let mut text =
            |length: u32| (0..1 + random(length)).map(|_| odd[random(odd.len() as u32) as usize]).collect::<String>();
        let (header, page, other) = (text(40), text(60), text(20));
        let mut typed = ProxyForm {
            headers: format!("X-A: {header}"),
            error_pages: [("404".to_owned(), page.clone()), ("503".to_owned(), other)].into(),
            ..ProxyForm::default()
        };
        for knob in Knob::ALL {
            if random(3) == 0 {
                let (least, most) = knob.bounds();
                let value = least + u64::from(random(1 << 20)) % (most - least + 1).min(4_000);
                let on_off = if value == 0 { "off" } else { "on" };
                let switch = knob.kind() == homeport_model::domain::KnobKind::Switch;
                typed.knobs.insert(knob.key().to_owned(), if switch { on_off.into() } else { value.to_string() });
            }
        }
        if random(4) == 0 {
            (typed.real_ip, typed.ranges) =
                ("ranges".into(), format!("10.{}.0.0/{}\n2001:db8::/{}", random(256), random(33), random(129)));
            typed.allow = typed.ranges.clone();
        }
        let Ok(settings) = typed.parse() else { continue };
        let index = apps.len() as u32;
        let hosts = vec![
            format!("h{index}.example.com").parse().expect("a host"),
            format!("g{index}.example.com").parse().expect("a host"),
        ];
        let target = match random(3) {
            0 => Target::Site(SiteRules::default()),
            1 => Target::Down(Down::Stopped),
            _ => Target::Proxied(Upstream::Direct(vec![
                SocketAddrV4::new([127, 0, 0, 1].into(), 9);
                1 + random(3) as usize
            ])),
        };
        let mut app =
            AppVhost::new(AppId::new(9, index), format!("app-{index}").parse().expect("a name"), hosts, target);
        app.settings = settings;
        app.catch_all = index == 500;
        app.maintenance = (random(6) == 0).then(|| page.parse().ok());
        app.names[0].tls = (random(2) == 0).then(|| pair.clone());
        if random(4) == 0 {
            let to = Redirect {
                path: format!("/p{}?a=%20&b", random(9)).parse().ok(),
                ..Redirect::to("example.com".parse().expect("a host"))
            };
            app.names.push(name(&format!("*.r{index}.example.com"), VhostLeads::Redirect { to, ours: random(2) == 0 }));
        }
        if random(4) == 0 && index > 0 {
            let part = VhostPrefix {
                path: format!("/v{}", random(99)).parse().expect("a path"),
                app: AppId::new(9, random(index)),
                strip: random(2) == 0,
            };
            app.names[1].leads = VhostLeads::App(vec![part]);
        }
        if random(3) == 0 {
            let leads = app.names[random(2) as usize].leads.clone();
            let below = if random(4) == 0 { "*." } else { "" };
            let name = format!("{below}t{index}.example.com").parse().expect("a name");
            app.by_tunnel.push(TunnelHost { name, leads });
        }
        apps.push(app);
    }
    assert!(tries < 20_000, "{tries} tries: hardly anything is accepted");
    let mut generation = Generation { apps, ..ground.generation(1, Target::Down(Down::Stopped)) };
    generation.host.https_port = Some(free_port());
    generation.host.tunnel_port = Some(free_port());
    ground.nginx.apply(&generation).await.unwrap_or_else(|error: Error| panic!("{error}"));
    let files = ground.nginx.files().expect("read");
    for app in &generation.apps {
        let (_, text) = files.iter().find(|(file, _)| *file == format!("app-{}.conf", app.name)).expect("its file");
        let read = parse::parse(text).expect("parses");
        let names: std::collections::BTreeSet<String> = parse::find_all(&read, "server_name")
            .iter()
            .flat_map(|one| one.args.clone())
            .filter(|name| name != "_")
            .collect();
        let all = app.names.iter().map(|name| &name.name).chain(app.by_tunnel.iter().map(|name| &name.name));
        let wanted: std::collections::BTreeSet<String> = all.map(ToString::to_string).collect();
        assert_eq!(names, wanted);
        let sizes: Vec<&str> =
            parse::find_all(&read, "client_max_body_size").iter().map(|one| one.args[0].as_str()).collect();
        assert!(sizes.contains(&app.settings.get(Knob::BodySize).to_string().as_str()));
    }
}
