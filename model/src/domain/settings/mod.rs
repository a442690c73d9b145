//! What nginx does with an app's visitors beside leading them to it. Whatever is not set is as nginx's
//! contract has it (product.md, nginx); every value has a parser and bounds, and there is no raw text.

mod cidr;
mod header;
mod knob;
mod user;

use std::{collections::BTreeMap, str::FromStr};

pub use cidr::{CLOUDFLARE, Cidr};
pub use header::ResponseHeader;
pub use knob::{Knob, KnobKind, Knobs};
use serde::{Deserialize, Serialize};
pub use user::UserName;

use super::maintenance::PageText;
use crate::{name::Refused, problem::Problem};

/// The most entries of one list.
const MOST: usize = 64;

/// Which header says who asks, when a proxy stands before this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealIpHeader {
    /// `CF-Connecting-IP`.
    CfConnectingIp,
    /// `X-Forwarded-For`, its last address that is not one of the proxies.
    XForwardedFor,
}

impl RealIpHeader {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CfConnectingIp => "CF-Connecting-IP",
            Self::XForwardedFor => "X-Forwarded-For",
        }
    }
}

/// From whom it is believed who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RealIp {
    /// From Cloudflare's published addresses, by `CF-Connecting-IP`.
    Cloudflare,
    /// From these.
    Ranges {
        /// The proxies; at least one.
        ranges: Vec<Cidr>,
        /// What they say it with.
        header: RealIpHeader,
    },
}

impl RealIp {
    /// The proxies' addresses, and the header.
    #[must_use]
    pub fn parts(&self) -> (Vec<Cidr>, RealIpHeader) {
        match self {
            Self::Cloudflare => {
                (CLOUDFLARE.iter().filter_map(|text| text.parse().ok()).collect(), RealIpHeader::CfConnectingIp)
            }
            Self::Ranges { ranges, header } => (ranges.clone(), *header),
        }
    }
}

/// An answer whose page may be a person's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ErrorStatus(u16);

impl ErrorStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self(404), Self(500), Self(502), Self(503), Self(504)];

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for ErrorStatus {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let known = Self::ALL.into_iter().find(|status| status.0.to_string() == text);
        known.ok_or(Refused("Words of your own are for 404, 500, 502, 503 and 504."))
    }
}

impl TryFrom<String> for ErrorStatus {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<ErrorStatus> for String {
    fn from(status: ErrorStatus) -> Self {
        status.0.to_string()
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxySettings {
    /// Figures and switches.
    pub knobs: Knobs,
    /// Who is believed about who asks.
    pub real_ip: Option<RealIp>,
    /// Who may come; everybody when it is empty.
    pub allow: Vec<Cidr>,
    /// Who may not, before the above is asked.
    pub deny: Vec<Cidr>,
    /// Headers that every answer gets.
    pub headers: Vec<ResponseHeader>,
    /// The words of pages for answers that went wrong.
    pub error_pages: BTreeMap<ErrorStatus, PageText>,
}

impl ProxySettings {
    /// What a figure or switch is, set or not.
    #[must_use]
    pub fn get(&self, knob: Knob) -> u64 {
        self.knobs.get(knob)
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_on(&self, knob: Knob) -> bool {
        self.get(knob) != 0
    }

    /// The header that makes browsers stay with https, where it is wanted.
    #[must_use]
    pub fn hsts(&self) -> Option<String> {
        self.is_on(Knob::Hsts).then(|| {
            let below = if self.is_on(Knob::HstsSubdomains) { "; includeSubDomains" } else { "" };
            let preload = if self.is_on(Knob::HstsPreload) { "; preload" } else { "" };
            format!("max-age={}{below}{preload}", self.get(Knob::HstsMaxAge))
        })
    }

    /// Holds the settings against one another.
    ///
    /// # Errors
    /// A sentence with its field.
    pub fn check(&self) -> Result<(), Problem> {
        let ranges = match &self.real_ip {
            Some(RealIp::Ranges { ranges, .. }) => ranges.len(),
            _ => 0,
        };
        let lists = [
            ("allow", self.allow.len()),
            ("deny", self.deny.len()),
            ("headers", self.headers.len()),
            ("ranges", ranges),
        ];
        if let Some((field, _)) = lists.iter().find(|(_, length)| *length > MOST) {
            return Err(Problem::invalid(*field, format!("There are at most {MOST} of these.")));
        }
        if matches!(&self.real_ip, Some(RealIp::Ranges { ranges, .. }) if ranges.is_empty()) {
            return Err(Problem::invalid("ranges", "Name the proxies' addresses, one range a line."));
        }
        // nginx wants room for one buffer beside those that are on their way to the visitor.
        let (count, size) = (self.get(Knob::BuffersCount), self.get(Knob::BuffersSize));
        if self.get(Knob::BufferSize) > (count - 1) * size {
            let title = "All buffers but one together must hold the buffer of the first part.";
            return Err(Problem::invalid(Knob::BufferSize.key(), title)
                .hint("Take a smaller buffer for the first part, or more or larger ones."));
        }
        if self.is_on(Knob::HstsPreload)
            && (self.get(Knob::HstsMaxAge) < 31_536_000 || !self.is_on(Knob::HstsSubdomains))
        {
            let title = "Browsers' lists take a name for a year at the least, with every name below it.";
            return Err(Problem::invalid(Knob::HstsPreload.key(), title)
                .hint("Set the time to 31536000 and include the names below, or leave preload off."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_exclude_each_other_are_refused() {
        let with = |pairs: &[(Knob, &str)]| {
            let mut settings = ProxySettings::default();
            for (knob, typed) in pairs {
                settings.knobs.set(*knob, typed).unwrap_or_else(|problem| panic!("{problem}"));
            }
            settings.check().err().and_then(|problem| problem.field)
        };
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[(Knob::BufferSize, "64k")]), Some("buffer_size".into()));
        assert_eq!(with(&[(Knob::BufferSize, "64k"), (Knob::BuffersSize, "16k")]), None);
        assert_eq!(with(&[(Knob::HstsPreload, "on")]), Some("hsts_preload".into()));
        assert_eq!(
            with(&[(Knob::HstsPreload, "on"), (Knob::HstsMaxAge, "31536000"), (Knob::HstsSubdomains, "on")]),
            None
        );
        let real_ip = Some(RealIp::Ranges { ranges: Vec::new(), header: RealIpHeader::XForwardedFor });
        let none = ProxySettings { real_ip, ..ProxySettings::default() };
        assert!(none.check().is_err());
        assert_eq!(RealIp::Cloudflare.parts().0.len(), CLOUDFLARE.len());
    }

    #[test]
    fn hsts_is_spelt_as_browsers_read_it() {
        let mut settings = ProxySettings::default();
        assert_eq!(settings.hsts().as_deref(), Some("max-age=15724800"));
        for (knob, typed) in [(Knob::HstsMaxAge, "31536000"), (Knob::HstsSubdomains, "on"), (Knob::HstsPreload, "on")] {
            settings.knobs.set(knob, typed).expect("set");
        }
        assert_eq!(settings.hsts().as_deref(), Some("max-age=31536000; includeSubDomains; preload"));
        settings.knobs.set(Knob::Hsts, "off").expect("set");
        assert_eq!(settings.hsts(), None);
    }
}
