//! Our nginx against the real one.

use std::time::Duration;

use homeport_model::{
    deploy::SiteRules,
    domain::Knob,
    domain::vhost::{AppVhost, Down, Generation, HostPath, Panel, PanelName, PanelUpstream, Target, VhostName, parse},
    prelude::*,
};
use homeport_server::drivers::nginx::{Ensured, Error};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::sleep,
};

use crate::support::{
    namespace::{Ground, free_port, release},
    web::{get, raw},
};

fn down() -> Target {
    Target::Down(Down::NotDeployed)
}

#[tokio::test]
async fn a_generation_answers_for_itself() {
    let ground = Ground::new();
    assert_eq!(ground.nginx.current().expect("looked"), None);
    assert_eq!(ground.nginx.ensure_running().await.expect("ensured"), Ensured::NothingToServe);
    for number in 1..=8 {
        assert_eq!(ground.nginx.next_number().expect("a number"), number);
        ground.nginx.apply(&ground.generation(number, down())).await.expect("applied");
        assert_eq!(ground.nginx.answering().await, Some(number));
    }
    assert_eq!(ground.nginx.current().expect("looked"), Some(8));
    let kept = std::fs::read_dir(ground.state().join("nginx/generations")).expect("a folder").count();
    assert_eq!(kept, 5);
    let answer = get(ground.http_port, "shop.example.com", "/").await.expect("an answer");
    assert_eq!(answer.status, 502);
    assert!(
        answer.text.contains("shop is not running") && answer.text.contains("not been deployed"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("Content-Type: text/html"), "{}", answer.text);
    let again = ground.nginx.apply(&ground.generation(8, down())).await;
    assert!(matches!(again, Err(Error::NumberTaken { number: 8 })), "{again:?}");
}

#[tokio::test]
async fn unknown_names_get_nothing() {
    let ground = Ground::new();
    ground.nginx.apply(&ground.generation(1, down())).await.expect("applied");
    for host in ["other.example.com", "127.0.0.1", "", "shop.example.com.evil.example"] {
        let answer = get(ground.http_port, host, "/").await.expect("closed");
        assert!(answer.text.is_empty() || answer.status == 400, "{host}: {answer:?}");
    }
    let answer = raw(ground.http_port, "GET / HTTP/1.0\r\n\r\n").await.expect("closed");
    assert_eq!(answer.text, "");
}

#[tokio::test]
async fn a_bad_app_is_refused_and_the_generation_before_serves() {
    let ground = Ground::new();
    ground.nginx.apply(&ground.generation(1, down())).await.expect("applied");
    let mut bad = ground.generation(2, down());
    let missing = |name: &str| -> HostPath { format!("/nowhere/{name}").parse().expect("a path") };
    bad.host.https_port = Some(free_port());
    bad.apps[0].names[0].tls =
        Some(homeport_model::domain::vhost::CertificatePair { certificate: missing("c"), key: missing("k") });
    let refused = ground.nginx.apply(&bad).await;
    let Err(Error::Rejected { app, message, .. }) = &refused else { panic!("{refused:?}") };
    assert!(message.contains("/nowhere/c"), "{message}");
    assert_eq!(app.as_ref().map(|app| app.as_str()), Some("shop"), "nginx does not name it, Homeport does");
    assert_eq!((ground.nginx.current().expect("looked"), ground.nginx.answering().await), (Some(1), Some(1)));
    assert!(!ground.state().join("nginx/generations/2").exists());
    ground.nginx.apply(&ground.generation(2, down())).await.expect("the number is free again");
}

#[tokio::test]
async fn a_generation_that_does_not_load_is_swapped_back() {
    let ground = Ground::new();
    ground.nginx.apply(&ground.generation(1, down())).await.expect("applied");
    // `nginx -t` does not mind a port that somebody else has; the running master does.
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = holder.local_addr().expect("an address").port();
    let mut next = ground.generation(2, down());
    next.host.http_port = taken.try_into().expect("a port");
    let refused = ground.nginx.apply(&next).await;
    let Err(Error::PortTaken { port, holder: Some(found) }) = &refused else { panic!("{refused:?}") };
    assert_eq!((*port, found.pid), (taken, std::process::id()));
    assert_eq!((ground.nginx.current().expect("looked"), ground.nginx.answering().await), (Some(1), Some(1)));
    assert_eq!(get(ground.http_port, "shop.example.com", "/").await.expect("an answer").status, 502);
    drop(holder);
    ground.nginx.apply(&ground.generation(3, down())).await.expect("applied");
}

#[tokio::test]
async fn a_taken_port_at_the_first_start_names_who_has_it() {
    let ground = Ground::new();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut first = ground.generation(1, down());
    first.host.http_port = holder.local_addr().expect("an address").port().try_into().expect("a port");
    let refused = ground.nginx.apply(&first).await;
    assert!(matches!(refused, Err(Error::PortTaken { holder: Some(_), .. })), "{refused:?}");
    assert_eq!((ground.nginx.current().expect("looked"), ground.nginx.running()), (None, None));
}

#[tokio::test]
async fn killed_it_comes_back_and_its_orphans_go() {
    let ground = Ground::new();
    ground.nginx.apply(&ground.generation(1, down())).await.expect("applied");
    assert_eq!(ground.nginx.ensure_running().await.expect("ensured"), Ensured::Ran);
    let master = ground.nginx.running().expect("a master");
    let pid = rustix::process::Pid::from_raw(i32::try_from(master).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
    while ground.nginx.running().is_some() {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ground.nginx.ensure_running().await.expect("ensured"), Ensured::Started);
    assert_eq!(ground.nginx.answering().await, Some(1));
    assert_ne!(ground.nginx.running(), Some(master));
    assert_eq!(get(ground.http_port, "shop.example.com", "/").await.expect("an answer").status, 502);
    ground.nginx.apply(&ground.generation(2, down())).await.expect("and reloads");
    ground.nginx.stop().await.expect("stopped");
    assert!(get(ground.http_port, "shop.example.com", "/").await.is_err());
    ground.nginx.stop().await.expect("again");
}

#[tokio::test]
async fn a_site_is_served_and_swapped() {
    let ground = Ground::new();
    let fill = |number: u32, text: &str| {
        use std::io::Write;
        let sites = ground.nginx.sites();
        let folder = sites.begin(&ground.app, &release(number)).expect("a folder");
        let write = |name: &str, text: &str| {
            folder.create_file(name, 0o644).expect("a file").write_all(text.as_bytes()).expect("written");
        };
        write("index.html", text);
        write(".env", "SECRET=1");
        write("404.html", "nothing here");
        folder.create_folder("sub", 0o755).expect("a folder");
        folder.create_folder(".well-known", 0o755).expect("a folder");
        write("sub/index.html", "sub");
        write(".well-known/x", "known");
        folder.swap_link("evil", "/etc/passwd").expect("a link");
        folder.set_mode(".", 0o755).expect("open");
        sites.finish(&ground.app, &release(number)).expect("finished");
        sites.finish(&ground.app, &release(number)).expect("again");
    };
    fill(1, "one");
    let sites = ground.nginx.sites();
    assert_eq!(sites.live(&ground.app).expect("looked"), None);
    assert!(sites.switch(&ground.app, &release(9)).is_err());
    sites.switch(&ground.app, &release(1)).expect("switched");
    ground.nginx.apply(&ground.generation(1, Target::Site(SiteRules::default()))).await.expect("applied");
    let ask = async |path: &str| get(ground.http_port, "shop.example.com", path).await.expect("an answer");
    let page = ask("/").await;
    assert_eq!((page.status, page.body()), (200, "one"), "{page:?}");
    assert_eq!(ask("/sub/").await.body(), "sub");
    assert!(ask("/sub").await.text.contains("Location: /sub/"));
    let missing = ask("/nope").await;
    assert_eq!((missing.status, missing.body()), (404, "nothing here"));
    for hidden in ["/.env", "/sub/../.env", "/%2eenv", "/.git/config"] {
        assert_eq!(ask(hidden).await.status, 404, "{hidden}");
    }
    assert_eq!(ask("/.well-known/x").await.body(), "known");
    assert_eq!(ask("/evil").await.status, 404, "no link is followed");
    for out in ["/../../nginx/nginx.pid", "/..%2f..%2fnginx/nginx.pid", "/%2e%2e/x"] {
        assert!(ask(out).await.status >= 400, "{out}");
    }
    fill(2, "two");
    sites.switch(&ground.app, &release(2)).expect("switched");
    assert_eq!(ask("/").await.body(), "two");
    assert_eq!(sites.live(&ground.app).expect("looked"), Some(release(2)));
    assert_eq!(sites.releases(&ground.app).expect("listed"), [release(1), release(2)]);
    sites.remove(&ground.app, &release(1)).expect("removed");
    assert_eq!(sites.releases(&ground.app).expect("listed"), [release(2)]);
    assert_eq!(sites.apps().expect("listed"), std::slice::from_ref(&ground.app));
    sites.remove_app(&ground.app).expect("removed");
    assert_eq!(ask("/").await.status, 404);
}

/// A listener that answers every request with what it was asked.
async fn echo(listener: tokio::net::UnixListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            let count = stream.read(&mut buffer).await.unwrap_or(0);
            let body = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes()).await;
        });
    }
}

