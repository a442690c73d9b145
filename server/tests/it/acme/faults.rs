//! The authority away, busy or mad; nginx that refuses; a panel that dies.

use homeport_model::{certificate::ledger::Outcome, problem::Code};
use homeport_server::{
    ambient::Clock,
    jobs::{Fault, When},
};

use super::{DAY, MINUTE, SHOP, Site, name};

#[tokio::test]
async fn half_of_all_nonces_are_refused() {
    let site = Site::start(&[("PEBBLE_WFE_NONCEREJECT", "50")]).await;
    site.look().await;
    assert_eq!(site.row().await.plan.problem, None);
    site.served().await;
    assert_eq!(site.attempts().await.len(), 1);
}

#[tokio::test]
async fn an_authority_that_is_away_is_tried_later_and_later_and_what_is_served_stays() {
    let site = Site::issued().await;
    let serial = site.served().await;
    site.later(4 * 365 * DAY);
    site.pebble.gate.set(|says| says.closed = true);
    for minutes in [1, 10, 100, 1_440, 1_440] {
        site.look().await;
        let problem = site.problem().await;
        assert!(problem.code == Code::Unavailable && problem.hint.is_some(), "{problem}");
        assert!((minutes - 1..=minutes).contains(&site.minutes_left().await), "{minutes}");
        site.look().await;
        assert_eq!(site.served().await, serial);
        site.later((minutes + 1) * MINUTE);
    }
    assert_eq!(site.pebble.gate.orders().len(), 1, "nothing was spent");
    site.pebble.gate.set(|says| says.closed = false);
    site.look().await;
    assert_ne!(site.served().await, serial);
    assert_eq!((site.row().await.plan.problem, site.row().await.plan.failures), (None, 0));
}

#[tokio::test]
async fn a_pause_that_the_authority_wants_is_kept() {
    let site = Site::start(&[]).await;
    site.pebble.gate.set(|says| says.no_orders = Some((429, "rateLimited", "7200")));
    site.look().await;
    let problem = site.problem().await;
    assert!(
        problem.code == Code::TooMany && problem.hint.as_ref().is_some_and(|hint| hint.contains("too many of them"))
    );
    assert!((119..=120).contains(&site.minutes_left().await));
    let refused = site.panel.backend.certificates.issue_now(&site.panel.actor, &name(SHOP)).await.expect_err("a pause");
    assert!(refused.code == Code::Conflict && refused.to_string().contains("next try is at"), "{refused}");

    site.pebble.gate.set(|says| says.no_orders = Some((503, "serverInternal", "3600")));
    site.later(121 * MINUTE);
    site.look().await;
    assert!(site.problem().await.title.contains("trouble of its own"));
    assert!((59..=60).contains(&site.minutes_left().await), "ten minutes by ourselves, an hour as it says");

    // As a date, too; the gate's answers have one of their own to count from.
    let until = httpdate::fmt_http_date(std::time::SystemTime::now() + std::time::Duration::from_secs(5 * 3_600));
    site.pebble.gate.set(|says| says.no_orders = Some((503, "serverInternal", until.leak())));
    site.later(62 * MINUTE);
    site.look().await;
    assert!((299..=301).contains(&site.minutes_left().await), "{}", site.minutes_left().await);

    for instead in [(500, "<html>nginx</html>"), (200, "<html>captive portal</html>"), (400, "{}"), (200, "[]")] {
        site.pebble.gate.set(|says| says.instead = Some(instead));
        site.later(2 * DAY);
        site.look().await;
        let problem = site.problem().await;
        assert!(matches!(problem.code, Code::Engine | Code::Unavailable | Code::Invalid), "{instead:?}: {problem}");
        assert!(site.minutes_left().await >= 100);
    }
    site.pebble.gate.set(|says| (says.instead, says.no_orders) = (None, None));
    site.later(2 * DAY);
    site.look().await;
    site.served().await;
    assert!(site.attempts().await.iter().skip(1).all(|row| row.outcome == Outcome::Failed));
}

