//! Static sites through the real nginx: `_redirects`, `_headers`, the 404 page, apps in the browser.

use std::os::unix::fs::PermissionsExt;

use homeport_model::{
    build::{headers_file, redirects_file},
    deploy::{SiteRules, proof::Method},
    domain::{
        PasswordForm, PrefixForm,
        vhost::{AppVhost, Target},
    },
    id::AppId,
    name::AppName,
};

use crate::support::{
    git_server::{GitServer, Repository},
    namespace::Ground,
    running::{Running, problem, succeeded},
    web::{Answer, get},
};

async fn site(panel: &Running, git: &GitServer, fill: impl FnOnce(&Repository), spa: bool) -> (AppName, Repository) {
    let repository = git.repository("site");
    repository.write("index.html", "home");
    fill(&repository);
    repository.push("first");
    let mut form = panel.form("site");
    (form.kind, form.repo) = ("static".into(), git.url("site").to_string());
    form.spa = if spa { "on".into() } else { String::new() };
    let app = panel.create(form).await;
    (app, repository)
}

async fn ask(panel: &Running, path: &str) -> Answer {
    get(panel.ground.http_port, "site.apps.localhost", path).await.expect("an answer")
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let head = answer.text.split("\r\n\r\n").next().unwrap_or_default();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

const REDIRECTS: &str = "\
/old /new 302
/old.html https://new.example.com/page
/blog/* /news/:splat
/u/:id/posts/:post /post/:post?by=:id 307
/files/* /:splat 308
/app/* /app/index.html 200
/print/:page /pages/:page 200
/kept /gone
/taken /elsewhere 303!
/tilde~(x)$ /b$uri
/esc%20ape/* /plain/:splat
/sub /away
/empty/x /home 200
/raw/* /:splat 200
/.env /leak
";

const HEADERS: &str = "\
/*
  X-Frame-Options: DENY
  X-Odd: $uri \"; {} #
/assets/*
  Cache-Control: public, max-age=31536000, immutable
  Access-Control-Allow-Origin: *
/*.txt
  X-Text: yes
";

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_repository_are_followed() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let fill = |repository: &Repository| {
        repository.write("_redirects", REDIRECTS).write("_headers", HEADERS);
        repository.write("404.html", "nothing here").write("app/index.html", "the app");
        repository.write("pages/a.html", "page a").write("kept", "kept").write("taken", "taken");
        repository.write("sub/index.html", "sub").write("empty/file", "x").write("home.html", "home page");
        repository.write("assets/a.css", &"a{}".repeat(1_000)).write("read.txt", "text").write(".env", "SECRET");
    };
    let (app, _) = site(&panel, &git, fill, false).await;
    let detail = panel.deploy(&app).await;
    succeeded(&detail);
    let log = panel.log(&app, 1).await;
    assert!(log.contains("Warning: _redirects, line 15, column 1: hidden files are never served"), "{log}");

    for (path, status, location) in [
        ("/old", 302, "/new"),
        ("/old/", 302, "/new"),
        ("/old?a=b%0d&c", 302, "/new?a=b%0d&c"),
        ("/old.html", 301, "https://new.example.com/page"),
        ("/blog/2024/a%20b%3Fc?x=1", 301, "/news/2024/a%20b%3Fc?x=1"),
        ("/blog", 301, "/news/"),
        ("/blog/", 301, "/news/"),
        ("/%62log/caf%C3%A9", 301, "/news/caf%C3%A9"),
        ("/u/7/posts/9", 307, "/post/9?by=7"),
        ("/files/a/b", 308, "/a/b"),
        ("/taken", 303, "/elsewhere"),
        ("/tilde~(x)$", 301, "/b%24uri"),
        ("/esc%20ape/x", 301, "/plain/x"),
        // Neither a line end nor another site's address gets through.
        ("/blog/%0d%0aSet-Cookie:%20a=b", 301, "/news/%0d%0aSet-Cookie:%20a=b"),
        ("/files//evil.example/x", 308, "/evil.example/x"),
        ("//files/evil.example", 308, "/evil.example"),
        ("/files/\\evil.example", 308, "/"),
        ("/files/%5cevil.example", 308, "/%5cevil.example"),
        ("/files/x/..//evil.example", 308, "/x/..//evil.example"),
        ("/files", 308, "/"),
    ] {
        let answer = ask(&panel, path).await;
        assert_eq!((answer.status, header(&answer, "Location")), (status, Some(location)), "{path}: {}", answer.text);
        assert_eq!(header(&answer, "Set-Cookie"), None, "{path}");
    }
    for (path, status, body) in [
        ("/", 200, "home"),
        ("/app/any/where", 200, "the app"),
        ("/app", 301, ""),
        ("/app/", 200, "the app"),
        ("/print/a", 200, "page a"),
        ("/print/zz", 404, "nothing here"),
        ("/kept", 200, "kept"),
        ("/sub/", 200, "sub"),
        ("/empty/", 404, "nothing here"),
        ("/empty/x", 200, "home page"),
        ("/raw/read.txt", 200, "text"),
        ("/raw/_redirects", 404, "nothing here"),
        ("/raw/.env", 404, "nothing here"),
        ("/raw/%2eenv", 404, "nothing here"),
        ("/raw/../.env", 404, "nothing here"),
        ("/OLD", 404, "nothing here"),
        ("/.env", 404, "nothing here"),
        ("/_redirects", 404, "nothing here"),
        ("/_headers", 404, "nothing here"),
        ("/404.html", 404, "nothing here"),
        ("/nope", 404, "nothing here"),
    ] {
        let answer = ask(&panel, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(status == 301 || answer.body() == body, "{path}: {}", answer.text);
    }
    for (path, name, value) in [
        ("/", "X-Frame-Options", Some("DENY")),
        ("/nope", "X-Frame-Options", Some("DENY")),
        ("/", "X-Odd", Some("$uri \"; {} #")),
        ("/", "X-Text", None),
        ("/read.txt", "X-Text", Some("yes")),
        ("/%72ead.txt", "X-Text", Some("yes")),
        ("/", "Cache-Control", Some("public, max-age=0, must-revalidate")),
        ("/assets/a.css", "Cache-Control", Some("public, max-age=31536000, immutable")),
        ("/assets/a.css", "Access-Control-Allow-Origin", Some("*")),
    ] {
        let answer = ask(&panel, path).await;
        assert_eq!(header(&answer, name), value, "{path}: {}", answer.text);
    }
    let answer = ask(&panel, "/assets/a.css").await;
    assert_eq!(answer.text.matches("Cache-Control").count(), 1, "{}", answer.text);
    assert!(header(&answer, "ETag").is_some() && header(&answer, "Last-Modified").is_some(), "{}", answer.text);
    let zipped =
        "GET /assets/a.css HTTP/1.1\r\nHost: site.apps.localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    let zipped = crate::support::web::raw(panel.ground.http_port, zipped).await.expect("an answer");
    assert_eq!(header(&zipped, "Content-Encoding"), Some("gzip"), "{}", zipped.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_in_the_browser_answers_everywhere() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let fill = |repository: &Repository| {
        repository.write("main.js", "code").write("e/f", "");
    };
    let (app, _) = site(&panel, &git, fill, true).await;
    succeeded(&panel.deploy(&app).await);
    for (path, body) in [("/", "home"), ("/users/7", "home"), ("/main.js", "code"), ("/e/", "home"), ("/a.b?c", "home")]
    {
        let answer = ask(&panel, path).await;
        assert_eq!((answer.status, answer.body()), (200, body), "{path}: {}", answer.text);
    }
    assert_eq!(ask(&panel, "/.git/config").await.status, 404, "hidden files are not the app's");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rules_come_with_their_release_and_go_with_it() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let (app, repository) = site(&panel, &git, |_| {}, false).await;
    succeeded(&panel.deploy(&app).await);
    repository.write("index.html", "two").push("no rules");
    let same = panel.deploy(&app).await;
    assert_eq!(same.proof.expect("a proof").method, Some(Method::Link), "files alone need no new configuration");
    repository.write("_redirects", "/a /b").push("a rule");
    let ruled = panel.deploy(&app).await;
    succeeded(&ruled);
    assert_eq!(ruled.proof.expect("a proof").method, Some(Method::Reload));
    assert_eq!(ask(&panel, "/a").await.status, 301);

    repository.write("_redirects", "/a /b\n/c").push("a mistake");
    let refused = panel.deploy(&app).await;
    assert_eq!(problem(&refused).field.as_deref(), Some("_redirects"));
    assert!(problem(&refused).title.starts_with("_redirects, line 2, column 1: "), "{:?}", problem(&refused));
    assert_eq!(ask(&panel, "/a").await.status, 301, "the release before serves on");

    let back = panel.backend.deploys.roll_back(&panel.actor, &app, 2).await.expect("queued");
    succeeded(&panel.ended(&app, back).await);
    assert_eq!(ask(&panel, "/a").await.status, 404);
    let panel = panel.restart().await;
    let again = panel.backend.deploys.roll_back(&panel.actor, &app, 3).await.expect("queued");
    succeeded(&panel.ended(&app, again).await);
    assert_eq!(ask(&panel, "/a").await.status, 301);
}

#[tokio::test]
async fn a_thousand_odd_rules_are_accepted_by_nginx() {
    let ground = Ground::new();
    let mut state = 11u32;
    let mut random = move |most: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % most
    };
    let odd: Vec<char> = "ab9-_.~!$&'()+,;=@\"<>[]^`{|}é?#%*: ".chars().collect();
    let mut apps = Vec::new();
    let (mut redirects, mut headers) = (0, 0);
    for index in 0..100 {
        let mut word = || (0..=random(6)).map(|_| odd[random(odd.len())]).collect::<String>();
        let mut rules = SiteRules { spa: index % 2 == 0, ..SiteRules::default() };
        for line in 0..60 {
            let status = ["", "200", "301!", "302", "303", "307!", "308"][(index + line) % 7];
            let from = ["/*", "/:id/*", "", "/:a/:b"][line % 4];
            let to = ["/:splat", "/:id/:splat", "", "/:b"][line % 4];
            let text = format!("/{}{from} /{}{to} {status}", word(), word());
            rules.redirects.extend(redirects_file::parse(&text).into_iter().flat_map(|read| read.value));
            let text = format!("/{}\n  X-{}: {}", word(), word(), word());
            rules.headers.extend(headers_file::parse(&text).into_iter().flat_map(|read| read.value));
        }
        redirects += rules.redirects.len();
        headers += rules.headers.len();
        let name: AppName = format!("site-{index}").parse().expect("a name");
        let hosts = vec![format!("s{index}.example.com").parse().expect("a host")];
        let id = AppId::new(9, u32::try_from(index).expect("a number"));
        apps.push(AppVhost::new(id, name, hosts, Target::Site(rules)));
    }
    assert!(redirects >= 1_000 && headers >= 200, "{redirects} redirects, {headers} headers were accepted");
    let mut generation = ground.generation(1, Target::Site(SiteRules::default()));
    generation.apps = apps;
    ground.nginx.apply(&generation).await.expect("applied");
    assert_eq!(ground.nginx.answering().await, Some(1));
}

/// Another app's `/docs` are the files of a site, by all of its rules.
#[tokio::test(flavor = "multi_thread")]
async fn a_site_answers_a_part_of_another_apps_host() {
    let (panel, git) = (Running::start().await, GitServer::start().await);
    let fill = |repository: &Repository| {
        repository.write("404.html", "no such page");
        repository.write("guide/index.html", "guide");
        repository.write("raw/page.html", "raw");
        repository.write(
            "_redirects",
            "/old /guide/ 302\n/away https://new.example.com/x 301\n/same /guide/index.html 200\n",
        );
        repository.write("_headers", "/*\n  X-From: site\n");
    };
    let (docs, repository) = site(&panel, &git, fill, false).await;
    succeeded(&panel.deploy(&docs).await);
    let shop = panel.create(panel.form("shop")).await;
    let domains = &panel.backend.domains;
    let part = |path: &str, strip: &str| PrefixForm {
        host: "shop.apps.localhost".into(),
        path: path.into(),
        app: "site".into(),
        strip: strip.into(),
    };
    domains.add_prefix(&panel.actor, &shop, part("/docs", "yes")).await.expect("added");
    domains.add_prefix(&panel.actor, &shop, part("/raw", "")).await.expect("added");
    let ask = async |path: &str| get(panel.ground.http_port, "shop.apps.localhost", path).await.expect("an answer");
    for (path, status, body) in [
        ("/docs/", 200, "home"),
        ("/docs/guide/", 200, "guide"),
        ("/docs/same", 200, "guide"),
        ("/docs/nope", 404, "no such page"),
        ("/docs/_redirects", 404, "no such page"),
        ("/docs/.env", 404, "no such page"),
        ("/docs/raw/page.html", 200, "raw"),
        ("/raw/page.html", 200, "raw"),
        ("/raw/nope", 404, "no such page"),
    ] {
        let answer = ask(path).await;
        assert_eq!((answer.status, answer.body()), (status, body), "{path}: {}", answer.text);
        assert_eq!(header(&answer, "X-From"), Some("site"), "{path}");
    }
    for (path, to) in [
        ("/docs?x=1", "/docs/?x=1"),
        ("/docs/guide", "/docs/guide/"),
        ("/docs/old", "/docs/guide/"),
        ("/docs/away", "https://new.example.com/x"),
        ("/raw", "/raw/"),
    ] {
        let answer = ask(path).await;
        assert_eq!(header(&answer, "Location"), Some(to), "{path}: {}", answer.text);
    }
    for out in ["/docs/../x", "/docs/..%2f..%2fnginx/nginx.pid", "/docsx", "/"] {
        assert_eq!(ask(out).await.status, if out.contains("%2f") { 400 } else { 502 }, "{out}");
    }
    // The site's password is asked for in its part; a new release is there at once.
    let password = PasswordForm { user: "ada".into(), password: "correct horse".into() };
    domains.set_password(&panel.actor, &docs, password).await.expect("set");
    assert_eq!(ask("/docs/guide/").await.status, 401);
    let socket = panel.ground.state().join("nginx/inside");
    assert_eq!(std::fs::metadata(&socket).expect("there").permissions().mode() & 0o777, 0o710);
    domains.remove_password(&panel.actor, &docs, &"ada".parse().expect("a name")).await.expect("removed");
    repository.write("guide/index.html", "new guide");
    repository.push("second");
    succeeded(&panel.deploy(&docs).await);
    assert_eq!(ask("/docs/guide/").await.body(), "new guide");
    // Killed and started anew, it takes its socket again.
    let pid = std::fs::read_to_string(panel.ground.state().join("nginx/nginx.pid")).expect("a pid");
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
    panel.services.domains.reconcile(panel.services.locks()).await.expect("started");
    assert_eq!(ask("/docs/guide/").await.body(), "new guide");
    let path = "/docs".parse().expect("a path");
    let host = "shop.apps.localhost".parse().expect("a host");
    domains.remove_prefix(&panel.actor, &shop, &host, &path).await.expect("removed");
    assert_eq!(ask("/docs/").await.status, 502, "it is its own app's again");
}
