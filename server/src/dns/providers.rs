//! Zones' providers: which are kept, and how one value is added or removed through them.

use std::net::{IpAddr, SocketAddr};

use homeport_model::{
    domain::{
        dns::{DnsAnswer, is_public},
        dns_provider::{
            ApiAnswer, DnsProviderForm, DnsProviderRow, DnsProviderSettings, DnsProviderSpec, KeyName, ServerAddress,
            TEST_LABEL, Talk, TsigHash, Turn, Txt, TxtChange, lies_in,
        },
    },
    event::Topic,
    name::HostName,
    prelude::{Actor, Code, Problem, Role},
    secret::Secret,
    text::{base64, from_base64},
};
use serde_json::json;

use super::{Dns, idna, store};
use crate::{
    ambient,
    drivers::dns::{Key, Update, UpdateError},
    egress,
    failure::Failure,
};
use store::Kept;

/// At most this many.
const MOST: usize = 50;
/// A conversation has a question for each label of a name, and a few more.
const MOST_TURNS: usize = 140;

/// A provider that can be asked.
pub(super) struct Provider {
    pub(super) zone: HostName,
    settings: DnsProviderSettings,
    token: Secret<String>,
}

impl Dns {
    pub(super) async fn list_providers(&self, actor: &Actor) -> Result<Vec<DnsProviderRow>, Failure> {
        actor.require(Role::Viewer)?;
        Ok(store::providers(&self.parts.db).await?.into_iter().map(|kept| kept.row).collect())
    }

    /// Keeps a provider once it has published a record and taken it back.
    pub(super) async fn keep_provider(&self, actor: &Actor, form: &DnsProviderForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let zone = match form.zone.is_ascii() {
            true => form.zone.clone(),
            false => idna::to_ascii(&form.zone).map_err(|problem| problem.at("zone"))?.into(),
        };
        let form = DnsProviderForm { zone, ..form.clone() };
        let DnsProviderSpec { zone, settings, token } = form.parse(self.parts.local)?;
        let parts = &self.parts;
        let known = store::providers(&parts.db).await?;
        if known.len() >= MOST && known.iter().all(|kept| kept.row.zone != zone) {
            return Err(Problem::new(Code::Conflict, format!("At most {MOST} DNS providers are kept."))
                .hint("Forget one that is not needed any more.")
                .into());
        }
        let provider = Provider { zone, settings, token };
        self.rehearse(&provider).await?;
        let Provider { zone, settings, token } = provider;
        let now = parts.clock.now();
        let sealed = parts.sealer.seal(token.expose().as_bytes(), &context(&zone));
        let detail = json!({ "kind": settings.kind(), "reached": settings.to_string() });
        let as_text = serde_json::to_string(&settings)?;
        let row = DnsProviderRow { zone, settings, created_at: now, last_ok_at: Some(now), problem: None };
        let kept = Kept { row, sealed };
        let mut tx = parts.db.write().await?;
        store::keep_provider(&mut tx, &kept, &as_text).await?;
        parts.audit.record(&mut tx, actor, "dns_provider.keep", kept.row.zone.as_str(), detail).await?;
        tx.commit().await?;
        self.announce();
        self.kept.notify_one();
        Ok(())
    }

    /// Waits until a provider is kept: names may be provable that were not.
    pub(crate) async fn provider_kept(&self) {
        self.kept.notified().await;
    }

    pub(super) async fn forget_provider(&self, actor: &Actor, zone: &HostName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.parts;
        let mut tx = parts.db.write().await?;
        if !store::forget_provider(&mut tx, zone).await? {
            return Err(Problem::not_found("DNS provider").into());
        }
        parts.audit.record(&mut tx, actor, "dns_provider.forget", zone.as_str(), json!({})).await?;
        tx.commit().await?;
        self.announce();
        Ok(())
    }

