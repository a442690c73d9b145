//! Certificates that nginx is given: what it refuses is a certificate's fault only where it is new.

use std::collections::BTreeSet;

use homeport_model::{
    domain::Refusal,
    name::{AppName, DomainName},
    problem::{Code, Problem},
};

use super::Domains;
use crate::{apps, certificates::store, failure::Failure, tunnel};

impl Domains {
    /// Gives nginx the certificates in use now, and waits until they are served.
    ///
    /// # Errors
    /// When nginx refuses; then what was served before is served on.
    pub(crate) async fn serve_certificates(&self) -> Result<(), Failure> {
        self.ensure_vhosts(&[]).await.map(|_| ())
    }

    /// The same for one domain; that nginx refuses every app that shows its certificate is a failure.
    /// `standing` is what it refused before the certificate was put to use: that has another cause, and
    /// says nothing of this one.
    ///
    /// # Errors
    /// What nginx said.
    pub(crate) async fn serve_certificate_of(&self, domain: &DomainName, standing: &[Refusal]) -> Result<(), Failure> {
        self.serve_certificates().await?;
        let refusals = self.refusals();
        let is_standing = |refusal: &Refusal| {
            standing.iter().any(|before| before.app == refusal.app && before.words == refusal.words)
        };
        let mut refused = None;
        for user in self.users_of(domain).await? {
            match user.and_then(|app| refusals.iter().find(|refusal| refusal.app == app)) {
                // nginx reads it for one, so that it is no fault of the certificate's.
                None => return Ok(()),
                Some(refusal) if is_standing(refusal) => {}
                Some(refusal) => refused = Some(refusal.words.clone()),
            }
        }
        match refused {
            None => Ok(()),
            Some(words) => Err(Problem::new(Code::Engine, words).hint("What was served before is served on.").into()),
        }
    }

    /// Who shows the certificate of a domain: apps, and the panel as `None`. A name below a wildcard that has
    /// a certificate of its own shows that one, and what comes in by the tunnel shows none.
    async fn users_of(&self, domain: &DomainName) -> Result<Vec<Option<AppName>>, Failure> {
        let db = &self.0.parts.db;
        let own: Vec<DomainName> = store::ids_in_use(db).await?.into_iter().map(|(_, domain)| domain).collect();
        let by_tunnel = tunnel::store::names(db).await?;
        let shows = |name: &DomainName| {
            (name == domain || domain.covers(name) && !own.contains(name)) && !by_tunnel.contains(name)
        };
        let (mut users, mut names_of_apps) = (Vec::new(), BTreeSet::new());
        for app in apps::store::list(db).await? {
            let derived = DomainName::from(self.own_host_name(&app.spec.name));
            let names: Vec<DomainName> =
                std::iter::once(derived).chain(app.names.iter().map(|name| name.name.clone())).collect();
            if names.iter().any(shows) {
                users.push(Some(app.spec.name.clone()));
            }
            names_of_apps.extend(names);
        }
        if self.served_names().await?.iter().any(|name| !names_of_apps.contains(name) && shows(name)) {
            users.push(None);
        }
        Ok(users)
    }
}
