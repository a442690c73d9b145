//! What people decide about names and proxies. All of it takes effect at once, without a deploy, and
//! none of it is part of a release.

mod backend;
mod names;
mod nginx;
mod parts;
mod proxy;

use homeport_model::{
    certificate::served::Severity,
    domain::{AppDomains, DomainRow, Found, Leads, PrefixRow, dns::DnsVerdict},
    id::AppId,
    name::{AppName, DomainName},
    prelude::{Actor, Role, Topic},
    time::Timestamp,
    tunnel::WayIn,
};

use super::{Domains, store::proxy as kept};
use crate::{
    apps::{self, AppRecord, Apps},
    certificates::{self, Certificates},
    dns::{Dns, idna::to_unicode},
    failure::Failure,
    tunnel,
};

/// The service.
#[derive(Clone)]
pub struct Routing {
    apps: Apps,
    certificates: Certificates,
    dns: Dns,
}

/// Until when each certificate in use is good.
type Expiries = Vec<(DomainName, Timestamp)>;

impl Routing {
    /// The service beside the others.
    #[must_use]
    pub fn new(apps: Apps, certificates: Certificates, dns: Dns) -> Self {
        Self { apps, certificates, dns }
    }

    fn domains(&self) -> &Domains {
        &self.apps.parts.domains
    }

    async fn expiries(&self) -> Result<Expiries, Failure> {
        let in_use = certificates::store::in_use(&self.apps.parts.db).await?;
        Ok(in_use.into_iter().map(|kept| (kept.domain, kept.facts.not_after)).collect())
    }

    async fn list(&self, actor: &Actor) -> Result<Vec<DomainRow>, Failure> {
        actor.require(Role::Viewer)?;
        let expiries = self.expiries().await?;
        let apps = apps::store::list(&self.apps.parts.db).await?;
        let mut rows: Vec<DomainRow> =
            apps.iter().filter(|app| !app.deleting).flat_map(|app| self.rows(app, &expiries)).collect();
        let (found, verdicts) = (self.ways_in(&mut rows).await?, self.certificates.verdicts().await?);
        for (row, found) in rows.iter_mut().zip(found) {
            row.dns = found.and_then(|verdict| Some(Found { good: verdict.is_good(), words: verdict.words()? }));
            let served = verdicts.iter().find(|(domain, ..)| *domain == row.name);
            // That a name without a certificate is served by http stands beside it already.
            let served = served.filter(|(_, severity, _)| row.expires_at.is_some() || *severity > Severity::Unknown);
            row.served =
                served.map(|(_, severity, words)| Found { good: *severity <= Severity::Note, words: words.clone() });
        }
        Ok(rows)
    }

    async fn of_app(&self, actor: &Actor, name: &AppName) -> Result<AppDomains, Failure> {
        actor.require(Role::Viewer)?;
        let db = &self.apps.parts.db;
        let app = self.apps.get(name).await?;
        let all = apps::store::list(db).await?;
        let name_of = |id: &AppId| all.iter().find(|app| app.id == *id).map(|app| app.spec.name.clone());
        let proxies = kept::all(db).await?;
        let (mut prefixes, mut elsewhere) = (Vec::new(), Vec::new());
        for part in kept::parts(db).await? {
            if part.app == app.id
                && let Some(to) = name_of(&part.to)
            {
                prefixes.push(PrefixRow { host: part.host, path: part.path, app: to, strip: part.strip });
            } else if part.to == app.id
                && let Some(owner) = name_of(&part.app)
            {
                elsewhere.push((format!("{}{}", part.host, part.path), owner));
            }
        }
        let mut names = self.rows(&app, &self.expiries().await?);
        self.ways_in(&mut names).await?;
        Ok(AppDomains {
            names,
            prefixes,
            elsewhere,
            others: all
                .iter()
                .filter(|other| other.id != app.id && !other.deleting)
                .map(|other| other.spec.name.clone())
                .collect(),
            catch_all: proxies.iter().find(|(_, proxy)| proxy.catch_all).and_then(|(id, _)| name_of(id)),
            maintenance: proxies.into_iter().find(|(id, _)| *id == app.id).and_then(|(_, proxy)| proxy.maintenance),
            refusal: self.domains().refusal(name),
        })
    }

    /// Says by which way each name comes in, and returns what DNS says of each, in their order.
    async fn ways_in(&self, rows: &mut [DomainRow]) -> Result<Vec<Option<DnsVerdict>>, Failure> {
        let (by_tunnel, checks) = (tunnel::store::names(&self.apps.parts.db).await?, self.dns.last_checks().await?);
        let found = rows.iter_mut().map(|row| {
            let is_by_tunnel = by_tunnel.contains(&row.name);
            let check = checks.iter().find(|check| check.name == row.name);
            let verdict = check.map(|check| check.verdict_by(is_by_tunnel));
            row.way = WayIn::of(is_by_tunnel, verdict.as_ref());
            verdict
        });
        Ok(found.collect())
    }

    fn rows(&self, app: &AppRecord, expiries: &Expiries) -> Vec<DomainRow> {
        let domains = self.domains();
        let row = |name: DomainName, leads: Leads, derived: bool, primary: bool| {
            let own = expiries.iter().find(|(domain, _)| *domain == name);
            let expires_at =
                own.or_else(|| expiries.iter().find(|(domain, _)| domain.covers(&name))).map(|(_, at)| *at);
            let url = name.host().map(|host| domains.url_by(&host, expires_at.is_some()));
            let (unicode, app) = (to_unicode(&name), app.spec.name.clone());
            let way = WayIn::Direct;
            DomainRow { name, unicode, app, leads, derived, primary, url, expires_at, way, dns: None, served: None }
        };
        let own = domains.own_host_name(&app.spec.name).into();
        let mut rows = vec![row(own, Leads::App, true, app.primary().is_none())];
        rows.extend(app.names.iter().map(|name| {
            let leads = match &name.redirect {
                None => Leads::App,
                Some(to) => Leads::Redirect { to: to.to_string(), status: to.status.get() },
            };
            row(name.name.clone(), leads, false, name.primary)
        }));
        rows
    }

    /// After a commit: nginx first, so that the page that asks again sees what is served.
    async fn changed(&self, app: &AppId) {
        self.domains().serve_now().await;
        if let Ok(Some(app)) = apps::store::find_id(&self.apps.parts.db, app).await {
            let own = self.domains().own_host_name(&app.spec.name).into();
            let names = app.names.iter().map(|name| name.name.clone()).chain([own]);
            self.certificates.look_soon(names).await;
        }
        self.apps.announce(app);
        self.apps.parts.hub.announce(Topic::Domains);
    }
}
