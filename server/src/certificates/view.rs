//! What pages show: one domain, and what comes next with all certificates.

use homeport_model::{
    actor::{Actor, Role},
    certificate::{
        Alert, CertificateRow, CertificateSource, DomainView, Earlier, Ending, LeadsTo, Look, Outlook, alert,
        expected::Expected,
        own,
        served::{self as served_rules, Meant, Secure, Served, Severity, Way},
    },
    domain::dns::{DnsCheck, DnsVerdict},
    name::{DomainName, HostName},
    panel_domain::SeenCertificate,
    problem::Problem,
    time::Timestamp,
    tunnel::WayIn,
};

use super::{
    Certificates, row,
    store::{self, Certificate, served},
};
use crate::{
    apps::{self, AppRecord},
    failure::Failure,
    tunnel,
};

/// So many certificates' ends are listed.
const MOST_ENDINGS: usize = 5;

impl Certificates {
    /// One domain with all that is known of it.
    ///
    /// # Errors
    /// [`Code::NotFound`](homeport_model::problem::Code::NotFound) for a name that is not served here.
    pub(super) async fn domain(&self, actor: &Actor, domain: &DomainName) -> Result<DomainView, Failure> {
        actor.require(Role::Viewer)?;
        let leads_to = self.leads_to(domain).await?;
        let db = &self.apps.parts.db;
        let now = self.apps.parts.clock.now();
        let in_use = store::in_use(db).await?;
        let certificate = wanted_of(&in_use, domain).cloned().map(row);
        let facts = certificate.as_ref().map(|row| &row.facts);
        let kept = served::of(db, domain).await?;
        let seen: Vec<Served> = kept.iter().map(|kept| kept.served.clone()).collect();
        let expected = Expected::among(&self.apps.parts.domains.expected(), domain);
        let meant = Meant { certificate: facts, expected };
        let looks = looks_of(&kept, domain, meant);
        let note = certificate.as_ref().and_then(|row| {
            let self_signed = row.source == CertificateSource::SelfSigned;
            own::note(&row.facts, self_signed).map(str::to_owned)
        });
        let earlier = store::newest(db, domain).await?.into_iter();
        let trouble = store::plans::of(db, domain).await?.problem.map(|problem| problem.to_string());
        let dns = self.ordering.dns.last_check(domain).await?;
        let tunnel = tunnel::use_of(db, domain).await?;
        let alerts = match tunnel.on {
            true => Vec::new(),
            false => said_of(domain, certificate.as_ref(), &looks, trouble.as_deref(), now),
        };
        Ok(DomainView {
            way: WayIn::of(tunnel.on, dns.as_ref().map(DnsCheck::verdict).as_ref()),
            tunnel,
            domain: domain.clone(),
            note,
            verdict: served_rules::verdict(&seen, domain, meant),
            stopping: self.stopping(domain, &leads_to, &in_use, &seen).await?,
            leads_to,
            alerts,
            dns,
            looks,
            earlier: earlier.map(|(kept, in_use)| Earlier { row: row(kept), in_use }).collect(),
            https_port: self.apps.parts.domains.https_addresses().first().and_then(|at| at.port().try_into().ok()),
            certificate,
            now,
        })
    }

    /// The one sentence about each domain that was looked at.
    pub(crate) async fn verdicts(&self) -> Result<Vec<(DomainName, Severity, String)>, Failure> {
        let db = &self.apps.parts.db;
        let (rows, kept) = (store::in_use(db).await?, served::all(db).await?);
        let expected = self.apps.parts.domains.expected();
        let of = |looks: &[served::Kept]| {
            let domain = looks.first()?.domain.clone();
            let seen: Vec<Served> = looks.iter().map(|kept| kept.served.clone()).collect();
            let certificate = wanted_of(&rows, &domain).map(|row| &row.facts);
            let meant = Meant { certificate, expected: Expected::among(&expected, &domain) };
            let (severity, words) = served_rules::verdict(&seen, &domain, meant)?;
            Some((domain, severity, words))
        };
        Ok(kept.chunk_by(|one, next| one.domain == next.domain).filter_map(of).collect())
    }

