//! Certificates that Homeport orders by itself, from a real Pebble.

use homeport_model::{
    app::AppForm,
    certificate::settings::{AcmeForm, PlanRow},
    name::DomainName,
};
use homeport_server::config::{Config, DnsServer};

use crate::support::{
    namespace::Ground,
    pebble::Pebble,
    running::{self, Running},
};

const SHOP: &str = "shop.example.com";

fn name(text: &str) -> DomainName {
    text.parse().expect("a name")
}

fn config(ground: &Ground, pebble: &Pebble) -> Config {
    Config {
        acme_directory: pebble.directory(),
        acme_staging: pebble.directory(),
        acme_root: Some(pebble.root()),
        dns_resolver: vec![DnsServer(([127, 0, 0, 1], pebble.dns.get()).into())],
        public_address: vec![[127, 0, 0, 1].into()],
        ..running::config(ground)
    }
}

/// A panel whose owner has agreed, with an app at `shop.example.com`.
struct Site {
    panel: Running,
    pebble: Pebble,
}

impl Site {
    async fn start(more: &[(&str, &str)]) -> Self {
        let site = Self::without_terms(more).await;
        site.agree().await;
        site
    }

    async fn without_terms(more: &[(&str, &str)]) -> Self {
        let ground = Ground::new();
        let pebble = Pebble::with(ground.http_port, more).await;
        let config = config(&ground, &pebble);
        let panel = Running::with(ground, config).await;
        let form = AppForm { host_names: SHOP.into(), ..panel.form("shop") };
        panel.create(form).await;
        Self { panel, pebble }
    }

    async fn agree(&self) {
        let form = AcmeForm { agree: "yes".into(), ..AcmeForm::default() };
        self.panel.backend.certificates.set_acme(&self.panel.actor, form).await.expect("agreed");
    }

    async fn look(&self) {
        self.panel.services.certificates.reconcile().await.expect("looked");
    }

    async fn row(&self) -> PlanRow {
        self.panel.backend.certificates.plan(&self.panel.actor, &name(SHOP)).await.expect("a plan")
    }

    /// The serial number of the certificate in use.
    async fn serial(&self) -> Option<String> {
        let rows = self.panel.backend.certificates.list(&self.panel.actor).await.expect("listed");
        rows.into_iter().find(|row| row.domain == name(SHOP)).map(|row| row.facts.serial)
    }
}

#[tokio::test]
async fn a_name_becomes_https_by_itself() {
    let site = Site::without_terms(&[]).await;
    site.look().await;
    assert_eq!(site.serial().await, None, "nothing is ordered before an owner agreed");
    assert!(site.pebble.gate.orders().is_empty());

    site.agree().await;
    site.look().await;
    let row = site.row().await;
    assert_eq!(row.plan.problem, None);
    let serial = site.serial().await.expect("a certificate");
    assert_eq!(site.pebble.status_of(&serial).await, "Valid");
}
