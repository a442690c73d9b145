//! Host names that route to apps, what nginx is asked to do with their visitors, and the texts it is
//! given for that.

mod diff;
pub mod dns;
pub mod dns_provider;
mod form;
mod maintenance;
mod prefix;
mod redirect;
mod settings;
pub mod vhost;
mod view;

pub use diff::{Change, FileDiff, diff_files, diff_lines};
pub use form::{DomainForm, MaintenanceForm, PasswordForm, PrefixForm, ProxyForm};
pub use maintenance::{Maintenance, PageText};
pub use prefix::PathPrefix;
pub use redirect::{Redirect, RedirectScheme, RedirectStatus};
pub use settings::{
    CLOUDFLARE, Cidr, ErrorStatus, Knob, KnobKind, Knobs, ProxySettings, RealIp, RealIpHeader, ResponseHeader, UserName,
};
pub use view::{
    AppDomains, DomainRow, Found, GenerationRow, Leads, NginxFile, NginxView, PrefixRow, ProxyView, Refusal,
    UpstreamPorts,
};
