//! Renewal, revocation, renewal information, profiles, clocks.

use homeport_model::{certificate::ledger::Outcome, problem::Code, time::Timestamp};
use homeport_server::ambient::Clock;

use super::{AcmeForm, DAY, MINUTE, SHOP, Site, name};

/// Pebble's certificates live for five years.
const FOUR_YEARS: i64 = 4 * 365 * DAY;

#[tokio::test]
async fn it_is_renewed_in_time_and_old_ones_go() {
    let site = Site::issued().await;
    let first = site.serial().await;
    site.later(FOUR_YEARS - 365 * DAY);
    site.look().await;
    assert_eq!(site.serial().await, first, "more than a third of its life is left");
    site.later(365 * DAY);
    site.look().await;
    let second = site.served().await;
    assert_ne!(Some(&second), first.as_ref());
    // The authority's clock did not move, so that the new one looks old as well: one order a day, no storm.
    for _ in 0..5 {
        site.look().await;
        site.later(MINUTE);
    }
    assert_eq!(site.pebble.gate.orders().len(), 2);
    site.later(DAY);
    site.look().await;
    assert_eq!(site.pebble.gate.orders().len(), 3);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM certificates")
        .fetch_one(site.panel.db.reader())
        .await
        .expect("counted");
    assert_eq!(kept, 2, "the one in use and the one before");
    let pairs = std::fs::read_dir(site.panel.ground.state().join("nginx/certificates")).expect("pairs").count();
    assert!(pairs <= 2, "{pairs}");
}

#[tokio::test]
async fn after_a_long_absence_it_is_served_on_and_renewed_at_the_start() {
    let site = Site::issued().await;
    let old = site.serial().await;
    let clock = Clock::default();
    clock.advance_ms(5 * 365 * DAY + 60 * DAY);
    site.pebble.gate.set(|says| says.closed = true);
    let site = site.restart(clock.clone()).await;
    site.look().await;
    assert_eq!(Some(site.served().await), old, "an expired one is better than none");
    assert_eq!(site.problem().await.code, Code::Unavailable);
    site.pebble.gate.set(|says| says.closed = false);
    site.later(2 * DAY);
    let site = site.restart(clock).await;
    for _ in 0..600 {
        if site.serial().await != old {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_ne!(site.serial().await, old, "nobody asked for it");
}

#[tokio::test]
async fn a_clock_that_jumps_orders_no_storm() {
    let site = Site::issued().await;
    for jump in [FOUR_YEARS, -FOUR_YEARS, 30 * DAY, -60 * DAY, FOUR_YEARS, -FOUR_YEARS, -56 * 365 * DAY, 56 * 365 * DAY]
    {
        site.later(jump);
        site.look().await;
        site.look().await;
    }
    let orders = site.pebble.gate.orders().len();
    assert!(orders <= 3, "{orders} orders");
    site.served().await;
}

#[tokio::test]
async fn a_revoked_one_is_replaced() {
    let site = Site::issued().await;
    let certificates = &site.panel.backend.certificates;
    let old = site.served().await;
    let mut actor = site.panel.actor.clone();
    actor.step_up_until = None;
    let refused = certificates.revoke(&actor, &name(SHOP), "key_compromise").await.expect_err("no passkey");
    assert_eq!(refused.code, Code::StepUpRequired);
    let refused = certificates.revoke(&site.panel.actor, &name(SHOP), "'; drop").await.expect_err("no reason");
    assert_eq!(refused.field.as_deref(), Some("reason"));
    certificates.revoke(&site.panel.actor, &name(SHOP), "key_compromise").await.expect("revoked");
    assert_eq!(site.pebble.status_of(&old).await, "Revoked");
    site.look().await;
    let new = site.served().await;
    assert_ne!(new, old);
    assert_eq!(site.pebble.status_of(&new).await, "Valid");
    assert_eq!(site.row().await.plan.problem, None);
}

#[tokio::test]
async fn the_authority_says_when_and_is_told_what_is_replaced() {
    let site = Site::without_terms(&[]).await;
    let far = |days: i64| {
        let now = site.panel.services.clock.now();
        let (start, end) = (now.plus_ms(days * DAY), now.plus_ms((days + 1) * DAY));
        (200, format!("{{\"suggestedWindow\":{{\"start\":\"{start}\",\"end\":\"{end}\"}}}}"))
    };
    site.pebble.gate.set(|says| says.ari = Some(far(100)));
    site.agree(AcmeForm::default()).await.expect("agreed");
    site.look().await;
    let first = site.served().await;
    // Asked for at once and twice a day.
    site.look().await;
    let ari = site.row().await.plan.ari.expect("a window");
    assert!(ari.start.since(site.panel.services.clock.now().plus_ms(100 * DAY)).abs() < MINUTE, "{ari:?}");

    // Garbage, nothing, a window in the wrong order: as if it had said nothing.
    let at = |text: &str| (200, text.to_owned());
    let wrong = r#"{"suggestedWindow":{"start":"2026-01-02T00:00:00Z","end":"2026-01-01T00:00:00Z"}}"#;
    for said in [at("<html>"), at("{}"), (404, "{}".into()), (500, String::new()), at(wrong)] {
        site.pebble.gate.set(|says| says.ari = Some(said.clone()));
        site.later(DAY / 2);
        site.look().await;
        let due = site.row().await.next_at.expect("a moment");
        assert!(due > site.panel.services.clock.now().plus_ms(365 * DAY), "{said:?}: {due}");
    }
    assert_eq!(site.serial().await.as_ref(), Some(&first));

    // "Now", and long ago, are both now.
    for days in [0, -400] {
        let before = site.served().await;
        site.pebble.gate.set(|says| says.ari = Some(far(days - 1)));
        site.later(DAY + MINUTE);
        site.look().await;
        assert_ne!(site.served().await, before);
    }
    let orders = site.pebble.gate.orders();
    assert_eq!(orders.len(), 3);
    assert!(orders[0].get("replaces").is_none());
    assert!(
        orders[1..].iter().all(|order| order["replaces"].as_str().is_some_and(|id| id.contains('.'))),
        "{orders:?}"
    );
}

#[tokio::test]
async fn profiles_are_asked_for_where_there_are_any() {
    let site = Site::without_terms(&[]).await;
    site.pebble.gate.set(|says| says.profiles = vec!["classic", "shortlived"]);
    site.agree(AcmeForm { profile: "shortlived".into(), ..AcmeForm::default() }).await.expect("agreed");
    site.look().await;
    site.served().await;
    assert_eq!(site.pebble.gate.orders()[0]["profile"], "shortlived");
    let refused = site.agree(AcmeForm { profile: "tlsserver".into(), ..AcmeForm::default() }).await.expect_err("none");
    assert!(refused.title.contains("classic, shortlived"), "{refused}");
    // The directory drops it: said before an order is spent.
    site.pebble.gate.set(|says| says.profiles = vec!["classic"]);
    site.later(2 * 60 * MINUTE);
    site.issue_now().await;
    assert!(site.problem().await.title.contains("no profile shortlived"));
    assert_eq!(site.pebble.gate.orders().len(), 1);
    assert!(site.attempts().await.iter().all(|row| row.outcome == Outcome::Issued));
    assert!(site.row().await.plan.next_at > Some(Timestamp::default()));
}