#[tokio::test]
async fn the_panel_is_told_who_asks_and_nothing_that_they_claim() {
    let ground = Ground::new();
    let folder = ground.state().join("run");
    std::fs::create_dir(&folder).expect("a folder");
    let socket = folder.join("panel.sock");
    let panel = Panel {
        names: vec![
            PanelName::Name(VhostName { name: "panel.example.com".parse().expect("a host"), tls: None }),
            PanelName::Localhost,
            PanelName::AnyAddress,
        ],
        by_tunnel: Vec::new(),
        upstream: PanelUpstream::Socket(socket.to_string_lossy().into_owned().try_into().expect("a path")),
    };
    let mut generation = ground.generation(1, down());
    generation.panel = Some(panel);
    ground.nginx.apply(&generation).await.expect("applied");
    // The panel is down: nginx says that the sites keep running.
    let answer = get(ground.http_port, "panel.example.com", "/").await.expect("an answer");
    assert!(answer.status == 502 && answer.text.contains("sites keep running"), "{}", answer.text);
    let server = tokio::spawn(echo(tokio::net::UnixListener::bind(&socket).expect("a socket")));
    std::fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("open");
    let upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", ground.http_port.get())).await.expect("connected");
    stream.write_all(upgrade.as_bytes()).await.expect("asked");
    let mut told = String::new();
    while !told.contains("Connection: upgrade") {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.expect("an answer");
        assert_ne!(count, 0, "{told}");
        told += &String::from_utf8_lossy(&buffer[..count]);
    }
    assert!(told.contains("Upgrade: websocket\r\n") && told.contains("Connection: upgrade\r\n"), "{told}");
    let request = "GET /x?token=secret HTTP/1.1\r\nHost: panel.example.com\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\
                   X-Forwarded-Host: evil.example\r\nForwarded: for=6.6.6.6\r\nProxy: http://evil\r\nConnection: close\r\n\r\n";
    let answer = raw(ground.http_port, request).await.expect("an answer");
    let told = answer.body();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(told.contains("X-Real-IP: 127.0.0.1\r\n") && told.contains("X-Forwarded-For: 127.0.0.1\r\n"), "{told}");
    assert!(told.contains(&format!("Host: panel.example.com:{}\r\n", ground.http_port)), "{told}");
    assert!(!told.contains("6.6.6.6") && !told.contains("evil"), "{told}");
    let log = std::fs::read_to_string(ground.state().join("nginx/logs/access.log")).expect("a log");
    assert!(log.contains("\"path\":\"/x\"") && !log.contains("secret"), "{log}");
    for address in ["127.0.0.1", "203.0.113.7:8080", "[2001:db8::1]", "[::1]:8080"] {
        let answer = get(ground.http_port, address, "/").await.expect("an answer");
        assert_eq!(answer.status, 200, "{address}: the panel says what to do instead");
    }
    for other in ["1.2.3.4.evil.example", "evil.example", "[::1", "a1.2.3.4"] {
        let answer = get(ground.http_port, other, "/").await.expect("closed");
        assert!(answer.text.is_empty() || answer.status == 400, "{other}: {answer:?}");
    }
    server.abort();
}

