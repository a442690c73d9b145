//! How a name is meant to be served beside its certificate: what a person chose is no trouble.

use crate::{
    domain::{
        Knob,
        vhost::{AppVhost, VhostLeads},
    },
    name::DomainName,
};

/// What plain http is meant to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// It leads to https.
    LeadsToHttps,
    /// It leads to another address, by whichever scheme that is.
    LeadsAway,
    /// It does the same as https.
    Answers,
}

/// What is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// By http.
    pub plain: PlainHttp,
    /// Whether HTTP/2 is offered.
    pub http2: bool,
    /// Whether a CDN or another proxy stands before this server.
    pub proxied: bool,
}

/// What is meant where nobody chose anything.
impl Default for Expected {
    fn default() -> Self {
        Self { plain: PlainHttp::LeadsToHttps, http2: true, proxied: false }
    }
}

impl Expected {
    /// What is meant for each name of an app. HTTP/2 can be chosen where nginx has it `http2_by_server`.
    #[must_use]
    pub fn of_app(app: &AppVhost, http2_by_server: bool) -> Vec<(DomainName, Self)> {
        let settings = &app.settings;
        let of_name = |leads: &VhostLeads| Self {
            plain: match leads {
                VhostLeads::Redirect { .. } => PlainHttp::LeadsAway,
                VhostLeads::App(_) if settings.is_on(Knob::ForceHttps) => PlainHttp::LeadsToHttps,
                VhostLeads::App(_) => PlainHttp::Answers,
            },
            http2: !http2_by_server || settings.is_on(Knob::Http2),
            proxied: settings.real_ip.is_some(),
        };
        app.names.iter().map(|name| (name.name.clone(), of_name(&name.leads))).collect()
    }

    /// What is meant for a domain: what is for its own name, else for a name of a wildcard over it or below it.
    #[must_use]
    pub fn among(all: &[(DomainName, Self)], domain: &DomainName) -> Self {
        let own = all.iter().find(|(name, _)| name == domain);
        let near = || all.iter().find(|(name, _)| name.covers(domain) || domain.covers(name));
        own.or_else(near).map(|(_, expected)| *expected).unwrap_or_default()
    }
}
