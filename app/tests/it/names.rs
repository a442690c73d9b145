//! The pages of host names, certificates and nginx.

use crate::pages::{get, has, page, readable, submit};

#[tokio::test]
async fn names_say_where_they_lead_and_who_answers() {
    let tab = page("/apps/shop/domains").await;
    has(
        &tab,
        &[
            "nginx refused this app's newest settings.",
            "cannot load certificate &lt;b&gt;x&lt;/b&gt;",
            "Maintenance is on",
            "Switched on by ",
            "Back at &lt;i&gt;nine&lt;/i&gt;.",
            "→ shop.example.com/… (301)",
            "Lead www.shop.example.com here",
            "Remove",
            "shop.example.com/api",
            "bot answers names that nobody has.",
            "certificate ends",
            "bücher.example",
        ],
    );
    assert!(!tab.contains("form[host_names]") && !page("/apps/shop/settings").await.contains("form[host_names]"));
    has(&page("/apps/api/domains").await, &["This app also answers shop.example.com/api (of shop)."]);
    let list = page("/domains?q=wild").await;
    has(&list, &["*.wild.example.com", "1 of 5 names", "href=\"/apps/shop/domains\""]);
    let (_, none) = get("/domains", true).await;
    has(&readable(&none), &["No name yet", "Every app gets a name of its own"]);
    let back = submit("/apps/shop/domains", "/api/ui/domains/add", "app=shop&form[name]=a.com%3B+%7D").await;
    has(&page(&back).await, &["A host name has only letters", "id=\"name-wrong\""]);
}

#[tokio::test]
async fn the_proxy_shows_effective_values_and_refuses_beside_the_field() {
    let html = page("/apps/shop/proxy").await;
    has(
        &html,
        &[
            "Now 20m, set for this app; by default 1m.",
            "Now 60, by default.",
            "X-Frame-Options: DENY",
            "This nginx has no brotli module",
            "Before nginx 1.25.1",
            "grpcs:9443:5001",
            "No name of this app has a certificate yet.",
            "type=\"password\"",
        ],
    );
    let back = submit("/apps/shop/proxy", "/api/ui/domains/set-proxy", "app=shop&form[knobs][body_size]=1%3B").await;
    has(&page(&back).await, &["A size like 512k, 10m or 2g", "id=\"body-size-wrong\""]);
    let back =
        submit("/apps/shop/proxy", "/api/ui/domains/set-password", "app=shop&form[user]=a:b&form[password]=longenough")
            .await;
    let html = page(&back).await;
    assert!(!html.contains("longenough"));
}

#[tokio::test]
async fn nginx_is_shown_as_it_is_served() {
    has(
        &page("/host/nginx?file=app-shop.conf").await,
        &[
            "generation 14 answers",
            "1.22.1",
            "Somebody changed these files by hand.",
            "Put back as written",
            "data-change=\"added\"",
            "gzip off; # &lt;mine&gt;",
            "server { &lt;evil&gt; }",
            "href=\"/host/nginx?from=13&amp;to=14\"",
            "edited by hand",
        ],
    );
    has(&page("/host/nginx?from=13&to=14").await, &["Generation 14 against 13"]);
    assert_eq!(get("/host/nginx?from=1&to=99", false).await.0, 404);
    let (_, none) = get("/host/nginx", true).await;
    has(&readable(&none), &["nothing to serve yet", "None yet. The first app writes them."]);
}

#[tokio::test]
async fn dns_providers_are_listed_and_typed() {
    has(&page("/settings").await, &["href=\"/settings/dns\""]);
    let listed = page("/settings/dns").await;
    has(
        &listed,
        &[
            "example.com",
            "Cloudflare does not take the token.",
            "DNS update (RFC 2136)",
            "key homeport",
            "Try and keep it",
        ],
    );
    has(&listed, &["name=\"form[token]\"", "href=\"/settings/dns?kind=hetzner\"", "Zone / DNS / Edit"]);
    let update = page("/settings/dns?kind=rfc2136").await;
    has(&update, &["name=\"form[server]\"", "name=\"form[key_name]\"", "hmac-sha512"]);
    has(&page("/settings/dns?kind=http").await, &["name=\"form[url]\"", "\"present\""]);
    let (_, none) = get("/settings/dns", true).await;
    has(&readable(&none), &["None yet."]);
    let fields = "form[kind]=desec&form[zone]=a+b&form[token]=t0p";
    let back = submit("/settings/dns?kind=desec", "/api/ui/dns-providers/keep", fields).await;
    has(&page(&back).await, &["id=\"zone-wrong\""]);
}

#[tokio::test]
async fn certificates_are_ordered_once_somebody_agreed() {
    has(&page("/settings").await, &["href=\"/settings/certificates\""]);
    let html = page("/settings/certificates").await;
    has(
        &html,
        &[
            "Let's Encrypt",
            "In use",
            "and got no answer",
            "Private name",
            "&lt;script&gt;",
            "Order now",
            "Try with staging",
            "Wrong answer",
            "asked twice a day",
        ],
    );
    assert!(!html.contains("Agree and begin"));
    let (_, none) = get("/settings/certificates", true).await;
    has(&readable(&none), &["Nothing is ordered yet", "Agree and begin", "Read the terms", "No name is served yet"]);
    let fields = "form[directory]=other&form[url]=http%3A%2F%2Fx&form[agree]=yes";
    let back = submit("/settings/certificates", "/api/ui/certificates/set-acme", fields).await;
    has(&page(&back).await, &["id=\"url-wrong\""]);
}