    /// What comes next, as last computed: the first page asks the store nothing for it.
    pub(super) fn outlook(&self, actor: &Actor) -> Result<Outlook, Failure> {
        actor.require(Role::Viewer)?;
        Ok(self.outlook.borrow().clone())
    }

    /// Computes what comes next anew; says whether it changed.
    pub(super) async fn refresh(&self) -> Result<bool, Failure> {
        let now = self.apps.parts.clock.now();
        let db = &self.apps.parts.db;
        let rows = store::in_use(db).await?;
        let kept = served::all(db).await?;
        let by_tunnel = tunnel::store::names(db).await?;
        let mut names = self.apps.parts.domains.served_names().await?;
        names.retain(|name| !by_tunnel.contains(name));
        names.sort();
        names.dedup();
        let plans = store::plans::all(db).await?;
        let expected = self.apps.parts.domains.expected();
        let mut outlook = Outlook::default();
        for name in &names {
            let certificate = wanted_of(&rows, name).cloned().map(row);
            let facts = certificate.as_ref().map(|row| &row.facts);
            let looks = looks_of(&kept, name, Meant { certificate: facts, expected: Expected::among(&expected, name) });
            let plan = plans.iter().find(|plan| plan.domain == *name);
            let trouble = plan.and_then(|plan| plan.problem.as_ref()).map(ToString::to_string);
            outlook.alerts.extend(said_of(name, certificate.as_ref(), &looks, trouble.as_deref(), now));
            if let Some(certificate) = certificate {
                let ending = Ending {
                    domain: certificate.domain,
                    at: certificate.facts.not_after,
                    renews: certificate.source == CertificateSource::Acme,
                };
                if !outlook.endings.contains(&ending) {
                    outlook.endings.push(ending);
                }
            }
        }
        alert::sort(&mut outlook.alerts);
        outlook.endings.sort_by(|a, b| a.at.cmp(&b.at).then(a.domain.cmp(&b.domain)));
        outlook.endings.truncate(MOST_ENDINGS);
        Ok(self.outlook.send_if_modified(|before| {
            for alert in outlook.alerts.iter().filter(|alert| !is_known(&before.alerts, alert)) {
                tracing::warn!(domain = %alert.domain, "{} {}", alert.words, alert.cause);
            }
            let changed = *before != outlook;
            *before = outlook;
            changed
        }))
    }

    /// The certificate that is meant to be served for a domain: its own, else a wildcard's.
    pub(super) async fn wanted(&self, domain: &DomainName) -> Result<Option<Certificate>, Failure> {
        Ok(wanted_of(&store::in_use(&self.apps.parts.db).await?, domain).cloned())
    }

    pub(super) async fn own_in_use(&self, domain: &DomainName) -> Result<Option<Certificate>, Failure> {
        let all = store::in_use(&self.apps.parts.db).await?;
        Ok(all.into_iter().find(|kept| kept.domain == *domain))
    }

