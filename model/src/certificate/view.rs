//! What the page of one domain shows.

use serde::{Deserialize, Serialize};

use super::{
    Alert, CertificateRow,
    served::{Difference, Served, Severity},
    stop::Stopping,
};
use crate::{
    domain::dns::DnsCheck,
    name::{AppName, DomainName, HostName, Port},
    time::Timestamp,
    tunnel::{TunnelUse, WayIn},
};

/// What a domain leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LeadsTo {
    /// The panel.
    Panel,
    /// An app.
    App {
        /// Its name.
        name: AppName,
    },
    /// Several names below a wildcard.
    Below {
        /// Those that are served.
        names: Vec<HostName>,
    },
}

/// One look, and what is not as meant in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// What was seen.
    pub served: Served,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Since when it is seen so.
    pub since: Timestamp,
}

/// A certificate that was in use before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// It; its domain is the page's.
    pub row: CertificateRow,
    /// Whether it is the one in use.
    pub in_use: bool,
}

/// One domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainView {
    /// Its name.
    pub domain: DomainName,
    /// What it leads to.
    pub leads_to: LeadsTo,
    /// Which way its visitors come in.
    pub way: WayIn,
    /// What it has to do with the tunnel.
    pub tunnel: TunnelUse,
    /// The certificate that is meant to be served; its domain is a wildcard's where it has none of its own.
    pub certificate: Option<CertificateRow>,
    /// What is special about that.
    pub note: Option<String>,
    /// The one sentence about it; `None` before the first look.
    pub verdict: Option<(Severity, String)>,
    /// What somebody has to see to.
    pub alerts: Vec<Alert>,
    /// The last look by each way.
    pub looks: Vec<Look>,
    /// What follows when the certificate is used no more; `None` where there is none of its own, or it must stay.
    pub stopping: Option<Stopping>,
    /// The last two certificates of its own, the newest first.
    pub earlier: Vec<Earlier>,
    /// What DNS said of it when it was last asked.
    pub dns: Option<DnsCheck>,
    /// The port for https, where nginx has one.
    pub https_port: Option<Port>,
    /// The server's time when this was put together.
    pub now: Timestamp,
}