#[tokio::test]
async fn the_panels_names_are_rehearsed_before_they_are_used() {
    has(&page("/settings").await, &["href=\"/settings/panel\""]);
    has(
        &page("/settings/panel").await,
        &["home.example.net", "links carry it", "It leads here.", "Make a link to go there", "2 passkeys belong to it"],
    );
    let (_, alone) = get("/settings/panel", true).await;
    assert!(!alone.contains("Give the name up"), "the configured name stays");
    let back = submit("/settings/panel", "/api/ui/panel-domain/try-name", "form[name]=a+b").await;
    has(&page(&back).await, &["id=\"panel-name-wrong\""]);
}

#[tokio::test]
async fn a_domains_page_says_what_is_served_and_what_differs() {
    let html = page("/domains/shop.example.com").await;
    has(
        &html,
        &[
            "<h1>shop.example.com",
            "href=\"/apps/shop\"",
            "Another certificate is served (ff) than the one in use (4f2a)",
            "60 d left",
            "one of your own, which you renew",
            "&lt;b&gt;ISRG&lt;/b&gt; Root X1; browsers believe it",
            "TLS 1.3, HTTP/2",
            "301 to https",
            "Served through 203.0.113.7",
            "It could not be seen: no answer came in time.",
            "data-stale",
            "name=\"key\"",
            "action=\"/domains/shop.example.com/certificate\"",
            "in use",
            "Homeport orders one in its place.",
            "Visitors of before are held to https",
            "by https only (HSTS)",
            "Stop using it",
        ],
    );
    let bare = page("/domains/api.example.com").await;
    has(&bare, &["None yet: the name is served by http.", "Not looked at yet", "Make a self-signed certificate"]);
    assert!(!bare.contains("Without this certificate"), "there is none to stop");
    let wild = page("/domains/_.example.com").await;
    has(&wild, &["<h1>*.example.com", "action=\"/domains/_.example.com/certificate\""]);
    for unknown in ["/domains/other.example.com", "/domains/*.example.com", "/domains/_x", "/domains/a%2Fb"] {
        let (status, html) = get(unknown, false).await;
        assert_eq!(status, 404, "{unknown}");
        has(&html, &["There is no such domain"]);
    }
}

#[tokio::test]
async fn today_says_which_certificates_end_next() {
    let html = page("/").await;
    has(
        &html,
        &[
            "*.example.com: The certificate of *.example.com ends in 6 d.",
            "What breaks next",
            "href=\"/domains/_.example.com\"",
            "renewed by itself",
        ],
    );
    let (_, empty) = get("/", true).await;
    assert!(!empty.contains("What breaks next"));
}

#[tokio::test]
async fn the_tunnel_is_set_up_shown_and_says_what_comes_in_by_it() {
    has(&page("/settings").await, &["href=\"/settings/tunnel\""]);
    let shown = page("/settings/tunnel").await;
    has(
        &shown,
        &[
            "Connected",
            "4 connections to Cloudflare.",
            "http://127.0.0.1:7381",
            "shop.apps.example.com",
            "this panel",
            "Replace the token",
            "Remove the tunnel",
        ],
    );
    assert!(!shown.contains("eyJ0"), "a token is never shown");
    let (_, none) = get("/settings/tunnel", true).await;
    has(&readable(&none), &["Do not run it: Homeport runs cloudflared itself.", "Keep it and connect"]);
    assert!(!none.contains("At Cloudflare</h2>") && !none.contains("Remove the tunnel"));
    let back = submit("/settings/tunnel", "/api/ui/tunnel/keep", "form[token]=eyJ").await;
    let refused = page(&back).await;
    has(&refused, &["id=\"token-wrong\""]);

    // Lists, the tab and a name's own page say which way it comes in.
    has(&page("/domains").await, &["Way in", "Through the tunnel", "Directly", "the tunnel"]);
    has(&page("/apps/shop/domains").await, &["Way in", "Through the tunnel only"]);
    let inside = page("/domains/in.example.com").await;
    has(&inside, &["Comes in through the tunnel", "Let it come in directly", "cfargotunnel.com"]);
    assert!(!inside.contains("Renewal") && !inside.contains("Bring your own"), "it needs no certificate");
    has(&page("/domains/shop.example.com").await, &["Way in", "Let it come in through the tunnel only"]);
    // One of the panel's that is on its way says what it waits for, and whom giving it up leaves out.
    has(
        &page("/settings/panel").await,
        &[
            "Way in: ",
            "On its way to this server",
            "What the switch waits for",
            "From outside",
            "Leave it to the tunnel",
            "Grace signs in under this name only.",
            "Give it up all the same",
        ],
    );
}