    /// What a rehearsal of a name has to know.
    pub(crate) async fn rehearsed(&self, domain: &DomainName) -> Result<Planned, Failure> {
        let db = &self.apps.parts.db;
        let wanted = self.wanted(domain).await?;
        let serial = wanted.as_ref().map(|wanted| wanted.facts.serial.as_str());
        let looks = served::of(db, domain).await?;
        let secure =
            |is_way: fn(Way) -> bool| looks.iter().find(|kept| is_way(kept.served.way)).map(|kept| &kept.served.secure);
        let here = secure(|way| way == Way::Loopback);
        let is_wanted = |secure: &Secure| Some(secure.facts.serial.as_str()) == serial;
        let answer = here.map(|here| match here {
            Err(unseen) => Err(unseen.words()),
            Ok(secure) if !is_wanted(secure) => Err("Another certificate than the one in use is served.".to_owned()),
            Ok(secure) if secure.status.is_none_or(|status| status >= 500) => {
                Err("The handshake is made, and then nobody answers.".to_owned())
            }
            Ok(_) => Ok(()),
        });
        // Behind a CDN visitors are shown the CDN's certificate.
        let verdict = self.ordering.dns.last_check(domain).await?.map(|check| check.verdict());
        let is_believed = match verdict {
            Some(DnsVerdict::Cdn { .. }) => {
                secure(|way| matches!(way, Way::Public { .. })).and_then(|seen| seen.as_ref().ok())
            }
            _ => here.and_then(|seen| seen.as_ref().ok()).filter(|secure| is_wanted(secure)),
        };
        let certificate = wanted.map(|wanted| SeenCertificate {
            until: wanted.facts.not_after,
            source: wanted.source,
            covers: wanted.facts.covers(domain),
            trusted: is_believed.map(|secure| secure.trusted),
        });
        let problem = store::plans::of(db, domain).await?.problem.map(|problem| problem.to_string());
        Ok(Planned { certificate, problem, answer })
    }

    /// What a domain leads to.
    pub(super) async fn leads_to(&self, domain: &DomainName) -> Result<LeadsTo, Failure> {
        let domains = &self.apps.parts.domains;
        let served = domains.served_names().await?;
        if domain.is_wildcard() && !served.contains(domain) {
            let names: Vec<HostName> =
                served.iter().filter(|name| domain.covers(name)).filter_map(DomainName::host).collect();
            return if names.is_empty() { Err(unknown()) } else { Ok(LeadsTo::Below { names }) };
        }
        if !served.contains(domain) {
            return Err(unknown());
        }
        let apps = apps::store::list(&self.apps.parts.db).await?;
        let has = |app: &AppRecord| {
            app.names.iter().any(|name| name.name == *domain)
                || DomainName::from(domains.own_host_name(&app.spec.name)) == *domain
        };
        let app = apps.into_iter().find(has);
        Ok(app.map_or(LeadsTo::Panel, |app| LeadsTo::App { name: app.spec.name }))
    }
}

/// What is known of a name that is being rehearsed.
pub(crate) struct Planned {
    /// The certificate in use.
    pub(crate) certificate: Option<SeenCertificate>,
    /// Why there is none, or no new one.
    pub(crate) problem: Option<String>,
    /// Whether nginx served it at the last look over loopback, and else why not; `None` before that.
    pub(crate) answer: Option<Result<(), String>>,
}

/// The looks at one domain, and what differs in each.
fn looks_of(kept: &[served::Kept], domain: &DomainName, meant: Meant<'_>) -> Vec<Look> {
    let of_domain = kept.iter().filter(|kept| kept.domain == *domain);
    let look = |kept: &served::Kept| Look {
        differences: served_rules::differences(&kept.served, domain, meant),
        served: kept.served.clone(),
        since: kept.since,
    };
    of_domain.map(look).collect()
}

/// What is to be said of one domain.
fn said_of(
    domain: &DomainName,
    row: Option<&CertificateRow>,
    looks: &[Look],
    trouble: Option<&str>,
    now: Timestamp,
) -> Vec<Alert> {
    alert::alerts(domain, row, looks, trouble, now)
}

fn is_known(before: &[Alert], alert: &Alert) -> bool {
    before.iter().any(|known| known.domain == alert.domain && known.kind == alert.kind && known.words == alert.words)
}

/// The same choice as [`Pairs`](super::Pairs) makes.
fn wanted_of<'a>(rows: &'a [Certificate], domain: &DomainName) -> Option<&'a Certificate> {
    let own = rows.iter().find(|row| row.domain == *domain);
    own.or_else(|| rows.iter().find(|row| row.domain.covers(domain)))
}

fn unknown() -> Failure {
    Problem::not_found("domain").hint("Give the name to an app first.").into()
}
