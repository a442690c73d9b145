//! Certificates that Homeport orders by itself, from a real Pebble.

mod answers;
mod faults;
mod pauses;
mod renewals;
mod stopping;
mod wildcards;

use std::time::Duration;

use homeport_model::{
    certificate::{
        ledger::Outcome,
        plan::{Policy, Why},
        settings::{AcmeForm, AttemptRow, PlanForm, PlanRow},
    },
    domain::DomainForm,
    name::DomainName,
    problem::{Code, Problem},
};
use homeport_server::{
    ambient::Clock,
    config::{Config, DnsServer},
    drivers::tls,
};

use serde_json::json;

use crate::support::{
    gate,
    namespace::Ground,
    pebble::Pebble,
    running::{self, Running},
    web,
};

const SHOP: &str = "shop.example.com";
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn name(text: &str) -> DomainName {
    text.parse().expect("a name")
}

/// A panel with an app at `shop.example.com`, and an authority.
struct Site {
    panel: Running,
    pebble: Pebble,
    config: Config,
}

impl Site {
    /// The owner has agreed to the terms.
    async fn start(more: &[(&str, &str)]) -> Self {
        let site = Self::without_terms(more).await;
        site.agree(AcmeForm::default()).await.expect("agreed");
        site
    }

    async fn without_terms(more: &[(&str, &str)]) -> Self {
        let ground = Ground::new();
        let pebble = Pebble::with(ground.http_port, more).await;
        let config = Config {
            acme_directory: pebble.directory(),
            acme_staging: pebble.staging(),
            acme_root: Some(pebble.root()),
            dns_resolver: vec![DnsServer(([127, 0, 0, 1], pebble.dns.get()).into())],
            public_address: (1..=4).map(|last| [127, 0, 0, last].into()).collect(),
            ..running::config(&ground)
        };
        let panel = Running::with(ground, config.clone()).await;
        let app = panel.create(panel.form("shop")).await;
        let form = DomainForm { name: SHOP.into(), ..DomainForm::default() };
        panel.backend.domains.add(&panel.actor, &app, form).await.expect("added");
        Self { panel, pebble, config }
    }

    /// One that has its certificate.
    async fn issued() -> Self {
        let site = Self::start(&[]).await;
        site.look().await;
        site.served().await;
        site
    }

    /// Another panel on the same state, as after a crash.
    async fn restart(self, clock: Clock) -> Self {
        let Self { panel, pebble, config } = self;
        let panel = Running::at(panel.end().await, config.clone(), clock).await;
        Self { panel, pebble, config }
    }

    async fn agree(&self, form: AcmeForm) -> Result<(), Problem> {
        let form = AcmeForm { agree: "yes".into(), ..form };
        self.panel.backend.certificates.set_acme(&self.panel.actor, form).await
    }

    async fn look(&self) {
        self.panel.services.certificates.order_due().await.expect("looked");
    }

    fn later(&self, ms: i64) {
        self.panel.services.clock.advance_ms(ms);
    }

    /// Has DNS lead the name to one address.
    async fn leads_to(&self, address: &str) {
        self.pebble.dns_says("clear-a", json!({ "host": SHOP })).await;
        self.pebble.dns_says("add-a", json!({ "host": SHOP, "addresses": [address] })).await;
    }

    async fn row(&self) -> PlanRow {
        self.panel.backend.certificates.plan(&self.panel.actor, &name(SHOP)).await.expect("a plan")
    }

    async fn problem(&self) -> Problem {
        self.row().await.plan.problem.expect("a problem")
    }

    /// In how many minutes the next try is.
    async fn minutes_left(&self) -> i64 {
        let next_at = self.row().await.plan.next_at.expect("a next try");
        next_at.since(self.panel.services.clock.now()) / MINUTE
    }

    /// Orders now, and waits for how it went.
    async fn issue_now(&self) {
        self.panel.backend.certificates.issue_now(&self.panel.actor, &name(SHOP)).await.expect("asked for");
        self.look().await;
    }

    /// The serial number of the certificate in use.
    async fn serial(&self) -> Option<String> {
        let rows = self.panel.backend.certificates.list(&self.panel.actor).await.expect("listed");
        rows.into_iter().find(|row| row.domain == name(SHOP)).map(|row| row.facts.serial)
    }

