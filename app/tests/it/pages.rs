//! Every page as the server sends it: whole without script, nothing that the policy would block,
//! nothing that came from outside as markup.

use axum::{
    body::Body,
    http::{Request, header},
    response::Response,
};
use http_body_util::BodyExt;
use leptos::prelude::LeptosOptions;
use tower::ServiceExt;

use crate::panel::router;

async fn send(request: Request<Body>, empty: bool) -> Response {
    let options = LeptosOptions::builder().output_name("homeport").build();
    router(options, empty).oneshot(request).await.unwrap()
}

pub(crate) async fn get(path: &str, empty: bool) -> (u16, String) {
    let response = send(Request::get(path).body(Body::empty()).unwrap(), empty).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The page without what is only there for the script: comments, the script itself.
pub(crate) fn readable(html: &str) -> String {
    let mut text =
        html.split("<!--").map(|part| part.split_once("-->").map_or(part, |(_, rest)| rest)).collect::<String>();
    while let (Some(from), Some(to)) = (text.find("<script"), text.find("</script>")) {
        text.replace_range(from..to + "</script>".len(), "");
    }
    // What parts one text from the next for the script.
    text.replace("<!>", "")
}

pub(crate) async fn page(path: &str) -> String {
    let (status, html) = get(path, false).await;
    assert_eq!(status, 200, "{path}");
    readable(&html)
}

pub(crate) fn has(html: &str, all: &[&str]) {
    for wanted in all {
        assert!(html.contains(wanted), "{wanted:?} is missing in\n{html}");
    }
}

const PAGES: &[&str] = &[
    "/",
    "/apps",
    "/apps?q=shop",
    "/new",
    "/new?kind=static",
    "/new?kind=auto",
    "/new?kind=buildpacks",
    "/new?kind=image",
    "/apps/shop",
    "/apps/api",
    "/apps/shop/deploys",
    "/apps/shop/compare?from=41&to=42",
    "/apps/shop/deploys/43",
    "/apps/shop/deploys/42",
    "/apps/shop/deploys/41",
    "/apps/shop/processes",
    "/apps/shop/processes?process=new",
    "/apps/shop/environment",
    "/apps/shop/domains",
    "/apps/api/domains",
    "/apps/shop/proxy",
    "/domains",
    "/domains?q=wild",
    "/host/nginx",
    "/host/nginx?file=app-shop.conf",
    "/host/nginx?from=13&to=14",
    "/apps/shop/storage",
    "/apps/shop/logs",
    "/apps/shop/logs?release=42&process=web&stream=err&before=1795232519000000000",
    "/apps/shop/logs?q=warehouse",
    "/apps/shop/traffic",
    "/apps/shop/traffic?window=30d&show=errors",
    "/apps/api/traffic?window=1h",
    "/apps/shop/settings",
    "/apps/api/settings",
    "/activity",
    "/activity/jobs",
    "/settings",
    "/settings/environment",
    "/settings/registries",
    "/settings/dns",
    "/settings/tunnel",
    "/settings/dns?kind=rfc2136",
    "/settings/dns?kind=http",
    "/domains/shop.example.com",
    "/domains/api.example.com",
    "/domains/_.example.com",
    "/settings/panel",
    "/settings/certificates",
    "/gallery",
];

#[tokio::test]
async fn the_rail_counts_what_needs_attention() {
    let html = page("/settings/registries").await;
    let rail = &html[html.find("class=\"rail\"").unwrap()..html.find("class=\"rail-foot\"").unwrap()];
    let apps = &rail[rail.find("href=\"/apps\" aria").or_else(|| rail.rfind("href=\"/apps\"")).unwrap()..];
    has(&apps[..apps.find("</a>").unwrap()], &["Apps", "class=\"attention\"", " need attention"]);
    let (_, well) = get("/settings/registries", true).await;
    assert!(!readable(&well[..well.find("rail-foot").unwrap()]).contains("need attention"), "an empty panel is well");
}

#[tokio::test]
async fn every_page_is_whole_without_script_and_keeps_the_policy() {
    for path in PAGES.iter().copied() {
        let html = page(path).await;
        has(&html, &["<h1>", "class=\"skip-link\"", "id=\"main\"", "action=\"/sign-out\"", "<title>"]);
        for forbidden in [" style=\"", "onclick=", "javascript:", "aria-busy=\"true\"", "<style"] {
            let gallery = path == "/gallery" && forbidden.starts_with("aria-busy");
            assert!(gallery || !html.contains(forbidden), "{path} has {forbidden}");
        }
        assert_eq!(html.matches("<h1>").count(), 1, "{path} has one name");
    }
}

#[tokio::test]
async fn what_came_from_outside_is_text() {
    let list = page("/apps/shop/deploys").await;
    has(&list, &["&lt;script&gt;alert(1)&lt;/script&gt;"]);
    let one = page("/apps/shop/deploys/41").await;
    has(&one, &["&lt;b&gt;not markup&lt;/b&gt;"]);
}

#[tokio::test]
async fn today_says_what_is_broken_first() {
    let html = page("/").await;
    has(
        &html,
        &[
            "1 app is down",
            "3 serving",
            "href=\"/apps/shop\"",
            "Port 5000 refuses connections",
            "title=\"2026-11-21T03:41:45Z\"",
        ],
    );
}

#[tokio::test]
async fn a_queued_deploy_says_what_it_waits_for_where_its_app_is_listed() {
    for path in ["/", "/apps"] {
        has(&page(path).await, &["Queued", "Waits for blog release 12, which is building."]);
    }
}

#[tokio::test]
async fn an_empty_host_says_what_to_do_first() {
    let (status, html) = get("/", true).await;
    let html = readable(&html);
    assert_eq!(status, 200);
    has(
        &html,
        &[
            "Deploy your first app",
            "href=\"/new?kind=static\"",
            "href=\"/new?kind=dockerfile\"",
            "href=\"/new?kind=image\"",
            "shop.example.com",
        ],
    );
    let (_, html) = get("/apps", true).await;
    has(&readable(&html), &["No app yet", "href=\"/new\""]);
}

#[tokio::test]
async fn search_works_without_script() {
    let html = page("/apps?q=sho").await;
    has(&html, &["href=\"/apps/shop\"", "1 of 4 apps"]);
    assert!(!html.contains("href=\"/apps/bot\""));
    has(&page("/apps?q=nothing").await, &["No app has that"]);
}

#[tokio::test]
async fn secrets_are_masked() {
    let html = page("/apps/shop/environment").await;
    has(&html, &["SECRET_KEY", "shop.settings.production", "2 variables wait to be applied", "name=\"text\""]);
    assert_eq!(html.matches("class=\"visually-hidden\">secret<").count(), 2);
}

#[tokio::test]
async fn what_an_app_needs_of_the_server_is_said_in_words() {
    has(
        &page("/apps/shop/storage").await,
        &[
            "These wait for the next deploy or restart.",
            "folder of this server",
            "The app may read everything in /lib/modules on this server.",
            "25565/tcp",
            "192.0.2.0/24, 203.0.113.7",
            "May change the network of its container",
            "made with the next deploy",
            "Delete with its data",
        ],
    );
    has(&page("/apps/shop/settings").await, &["Delete its volumes too: old", "name=\"volumes\""]);
    let back =
        submit("/apps/shop/storage", "/api/ui/apps/add-need", "name=shop&form[kind]=option&form[text]=--privileged");
    has(&page(&back.await).await, &["A privileged container owns the server."]);
}

#[tokio::test]
async fn access_shows_what_a_host_needs_and_no_secret() {
    let token = page("/apps/shop/settings").await;
    has(
        &token,
        &[
            "Signs in as",
            "&lt;b&gt;ada&lt;/b&gt;",
            "name=\"form[token]\"",
            "type=\"password\"",
            "Try access",
            "The branch stood at 3f9c2e1",
            "&lt;i&gt;this&lt;/i&gt;",
        ],
    );
    let key = page("/apps/api/settings").await;
    has(&key, &["ssh-ed25519 AAAAC3", "homeport-api", "Copy the public key", "[git.example.com]:2222", "known since"]);
    let back =
        submit("/apps/shop/settings", "/api/ui/access/set-sign-in", "app=shop&form[user]=a:b&form[token]=t0p").await;
    let html = page(&back).await;
    has(&html, &["s name has no colon and no control characters."]);
    assert!(!back.contains("t0p") && !html.contains("t0p"));
    has(&page("/new?kind=static").await, &["The repository is private", "name=\"access[token]\""]);
}

#[tokio::test]
async fn traffic_is_figures_charts_and_links() {
    let html = page("/apps/shop/traffic").await;
    has(
        &html,
        &[
            "Traffic in the last 24 hours",
            "requests a second",
            "failed (5xx)",
            "p95",
            "3.0 GiB of the log were not counted",
            "data-key=\"5xx\"",
            "class=\"series-gap\"",
            "d=\"M0 0V100H6.2V0z",
            "UTC: not counted",
            "href=\"/apps/shop/traffic?window=7d\"",
            "aria-current=\"page\">24 h",
            "href=\"/apps/shop/deploys/41\"",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "499, visitor left",
            "203.0.113.7",
            "&lt; 1 ms",
        ],
    );
    let errors = page("/apps/shop/traffic?window=1h&show=errors").await;
    has(&errors, &["502", "of the 4 requests that the log still has", "href=\"/apps/shop/traffic?window=1h\""]);
    assert!(!errors.contains("/bricks/3001"));
    has(&page("/apps/api/traffic").await, &["No traffic yet", "Open the app once"]);
    let (_, refused) = get("/apps/shop/traffic?window=1y", false).await;
    has(&readable(&refused), &["That is no length of time that the page shows.", "Choose 1h, 24h, 7d or 30d."]);
    has(&page("/").await, &["42 ms"]);
}

#[tokio::test]
async fn a_log_has_colours_and_nothing_else_of_a_terminal() {
    let html = page("/apps/shop/logs").await;
    has(
        &html,
        &[
            "data-ink=\"green\"",
            "data-ink=\"bright-white\" data-ground=\"red\"",
            "data-bold",
            "data-stream=\"err\"",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "plain &lt;U+202E&gt;text",
            "href=\"/apps/shop/logs?before=1795232459000000000\"",
            "href=\"/apps/shop/logs/download\"",
            "Older lines",
        ],
    );
    assert!(
        !html.contains('\u{1b}') && !html.contains('\u{7}') && !html.contains("owned") && !html.contains('\u{202e}')
    );
    let found = page("/apps/shop/logs?q=WAREHOUSE").await;
    has(&found, &["1 line has it of 184211 lines", "<mark>warehouse", "href=\"/apps/shop/logs?around="]);
    has(&page("/apps/shop/logs?q=nowhere").await, &["0 lines have it of 184211 lines."]);
    has(&page("/apps/bot/logs").await, &["Nothing was started yet."]);
    let (status, html) = get("/apps/shop/logs?release=../../x", false).await;
    assert_eq!(status, 422);
    has(&html, &["A release has a number."]);
    assert_eq!(get("/apps/shop/logs?release=7", false).await.0, 404);
}

#[tokio::test]
async fn registries_are_listed_and_typed() {
    has(&page("/settings").await, &["href=\"/settings/registries\""]);
    has(&page("/settings/registries").await, &["ghcr.io", "Try and keep it", "name=\"form[token]\""]);
    let (_, none) = get("/settings/registries", true).await;
    has(&readable(&none), &["None yet. Public images need none."]);
    let fields = "form[host]=a+b&form[user]=ada&form[token]=t0p";
    let back = submit("/settings/registries", "/api/ui/registries/keep", fields).await;
    has(&page(&back).await, &["s host, like ghcr.io or", "id=\"host-wrong\""]);
}

#[tokio::test]
async fn a_deploy_tells_its_story() {
    let running = page("/apps/shop/deploys/43").await;
    has(
        &running,
        &[
            "Release 43 is on its way.",
            "Release 41 serves until the new one has answered.",
            "Cancel deploy",
            "Collecting Django==5.2.3",
        ],
    );
    let failed = page("/apps/shop/deploys/42").await;
    has(
        &failed,
        &[
            "Port 5000 refused connections for 60 s.",
            "Release 41 still serves; nobody saw this.",
            "Deploy again",
            "not reached",
        ],
    );
    let live = page("/apps/shop/deploys/41").await;
    has(
        &live,
        &[
            "Release 41 is live.",
            "412 requests during the switch, 0 failed.",
            "Roll back to 40",
            "<svg",
            "PRICE_CACHE_TTL",
        ],
    );
}

#[tokio::test]
async fn what_is_not_there_says_so_with_its_status() {
    for path in ["/apps/nothing", "/apps/shop/deploys/999", "/apps/..%2f..", "/apps/shop/deploys/x", "/nowhere"] {
        let (status, html) = get(path, false).await;
        assert_eq!(status, 404, "{path}");
        let html = readable(&html);
        assert!(html.contains("<h1>There is no such"), "{path}");
        assert_eq!(html.matches("<h1>").count(), 1, "{path}");
        assert!(html.contains("<title>") && !html.contains(" style=\""), "{path}");
    }
}

/// Sends a form as a browser without script does; the address that it is sent on to.
pub(crate) async fn submit(page: &str, action: &str, fields: &str) -> String {
    let request = Request::post(action)
        .header(header::ACCEPT, "text/html,application/xhtml+xml")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::REFERER, format!("http://host.example.com{page}"));
    let response = send(request.body(Body::from(fields.to_owned())).unwrap(), false).await;
    assert_eq!(response.status().as_u16(), 302, "{action}");
    let location = response.headers().get(header::LOCATION).unwrap().to_str().unwrap();
    location.strip_prefix("http://host.example.com").unwrap_or(location).to_owned()
}

