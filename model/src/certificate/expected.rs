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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        domain::{
            ProxyForm, Redirect, RedirectScheme, RedirectStatus,
            vhost::{AppHost, Down, Target},
        },
        id::AppId,
    };

    fn app(knobs: &[(&str, &str)], real_ip: &str) -> AppVhost {
        let host = "shop.example.com".parse().expect("a host");
        let target = Target::Down(Down::Stopped);
        let mut app = AppVhost::new(AppId::new(1, 1), "shop".parse().expect("a name"), vec![host], target);
        let to = Redirect {
            scheme: RedirectScheme::Same,
            host: "shop.example.com".parse().expect("a host"),
            path: None,
            status: RedirectStatus::Moved,
        };
        let leads = VhostLeads::Redirect { to, ours: true };
        app.names.push(AppHost { name: "www.example.com".parse().expect("a name"), tls: None, leads });
        app.names.push(AppHost { name: "*.wild.example".parse().expect("a name"), tls: None, leads: VhostLeads::APP });
        let knobs: BTreeMap<String, String> =
            knobs.iter().map(|(key, typed)| ((*key).to_owned(), (*typed).to_owned())).collect();
        app.settings = ProxyForm { knobs, real_ip: real_ip.into(), ..ProxyForm::default() }.parse().expect("read");
        app
    }

    fn of(all: &[(DomainName, Expected)], name: &str) -> Expected {
        Expected::among(all, &name.parse().expect("a name"))
    }

    #[test]
    fn what_is_meant_follows_from_what_was_chosen() {
        let usual = Expected::of_app(&app(&[], ""), true);
        assert_eq!(of(&usual, "shop.example.com"), Expected::default());
        assert_eq!(of(&usual, "www.example.com").plain, PlainHttp::LeadsAway);
        let chosen = app(&[("force_https", "off"), ("http2", "off")], "cloudflare");
        let expected = Expected { plain: PlainHttp::Answers, http2: false, proxied: true };
        assert_eq!(of(&Expected::of_app(&chosen, true), "shop.example.com"), expected);
        let by_port = Expected::of_app(&chosen, false);
        assert!(of(&by_port, "shop.example.com").http2, "an older nginx offers it by port, whatever an app wants");
    }

    #[test]
    fn a_domain_is_judged_by_its_own_name_and_else_by_its_wildcard() {
        let all = Expected::of_app(&app(&[("force_https", "off")], ""), true);
        assert_eq!(of(&all, "a.wild.example").plain, PlainHttp::Answers);
        assert_eq!(of(&all, "*.example.com").plain, PlainHttp::Answers, "the first name below it");
        assert_eq!(of(&all, "panel.example.net"), Expected::default(), "nobody chose anything");
    }
}
