//! The fake's DNS providers.

use async_trait::async_trait;
use homeport_app::backend::{Answer, DnsProviders};
use homeport_model::{
    domain::dns_provider::{DnsProviderForm, DnsProviderRow, DnsProviderSettings, TsigHash},
    name::HostName,
    prelude::Actor,
};

use super::{DAY, Fake, ago, parsed};

#[async_trait]
impl DnsProviders for Fake {
    async fn list(&self, _: &Actor) -> Answer<Vec<DnsProviderRow>> {
        let row = |zone: &str, settings, problem: Option<&str>| DnsProviderRow {
            zone: parsed(zone),
            settings,
            created_at: ago(30 * DAY),
            last_ok_at: problem.is_none().then(|| ago(DAY)),
            problem: problem.map(str::to_owned),
        };
        let update = DnsProviderSettings::Rfc2136 {
            server: parsed("ns1.example.net:5353"),
            key_name: parsed("homeport"),
            hash: TsigHash::Sha256,
        };
        let refused = "Cloudflare does not take the token. Type a new one.";
        Ok(if self.empty {
            Vec::new()
        } else {
            vec![
                row("example.com", DnsProviderSettings::Cloudflare { api: None }, Some(refused)),
                row("example.net", update, None),
            ]
        })
    }

    async fn keep(&self, _: &Actor, form: DnsProviderForm) -> Answer<()> {
        form.parse(false).map(|_| ())
    }

    async fn forget(&self, _: &Actor, _: &HostName) -> Answer<()> {
        Ok(())
    }

    async fn try_it(&self, _: &Actor, _: &HostName) -> Answer<()> {
        Ok(())
    }
}