#[tokio::test]
async fn a_change_by_hand_is_found() {
    let ground = Ground::new();
    let generation = ground.generation(1, down());
    ground.nginx.apply(&generation).await.expect("applied");
    assert_eq!(ground.nginx.drift(&generation).expect("looked"), []);
    let file = ground.state().join("nginx/current/app-shop.conf");
    let text = std::fs::read_to_string(&file).expect("a text") + "# mine\n";
    std::fs::write(&file, &text).expect("written");
    let drift = ground.nginx.drift(&generation).expect("looked");
    assert_eq!((drift.len(), drift[0].file.as_str(), drift[0].found.as_ref()), (1, "app-shop.conf", Some(&text)));
    let files = ground.nginx.files().expect("read");
    assert_eq!(files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["app-shop.conf", "nginx.conf"]);
}

#[tokio::test]
async fn logs_are_rotated_while_it_serves() {
    let ground = Ground::new();
    ground.nginx.apply(&ground.generation(1, down())).await.expect("applied");
    get(ground.http_port, "shop.example.com", "/before").await.expect("an answer");
    sleep(Duration::from_millis(100)).await;
    let logs = ground.state().join("nginx/logs");
    let name = format!("app-{}.log", ground.app);
    std::fs::write(logs.join("error.log"), "a warning\n").expect("written");
    ground.nginx.rotate_logs(u64::MAX, &[]).expect("nothing is too large");
    assert!(!logs.join("error.log.1").exists() && !logs.join(format!("{name}.1")).exists());
    ground.nginx.rotate_logs(1, std::slice::from_ref(&ground.app)).expect("rotated");
    for _ in 0..100 {
        if logs.join(&name).exists() && logs.join("error.log").exists() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    get(ground.http_port, "shop.example.com", "/after").await.expect("an answer");
    // Lines are written after a second at most, or as a log is opened anew.
    sleep(Duration::from_millis(1_100)).await;
    assert!(std::fs::read_to_string(logs.join(format!("{name}.1"))).expect("the old").contains("/before"));
    assert!(std::fs::read_to_string(logs.join(&name)).expect("the new").contains("/after"));
    assert!(std::fs::read_to_string(logs.join("error.log.1")).expect("the old").contains("a warning"));
    assert!(!logs.join("access.log.1").exists(), "nobody asked for what is no app's");
    assert_eq!(ground.nginx.logged_apps().expect("listed"), std::slice::from_ref(&ground.app));
    ground.nginx.remove_logs(&ground.app).expect("removed");
    assert!(ground.nginx.logged_apps().expect("listed").is_empty());
}

#[tokio::test]
async fn many_apps_are_accepted_by_nginx_as_rendered() {
    let ground = Ground::new();
    let (_, range) = ground.ready().await;
    let mut state = 7u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut apps = Vec::new();
    for index in 0..300u32 {
        let label = |n: u32| format!("{}{:x}", if n.is_multiple_of(3) { "x-" } else { "" }, n);
        let deep = (0..random() % 6).map(|i| label(index + i)).collect::<Vec<_>>().join(".");
        let host = format!("{deep}{}a{index}.example{}", if deep.is_empty() { "" } else { "." }, random() % 9);
        let long = format!("{}.b{index}.test", ["z"; 60].concat());
        let mut hosts: Vec<HostName> = vec![host.parse().expect("a host")];
        if index % 5 == 0 {
            hosts.push(long.parse().expect("a host"));
        }
        let target = match random() % 3 {
            0 => Target::Site(SiteRules::default()),
            1 => Target::Down(Down::Stopped),
            _ => ground.behind(range.free_address(&[]).expect("an address")),
        };
        let mut app =
            AppVhost::new(AppId::new(9, index), format!("app-{index}").parse().expect("a name"), hosts, target);
        let body = 1_024 + (u64::from(random()) << (random() % 10));
        app.settings.knobs.set(Knob::BodySize, &body.to_string()).expect("within its bounds");
        app.settings.knobs.set(Knob::ReadTimeout, &(1 + random() % 60_000).to_string()).expect("within its bounds");
        apps.push(app);
    }
    let mut generation = Generation { apps, ..ground.generation(1, down()) };
    generation.host.https_port = Some(free_port());
    ground.nginx.apply(&generation).await.expect("applied");
    assert_eq!(ground.nginx.answering().await, Some(1));
    let (_, text) =
        ground.nginx.files().expect("read").into_iter().find(|(name, _)| name == "app-app-7.conf").expect("a file");
    assert_eq!(parse::parse(&text).expect("parses").len(), 1);
}
