//! Everything that can be configured, from flags or `HOMEPORT_*`, parsed once at start.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use clap::Args;
use homeport_model::{
    certificate::settings::DirectoryUrl,
    name::{HostName, ImageRef},
};
use url::Url;

/// The panel's configuration. `homeport serve --help` is its reference.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Folder for the database, keys, sites, nginx configuration and logs.
    #[arg(long, env = "HOMEPORT_STATE", default_value = "/var/lib/homeport", value_name = "FOLDER")]
    pub state: PathBuf,

    /// Where the panel itself listens: a loopback address with port, or the path of a unix socket.
    /// nginx stands in front of it.
    #[arg(long, env = "HOMEPORT_LISTEN", default_value = "127.0.0.1:7380", value_name = "ADDRESS|PATH")]
    pub listen: Listen,

    /// The address that people type, https://panel.example.com. Passkeys belong to its host name for
    /// ever. Plain http is for localhost only.
    #[arg(long, env = "HOMEPORT_ORIGIN", default_value = "http://localhost:7380", value_name = "URL")]
    pub origin: Origin,

    /// Port of nginx for http.
    #[arg(long, env = "HOMEPORT_HTTP_PORT", default_value_t = 80, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub http_port: u16,

    /// Port of nginx for https.
    #[arg(long, env = "HOMEPORT_HTTPS_PORT", default_value_t = 443, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub https_port: u16,

    /// Port of the SSH server that takes `git push` and nothing else; 0 for none.
    #[arg(long, env = "HOMEPORT_SSH_PORT", default_value_t = 2222, value_name = "PORT")]
    pub ssh_port: u16,

    /// Addresses that nginx and the SSH server listen on, separated by commas.
    #[arg(long, env = "HOMEPORT_BIND", default_value = "0.0.0.0,::", value_delimiter = ',', value_name = "ADDRESS,…")]
    pub bind: Vec<IpAddr>,

    /// Prefix of every container, network, volume and table that this panel makes; two panels on
    /// one host need two.
    #[arg(long, env = "HOMEPORT_NAMESPACE", default_value = "homeport", value_name = "NAME")]
    pub namespace: Namespace,

    /// Socket of the Docker engine.
    #[arg(long, env = "HOMEPORT_DOCKER_SOCKET", default_value = "/var/run/docker.sock", value_name = "PATH")]
    pub docker_socket: PathBuf,

    /// Domain under which every app gets a name of its own: <app>.<domain>.
    #[arg(long, env = "HOMEPORT_APPS_DOMAIN", value_name = "DOMAIN")]
    pub apps_domain: Option<HostName>,

    /// Let repositories be folders of this host; for trying things out and for tests.
    #[arg(long, env = "HOMEPORT_ALLOW_LOCAL_GIT", default_value_t = false, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub allow_local_git: bool,

    /// How many builds run at the same time; each may use three quarters of the memory that is free.
    #[arg(long, env = "HOMEPORT_BUILDS_AT_ONCE", value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub builds_at_once: u8,

    /// What removed containers wrote is kept in at most this many MiB; each app has at most a quarter
    /// of it.
    #[arg(long, env = "HOMEPORT_KEPT_LOGS_MIB", value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(32..=1_048_576))]
    pub kept_logs_mib: u32,

    /// Resolvers that are asked where names lead, separated by commas: addresses, with a port when it is
    /// not 53. Else those of /etc/resolv.conf.
    #[arg(long, env = "HOMEPORT_DNS_RESOLVER", value_delimiter = ',', value_name = "ADDRESS[:PORT],…")]
    pub dns_resolver: Vec<DnsServer>,

    /// Public addresses of this server that none of its interfaces has, behind a router that translates
    /// them, separated by commas.
    #[arg(long, env = "HOMEPORT_PUBLIC_ADDRESS", value_delimiter = ',', value_name = "ADDRESS,…")]
    pub public_address: Vec<IpAddr>,

    /// Port of zones' own name servers; another one is for tests.
    #[arg(long, env = "HOMEPORT_DNS_ZONE_PORT", default_value_t = 53, value_name = "PORT", hide = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub dns_zone_port: u16,

    /// Directory of the certificate authority that orders go to unless another is chosen in Settings. It may
    /// have a private address.
    #[arg(
        long,
        env = "HOMEPORT_ACME_DIRECTORY",
        default_value = "https://acme-v02.api.letsencrypt.org/directory",
        value_name = "URL"
    )]
    pub acme_directory: DirectoryUrl,

    /// Directory for trying orders out.
    #[arg(
        long,
        env = "HOMEPORT_ACME_STAGING",
        default_value = "https://acme-staging-v02.api.letsencrypt.org/directory",
        value_name = "URL"
    )]
    pub acme_staging: DirectoryUrl,

    /// PEM file of authorities that directories' own certificates may come from, beside those that browsers
    /// trust.
    #[arg(long, env = "HOMEPORT_ACME_ROOT", value_name = "FILE")]
    pub acme_root: Option<PathBuf>,

    /// Image of cloudflared, for Cloudflare Tunnel. It is pulled once a tunnel is set up.
    #[arg(
        long,
        env = "HOMEPORT_TUNNEL_IMAGE",
        default_value = "cloudflare/cloudflared:2026.9.3",
        value_name = "IMAGE"
    )]
    pub tunnel_image: ImageRef,

    /// Port of 127.0.0.1 where nginx takes what comes in by the tunnel.
    #[arg(long, env = "HOMEPORT_TUNNEL_PORT", default_value_t = 7381, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub tunnel_port: u16,

    /// Port of 127.0.0.1 where cloudflared says how it is.
    #[arg(long, env = "HOMEPORT_TUNNEL_METRICS_PORT", default_value_t = 7382, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub tunnel_metrics_port: u16,

    /// Folder of the built pages; else `site` beside the program.
    #[arg(long, env = "HOMEPORT_SITE", value_name = "FOLDER")]
    pub site: Option<PathBuf>,

    /// What to log: error, warn, info, debug, or a filter as `homeport_server=debug`.
    #[arg(long, env = "HOMEPORT_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
}

