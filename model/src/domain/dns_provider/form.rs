//! What a person types about a zone's provider.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DnsProviderKind, DnsProviderSettings, TsigHash};
use crate::{
    access::read_token,
    name::{HostName, Refused},
    problem::Problem,
    secret::Secret,
    webhook::ApiUrl,
};

/// The longest token that is taken, in bytes; a request's header holds it.
const MOST_TOKEN_BYTES: usize = 4_096;
/// A key of less can be guessed; what signs has blocks of at most 128 bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// What a person types. Which fields count follows from the kind.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DnsProviderForm {
    /// The zone: the domain as the provider knows it.
    pub zone: String,
    /// Whose interface: a word of [`DnsProviderKind`].
    pub kind: String,
    /// The token, or the TSIG key's secret in base64.
    pub token: String,
    /// RFC 2136: the server.
    pub server: String,
    /// RFC 2136: the key's name.
    pub key_name: String,
    /// RFC 2136: the hash, a word of [`TsigHash`].
    pub hash: String,
    /// HTTP: the address.
    pub url: String,
    /// Another address of a provider's interface; only where local addresses are allowed.
    pub api: String,
}

/// Says nothing of the token.
impl fmt::Debug for DnsProviderForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsProviderForm").field("zone", &self.zone).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A form that reads. It has no `Debug`: it holds a secret.
#[derive(Clone)]
pub struct DnsProviderSpec {
    /// The zone.
    pub zone: HostName,
    /// How the provider is reached.
    pub settings: DnsProviderSettings,
    /// The token, or the key's secret in base64.
    pub token: Secret<String>,
}

impl DnsProviderForm {
    /// Reads the form. `local`: whether addresses of this host and its network may be asked.
    ///
    /// # Errors
    /// The first field that is not acceptable. The token is not repeated.
    pub fn parse(&self, local: bool) -> Result<DnsProviderSpec, Problem> {
        let zone = self.zone.trim().trim_end_matches('.').to_ascii_lowercase();
        let zone = zone.strip_prefix("*.").unwrap_or(&zone);
        let zone: HostName = zone.parse().map_err(|Refused(why)| Problem::invalid("zone", why))?;
        let kind = DnsProviderKind::from_word(self.kind.trim())
            .ok_or_else(|| Problem::invalid("kind", "Choose who answers for the zone."))?;
        let settings = match kind {
            DnsProviderKind::Cloudflare => DnsProviderSettings::Cloudflare { api: self.other_api(local)? },
            DnsProviderKind::Desec => DnsProviderSettings::Desec { api: self.other_api(local)? },
            DnsProviderKind::Hetzner => DnsProviderSettings::Hetzner { api: self.other_api(local)? },
            DnsProviderKind::Digitalocean => DnsProviderSettings::Digitalocean { api: self.other_api(local)? },
            DnsProviderKind::Rfc2136 => self.rfc2136()?,
            DnsProviderKind::Http => DnsProviderSettings::Http { url: address("url", &self.url, local)? },
        };
        Ok(DnsProviderSpec { zone, token: self.secret(kind)?, settings })
    }

    fn other_api(&self, local: bool) -> Result<Option<ApiUrl>, Problem> {
        match self.api.trim() {
            "" => Ok(None),
            _ if !local => {
                Err(Problem::invalid("api", "The provider's own address is always used.").hint("Leave this empty."))
            }
            typed => address("api", typed, local).map(Some),
        }
    }

    fn rfc2136(&self) -> Result<DnsProviderSettings, Problem> {
        let server = self.server.trim().to_ascii_lowercase();
        let server = server.parse().map_err(|Refused(why)| Problem::invalid("server", why))?;
        let key_name = self.key_name.trim().trim_end_matches('.').to_ascii_lowercase();
        let key_name = key_name.parse().map_err(|Refused(why)| Problem::invalid("key_name", why))?;
        let hash = match self.hash.trim() {
            "" => TsigHash::Sha256,
            word => TsigHash::from_word(word)
                .ok_or_else(|| Problem::invalid("hash", "Choose hmac-sha256 or hmac-sha512."))?,
        };
        Ok(DnsProviderSettings::Rfc2136 { server, key_name, hash })
    }

    fn secret(&self, kind: DnsProviderKind) -> Result<Secret<String>, Problem> {
        let refuse = |why: &str| Problem::invalid("token", why);
        let token = read_token(&self.token).map_err(|Refused(why)| refuse(why))?;
        if kind == DnsProviderKind::Rfc2136 {
            let key = crate::text::from_base64(token.expose())
                .ok_or_else(|| refuse("The key's secret is not base64: copy what stands between the quotes."))?;
            return if KEY_BYTES.contains(&key.len()) {
                Ok(token)
            } else {
                Err(refuse("A key's secret has 16 to 128 bytes; make one with tsig-keygen or keymgr -t."))
            };
        }
        let fits = token.expose().len() <= MOST_TOKEN_BYTES && token.expose().bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(token)
        } else {
            Err(refuse("A token has no spaces, only plain characters, and at most 4096 of them."))
        }
    }
}

