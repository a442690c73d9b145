//! The fake's certificates.

#[path = "fake_acme.rs"]
mod acme;

use async_trait::async_trait;
use homeport_app::backend::{Answer, Certificates};
use homeport_model::{
    certificate::{
        Alert, AlertKind, CertificateFacts, CertificateRow, CertificateSource, DomainView, Earlier, Ending, LeadsTo,
        Look, Outlook, Served, alert, own,
        served::{self, Meant, Plain, Protocol, Secure, Severity, Unseen, Way},
        settings::{AcmeForm, AcmeView, PlanForm, PlanRow, Trial},
        stop::{self, Stopping, Then},
    },
    domain::dns::{CaaAnswer, DnsAnswer, DnsAnswers, DnsCheck},
    name::DomainName,
    prelude::{Actor, Problem},
    secret::Secret,
    time::Timestamp,
    tunnel::{TunnelUse, WayIn},
};

use super::{DAY, Fake, HOUR, MINUTE, NOW, ago, parsed};

fn facts(serial: &str) -> CertificateFacts {
    CertificateFacts {
        names: vec![parsed("shop.example.com")],
        issuer: "R11".into(),
        serial: serial.into(),
        not_before: ago(30 * DAY),
        not_after: NOW.plus_ms(60 * DAY),
    }
}

fn row(serial: &str, source: CertificateSource, since: Timestamp) -> CertificateRow {
    CertificateRow { domain: parsed("shop.example.com"), source, facts: facts(serial), since }
}

fn seen() -> Vec<Served> {
    let secure = Secure {
        facts: facts("ff"),
        issuers: vec!["R11".into(), "<b>ISRG</b> Root X1".into()],
        missing: None,
        self_signed: false,
        trusted: true,
        protocol: Protocol::Tls13,
        http2: true,
        status: Some(200),
        hsts: Some("max-age=15724800".into()),
        compression: Some("gzip".into()),
    };
    let plain = Plain { status: 301, location: Some("https://shop.example.com/".into()) };
    let inside = Served {
        at: ago(MINUTE),
        way: Way::Loopback,
        secure: Ok(secure),
        plain: Ok(plain),
        ipv6: Some(true),
        ipv6_serial: None,
    };
    let way = Way::Public { address: Some(parsed("203.0.113.7")) };
    let plain = Err(Unseen::TimedOut);
    vec![inside, Served { at: ago(3 * HOUR), way, secure: Err(Unseen::TimedOut), plain, ipv6: None, ipv6_serial: None }]
}

#[async_trait]
impl Certificates for Fake {
    async fn list(&self, _: &Actor) -> Answer<Vec<CertificateRow>> {
        Ok(if self.empty { Vec::new() } else { vec![row("4f2a", CertificateSource::Acme, NOW)] })
    }

    async fn outlook(&self, _: &Actor) -> Answer<Outlook> {
        if self.empty {
            return Ok(Outlook::default());
        }
        let alert = Alert {
            domain: parsed("*.example.com"),
            kind: AlertKind::Expiry,
            severity: Severity::Warning,
            since: ago(DAY),
            words: "The certificate of *.example.com ends in 6 d.".into(),
            cause: "It is one of your own, which Homeport cannot renew: bring a new one.".into(),
        };
        let ending =
            |domain: &str, days: i64, renews| Ending { domain: parsed(domain), at: NOW.plus_ms(days * DAY), renews };
        let endings = vec![ending("*.example.com", 6, false), ending("shop.example.com", 60, true)];
        Ok(Outlook { alerts: vec![alert], endings })
    }

    async fn domain(&self, _: &Actor, domain: &DomainName) -> Answer<DomainView> {
        if self.empty
            || !["shop.example.com", "api.example.com", "in.example.com", "*.example.com"].contains(&domain.as_str())
        {
            return Err(Problem::not_found("domain"));
        }
        let by_tunnel = domain.as_str() == "in.example.com";
        let has_none = domain.as_str() == "api.example.com";
        let wanted = row("4f2a", CertificateSource::Uploaded, ago(2 * DAY));
        let looks = if has_none { Vec::new() } else { seen() };
        let wanted = (!has_none).then_some(wanted);
        let facts = wanted.as_ref().map(|row| &row.facts);
        let meant = Meant { certificate: facts, ..Meant::default() };
        let look =
            |served: Served| Look { differences: served::differences(&served, domain, meant), since: ago(DAY), served };
        let seen: Vec<Look> = looks.iter().cloned().map(look).collect();
        let earlier = Earlier { row: row("4f2a", CertificateSource::Uploaded, ago(2 * DAY)), in_use: true };
        let before = Earlier { row: row("3e1", CertificateSource::SelfSigned, ago(9 * DAY)), in_use: false };
        Ok(DomainView {
            domain: domain.clone(),
            leads_to: LeadsTo::App { name: parsed("shop") },
            way: if by_tunnel { WayIn::Tunnel } else { WayIn::Direct },
            tunnel: TunnelUse { on: by_tunnel, id: Some(parsed("6ff42ae2-765d-4adf-8112-31c55c1551ef")) },
            note: facts.and_then(|facts| own::note(facts, true)).map(str::to_owned),
            verdict: served::verdict(&looks, domain, meant),
            alerts: alert::alerts(domain, wanted.as_ref(), &seen, None, NOW),
            stopping: (!has_none).then(|| Stopping { then: Then::Ordered, hsts: stop::hsts_words(&looks, domain) }),
            looks: seen,
            dns: (!has_none).then(|| DnsCheck {
                name: domain.clone(),
                answers: DnsAnswers {
                    a: DnsAnswer::Found(vec![parsed("198.51.100.7")]),
                    aaaa: DnsAnswer::NoRecord,
                    aliases: Vec::new(),
                    caa: CaaAnswer::Nobody,
                },
                own: vec![parsed("203.0.113.7")],
                at: ago(MINUTE),
                asked_at: ago(MINUTE),
                trouble: None,
            }),
            earlier: if has_none { Vec::new() } else { vec![earlier, before] },
            https_port: Some(parsed("8443")),
            certificate: wanted,
            now: NOW,
        })
    }

    async fn look(&self, _: &Actor, _: &DomainName) -> Answer<()> {
        Ok(())
    }

    async fn keep_own(&self, _: &Actor, _: &DomainName, _: String, _: Secret<String>) -> Answer<()> {
        Ok(())
    }

    async fn stop_using(&self, _: &Actor, _: &DomainName) -> Answer<()> {
        Ok(())
    }

    async fn self_sign(&self, _: &Actor, _: &DomainName) -> Answer<()> {
        Ok(())
    }

    async fn acme(&self, _: &Actor) -> Answer<AcmeView> {
        Ok(acme::view(self.empty))
    }

    async fn set_acme(&self, _: &Actor, form: AcmeForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn plan(&self, _: &Actor, domain: &DomainName) -> Answer<PlanRow> {
        Ok(acme::plan(domain))
    }

    async fn set_plan(&self, _: &Actor, domain: &DomainName, form: PlanForm) -> Answer<()> {
        form.parse(acme::plan(domain).plan).map(|_| ())
    }

    async fn issue_now(&self, _: &Actor, _: &DomainName) -> Answer<()> {
        Ok(())
    }

    async fn revoke(&self, _: &Actor, _: &DomainName, _: &str) -> Answer<()> {
        Ok(())
    }

    async fn try_staging(&self, _: &Actor, domain: &DomainName) -> Answer<Trial> {
        Ok(Trial { domain: domain.clone(), problem: None })
    }
}
