//! Certificates that several names share, and those that nobody needs any more.

use homeport_model::{
    app::NeedForm,
    certificate::{
        plan::{Policy, Why},
        settings::PlanForm,
    },
    domain::DomainForm,
    name::AppName,
    prelude::Problem,
};

use crate::{
    certificates::{SHOP, domain, keep, nginx, serial, served, with_shop},
    support::{
        authority::{Authority, Issued},
        namespace::free_port,
        running::Running,
    },
};

const WILD: &str = "*.example.com";
const DAY: i64 = 86_400_000;

async fn add(panel: &Running, app: &AppName, name: &str) {
    let form = DomainForm { name: name.into(), ..DomainForm::default() };
    panel.backend.domains.add(&panel.actor, app, form).await.expect("added");
}

async fn bring(panel: &Running, name: &str, root: &Authority, issued: &Issued) -> Result<(), Problem> {
    let chain = format!("{}{}", issued.certificate, root.pem);
    keep(panel, &panel.actor, name, &chain, &issued.key).await
}

async fn why_not(panel: &Running, name: &str) -> Option<Why> {
    panel.backend.certificates.plan(&panel.actor, &domain(name)).await.expect("a plan").why_not
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wildcard_spares_names_below_it_only_while_it_is_good() {
    let panel = with_shop().await;
    let root = Authority::root("Test Root");
    panel.backend.certificates.self_sign(&panel.actor, &domain(WILD)).await.expect("made");
    assert_eq!(why_not(&panel, SHOP).await, None, "one for a start is none for ever");
    bring(&panel, WILD, &root, &root.issue_for(&[WILD], -60, 60)).await.expect("kept");
    assert_eq!(why_not(&panel, SHOP).await, Some(Why::Covered));
    panel.services.clock.advance_ms(50 * DAY);
    assert_eq!(why_not(&panel, SHOP).await, None, "nobody brought a new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_apps_refusal_keeps_no_other_from_a_new_certificate() {
    let panel = with_shop().await;
    let api = panel.create(panel.form("api")).await;
    add(&panel, &api, "api.example.com").await;
    let root = Authority::root("Test Root");
    let first = root.issue(WILD);
    bring(&panel, WILD, &root, &first).await.expect("kept");
    // The shop's file is refused from now on: somebody has its port.
    let port = free_port();
    let _holder = std::net::TcpListener::bind(("0.0.0.0", port.get())).expect("a port");
    let need = NeedForm { kind: "port".into(), text: format!("http:{port}:5001"), ..NeedForm::default() };
    let mut tx = panel.db.write().await.expect("writes");
    sqlx::query("UPDATE apps SET spec = json_set(spec, '$.needs.ports', json_array(?)) WHERE name = 'shop'")
        .bind(need.text)
        .execute(&mut *tx)
        .await
        .expect("planted");
    tx.commit().await.expect("committed");
    panel.services.domains.nudge();
    let shop: AppName = "shop".parse().expect("a name");
    for _ in 0..1_500 {
        if panel.backend.domains.of_app(&panel.actor, &shop).await.expect("shown").refusal.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(panel.backend.domains.of_app(&panel.actor, &shop).await.expect("shown").refusal.is_some());

    let next = root.issue(WILD);
    bring(&panel, WILD, &root, &next).await.expect("the other app takes it");
    assert_eq!(served(&panel, "api.example.com").await.expect("https").facts.serial, serial(&next));
    assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&first), "its file from before");
    // One for the refused app alone is kept, too: what is wrong there was wrong before.
    bring(&panel, SHOP, &root, &root.issue(SHOP)).await.expect("kept");
    let plan = panel.backend.certificates.plan(&panel.actor, &domain(SHOP)).await.expect("a plan");
    assert_eq!(plan.plan.policy, Policy::Own);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_serves_goes_after_a_week() {
    let panel = with_shop().await;
    let api = panel.create(panel.form("api")).await;
    panel.services.stop_looking();
    let (shop, root) = ("shop".parse::<AppName>().expect("a name"), Authority::root("Test Root"));
    let issued = root.issue_for(&[SHOP], -1, 300);
    bring(&panel, SHOP, &root, &issued).await.expect("kept");
    let look = async || panel.services.certificates.order_due().await.expect("looked");
    let certificates = async || panel.backend.certificates.list(&panel.actor).await.expect("listed").len();
    let files = || std::fs::read_dir(nginx(&panel).join("certificates")).expect("a folder").count();

    // A name that comes back within days has lost nothing.
    panel.backend.domains.remove(&panel.actor, &shop, &domain(SHOP)).await.expect("removed");
    look().await;
    panel.services.clock.advance_ms(6 * DAY);
    look().await;
    add(&panel, &shop, SHOP).await;
    look().await;
    assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&issued));
    panel.services.clock.advance_ms(6 * DAY);
    look().await;
    assert_eq!((certificates().await, files()), (1, 1), "the days count anew");

    let form = PlanForm { policy: "none".into(), challenge: "http-01".into(), ..PlanForm::default() };
    panel.backend.certificates.set_plan(&panel.actor, &domain(SHOP), form).await.expect("set");
    panel.backend.domains.remove(&panel.actor, &shop, &domain(SHOP)).await.expect("removed");
    look().await;
    panel.services.clock.advance_ms(7 * DAY);
    look().await;
    assert_eq!((certificates().await, files()), (0, 0), "neither it nor its key is left");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM certificates WHERE domain = ?")
        .bind(SHOP)
        .fetch_one(panel.db.reader())
        .await
        .expect("counted");
    assert_eq!(rows, 0);
    add(&panel, &api, SHOP).await;
    let plan = panel.backend.certificates.plan(&panel.actor, &domain(SHOP)).await.expect("a plan");
    assert_eq!(plan.plan.policy, Policy::Automatic, "what was set for the name of before is forgotten");
}