    /// Publishes a harmless record and takes it back.
    pub(super) async fn try_provider(&self, actor: &Actor, zone: &HostName) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let provider = self.provider(zone).await?.ok_or_else(|| Problem::not_found("DNS provider"))?;
        let tried = self.rehearse(&provider).await;
        self.write_down(zone, &tried).await?;
        tried
    }

    async fn rehearse(&self, provider: &Provider) -> Result<(), Failure> {
        let value = base64(&ambient::random_bytes::<16>(), true);
        let txt = Txt { name: format!("{TEST_LABEL}.{}", provider.zone), value };
        self.change(provider, &txt, TxtChange::Put).await?;
        self.change(provider, &txt, TxtChange::Remove).await
    }

    /// The provider kept for a zone.
    pub(super) async fn provider(&self, zone: &HostName) -> Result<Option<Provider>, Failure> {
        let kept = store::providers(&self.parts.db).await?.into_iter().find(|kept| kept.row.zone == *zone);
        kept.map(|kept| self.open(kept)).transpose()
    }

    /// The provider of the smallest zone that a name lies in.
    pub(super) async fn provider_of(&self, name: &str) -> Result<Option<Provider>, Failure> {
        let kept = store::providers(&self.parts.db).await?.into_iter();
        let nearest =
            kept.filter(|kept| lies_in(name, kept.row.zone.as_str())).max_by_key(|kept| kept.row.zone.as_str().len());
        nearest.map(|kept| self.open(kept)).transpose()
    }

    fn open(&self, kept: Kept) -> Result<Provider, Failure> {
        let token = self.parts.sealer.open(&kept.sealed, &context(&kept.row.zone))?;
        let token = Secret::new(String::from_utf8(token.expose().clone()).map_err(Failure::internal)?);
        Ok(Provider { zone: kept.row.zone, settings: kept.row.settings, token })
    }

    /// Adds or removes one value.
    pub(super) async fn change(&self, provider: &Provider, txt: &Txt, change: TxtChange) -> Result<(), Failure> {
        let turn = self.turns.lock().await.entry(provider.zone.clone()).or_default().clone();
        let _mine = turn.lock().await;
        match &provider.settings {
            DnsProviderSettings::Rfc2136 { server, key_name, hash } => {
                self.update(provider, (server, key_name, *hash), txt, change).await
            }
            _ => self.talk(provider, txt, change).await,
        }
    }

    async fn talk(&self, provider: &Provider, txt: &Txt, change: TxtChange) -> Result<(), Failure> {
        let name = provider.settings.kind().subject();
        let (mut talk, mut request) = Talk::begin(&provider.settings, &provider.token, txt.clone(), change)
            .ok_or_else(|| Failure::internal("a provider without an interface"))?;
        for _ in 0..MOST_TURNS {
            let answer = self.parts.egress.send(&request).await.map_err(|error| unreached(name, &error))?;
            let egress::Answer { status, body, retry_after_s } = answer;
            match talk.hear(&ApiAnswer { status, body, retry_after_s })? {
                Turn::Ask(next) => request = next,
                Turn::Done => return Ok(()),
            }
        }
        Err(Failure::internal("a provider that is never done"))
    }

    async fn update(
        &self,
        provider: &Provider,
        (server, key_name, hash): (&ServerAddress, &KeyName, TsigHash),
        txt: &Txt,
        change: TxtChange,
    ) -> Result<(), Failure> {
        let secret =
            from_base64(provider.token.expose()).ok_or_else(|| Failure::internal("a key that is not base64"))?;
        let key = Key { name: key_name.clone(), hash, secret: Secret::new(secret) };
        let update = Update {
            server: self.address_of(server).await?,
            zone: provider.zone.as_str(),
            name: &txt.name,
            value: &txt.value,
            change,
            key: &key,
            now_s: u64::try_from(self.parts.clock.now().ms() / 1_000).unwrap_or_default(),
        };
        self.parts.resolver.update(&update).await.map_err(|error| refused(error, server).into())
    }

    /// Where a server is; never this host or its network, unless that is allowed.
    async fn address_of(&self, server: &ServerAddress) -> Result<SocketAddr, Failure> {
        let (host, port) = server.host_and_port();
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.parts.resolver.addresses(host).await.map_err(|answer| unknown_server(host, &answer))?,
        };
        if !self.parts.local && addresses.iter().any(|address| !is_public(*address)) {
            return Err(Problem::new(Code::Engine, format!("{server} leads to an address that is not public."))
                .hint("Name the address under which the internet reaches that server.")
                .at("server")
                .into());
        }
        let address = addresses.first().ok_or_else(|| Failure::internal("a name without an address"))?;
        Ok(SocketAddr::new(*address, port))
    }

    /// How a provider fared, for its row.
    pub(super) async fn write_down(&self, zone: &HostName, fared: &Result<(), Failure>) -> Result<(), Failure> {
        let problem = match fared {
            Ok(()) => None,
            Err(Failure::Problem(problem)) => Some(problem.to_string()),
            Err(Failure::Internal(_)) => return Ok(()),
        };
        let mut tx = self.parts.db.write().await?;
        store::fared(&mut tx, zone, self.parts.clock.now(), problem.as_deref()).await?;
        tx.commit().await?;
        self.parts.hub.announce(Topic::Account);
        Ok(())
    }

    fn announce(&self) {
        self.parts.hub.announce(Topic::Account);
        self.parts.hub.announce(Topic::Activity);
    }
}

fn context(zone: &HostName) -> String {
    format!("dns_provider/{zone}")
}

fn unreached(name: &str, error: &egress::Error) -> Problem {
    let problem = Problem::new(Code::Engine, format!("{name} could not be asked: {error}."));
    match error {
        egress::Error::Plain | egress::Error::Private(_) => {
            problem.hint("Type an https address that the internet reaches.").at("url")
        }
        egress::Error::Away(_) => problem.hint("Try again; if it stays, look at this server's way to the internet."),
    }
}

fn unknown_server(host: &str, answer: &DnsAnswer<IpAddr>) -> Problem {
    Problem::new(Code::Engine, format!("{host} has no address in DNS ({}).", answer.shown()))
        .hint("Check the server's name, or type its address.")
        .at("server")
}

fn refused(error: UpdateError, server: &ServerAddress) -> Problem {
    let problem = |title: String, hint: &str| Problem::new(Code::Engine, title).hint(hint);
    match error {
        UpdateError::Silent => problem(
            format!("{server} does not answer."),
            "Check its address, and that its firewall lets this server in on UDP and TCP.",
        )
        .at("server"),
        UpdateError::Key => problem(
            format!("{server} does not know this key."),
            "Compare the key's name and hash with the server's configuration, and look whether the zone lets it update.",
        )
        .at("key_name"),
        UpdateError::Signature => {
            problem(format!("{server} finds the signature wrong."), "The key's secret is another one there.")
                .at("token")
        }
        UpdateError::Clock => problem(
            format!("{server} and this server disagree about the time by more than five minutes."),
            "Set both clocks (NTP), then try again.",
        ),
        UpdateError::Refused => problem(
            format!("{server} does not let this key change the record."),
            "Allow the key to update TXT records of the zone there (allow-update, update-policy, or an acl).",
        ),
        UpdateError::NoZone => problem(
            format!("{server} has no such zone to change."),
            "Type the zone as the server has it, and the address of its primary server.",
        )
        .at("zone"),
        UpdateError::Unproven => problem(
            format!("{server} answers without this key's signature."),
            "Somebody may stand in between; look at the way to that server.",
        ),
        UpdateError::Failed => {
            problem(format!("{server} answers with an error."), "Its log says more. Then try again.")
        }
    }
}