impl Config {
    /// The folder of the built pages.
    #[must_use]
    pub fn site_folder(&self) -> PathBuf {
        self.site.clone().unwrap_or_else(|| {
            let program = std::env::current_exe().unwrap_or_default();
            let folder = program.parent().unwrap_or(&program);
            let beside = folder.join("site");
            // Where cargo-leptos builds it.
            if beside.is_dir() { beside } else { folder.join("../site") }
        })
    }
}

/// Why a value of the configuration is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unacceptable(&'static str);

/// A resolver: its address, and port 53 unless another is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsServer(pub SocketAddr);

impl FromStr for DnsServer {
    type Err = Unacceptable;
    fn from_str(text: &str) -> Result<Self, Unacceptable> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(SocketAddr::new(address, 53)));
        }
        match text.parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 => Ok(Self(address)),
            _ => Err(Unacceptable("an address is needed, with a port when it is not 53: 9.9.9.9 or 127.0.0.1:5353")),
        }
    }
}

/// Where the panel listens; never an address that other machines reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A loopback address.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = Unacceptable;
    fn from_str(text: &str) -> Result<Self, Unacceptable> {
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Self::Unix(path.into()));
        }
        match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Ok(Self::Tcp(address)),
            Ok(_) => Err(Unacceptable(
                "the panel listens on a loopback address or a unix socket only; nginx stands in front of it",
            )),
            Err(_) => Err(Unacceptable("an address with a port (127.0.0.1:7380) or an absolute path is needed")),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// The panel's origin: scheme, host name, port, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    url: Url,
    text: String,
    host: String,
}

impl Origin {
    /// `https://panel.example.com`, as a browser sends it in `Origin`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host name without port: the passkeys' relying party id.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What `Host` must say: the host name, with the port when it is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// Whether it is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl FromStr for Origin {
    type Err = Unacceptable;
    fn from_str(text: &str) -> Result<Self, Unacceptable> {
        let url = Url::parse(text).map_err(|_| Unacceptable("an address as https://panel.example.com is needed"))?;
        // Passkeys and `__Host-` cookies need a name; browsers refuse both on an IP address.
        let host = url.domain().ok_or(Unacceptable("passkeys need a host name, not an IP address"))?.to_owned();
        let local = host == "localhost" || host.ends_with(".localhost");
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            return Err(Unacceptable("https is needed, except on localhost"));
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(Unacceptable("only scheme, host name and port belong there"));
        }
        if !local && HostName::from_str(&host).is_err() {
            return Err(Unacceptable("that is not a host name"));
        }
        let text = url.origin().ascii_serialization();
        Ok(Self { url, text, host })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The prefix of everything this panel makes: `[a-z0-9-]`, at most 16, a letter first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Namespace {
    type Err = Unacceptable;
    fn from_str(text: &str) -> Result<Self, Unacceptable> {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let ends = text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-');
        if plain && ends && text.len() <= 16 {
            Ok(Self(text.to_owned()))
        } else {
            Err(Unacceptable("a namespace has at most 16 lower-case letters, digits and hyphens, a letter first"))
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_listens_on_loopback_only() {
        assert_eq!("127.0.0.1:80".parse::<Listen>().expect("parses").to_string(), "127.0.0.1:80");
        assert_eq!("unix:/run/h.sock".parse::<Listen>(), Ok(Listen::Unix("/run/h.sock".into())));
        for text in ["0.0.0.0:80", "192.168.1.1:80", "[::]:80", "localhost:80", "80", "", "h.sock"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_resolver_is_an_address() {
        for (text, address) in [
            ("9.9.9.9", "9.9.9.9:53"),
            (" 127.0.0.1:5353", "127.0.0.1:5353"),
            ("2620:fe::fe", "[2620:fe::fe]:53"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            assert_eq!(text.parse::<DnsServer>().expect("parses").0.to_string(), address);
        }
        for text in ["", "dns.example.com", "9.9.9.9:0", "9.9.9.9:x", "9.9.9", "[::1]", "9.9.9.9 1.1.1.1"] {
            assert!(text.parse::<DnsServer>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_a_name_that_passkeys_can_belong_to() {
        let origin: Origin = "https://Panel.Example.com/".parse().expect("parses");
        assert_eq!(
            (origin.as_str(), origin.host(), origin.authority()),
            ("https://panel.example.com", "panel.example.com", "panel.example.com")
        );
        let local: Origin = "http://localhost:8443".parse().expect("parses");
        assert_eq!((local.host(), local.authority()), ("localhost", "localhost:8443"));
        for text in [
            "http://panel.example.com",
            "https://203.0.113.7",
            "https://[::1]",
            "https://user@panel.example.com",
            "https://panel.example.com/path",
            "https://panel.example.com?x",
            "panel.example.com",
            "ftp://panel.example.com",
            "",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_namespace_is_a_plain_word() {
        assert!("homeport".parse::<Namespace>().is_ok());
        for text in ["", "-a", "a-", "A", "1a", "a_b", "a b", "a;b", "aaaaaaaaaaaaaaaaa"] {
            assert!(text.parse::<Namespace>().is_err(), "{text}");
        }
    }
}
