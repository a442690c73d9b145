//! What counts as a try, how long is waited, and what a person changes meanwhile.

use std::time::Duration;

use homeport_model::{
    certificate::{ledger::Outcome, plan::ChallengeKind},
    problem::Code,
};

use super::{AcmeForm, DAY, MINUTE, PlanForm, SHOP, Site, name};

#[tokio::test]
async fn looks_that_cost_nothing_are_no_tries() {
    let site = Site::without_terms(&[]).await;
    site.leads_to("192.0.2.7").await;
    site.panel.services.stop_looking();
    site.agree(AcmeForm::default()).await.expect("agreed");
    for minutes in [2, 4, 6, 8] {
        site.look().await;
        assert!((minutes - 1..=minutes).contains(&site.minutes_left().await), "{minutes}");
        site.later((minutes + 1) * MINUTE);
    }
    // DNS has changed, and the first order fails: nothing listens there.
    site.leads_to("127.0.0.2").await;
    site.look().await;
    assert_eq!(site.attempts().await.len(), 1);
    assert!((0..=1).contains(&site.minutes_left().await), "a minute, and no day");
    let plan = site.row().await.plan;
    assert_eq!((plan.failures, plan.looks), (1, 0));
}

#[tokio::test]
async fn a_pause_that_the_directory_wants_is_kept() {
    let site = Site::issued().await;
    site.panel.services.stop_looking();
    site.later(4 * 365 * DAY);
    site.pebble.gate.set(|says| (says.instead, says.instead_wait) = (Some((503, "{}")), Some("3600")));
    site.look().await;
    assert!((59..=60).contains(&site.minutes_left().await), "{}", site.minutes_left().await);
}

#[tokio::test]
async fn an_order_that_is_no_renewal_counts_as_any_other() {
    let site = Site::without_terms(&[]).await;
    site.panel.services.stop_looking();
    let past = r#"{"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}}"#;
    site.pebble.gate.set(|says| says.ari = Some((200, past.to_owned())));
    site.agree(AcmeForm::default()).await.expect("agreed");
    site.look().await;
    let first = site.served().await;
    site.pebble.gate.set(|says| says.no_renewals = Some((409, "alreadyReplaced")));
    site.later(DAY + MINUTE);
    site.look().await;
    let second = site.served().await;
    assert_ne!(second, first);
    let orders = site.pebble.gate.orders();
    assert!(orders.len() == 2 && orders[1].get("replaces").is_none(), "{orders:?}");
    let renewals: i64 = sqlx::query_scalar("SELECT count(*) FROM certificate_attempts WHERE replaces = 1")
        .fetch_one(site.panel.db.reader())
        .await
        .expect("counted");
    assert_eq!(renewals, 0);

    // Five of the same names within a week: the next is not spent, although it would be a renewal.
    let mut tx = site.panel.db.write().await.expect("writes");
    sqlx::query(
        "INSERT INTO certificate_attempts (id, domain, registered, directory, replaces, at, finished_at, outcome)
         SELECT substr('0000000000000000' || n, -16), domain, registered, directory, 0, at, finished_at, 'issued'
         FROM certificate_attempts, (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3) ORDER BY at DESC LIMIT 3",
    )
    .execute(&mut *tx)
    .await
    .expect("planted");
    tx.commit().await.expect("committed");
    site.later(DAY + MINUTE);
    site.look().await;
    let problem = site.problem().await;
    assert!(problem.title.contains("five certificates within seven days"), "{problem}");
    assert_eq!((site.served().await, site.pebble.gate.orders().len()), (second, 2));
}

#[tokio::test]
async fn an_account_that_was_deactivated_is_named_and_made_anew() {
    let site = Site::without_terms(&[]).await;
    site.panel.services.stop_looking();
    site.agree(AcmeForm::default()).await.expect("agreed");
    site.pebble.gate.set(|says| says.deactivated = true);
    site.look().await;
    let problem = site.problem().await;
    assert!(problem.code == Code::Engine && problem.title.contains("this server's account"), "{problem}");
    assert_eq!(site.attempts().await[0].outcome, Outcome::Failed, "nothing was wrong with the name");
    site.agree(AcmeForm::default()).await.expect("a new account");
    site.pebble.gate.set(|says| says.deactivated = false);
    site.look().await;
    site.served().await;
}

#[tokio::test]
async fn what_a_person_changes_while_an_order_fails_stays() {
    let site = Site::without_terms(&[]).await;
    site.panel.services.stop_looking();
    site.agree(AcmeForm::default()).await.expect("agreed");
    site.pebble.gate.set(|says| (says.no_orders, says.slow_ms) = (Some((503, "serverInternal", "3600")), 2_000));
    let change = async {
        while site.attempts().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let form = PlanForm { policy: "automatic".into(), challenge: "dns-01".into(), ..PlanForm::default() };
        site.panel.backend.certificates.set_plan(&site.panel.actor, &name(SHOP), form).await.expect("set");
        site.panel.backend.certificates.issue_now(&site.panel.actor, &name(SHOP)).await.expect("asked for");
    };
    tokio::join!(site.look(), change);
    let plan = site.row().await.plan;
    assert_eq!((plan.challenge, plan.failures, plan.next_at), (ChallengeKind::Dns01, 0, None));
    assert_eq!(plan.problem, None, "what went wrong was the other way");
    assert!(plan.asked_at.is_some(), "that was not tried yet");
}
