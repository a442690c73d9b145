//! Ways back from an issued certificate, and to one.

use homeport_model::{
    certificate::{
        plan::{Policy, Why},
        settings::PlanForm,
        stop::Then,
    },
    problem::Code,
    secret::Secret,
};

use super::{DAY, SHOP, Site, name};
use crate::support::{authority::Authority, web};

impl Site {
    async fn stop_using(&self) {
        self.panel.backend.certificates.stop_using(&self.panel.actor, &name(SHOP)).await.expect("stopped");
    }

    /// Brings one that is not Pebble's; returns its serial number.
    async fn bring(&self) -> String {
        let root = Authority::root("Test Root");
        let issued = root.issue(SHOP);
        let (chain, key) = (format!("{}{}", issued.certificate, root.pem), Secret::new(issued.key.clone()));
        self.panel.backend.certificates.keep_own(&self.panel.actor, &name(SHOP), chain, key).await.expect("kept");
        homeport_server::drivers::tls::facts(&issued.certificate).expect("facts").serial
    }

    async fn then(&self) -> Option<Then> {
        let page = self.panel.backend.certificates.domain(&self.panel.actor, &name(SHOP)).await.expect("a domain");
        page.stopping.map(|stopping| stopping.then)
    }

    /// Whether a name is served by http and by nothing else.
    async fn is_plain(&self) -> bool {
        let http = web::get(self.panel.ground.http_port, SHOP, "/").await.expect("an answer");
        let issuer = self.pebble.issuer().await;
        http.status == 502 && crate::support::gate::served(self.config.https_port, SHOP, &issuer).await.is_err()
    }
}

#[tokio::test]
async fn an_issued_one_gives_way_to_http_until_somebody_asks_again() {
    let site = Site::issued().await;
    let serial = site.served().await;
    assert_eq!(site.then().await, Some(Then::Http));
    site.stop_using().await;
    assert!(site.is_plain().await);
    assert_eq!((site.serial().await, site.then().await), (None, None));
    let row = site.row().await;
    assert_eq!((row.plan.policy, row.why_not, row.next_at), (Policy::None, Some(Why::NotAutomatic), None));
    for days in [1, 90, 4 * 365] {
        site.later(days * DAY);
        site.look().await;
    }
    site.later(-(91 + 4 * 365) * DAY);
    let refused = site.panel.backend.certificates.issue_now(&site.panel.actor, &name(SHOP)).await.expect_err("nobody");
    assert_eq!(refused.code, Code::Conflict);
    assert!(site.is_plain().await);
    assert_eq!(site.pebble.gate.orders().len(), 1, "nothing more was ordered");

    // Asked for again, the one of before is good for long: no order is spent on another.
    let form = PlanForm { policy: "automatic".into(), challenge: "http-01".into(), ..PlanForm::default() };
    site.panel.backend.certificates.set_plan(&site.panel.actor, &name(SHOP), form).await.expect("set");
    site.look().await;
    assert_eq!((site.served().await, site.pebble.gate.orders().len()), (serial, 1));
}

#[tokio::test]
async fn homeport_orders_in_the_place_of_ones_own() {
    let site = Site::without_terms(&[]).await;
    site.bring().await;
    assert_eq!(site.then().await, Some(Then::Impossible), "nobody agreed to anything yet");
    site.agree(Default::default()).await.expect("agreed");
    site.look().await;
    assert!(site.pebble.gate.orders().is_empty(), "one's own is nobody else's business");
    assert_eq!(site.then().await, Some(Then::Ordered));
    site.stop_using().await;
    site.look().await;
    assert_eq!(site.row().await.plan.policy, Policy::Automatic);
    assert_eq!((Some(site.served().await), site.pebble.gate.orders().len()), (site.serial().await, 1));
}

/// What a person brings while an order is under way is not pushed aside by what comes of that.
#[tokio::test]
async fn an_order_under_way_does_not_undo_what_a_person_does() {
    let site = Site::start(&[("PEBBLE_VA_NOSLEEP", "0"), ("PEBBLE_VA_SLEEPTIME", "3")]).await;
    for _ in 0..400 {
        if !site.pebble.gate.orders().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let own = site.bring().await;
    // The round that is under way ends first.
    site.look().await;
    assert_eq!((site.serial().await, site.row().await.why_not), (Some(own), Some(Why::NotAutomatic)));
}