#[tokio::test]
async fn a_panel_that_dies_anywhere_orders_once_more_and_leaves_nothing() {
    for step in ["order", "answer", "ready", "finalise", "store"] {
        let site = Site::without_terms(&[]).await;
        site.panel.faults.plant(&format!("certificate.{step}"), When::After, Fault::Die);
        site.agree(Default::default()).await.expect("agreed");
        for _ in 0..600 {
            if site.panel.faults.all_went_off() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert!(site.panel.faults.all_went_off(), "{step}");
        let site = site.restart(Clock::default()).await;
        site.look().await;
        assert_eq!(site.row().await.plan.problem, None, "{step}");
        assert_eq!(Some(site.served().await), site.serial().await, "{step}");
        let orders = site.pebble.gate.orders().len();
        assert_eq!(orders, if step == "store" { 1 } else { 2 }, "{step}");
        assert_eq!(site.answers_left(), 0, "{step}");
        let outcomes: Vec<Outcome> = site.attempts().await.iter().map(|row| row.outcome).collect();
        let died = if step == "store" { vec![Outcome::Issued] } else { vec![Outcome::Issued, Outcome::Abandoned] };
        assert_eq!(outcomes, died, "{step}");
    }
}

#[tokio::test]
async fn nginx_refuses_the_new_one_and_serves_the_old() {
    let site = Site::issued().await;
    let old = site.served().await;
    // Whatever comes from now on is nothing that nginx reads.
    let spoil = "CREATE TRIGGER spoil AFTER INSERT ON certificates
                 BEGIN UPDATE certificates SET chain = 'nonsense' WHERE id = NEW.id; END";
    sql(&site, spoil).await;
    site.issue_now().await;
    let problem = site.problem().await;
    assert!(problem.title.contains("nginx did not take"), "{problem}");
    assert_eq!((site.served().await, site.serial().await), (old.clone(), Some(old.clone())));
    assert_eq!(site.pebble.gate.orders().len(), 2);
    // What is there is tried before another one is ordered.
    sql(&site, "DROP TRIGGER spoil").await;
    site.later(2 * MINUTE);
    site.look().await;
    assert_eq!((site.served().await, site.pebble.gate.orders().len()), (old.clone(), 2));
    sql(&site, "UPDATE certificates SET chain = (SELECT chain FROM certificates WHERE in_use = 1), sealed = (SELECT sealed FROM certificates WHERE in_use = 1) WHERE in_use = 0").await;
}

#[tokio::test]
async fn an_order_that_was_asked_for_outlives_the_panel_until_it_was_tried() {
    let site = Site::issued().await;
    let old = site.served().await;
    site.panel.services.stop_looking();
    site.panel.backend.certificates.issue_now(&site.panel.actor, &name(SHOP)).await.expect("asked for");
    // The panel stops before it looks, and once more in the middle of the order.
    let site = site.restart(Clock::default()).await;
    site.panel.faults.plant("certificate.ready", When::After, Fault::Die);
    site.look().await;
    if site.row().await.plan.asked_at.is_none() {
        // It looked by itself before the fault was planted.
        site.panel.backend.certificates.issue_now(&site.panel.actor, &name(SHOP)).await.expect("asked for");
        site.look().await;
    }
    assert!(site.panel.faults.all_went_off() && site.row().await.plan.asked_at.is_some(), "it was not tried");
    let site = site.restart(Clock::default()).await;
    site.look().await;
    assert_eq!((site.row().await.plan.asked_at, site.row().await.plan.problem), (None, None));
    let new = site.served().await;
    assert_ne!(new, old);
    let orders = site.pebble.gate.orders().len();
    assert!((3..=4).contains(&orders), "{orders}");
    // It was tried, and nothing more happens.
    site.look().await;
    assert_eq!((site.served().await, site.pebble.gate.orders().len()), (new, orders));

    // A try that fails is one, too.
    site.pebble.gate.set(|says| says.no_orders = Some((503, "serverInternal", "60")));
    site.issue_now().await;
    assert!(site.row().await.plan.asked_at.is_none() && site.row().await.plan.problem.is_some());
}

/// A certificate that has just come goes away after nginx has tested it: it is laid out once more.
#[tokio::test]
async fn a_new_pair_that_somebody_removes_before_the_reload_is_served_all_the_same() {
    let site = Site::issued().await;
    let old = site.served().await;
    let pairs = site.panel.ground.state().join("nginx/certificates");
    site.panel.services.domains.nginx().meddle_before_reload(move || {
        for pair in std::fs::read_dir(&pairs).expect("pairs") {
            std::fs::remove_dir_all(pair.expect("an entry").path()).expect("removed");
        }
    });
    site.issue_now().await;
    assert_eq!((site.row().await.plan.problem, site.row().await.plan.failures), (None, 0));
    let new = site.served().await;
    assert_ne!(new, old);
    assert_eq!((site.serial().await, site.pebble.gate.orders().len()), (Some(new), 2));
}

/// The pair's files are made from the store again, whoever removed them.
#[tokio::test]
async fn files_that_somebody_removed_come_back() {
    let site = Site::issued().await;
    let serial = site.served().await;
    let pairs = site.panel.ground.state().join("nginx/certificates");
    let pair = std::fs::read_dir(&pairs).expect("pairs").next().expect("a pair").expect("an entry").path();
    std::fs::remove_dir_all(&pair).expect("removed");
    site.panel.services.domains.reconcile(site.panel.services.locks()).await.expect("looked");
    assert!(pair.join("chain.pem").exists() && pair.join("key.pem").exists());
    assert_eq!(site.served().await, serial);
}

async fn sql(site: &Site, statement: &'static str) {
    let mut tx = site.panel.db.write().await.expect("writes");
    sqlx::query(statement).execute(&mut *tx).await.expect("done");
    tx.commit().await.expect("committed");
}
