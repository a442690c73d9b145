//! Certificates that are used no more, because a person says so.

use homeport_model::{
    certificate::{plan::Policy, served::Unseen, stop::Then},
    prelude::{Actor, Code, Problem},
};
use homeport_server::config::Config;

use crate::{
    certificates::{SHOP, domain, keep, nginx, serial, served, view, with_shop},
    support::{
        authority::Authority,
        namespace::Ground,
        running::{self, Running},
        web,
    },
};

async fn stop(panel: &Running, actor: &Actor, name: &str) -> Result<(), Problem> {
    panel.backend.certificates.stop_using(actor, &domain(name)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_is_used_no_more_and_visitors_of_before_are_warned_of() {
    let panel = with_shop().await;
    let root = Authority::root("Test Root");
    let issued = root.issue(SHOP);
    keep(&panel, &panel.actor, SHOP, &format!("{}{}", issued.certificate, root.pem), &issued.key).await.expect("kept");
    let page = view(&panel, SHOP).await;
    let stopping = page.stopping.expect("it can be stopped");
    assert_eq!(stopping.then, Then::Impossible, "nobody agreed to an authority's terms");
    assert!(stopping.hsts.is_some_and(|words| words.contains("182 d") && words.contains(SHOP)));

    for role in ["viewer", "deployer"] {
        let actor = panel.person(role).await;
        assert_eq!(stop(&panel, &actor, SHOP).await.expect_err("not theirs").code, Code::Forbidden);
    }
    let stale = Actor { step_up_until: None, ..panel.actor.clone() };
    assert_eq!(stop(&panel, &stale, SHOP).await.expect_err("no passkey").code, Code::StepUpRequired);
    for name in ["nowhere.example.com", "*.nowhere.example.com", "com.example.shop"] {
        assert_eq!(stop(&panel, &panel.actor, name).await.expect_err("unknown").code, Code::NotFound, "{name}");
    }
    assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&issued), "nothing has changed");

    stop(&panel, &panel.actor, SHOP).await.expect("stopped");
    assert_eq!(served(&panel, SHOP).await, Err(Unseen::Rejected));
    let plain = web::get(panel.ground.http_port, SHOP, "/").await.expect("http");
    assert!(plain.status == 502 && !plain.text.contains("Strict-Transport-Security"), "{plain:?}");
    let page = view(&panel, SHOP).await;
    assert!(page.certificate.is_none() && page.stopping.is_none() && page.alerts.is_empty(), "{page:?}");
    assert!(page.verdict.is_some_and(|(_, words)| words.contains("http only")));
    assert_eq!(page.earlier.iter().map(|one| one.in_use).collect::<Vec<_>>(), [false], "it stays among the last");
    assert_eq!(std::fs::read_dir(nginx(&panel).join("certificates")).expect("a folder").count(), 0);
    let plan = panel.backend.certificates.plan(&panel.actor, &domain(SHOP)).await.expect("a plan");
    assert_eq!(plan.plan.policy, Policy::Automatic);
    let audit = panel.backend.activity.audit(&panel.actor, None).await.expect("a log");
    let row = audit.iter().find(|row| row.action == "certificate.stop_using").expect("it is written down");
    assert!(row.object == SHOP && format!("{row:?}").contains(&serial(&issued)), "{row:?}");
    let again = stop(&panel, &panel.actor, SHOP).await.expect_err("there is none");
    assert!(again.code == Code::Conflict && again.hint.is_some(), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_wildcard_its_certificate_serves_and_a_self_signed_one_leaves_http() {
    let panel = with_shop().await;
    let certificates = &panel.backend.certificates;
    let (wild, below) = ("*.apps.localhost", "shop.apps.localhost");
    for name in [wild, below] {
        certificates.self_sign(&panel.actor, &domain(name)).await.expect("made");
    }
    let stopping = view(&panel, below).await.stopping.expect("it can be stopped");
    assert_eq!(stopping.then, Then::Wildcard(domain(wild)));
    assert_eq!(stopping.hsts, None, "browsers go on by https");
    stop(&panel, &panel.actor, below).await.expect("stopped");
    let page = view(&panel, wild).await;
    let shared = page.certificate.expect("the wildcard's").facts.serial;
    assert_eq!(served(&panel, below).await.expect("https").facts.serial, shared);
    let page = view(&panel, below).await;
    assert!(page.stopping.is_none() && page.certificate.is_some_and(|row| row.domain == domain(wild)));
    let shared = stop(&panel, &panel.actor, below).await.expect_err("it is the wildcard's");
    assert!(shared.code == Code::Conflict && shared.to_string().contains("wildcard's page"), "{shared}");
    stop(&panel, &panel.actor, wild).await.expect("stopped");
    assert_eq!(served(&panel, below).await, Err(Unseen::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panels_own_name_keeps_its_certificate() {
    let ground = Ground::new();
    let config = Config { origin: "https://panel.example.com".parse().expect("an origin"), ..running::config(&ground) };
    let panel = Running::with(ground, config).await;
    let name = "panel.example.com";
    panel.backend.certificates.self_sign(&panel.actor, &domain(name)).await.expect("made");
    let refused = stop(&panel, &panel.actor, name).await.expect_err("nobody could sign in");
    assert!(refused.code == Code::Conflict && refused.hint.is_some(), "{refused}");
    let page = view(&panel, name).await;
    assert!(page.stopping.is_none() && page.certificate.is_some());
}
