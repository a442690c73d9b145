//! Wildcards, proved by a record that a real name server (Knot) takes as a signed update and shows to Pebble.

use std::time::Duration;

use homeport_model::{
    certificate::{
        plan::{ChallengeKind, Why},
        settings::{AcmeForm, PlanRow},
    },
    domain::DomainForm,
    name::AppName,
    problem::Code,
};
use homeport_server::{
    config::{Config, DnsServer},
    drivers::tls,
};

use super::name;
use crate::{
    dns_challenges::{form, values},
    support::{
        gate,
        knot::Knot,
        namespace::Ground,
        pebble::Pebble,
        running::{self, Running},
        web,
    },
};

const WILD: &str = "*.shop.example.com";
const BELOW: &str = "cart.shop.example.com";
const PROOF: &str = "_acme-challenge.shop.example.com";
const ZONE: &str = "@ NS ns1\nns1 A 127.0.0.1\n* A 127.0.0.1\n*.shop A 127.0.0.1\n";

/// A panel with an app at a wildcard, whose zone's server tells both it and the authority.
struct Wild {
    panel: Running,
    pebble: Pebble,
    knot: Knot,
    https: u16,
    app: AppName,
}

impl Wild {
    async fn start() -> Self {
        let ground = Ground::new();
        let knot = Knot::start(&[("example.com", ZONE)]);
        let pebble = Pebble::asking(ground.http_port, knot.address).await;
        let config = Config {
            acme_directory: pebble.directory(),
            acme_root: Some(pebble.root()),
            dns_resolver: vec![DnsServer(knot.address)],
            dns_zone_port: knot.address.port(),
            public_address: vec![[127, 0, 0, 1].into()],
            ..running::config(&ground)
        };
        let https = config.https_port;
        let panel = Running::with(ground, config).await;
        let app = panel.create(panel.form("shop")).await;
        let form = DomainForm { name: WILD.into(), ..DomainForm::default() };
        panel.backend.domains.add(&panel.actor, &app, form).await.expect("added");
        let agreed = AcmeForm { agree: "yes".into(), ..AcmeForm::default() };
        panel.backend.certificates.set_acme(&panel.actor, agreed).await.expect("agreed");
        Self { panel, pebble, knot, https, app }
    }

    async fn keep_provider(&self) {
        let form = form(&self.knot, "example.com");
        self.panel.backend.dns_providers.keep(&self.panel.actor, form).await.expect("kept");
    }

    async fn row(&self, domain: &str) -> PlanRow {
        self.panel.backend.certificates.plan(&self.panel.actor, &name(domain)).await.expect("a plan")
    }

    /// The serial number in use for the wildcard.
    async fn serial(&self) -> Option<String> {
        let rows = self.panel.backend.certificates.list(&self.panel.actor).await.expect("listed");
        rows.into_iter().find(|row| row.domain == name(WILD)).map(|row| row.facts.serial)
    }

    /// Waits until the panel, by itself, uses another one than `before`.
    async fn becomes(&self, before: Option<&String>) -> String {
        for _ in 0..1_200 {
            match self.serial().await {
                Some(serial) if Some(&serial) != before => return serial,
                _ => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
        panic!("no certificate came: {:?}", self.row(WILD).await);
    }

    /// The serial number that a visitor who trusts Pebble is served.
    async fn served(&self, host: &str) -> std::io::Result<String> {
        let leaf = gate::served(self.https, host, &self.pebble.issuer().await).await?;
        Ok(tls::facts(&leaf).expect("a certificate").serial)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wildcard_is_proved_by_dns_and_served() {
    let wild = Wild::start().await;
    // Without a provider no order is spent, and the page says what is missing.
    wild.panel.services.certificates.order_due().await.expect("looked");
    let row = wild.row(WILD).await;
    assert_eq!(row.plan.challenge, ChallengeKind::Dns01);
    let problem = row.plan.problem.expect("a problem");
    assert!(problem.code == Code::Conflict && problem.title.contains("No DNS provider is kept"), "{problem}");
    assert!(wild.pebble.gate.orders().is_empty());

    // From here nobody asks for anything: a provider that is kept is enough.
    wild.keep_provider().await;
    let serial = wild.becomes(None).await;
    wild.panel.services.certificates.order_due().await.expect("looked");
    assert_eq!(wild.row(WILD).await.plan.problem, None);
    for host in [BELOW, "a.shop.example.com"] {
        assert_eq!(wild.served(host).await.expect("a handshake"), serial, "{host}");
    }
    for host in ["shop.example.com", "a.b.shop.example.com"] {
        assert!(wild.served(host).await.is_err(), "{host} is no name of the app's");
    }
    let http = web::get(wild.panel.ground.http_port, BELOW, "/x").await.expect("an answer");
    assert!(http.status == 301 && http.text.contains(&format!("https://{BELOW}:{}/x", wild.https)), "{http:?}");
    assert_eq!(wild.pebble.gate.orders().len(), 1);
    assert_eq!(wild.pebble.gate.orders()[0]["identifiers"][0]["value"], WILD);
    assert_eq!(values(wild.knot.address, PROOF).await, [""; 0], "the proof was taken back");

    // A name below it needs none of its own.
    let form = DomainForm { name: BELOW.into(), ..DomainForm::default() };
    wild.panel.backend.domains.add(&wild.panel.actor, &wild.app, form).await.expect("added");
    wild.panel.services.certificates.order_due().await.expect("looked");
    assert_eq!(wild.row(BELOW).await.why_not, Some(Why::Covered));
    assert_eq!(wild.served(BELOW).await.expect("a handshake"), serial);

    // It is renewed by the same way.
    wild.panel.backend.certificates.issue_now(&wild.panel.actor, &name(WILD)).await.expect("asked for");
    let next = wild.becomes(Some(&serial)).await;
    wild.panel.services.certificates.order_due().await.expect("looked");
    assert_eq!(wild.served(BELOW).await.expect("a handshake"), next);
    assert_eq!(wild.pebble.gate.orders().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_server_that_is_away_leaves_what_is_served() {
    let mut wild = Wild::start().await;
    wild.keep_provider().await;
    let serial = wild.becomes(None).await;
    wild.panel.services.certificates.order_due().await.expect("looked");
    wild.panel.services.stop_looking();
    wild.knot.stop();
    wild.panel.backend.certificates.issue_now(&wild.panel.actor, &name(WILD)).await.expect("asked for");
    wild.panel.services.certificates.order_due().await.expect("looked");
    let row = wild.row(WILD).await;
    let problem = row.plan.problem.expect("a problem");
    assert!(problem.hint.is_some() && row.plan.asked_at.is_none(), "{problem}");
    assert_eq!(wild.served(BELOW).await.expect("a handshake"), serial);
}
