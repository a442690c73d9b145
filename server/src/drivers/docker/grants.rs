//! What of the host a container is given, between our words and the engine's, both ways. Whatever
//! the engine says that has no spelling here comes out as one that nobody asked for.

use std::collections::HashMap;

use bollard::models::{
    DeviceMapping, HostConfig, Mount, MountBindOptions, MountBindOptionsPropagationEnum, MountType, MountVolumeOptions,
    PortBinding, ResourcesUlimits,
};
use homeport_model::{
    app::DockerOption,
    deploy::container::{BoundMount, Grants, MountSource},
};

/// The same settings with the grants in them.
pub(super) fn give(mut host: HostConfig, grants: &Grants) -> HostConfig {
    host.mounts = Some(grants.mounts.iter().map(mount).collect());
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for published in &grants.published {
        let key = format!("{}/{}", published.container, published.protocol.as_str());
        let host_ip = published.address.map(|address| address.to_string()).unwrap_or_default();
        let binding = PortBinding { host_ip: Some(host_ip), host_port: Some(published.host.to_string()) };
        bindings.entry(key).or_default().get_or_insert_default().push(binding);
    }
    host.port_bindings = Some(bindings);
    for option in &grants.options {
        apply(&mut host, option);
    }
    host
}

/// The ports that are to be published, as the engine wants them a second time.
pub(super) fn exposed(grants: &Grants) -> Option<Vec<String>> {
    let mut ports: Vec<String> =
        grants.published.iter().map(|port| format!("{}/{}", port.container, port.protocol.as_str())).collect();
    ports.sort();
    ports.dedup();
    (!ports.is_empty()).then_some(ports)
}

fn mount(mount: &BoundMount) -> Mount {
    let given = Mount { target: Some(mount.to.to_string()), read_only: Some(mount.read_only), ..Mount::default() };
    match &mount.from {
        MountSource::Volume { name, is_filled } => Mount {
            typ: Some(MountType::VOLUME),
            source: Some(name.clone()),
            volume_options: Some(MountVolumeOptions { no_copy: Some(!is_filled), ..MountVolumeOptions::default() }),
            ..given
        },
        MountSource::Folder(path) => Mount {
            typ: Some(MountType::BIND),
            source: Some(path.to_string()),
            bind_options: Some(MountBindOptions {
                propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE),
                ..MountBindOptions::default()
            }),
            ..given
        },
    }
}

fn apply(host: &mut HostConfig, option: &DockerOption) {
    match option {
        DockerOption::CapAdd(capability) => host.cap_add.get_or_insert_default().push(capability.as_str().to_owned()),
        DockerOption::CapDrop(capability) => {
            let name = capability.map_or("ALL", |capability| capability.as_str());
            host.cap_drop.get_or_insert_default().push(name.to_owned());
        }
        DockerOption::Device(device) => host.devices.get_or_insert_default().push(DeviceMapping {
            path_on_host: Some(device.from().to_owned()),
            path_in_container: Some(device.to().to_owned()),
            cgroup_permissions: Some(device.permissions()),
        }),
        DockerOption::Sysctl(sysctl) => {
            host.sysctls.get_or_insert_default().insert(sysctl.key().to_owned(), sysctl.value().to_owned());
        }
        DockerOption::ShmSize(bytes) => host.shm_size = i64::try_from(*bytes).ok(),
        DockerOption::Ulimit { name, soft, hard } => host.ulimits.get_or_insert_default().push(ResourcesUlimits {
            name: Some(name.to_string()),
            soft: Some(*soft),
            hard: Some(*hard),
        }),
        DockerOption::Init(on) => host.init = Some(*on),
        DockerOption::Tmpfs(tmpfs) => {
            host.tmpfs.get_or_insert_default().insert(tmpfs.to.to_string(), tmpfs.options());
        }
        DockerOption::AddHost { .. } => {
            let text = option.to_string();
            host.extra_hosts.get_or_insert_default().extend(text.strip_prefix("--add-host=").map(str::to_owned));
        }
        DockerOption::Dns(address) => host.dns.get_or_insert_default().push(address.to_string()),
        DockerOption::ReadOnly => host.readonly_rootfs = Some(true),
    }
}

/// Capabilities without the `CAP_` that some engines put before them.
pub(super) fn capabilities(listed: Option<&[String]>) -> Vec<String> {
    let listed = listed.unwrap_or_default().iter();
    listed.map(|name| name.strip_prefix("CAP_").unwrap_or(name).to_owned()).collect()
}

/// Every mount, in either of the engine's spellings. Anonymous volumes that the image declares are
/// the container's own and are not counted.
pub(super) fn binds(host: &HostConfig) -> Vec<String> {
    let mut binds = host.binds.clone().unwrap_or_default();
    for mount in host.mounts.iter().flatten() {
        let (source, target) = (mount.source.clone().unwrap_or_default(), mount.target.clone().unwrap_or_default());
        let access = if mount.read_only.unwrap_or(false) { "ro" } else { "rw" };
        let is_plain = match mount.typ {
            Some(MountType::VOLUME) => {
                let options = mount.volume_options.clone().unwrap_or_default();
                !source.starts_with('/') && options.driver_config.is_none()
            }
            Some(MountType::BIND) => {
                let spread = mount.bind_options.clone().unwrap_or_default().propagation;
                let private = matches!(
                    spread,
                    None | Some(MountBindOptionsPropagationEnum::RPRIVATE | MountBindOptionsPropagationEnum::EMPTY)
                );
                source.starts_with('/') && private
            }
            _ => false,
        };
        let more = if is_plain { "" } else { " with more than that" };
        binds.push(format!("{source}:{target}:{access}{more}"));
    }
    binds
}

/// Folders in memory.
pub(super) fn tmpfs(host: &HostConfig) -> Vec<String> {
    let all = host.tmpfs.iter().flatten();
    all.map(|(to, options)| if options.is_empty() { to.clone() } else { format!("{to}:{options}") }).collect()
}

/// Devices, and every rule about them.
pub(super) fn devices(host: &HostConfig) -> Vec<String> {
    let given = host.devices.iter().flatten().map(|device| {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        format!(
            "{}:{}:{}",
            text(&device.path_on_host),
            text(&device.path_in_container),
            text(&device.cgroup_permissions)
        )
    });
    let rules = host.device_cgroup_rules.iter().flatten().cloned();
    let requests = host.device_requests.iter().flatten().map(|_| "a device request".to_owned());
    given.chain(rules).chain(requests).collect()
}

/// Published ports; one without a port of the host gets any.
pub(super) fn published(host: &HostConfig) -> Vec<String> {
    let bindings = host.port_bindings.iter().flatten();
    bindings
        .filter_map(|(port, to)| Some((port, to.as_ref()?)))
        .flat_map(|(port, to)| {
            let each = to.iter().map(move |binding| {
                let text = |field: &Option<String>| field.clone().unwrap_or_default();
                format!("{}:{}:{port}", text(&binding.host_ip), text(&binding.host_port))
            });
            let any = to.is_empty().then(|| format!(":any:{port}"));
            each.chain(any)
        })
        .collect()
}

/// Kernel settings.
pub(super) fn sysctls(listed: HashMap<String, String>) -> Vec<String> {
    listed.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// Limits of single processes.
pub(super) fn ulimits(host: &HostConfig) -> Vec<String> {
    let all = host.ulimits.iter().flatten();
    all.map(|limit| {
        let number = |side: Option<i64>| side.unwrap_or_default();
        format!("{}={}:{}", limit.name.clone().unwrap_or_default(), number(limit.soft), number(limit.hard))
    })
    .collect()
}
