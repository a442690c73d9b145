//! The questions themselves. The answer is nothing, or what is wrong in a few words.

use std::{net::SocketAddr, time::Duration};

use homeport_model::{
    build::{Healthcheck, Probe},
    deploy::container::ContainerSpec,
    text::clean_line,
};

use super::{Deploy, DeployWork, Proof};
use crate::drivers::{
    docker::ContainerState,
    probe::{self, Question},
};

const ONE_TRY: Duration = Duration::from_secs(5);

impl DeployWork {
    pub(super) async fn ask(
        &self,
        deploy: &Deploy<'_>,
        spec: &ContainerSpec,
        proof: &Proof,
        state: &ContainerState,
    ) -> Result<(), String> {
        match proof {
            Proof::StaysUp => Ok(()),
            Proof::Port => {
                let address = address_of(state, spec.port.get())?;
                let open = probe::connect(address, ONE_TRY).await;
                open.map_err(|error| format!("port {}: {error}", address.port()))
            }
            Proof::Declared(check) => self.ask_declared(deploy, spec, check, state).await,
        }
    }

    async fn ask_declared(
        &self,
        deploy: &Deploy<'_>,
        spec: &ContainerSpec,
        check: &Healthcheck,
        state: &ContainerState,
    ) -> Result<(), String> {
        let limit = Duration::from_secs(check.timeout_s.max(1).into());
        let port = check.port.unwrap_or(spec.port);
        match &check.probe {
            Probe::Uptime { .. } => Ok(()),
            Probe::Listening => {
                let ports = self.engines.docker.listening_ports(&state.id).await.unwrap_or_default();
                match ports.iter().find(|listening| listening.port == port) {
                    Some(listening) if listening.loopback_only => Err(format!("port {port} is open on 127.0.0.1 only")),
                    Some(_) => Ok(()),
                    None => Err(format!("nothing listens on port {port}")),
                }
            }
            Probe::Command { words } => match self.engines.docker.execute(&state.id, words, limit).await {
                Ok(said) if said.exit_code == 0 => Ok(()),
                Ok(said) => {
                    let first = said.output.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
                    let first: String = clean_line(first).chars().take(200).collect();
                    Err(format!("{} ended with {}: {first}", words.join(" "), said.exit_code))
                }
                Err(error) => Err(format!("{}: {error}", words.join(" "))),
            },
            Probe::Http { path, content, headers, scheme } => {
                let host = self.apps.first_host_name(&deploy.release.spec);
                let question = Question { host: &host, path, headers, scheme: *scheme, limit };
                let address = address_of(state, port.get())?;
                let answer = probe::ask(address, &question).await;
                let answer = answer.map_err(|error| format!("{path} on port {port}: {error}"))?;
                let took = answer.took.as_millis();
                if !answer.status.is_success() {
                    let status = answer.status.as_u16();
                    return Err(format!("{path} answered {status} after {took} ms: {}", answer.first_line));
                }
                match content {
                    Some(content) if !answer.contains(content) => {
                        Err(format!("{path} answered without {content:?}: {}", answer.first_line))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

fn address_of(state: &ContainerState, port: u16) -> Result<SocketAddr, String> {
    let address = state.address.ok_or_else(|| "it has no address yet".to_owned())?;
    Ok(SocketAddr::from((address, port)))
}
