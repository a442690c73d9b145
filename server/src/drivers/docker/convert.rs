//! Between our words and the engine's.

use std::{collections::HashMap, net::Ipv4Addr};

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum, HealthConfig,
    HostConfig, HostConfigLogConfig, RestartPolicy as EngineRestartPolicy, RestartPolicyNameEnum,
};
use homeport_model::{
    build::{RestartPolicy, StopSignal},
    deploy::container::{ContainerSpec, Granted, Limits, Namespace, SidecarSpec, network_name},
};

use super::{ContainerState, Error, OurContainer, grants};

/// Log of one container: three files of this size.
const LOG_MAX_SIZE: &str = "10m";
const LOG_MAX_FILES: &str = "3";

/// What the engine is asked to create.
pub(super) fn create_body(spec: &ContainerSpec, namespace: &Namespace) -> ContainerCreateBody {
    let host = grants::give(host_config(network_name(namespace), spec.limits, spec.restart), &spec.grants);
    ContainerCreateBody {
        image: Some(spec.image.to_string()),
        env: Some(spec.env_lines()),
        entrypoint: spec.entrypoint.clone().map(|entrypoint| vec![entrypoint]),
        cmd: spec.command.clone(),
        user: spec.user.map(|(user, group)| format!("{user}:{group}")),
        stop_signal: (spec.stop_signal != StopSignal::Term).then(|| spec.stop_signal.as_str().to_owned()),
        stop_timeout: Some(i64::from(spec.stop_grace.seconds())),
        labels: Some(spec.labels(namespace).into_iter().collect()),
        exposed_ports: grants::exposed(&spec.grants),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

/// The same for one of the panel's own containers.
pub(super) fn sidecar_body(spec: &SidecarSpec, namespace: &Namespace, digest: &str) -> ContainerCreateBody {
    let host = host_config("host".to_owned(), spec.limits, RestartPolicy::UnlessStopped);
    let (user, group) = spec.user;
    ContainerCreateBody {
        image: Some(spec.image.to_string()),
        env: Some(spec.env_lines()),
        cmd: Some(spec.command.clone()),
        user: Some(format!("{user}:{group}")),
        // The image's own check asks an address that is not in use.
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".into()]), ..HealthConfig::default() }),
        labels: Some(spec.labels(namespace, digest).into_iter().collect()),
        host_config: Some(grants::give(host, &spec.grants())),
        ..ContainerCreateBody::default()
    }
}

/// What every container has: limits, no more privileges than it began with, an init process, a log that ends.
fn host_config(network: String, limits: Limits, restart: RestartPolicy) -> HostConfig {
    let memory = i64::try_from(limits.memory_bytes).unwrap_or(i64::MAX);
    HostConfig {
        network_mode: Some(network),
        memory: Some(memory),
        memory_swap: Some(memory),
        nano_cpus: limits.cpu_millis.map(|millis| i64::from(millis) * 1_000_000),
        pids_limit: Some(i64::from(limits.pids)),
        init: Some(true),
        privileged: Some(false),
        security_opt: Some(vec!["no-new-privileges".into()]),
        restart_policy: Some(restarts(restart)),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".into()),
            // A container that floods its log loses lines; it is never held up by a slow disk.
            config: Some(pairs([("max-size", LOG_MAX_SIZE), ("max-file", LOG_MAX_FILES), ("mode", "non-blocking")])),
        }),
        ..HostConfig::default()
    }
}

