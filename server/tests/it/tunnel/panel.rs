//! The panel's own names and the tunnel: a new one is rehearsed through it, and one that people use moves to
//! it and back while both ways serve.

use homeport_model::{
    name::HostName,
    panel_domain::{PanelNameForm, PanelNameRow, PartState, RehearsalPart, RehearsalStep, Switching},
    prelude::Code,
    secret::Secret,
    tunnel::WayIn,
};

use super::{connects, keep};
use crate::support::{
    authority::Authority,
    cloudflare::{Cloudflare, Leads},
    images,
    namespace::Ground,
    running::Running,
    web::{Answer, get},
};

const NAME: &str = "panel.home.example";

fn host() -> HostName {
    NAME.parse().expect("a host")
}

async fn online() -> (Running, Cloudflare) {
    let (ground, outside) = (Ground::new(), Cloudflare::start(NAME).await);
    images::connector(&ground.namespace, "serve \"$@\"", 4).await;
    let panel = Running::online_asked_at(ground, outside.address).await;
    (panel, outside)
}

async fn try_name(panel: &Running, way: &str) {
    let form = PanelNameForm { name: NAME.into(), way: way.into() };
    panel.backend.panel_domain.try_name(&panel.actor, form).await.expect("tried");
}

async fn row(panel: &Running) -> PanelNameRow {
    let rows = panel.backend.panel_domain.list(&panel.actor).await.expect("listed");
    rows.into_iter().find(|row| row.host == NAME).expect("there")
}

async fn switching(panel: &Running) -> Switching {
    row(panel).await.switching.expect("on its way")
}

fn state(steps: &[RehearsalStep], part: RehearsalPart) -> Option<PartState> {
    steps.iter().find(|step| step.part == part).map(|step| step.state)
}

async fn set_way(panel: &Running, by_tunnel: bool, anyway: bool) {
    panel.backend.panel_domain.set_way(&panel.actor, &host(), by_tunnel, anyway).await.expect("switched");
}