#[tokio::test]
async fn forms_work_without_script() {
    let fields = "form[name]=new-shop&form[kind]=image&form[image]=nginx:1.27&deploy=1";
    assert_eq!(submit("/new?kind=image", "/api/ui/apps/create", fields).await, "/apps/new-shop/deploys/43");
    let fields = "form[name]=New+Shop&form[kind]=image&form[image]=nginx:1.27";
    let back = submit("/new?kind=image", "/api/ui/apps/create", fields).await;
    let html = page(&back).await;
    has(
        &html,
        &["aria-invalid=\"true\"", "A name has only lower-case letters, digits and hyphens.", "id=\"name-wrong\""],
    );
    let back = submit("/apps/shop/environment", "/api/ui/environments/set", "app=shop&text=1A%3Dx&scope=keep").await;
    has(&page(&back).await, &["Line 1: A variable's name begins with a letter or an underscore.", "id=\"text-wrong\""]);
    assert_eq!(submit("/apps/shop/deploys/41", "/api/ui/deploys/deploy", "app=shop").await, "/apps/shop/deploys/43");
}

#[tokio::test]
async fn what_stands_before_signing_in_keeps_the_policy_too() {
    for path in ["/sign-in", "/claim", "/recover"] {
        let html = page(path).await;
        has(&html, &["<h1", "id=\"main\"", "<title>"]);
        for forbidden in [" style=\"", "onclick=", "javascript:", "<style"] {
            assert!(!html.contains(forbidden), "{path} has {forbidden}");
        }
    }
}