fn restarts(policy: RestartPolicy) -> EngineRestartPolicy {
    use RestartPolicy::{Always, No, OnFailure, UnlessStopped};
    let (name, most) = match policy {
        No => (RestartPolicyNameEnum::NO, None),
        Always => (RestartPolicyNameEnum::ALWAYS, None),
        UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        OnFailure { most } => (RestartPolicyNameEnum::ON_FAILURE, most.map(i64::from)),
    };
    EngineRestartPolicy { name: Some(name), maximum_retry_count: most }
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> HashMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// What the engine granted, for the policy to judge. Anonymous volumes that the image declares are
/// the container's own and are not counted.
pub(super) fn granted(container: &ContainerInspectResponse) -> Granted {
    let host = container.host_config.clone().unwrap_or_default();
    let ipc_of_its_own = |mode: &String| matches!(mode.as_str(), "" | "private" | "none" | "shareable");
    let shared = [
        ("pid", host.pid_mode.clone().filter(|mode| !mode.is_empty())),
        ("uts", host.uts_mode.clone().filter(|mode| !mode.is_empty())),
        ("user", host.userns_mode.clone().filter(|mode| !mode.is_empty())),
        ("ipc", host.ipc_mode.clone().filter(|mode| !ipc_of_its_own(mode))),
    ];
    let shared = shared.into_iter().filter_map(|(kind, mode)| mode.map(|mode| format!("{kind}={mode}"))).collect();
    let log = host.log_config.clone().unwrap_or_default();
    let foreign =
        host.runtime.clone().filter(|runtime| !matches!(runtime.as_str(), "" | "runc" | "io.containerd.runc.v2"));
    Granted {
        privileged: host.privileged.unwrap_or(false),
        cap_add: grants::capabilities(host.cap_add.as_deref()),
        cap_drop: grants::capabilities(host.cap_drop.as_deref()),
        binds: grants::binds(&host),
        tmpfs: grants::tmpfs(&host),
        devices: grants::devices(&host),
        published_ports: grants::published(&host),
        ulimits: grants::ulimits(&host),
        extra_hosts: host.extra_hosts.unwrap_or_default(),
        dns: host.dns.unwrap_or_default(),
        shm_bytes: host.shm_size.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
        read_only_root: host.readonly_rootfs.unwrap_or(false),
        publish_all: host.publish_all_ports.unwrap_or(false),
        network: host.network_mode.unwrap_or_default(),
        shared,
        sysctls: grants::sysctls(host.sysctls.unwrap_or_default()),
        security_opt: host.security_opt.unwrap_or_default(),
        init: host.init.unwrap_or(false),
        memory_bytes: host.memory.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
        pids: host.pids_limit.and_then(|pids| u64::try_from(pids).ok()).unwrap_or(0),
        log_driver: log.typ.unwrap_or_default(),
        log_max_size: log.config.unwrap_or_default().remove("max-size").unwrap_or_default(),
        volumes_from: host.volumes_from.unwrap_or_default(),
        foreign_runtime: foreign.into_iter().chain(host.cgroup_parent.filter(|parent| !parent.is_empty())).collect(),
    }
}

/// An inspected container, as its state.
pub(super) fn state(container: ContainerInspectResponse, network: &str) -> Result<ContainerState, Error> {
    let state = container.state.unwrap_or_default();
    let restarting = state.restarting.unwrap_or(false);
    let running = state.running.unwrap_or(false) && !restarting;
    let networks = container.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    Ok(ContainerState {
        id: container.id.unwrap_or_default().parse().map_err(|_| Error::Answer("a container's id"))?,
        name: container.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image: container.image.and_then(|image| image.parse().ok()),
        labels: container.config.and_then(|config| config.labels).unwrap_or_default(),
        running,
        restarting,
        exit_code: state.exit_code.filter(|_| !running),
        oom_killed: state.oom_killed.unwrap_or(false),
        error: state.error.filter(|error| !error.is_empty()),
        address: networks.get(network).and_then(|endpoint| address(endpoint.ip_address.as_deref())),
        started_at: state.started_at.filter(|at| !at.starts_with("0001-")),
        restart_count: container.restart_count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
        pid: state.pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0),
    })
}

/// A listed container; `None` where the engine's answer has no proper id.
pub(super) fn listed(summary: ContainerSummary, network: &str) -> Option<OurContainer> {
    let networks = summary.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let names = summary.names.unwrap_or_default();
    Some(OurContainer {
        id: summary.id?.parse().ok()?,
        name: names.first().map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default(),
        labels: summary.labels.unwrap_or_default(),
        image: summary.image_id.and_then(|id| id.parse().ok()),
        running: summary.state == Some(ContainerSummaryStateEnum::RUNNING),
        address: networks.get(network).and_then(|endpoint| address(endpoint.ip_address.as_deref())),
    })
}

fn address(text: Option<&str>) -> Option<Ipv4Addr> {
    text.and_then(|text| text.parse().ok())
}
