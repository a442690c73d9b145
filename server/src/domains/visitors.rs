//! How visitors reach an app on this host itself, for whoever asks as one of them.

use std::net::SocketAddr;

use homeport_model::{
    build::Scheme,
    deploy::proof::Between,
    domain::vhost::FIRST_DOOR,
    name::{DomainName, HostName},
};

use super::{Domains, store::proxy};
use crate::{apps::AppRecord, certificates, deploys::ReleaseRecord, failure::Failure};

/// Where to ask for an app.
pub(crate) enum Way {
    /// Through nginx, as visitors do.
    Nginx(SocketAddr, Scheme),
    /// Past nginx, which answers by itself; at the address that stands for the app.
    Past(SocketAddr, Between),
    /// Nowhere: nginx answers by itself, and there is no other way to the app.
    None(Between),
}

impl Domains {
    /// The way to a release of an app by one of the app's names.
    pub(crate) async fn way_to(
        &self,
        app: &AppRecord,
        release: &ReleaseRecord,
        host: &HostName,
    ) -> Result<Way, Failure> {
        let db = &self.0.parts.db;
        let proxy = proxy::of(db, &app.id).await?;
        let passwords = proxy::passwords(db).await?.iter().any(|(of, _, _)| *of == app.id);
        if let Some(between) = Between::of(proxy.maintenance.is_some(), passwords, &proxy.settings) {
            // A folder is nginx's own: nothing else answers for it.
            return Ok(match self.virtual_address(app).filter(|_| !release.is_site()) {
                Some(address) => Way::Past(SocketAddr::new(address.get().into(), FIRST_DOOR), between),
                None => Way::None(between),
            });
        }
        let name = DomainName::from(host.clone());
        if self.is_by_tunnel(&name) {
            return Ok(Way::Nginx(self.tunnel_address(), Scheme::Http));
        }
        let in_use = certificates::store::in_use(db).await?;
        let is_secure = in_use.iter().any(|certificate| certificate.domain.covers(&name));
        let secure = self.https_addresses().first().copied().filter(|_| is_secure);
        Ok(secure.map_or(Way::Nginx(self.http_address(), Scheme::Http), |address| Way::Nginx(address, Scheme::Https)))
    }
}