fn address(field: &str, typed: &str, local: bool) -> Result<ApiUrl, Problem> {
    let typed = typed.trim().trim_end_matches('/');
    let url: ApiUrl = typed.parse().map_err(|Refused(why)| Problem::invalid(field, why))?;
    if !local && !url.as_str().starts_with("https://") {
        return Err(Problem::invalid(field, "The address begins with https://."));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: &str) -> DnsProviderForm {
        DnsProviderForm {
            zone: " Example.com. ".into(),
            kind: kind.into(),
            token: " t0ken-secret ".into(),
            ..DnsProviderForm::default()
        }
    }

    fn rfc2136() -> DnsProviderForm {
        DnsProviderForm {
            token: "c2VjcmV0LXNlY3JldC1zZWNyZXQ=".into(),
            server: "NS1.example.com".into(),
            key_name: "Homeport.".into(),
            ..form("rfc2136")
        }
    }

    #[test]
    fn every_kind_reads() {
        for kind in ["cloudflare", "desec", "hetzner", "digitalocean"] {
            let spec = form(kind).parse(false).unwrap_or_else(|problem| panic!("{kind}: {problem}"));
            assert_eq!((spec.zone.as_str(), spec.settings.kind().as_str()), ("example.com", kind));
            assert_eq!(spec.token.expose(), "t0ken-secret");
            assert_eq!(spec.settings.to_string(), "");
        }
        let spec = rfc2136().parse(false).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(spec.settings.to_string(), "ns1.example.com, key homeport (hmac-sha256)");
        let http = DnsProviderForm { url: "https://dns.example.net/hook/".into(), ..form("http") };
        assert_eq!(
            http.parse(false).map(|spec| spec.settings.to_string()).ok().as_deref(),
            Some("https://dns.example.net/hook")
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_the_token_never_repeated() {
        let long = "t0ken-secret".repeat(400);
        let cases = [
            (DnsProviderForm { zone: String::new(), ..form("desec") }, "zone"),
            (DnsProviderForm { zone: "com".into(), ..form("desec") }, "zone"),
            (DnsProviderForm { zone: "a b.com".into(), ..form("desec") }, "zone"),
            (DnsProviderForm { zone: "example.com;".into(), ..form("desec") }, "zone"),
            (DnsProviderForm { zone: "../x.com".into(), ..form("desec") }, "zone"),
            (DnsProviderForm { zone: "203.0.113.7".into(), ..form("desec") }, "zone"),
            (form(""), "kind"),
            (form("route53"), "kind"),
            (form("Cloudflare\n;"), "kind"),
            (DnsProviderForm { token: String::new(), ..form("desec") }, "token"),
            (DnsProviderForm { token: "t0ken-secret\r\nHost: x".into(), ..form("desec") }, "token"),
            (DnsProviderForm { token: "t0ken-secret x".into(), ..form("desec") }, "token"),
            (DnsProviderForm { token: "t0ken-secret\u{202e}".into(), ..form("desec") }, "token"),
            (DnsProviderForm { token: long, ..form("desec") }, "token"),
            (DnsProviderForm { token: "t0ken-secret!".into(), ..rfc2136() }, "token"),
            (DnsProviderForm { token: "dDBrZW4=".into(), ..rfc2136() }, "token"),
            (DnsProviderForm { server: "x y".into(), ..rfc2136() }, "server"),
            (DnsProviderForm { key_name: "x\"y".into(), ..rfc2136() }, "key_name"),
            (DnsProviderForm { hash: "hmac-md5".into(), ..rfc2136() }, "hash"),
            (form("http"), "url"),
            (DnsProviderForm { url: "http://dns.example.net/".into(), ..form("http") }, "url"),
            (DnsProviderForm { url: "https://u:p@dns.example.net/".into(), ..form("http") }, "url"),
            (DnsProviderForm { url: "file:///etc/passwd".into(), ..form("http") }, "url"),
            (DnsProviderForm { api: "http://127.0.0.1:1".into(), ..form("cloudflare") }, "api"),
            (DnsProviderForm { api: "https://evil.example.net".into(), ..form("hetzner") }, "api"),
        ];
        for (form, field) in cases {
            let problem = form.parse(false).err().unwrap_or_else(|| panic!("{form:?} was accepted"));
            assert_eq!(
                (problem.code, problem.field.as_deref()),
                (crate::problem::Code::Invalid, Some(field)),
                "{form:?}"
            );
            assert!(!problem.to_string().contains("t0ken") && !format!("{form:?}").contains("t0ken"));
        }
    }

    #[test]
    fn other_addresses_are_for_tests() {
        let form = DnsProviderForm { api: "http://127.0.0.1:8080/client/v4/".into(), ..form("cloudflare") };
        let spec = form.parse(true).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(spec.settings.to_string(), "http://127.0.0.1:8080/client/v4");
        let json = serde_json::to_string(&spec.settings).expect("json");
        assert_eq!(json, r#"{"kind":"cloudflare","api":"http://127.0.0.1:8080/client/v4"}"#);
        assert_eq!(serde_json::from_str::<DnsProviderSettings>(&json).expect("reads back"), spec.settings);
    }
}
