//! What of the configuration has to be read before anything is put together.

use homeport_model::{
    domain::vhost::{Panel as PanelVhost, PanelName, PanelUpstream, VhostName},
    name::{HostName, Port},
};

use crate::{
    config::{Config, Listen},
    state::Refusal,
    tunnel,
};

pub(super) fn port(number: u16) -> Result<Port, Refusal> {
    Port::try_from(number).map_err(|refused| Refusal::Config(refused.to_string()))
}

/// The domain under which apps get names: the configured one; else `apps.localhost` for a panel on
/// localhost, and for `panel.example.com` its neighbours, `<app>.example.com`.
pub(super) fn apps_domain(config: &Config) -> Result<HostName, Refusal> {
    let host = config.origin.host();
    let local = host == "localhost" || host.ends_with(".localhost");
    let domain = match (&config.apps_domain, host.split_once('.')) {
        (Some(domain), _) => domain.clone(),
        (None, _) if local => "apps.localhost".parse().map_err(|refused| Refusal::Config(format!("{refused}")))?,
        (None, Some((_, parent))) if parent.contains('.') => {
            parent.parse().map_err(|refused| Refusal::Config(format!("{refused}")))?
        }
        (None, _) => {
            return Err(Refusal::Config(format!(
                "Apps need names of their own beside {host}: start with --apps-domain, like --apps-domain apps.example.net."
            )));
        }
    };
    // A page below the panel's name could ask for the panel's passkeys.
    if !local && (domain.as_str() == host || domain.as_str().ends_with(&format!(".{host}"))) {
        return Err(Refusal::Config(format!("The apps' domain {domain} must not lie below the panel's name {host}.")));
    }
    if domain.as_str().len() > 200 {
        return Err(Refusal::Config("The apps' domain is too long.".to_owned()));
    }
    Ok(domain)
}

/// The tunnel's image and ports; nginx cannot have one port for two things.
pub(super) fn tunnel(config: &Config) -> Result<tunnel::Settings, Refusal> {
    let ports = [config.http_port, config.https_port, config.tunnel_port, config.tunnel_metrics_port];
    if ports.iter().enumerate().any(|(at, port)| ports.iter().skip(at + 1).any(|other| other == port)) {
        return Err(Refusal::Config(
            "--http-port, --https-port, --tunnel-port and --tunnel-metrics-port need to differ.".to_owned(),
        ));
    }
    Ok(tunnel::Settings {
        image: config.tunnel_image.clone(),
        port: port(config.tunnel_port)?,
        metrics: port(config.tunnel_metrics_port)?,
    })
}

pub(super) fn panel_vhost(config: &Config) -> Result<PanelVhost, Refusal> {
    let host = config.origin.host();
    let name = match host {
        "localhost" => PanelName::Localhost,
        host => {
            let name = host.parse().map_err(|refused| Refusal::Config(format!("The origin: {refused}")))?;
            // Without a certificate here, TLS ends at something of its owner's, which comes by http.
            PanelName::Name(VhostName { name, tls: None })
        }
    };
    let upstream = match &config.listen {
        Listen::Tcp(address) => PanelUpstream::Port(port(address.port())?),
        Listen::Unix(path) => {
            let path = path.to_string_lossy().into_owned();
            PanelUpstream::Socket(path.try_into().map_err(|refused| Refusal::Config(format!("--listen: {refused}")))?)
        }
    };
    Ok(PanelVhost { names: vec![name, PanelName::AnyAddress], by_tunnel: Vec::new(), upstream })
}