    /// The serial number of what nginx serves, believed by whoever trusts Pebble.
    async fn served(&self) -> String {
        let issuer = self.pebble.issuer().await;
        let leaf = gate::served(self.config.https_port, SHOP, &issuer).await.expect("a handshake");
        tls::facts(&leaf).expect("a certificate").serial
    }

    async fn attempts(&self) -> Vec<AttemptRow> {
        self.panel.backend.certificates.acme(&self.panel.actor).await.expect("a view").attempts
    }

    /// How many answers to an authority lie about.
    fn answers_left(&self) -> usize {
        let folder = self.panel.ground.state().join("nginx/challenges/.well-known/acme-challenge");
        std::fs::read_dir(folder).expect("a folder").count()
    }
}

#[tokio::test]
async fn a_name_becomes_https_by_itself() {
    let site = Site::without_terms(&[]).await;
    site.look().await;
    assert_eq!(site.serial().await, None, "nothing is ordered before an owner agreed");
    assert!(site.pebble.gate.orders().is_empty());

    // From here nobody asks for anything: the panel looks by itself.
    site.agree(AcmeForm { email: "ada@example.com".into(), ..AcmeForm::default() }).await.expect("agreed");
    for _ in 0..600 {
        if site.serial().await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    site.look().await;
    assert_eq!(site.row().await.plan.problem, None);
    let serial = site.served().await;
    assert_eq!(Some(&serial), site.serial().await.as_ref());
    assert_eq!(site.pebble.status_of(&serial).await, "Valid");
    let http = web::get(site.panel.ground.http_port, SHOP, "/").await.expect("an answer");
    assert_eq!(http.status, 301, "{http:?}");
    assert_eq!((site.pebble.gate.orders().len(), site.answers_left()), (1, 0));

    let view = site.panel.backend.certificates.acme(&site.panel.actor).await.expect("a view");
    assert!(view.agreed.is_some() && view.account_since.is_some() && view.form.email == "ada@example.com");
    // Pebble's terms are a `data:` address, which nobody is led to.
    assert_eq!(view.facts.expect("facts").terms, None);
    assert_eq!(view.attempts.iter().map(|row| row.outcome).collect::<Vec<_>>(), [Outcome::Issued]);
    let local = view.plans.iter().find(|row| row.plan.domain == name("shop.apps.localhost")).expect("its own name");
    assert_eq!(local.why_not, Some(Why::Local));
    // Nothing more happens.
    site.look().await;
    assert_eq!(site.pebble.gate.orders().len(), 1);
}

#[tokio::test]
async fn trying_with_staging_leaves_nothing_but_an_answer() {
    let site = Site::start(&[]).await;
    let certificates = &site.panel.backend.certificates;
    let form = PlanForm { policy: "none".into(), challenge: "http-01".into(), ..PlanForm::default() };
    certificates.set_plan(&site.panel.actor, &name(SHOP), form.clone()).await.expect("set");
    site.look().await;
    assert_eq!(site.row().await.why_not, Some(Why::NotAutomatic));
    let refused = certificates.try_staging(&site.panel.actor, &name(SHOP)).await.expect_err("nobody sees to it");
    assert_eq!(refused.code, Code::Conflict);

    let form = PlanForm { policy: "automatic".into(), ..form };
    certificates.set_plan(&site.panel.actor, &name(SHOP), form).await.expect("set");
    site.look().await;
    let serial = site.serial().await;
    let trial = certificates.try_staging(&site.panel.actor, &name(SHOP)).await.expect("tried");
    assert_eq!(trial.problem, None);
    assert_eq!(site.serial().await, serial, "what came is thrown away");
    site.leads_to("192.0.2.9").await;
    let trial = certificates.try_staging(&site.panel.actor, &name(SHOP)).await.expect("tried");
    assert!(trial.problem.expect("a problem").title.contains("192.0.2.9"));
}

#[tokio::test]
async fn what_came_from_staging_is_replaced_when_it_is_over() {
    let site = Site::without_terms(&[]).await;
    let staging = AcmeForm { directory: "staging".into(), ..AcmeForm::default() };
    site.agree(staging.clone()).await.expect("agreed");
    site.look().await;
    let tried = site.served().await;
    assert_eq!(site.pebble.gate.orders().len(), 1);
    site.look().await;
    assert_eq!(site.pebble.gate.orders().len(), 1, "it is good enough while staging is used");
    // Back again, nobody asks for anything more.
    site.agree(AcmeForm::default()).await.expect("agreed");
    site.look().await;
    let real = site.served().await;
    assert_ne!(real, tried);
    // The other way nothing that browsers believe is given up.
    site.agree(staging).await.expect("agreed");
    site.look().await;
    assert_eq!((site.served().await, site.pebble.gate.orders().len()), (real, 2));
}

#[tokio::test]
async fn accounts_that_have_to_be_bound_are() {
    let site = Site::without_terms(&[("EAB", "1")]).await;
    let missing = site.agree(AcmeForm::default()).await.expect_err("no key");
    assert_eq!((missing.code, missing.field.as_deref()), (Code::Invalid, Some("eab_kid")));
    let form = |kid: &str, hmac: &str| AcmeForm { eab_kid: kid.into(), eab_hmac: hmac.into(), ..AcmeForm::default() };
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    for (kid, hmac) in [("kid-1", "b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH"), ("kid-9", key)] {
        let wrong = site.agree(form(kid, hmac)).await.expect_err("a wrong key");
        assert_eq!(wrong.code, Code::Engine, "{wrong}");
    }
    site.agree(form("kid-1", key)).await.expect("bound");
    let view = site.panel.backend.certificates.acme(&site.panel.actor).await.expect("a view");
    assert_eq!((view.form.eab_kid.as_str(), view.form.eab_hmac.as_str()), ("kid-1", ""));
    site.look().await;
    site.served().await;
    // The account is kept, so that a change of the rest needs no key: neither without its id nor with it, as
    // the page has it.
    site.agree(AcmeForm { email: "ada@example.com".into(), ..AcmeForm::default() }).await.expect("changed");
    let as_shown = AcmeForm { email: "eve@example.com".into(), ..view.form };
    site.agree(as_shown.clone()).await.expect("changed");
    let other = site.agree(AcmeForm { eab_kid: "kid-2".into(), ..as_shown }).await.expect_err("no key");
    assert_eq!(other.field.as_deref(), Some("eab_hmac"));
}

#[tokio::test]
async fn settings_are_an_owners_and_hostile_values_are_refused() {
    let site = Site::without_terms(&[]).await;
    let certificates = &site.panel.backend.certificates;
    let domain = name(SHOP);
    for role in ["viewer", "deployer"] {
        let actor = site.panel.person(role).await;
        let form = AcmeForm { agree: "yes".into(), ..AcmeForm::default() };
        assert_eq!(certificates.set_acme(&actor, form).await.expect_err("not theirs").code, Code::Forbidden);
        let form = PlanForm { policy: "none".into(), challenge: "http-01".into(), ..PlanForm::default() };
        assert_eq!(certificates.set_plan(&actor, &domain, form).await.expect_err("not theirs").code, Code::Forbidden);
        assert_eq!(certificates.revoke(&actor, &domain, "").await.expect_err("not theirs").code, Code::Forbidden);
    }
    let before = certificates.issue_now(&site.panel.actor, &domain).await.expect_err("nobody agreed");
    assert!(before.code == Code::Conflict && before.hint.is_some(), "{before}");
    let unticked = certificates.set_acme(&site.panel.actor, AcmeForm::default()).await.expect_err("no terms");
    assert_eq!(unticked.field.as_deref(), Some("agree"));
    let elsewhere = |url: String| AcmeForm { directory: "other".into(), url, ..AcmeForm::default() };
    // Nothing listens there; something listens there that is no directory; no https.
    for (url, code) in [
        (format!("https://127.0.0.1:{}/dir", site.config.https_port), Code::Unavailable),
        (format!("https://127.0.0.1:{}/nonce-plz", site.pebble.gate.port), Code::Unavailable),
        ("http://127.0.0.1/dir".to_owned(), Code::Invalid),
        ("https://a b/\nHost: x".to_owned(), Code::Invalid),
    ] {
        let refused = site.agree(elsewhere(url.clone())).await.expect_err("refused");
        assert_eq!(refused.code, code, "{url}: {refused}");
    }
    let profile = site.agree(AcmeForm { profile: "shortlived".into(), ..AcmeForm::default() }).await;
    assert_eq!(profile.expect_err("none there").field.as_deref(), Some("profile"));
    let unknown = certificates.plan(&site.panel.actor, &name("nobody.example.com")).await.expect_err("unknown");
    assert_eq!(unknown.code, Code::NotFound);
    assert_eq!(site.row().await.plan.policy, Policy::Automatic);
    assert!(site.pebble.gate.orders().is_empty());
}