/// What the name answers at a port once that is `wanted`: nginx hears of it a moment later.
async fn comes(port: homeport_model::name::Port, path: &str, wanted: u16) -> Answer {
    let mut last = None;
    for _ in 0..200 {
        match get(port, NAME, path).await {
            Ok(answer) if answer.status == wanted => return answer,
            other => last = Some(other),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{path} never answered with {wanted}: {last:?}");
}

/// As if somebody had made a passkey there: from then on the name is one that people use.
async fn is_used(panel: &Running) {
    let mut tx = panel.db.write().await.expect("writes");
    sqlx::query("UPDATE panel_names SET answered_at = 1, is_primary = 1").execute(&mut *tx).await.expect("used");
    tx.commit().await.expect("committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_the_tunnel_is_ready_once_it_came_in_through_cloudflare() {
    let (panel, outside) = online().await;
    let (public, tunnel) = (panel.ground.http_port, panel.ground.tunnel_ports.0);
    keep(&panel, 7).await;
    connects(&panel).await;
    outside.lead(Leads::Foreign);
    try_name(&panel, "tunnel").await;
    let answer = comes(tunnel, "/", 303).await;
    assert!(answer.text.contains("Strict-Transport-Security"), "{}", answer.text);
    comes(tunnel, "/sign-in", 200).await;
    assert_eq!(get(public, NAME, "/").await.expect("its end").text, "");

    // nginx answers where the tunnel leads to. Whoever has the name outside is somebody else.
    panel.services.panel_domain.reconcile().await.expect("asked");
    let seen = row(&panel).await;
    assert_eq!((seen.way, seen.url.as_str()), (WayIn::Tunnel, "https://panel.home.example"), "Cloudflare's port");
    assert_eq!(state(&seen.steps, RehearsalPart::Certificate), Some(PartState::Good), "{:?}", seen.steps);
    assert_eq!(state(&seen.steps, RehearsalPart::Answer), Some(PartState::Bad), "{:?}", seen.steps);
    assert!(!seen.ready && !seen.ready_anyway, "{:?}", seen.steps);
    let refused = panel.backend.panel_domain.go_to(&panel.actor, &host(), true).await.expect_err("a foreign server");
    assert_eq!(refused.code, Code::Conflict);

    outside.lead(Leads::Tunnel(tunnel));
    panel.backend.panel_domain.go_to(&panel.actor, &host(), false).await.expect_err("no public DNS has this name");
    let seen = row(&panel).await;
    assert_eq!(state(&seen.steps, RehearsalPart::Answer), Some(PartState::Good), "{:?}", seen.steps);
    assert!(!seen.ready && seen.ready_anyway, "{:?}", seen.steps);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_use_moves_to_the_tunnel_and_back_while_both_ways_serve() {
    let (panel, outside) = online().await;
    let (public, https, tunnel) = (panel.ground.http_port, panel.ground.https_port, panel.ground.tunnel_ports.0);
    try_name(&panel, "").await;
    // Without a certificate nothing of the panel is answered in clear.
    for path in ["/", "/sign-in", "/api/v1/apps", "/git/shop/info/refs"] {
        assert!(comes(public, path, 503).await.text.contains("certificate"), "{path}");
    }
    comes(public, "/.well-known/acme-challenge/x", 404).await;
    is_used(&panel).await;
    let early = panel.backend.panel_domain.set_way(&panel.actor, &host(), true, false).await;
    assert!(early.expect_err("there is no tunnel").title.contains("no tunnel"));

    // To the tunnel: it serves beside the old way, and takes over once a question came in by it.
    keep(&panel, 7).await;
    connects(&panel).await;
    set_way(&panel, true, false).await;
    comes(tunnel, "/sign-in", 200).await;
    comes(public, "/", 503).await;
    outside.lead(Leads::Foreign);
    panel.services.panel_domain.reconcile().await.expect("asked");
    let waits = switching(&panel).await;
    assert!(waits.to_tunnel && waits.may_finish, "{waits:?}");
    assert_eq!(state(&waits.steps, RehearsalPart::Tunnel), Some(PartState::Good), "{waits:?}");
    assert_eq!(state(&waits.steps, RehearsalPart::Public), Some(PartState::Bad), "{waits:?}");
    assert_eq!(row(&panel).await.way, WayIn::Direct);
    set_way(&panel, false, false).await;
    assert!(row(&panel).await.switching.is_none(), "taken back");
    set_way(&panel, true, false).await;
    comes(tunnel, "/sign-in", 200).await;
    outside.lead(Leads::Tunnel(tunnel));
    panel.services.panel_domain.reconcile().await.expect("asked");
    let moved = row(&panel).await;
    assert!(moved.switching.is_none() && moved.way == WayIn::Tunnel, "{moved:?}");
    comes(public, "/", 0).await;
    comes(tunnel, "/sign-in", 200).await;

    // People open the panel by it: it does not go away under them.
    let refused = panel.backend.tunnel.remove(&panel.actor).await.expect_err("in use");
    assert!(refused.code == Code::Conflict && refused.title.contains(NAME), "{refused}");

    // Back: nobody is let in without a certificate, whoever says so, and nothing is served in clear.
    set_way(&panel, false, false).await;
    comes(public, "/sign-in", 503).await;
    comes(tunnel, "/sign-in", 200).await;
    let refused = panel.backend.panel_domain.set_way(&panel.actor, &host(), false, true).await;
    assert_eq!(refused.expect_err("no certificate").code, Code::Conflict);
    assert!(panel.backend.tunnel.remove(&panel.actor).await.is_err(), "still in use");
    let (root, domain) = (Authority::root("Home"), NAME.parse().expect("a name"));
    let issued = root.issue(NAME);
    let chain = format!("{}{}", issued.certificate, root.pem);
    let key = Secret::new(issued.key.clone());
    panel.backend.certificates.keep_own(&panel.actor, &domain, chain, key).await.expect("kept");
    comes(public, "/sign-in", 301).await;
    panel.backend.certificates.look(&panel.actor, &domain).await.expect("looked");
    outside.lead(Leads::Direct(https));
    panel.services.panel_domain.reconcile().await.expect("asked");
    let waits = switching(&panel).await;
    assert_eq!(state(&waits.steps, RehearsalPart::Public), Some(PartState::Good), "{waits:?}");
    // Browsers may not know this authority: a person says that theirs does.
    assert_eq!(state(&waits.steps, RehearsalPart::Certificate), Some(PartState::Unseen), "{waits:?}");
    assert!(waits.may_finish);
    set_way(&panel, false, true).await;
    comes(tunnel, "/", 0).await;
    comes(public, "/sign-in", 301).await;
    let back = row(&panel).await;
    assert!(back.switching.is_none() && back.way == WayIn::Direct, "{back:?}");
    assert_eq!(back.url, format!("https://{NAME}:{https}"));
    panel.backend.tunnel.remove(&panel.actor).await.expect("nobody needs it");
}
