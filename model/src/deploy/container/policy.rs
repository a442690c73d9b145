//! What a created container may be allowed to do, and what it is: nothing that was not asked for.

use super::{Grants, Namespace, SidecarSpec, network_name};

/// What the engine says a created container would be allowed to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted {
    /// All capabilities and devices.
    pub privileged: bool,
    /// Capabilities beyond the engine's default, without `CAP_`.
    pub cap_add: Vec<String>,
    /// Capabilities taken away from the engine's default, without `CAP_`.
    pub cap_drop: Vec<String>,
    /// Host paths and volumes, as `source:target:rw` or `:ro`.
    pub binds: Vec<String>,
    /// Folders in memory, as `target` or `target:options`.
    pub tmpfs: Vec<String>,
    /// Devices of the host as `host:container:rwm`, and rules about them.
    pub devices: Vec<String>,
    /// Ports published on the host, as `address:host:container/protocol`.
    pub published_ports: Vec<String>,
    /// Whether all exposed ports are published.
    pub publish_all: bool,
    /// The network it is on.
    pub network: String,
    /// Namespaces shared with the host or another container, like `pid=host`.
    pub shared: Vec<String>,
    /// Kernel settings, as `key=value`.
    pub sysctls: Vec<String>,
    /// Limits of single processes, as `name=soft:hard`.
    pub ulimits: Vec<String>,
    /// Host names of its own, as `name:address`.
    pub extra_hosts: Vec<String>,
    /// Name servers of its own.
    pub dns: Vec<String>,
    /// Shared memory, in bytes, 0 for the engine's default.
    pub shm_bytes: u64,
    /// Whether the image's files cannot be changed.
    pub read_only_root: bool,
    /// Security options.
    pub security_opt: Vec<String>,
    /// Whether an init process reaps its children.
    pub init: bool,
    /// Memory in bytes, 0 for no limit.
    pub memory_bytes: u64,
    /// Processes, 0 for no limit.
    pub pids: u64,
    /// The log driver.
    pub log_driver: String,
    /// The log driver's `max-size`, empty for none.
    pub log_max_size: String,
    /// Containers whose volumes it takes over.
    pub volumes_from: Vec<String>,
    /// A runtime other than the engine's own, and another cgroup parent.
    pub foreign_runtime: Vec<String>,
}

/// A container that would be allowed too much, or used without limits. It is not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the container would have {0}")]
pub struct Breach(pub String);

/// What was asked for, in the spelling of [`Granted`]. It is made from the grants of a container's
/// spec and from nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    cap_add: Vec<String>,
    cap_drop: Vec<String>,
    binds: Vec<String>,
    tmpfs: Vec<String>,
    devices: Vec<String>,
    published_ports: Vec<String>,
    sysctls: Vec<String>,
    ulimits: Vec<String>,
    extra_hosts: Vec<String>,
    dns: Vec<String>,
    shm_bytes: Option<u64>,
    init: bool,
    read_only_root: bool,
    host_network: bool,
}

impl Allowed {
    /// What one of the panel's own containers may have: its options, and the host's network.
    #[must_use]
    pub fn of_sidecar(spec: &SidecarSpec) -> Self {
        Self { host_network: true, ..Self::of(&spec.grants()) }
    }

    /// What `grants` ask for.
    #[must_use]
    pub fn of(grants: &Grants) -> Self {
        use crate::app::DockerOption::{
            AddHost, CapAdd, CapDrop, Device, Dns, Init, ReadOnly, ShmSize, Sysctl, Tmpfs, Ulimit,
        };
        let mut allowed = Self {
            binds: grants.mounts.iter().map(ToString::to_string).collect(),
            published_ports: grants.published.iter().map(published).collect(),
            init: true,
            ..Self::default()
        };
        for option in &grants.options {
            match option {
                CapAdd(capability) => allowed.cap_add.push(capability.as_str().to_owned()),
                CapDrop(capability) => allowed.cap_drop.push(capability.map_or("ALL", |one| one.as_str()).to_owned()),
                Device(device) => allowed.devices.push(device.to_string()),
                Sysctl(sysctl) => allowed.sysctls.push(sysctl.to_string()),
                ShmSize(bytes) => allowed.shm_bytes = Some(*bytes),
                Ulimit { name, soft, hard } => allowed.ulimits.push(format!("{name}={soft}:{hard}")),
                Init(on) => allowed.init = *on,
                Tmpfs(tmpfs) => allowed.tmpfs.push(tmpfs.to_string()),
                AddHost { .. } => {
                    allowed.extra_hosts.extend(option.to_string().strip_prefix("--add-host=").map(str::to_owned))
                }
                Dns(address) => allowed.dns.push(address.to_string()),
                ReadOnly => allowed.read_only_root = true,
            }
        }
        allowed
    }
}

fn published(published: &crate::app::Published) -> String {
    let address = published.address.map(|address| address.to_string()).unwrap_or_default();
    format!("{address}:{}:{}/{}", published.host, published.container, published.protocol.as_str())
}

/// What the engine gives a container as shared memory unless it is told otherwise, in bytes.
const USUAL_SHM_BYTES: u64 = 64 << 20;

/// Holds what the engine granted against what was asked for and against the policy: nothing beyond
/// what was asked may be granted, and no protection that was asked for may be missing.
///
/// # Errors
/// [`Breach`] with the first thing that is too much.
pub fn check(granted: &Granted, allowed: &Allowed, namespace: &Namespace) -> Result<(), Breach> {
    let beyond = |what: &str, granted: &[String], allowed: &[String]| {
        let more: Vec<&str> = granted.iter().filter(|one| !allowed.contains(one)).map(String::as_str).collect();
        if more.is_empty() { Ok(()) } else { Err(Breach(format!("{what}: {}", more.join(", ")))) }
    };
    let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(Breach(what.to_owned())) };
    must(!granted.privileged, "full privileges")?;
    beyond("added capabilities", &granted.cap_add, &allowed.cap_add)?;
    beyond("mounts", &granted.binds, &allowed.binds)?;
    beyond("folders in memory", &granted.tmpfs, &allowed.tmpfs)?;
    beyond("volumes of another container", &granted.volumes_from, &[])?;
    beyond("host devices", &granted.devices, &allowed.devices)?;
    beyond("published ports", &granted.published_ports, &allowed.published_ports)?;
    must(!granted.publish_all, "all its ports published")?;
    beyond("shared namespaces", &granted.shared, &[])?;
    beyond("kernel settings", &granted.sysctls, &allowed.sysctls)?;
    beyond("raised limits", &granted.ulimits, &allowed.ulimits)?;
    beyond("extra hosts", &granted.extra_hosts, &allowed.extra_hosts)?;
    beyond("name servers", &granted.dns, &allowed.dns)?;
    must(granted.shm_bytes <= allowed.shm_bytes.unwrap_or(USUAL_SHM_BYTES), "too much shared memory")?;
    beyond("a foreign runtime or cgroup", &granted.foreign_runtime, &[])?;
    let network = if allowed.host_network { "host".to_owned() } else { network_name(namespace) };
    must(granted.network == network, "a network that is not ours")?;
    let hardened = granted.security_opt.iter().all(|o| o == "no-new-privileges" || o == "no-new-privileges:true");
    must(hardened && !granted.security_opt.is_empty(), "security options other than no-new-privileges")?;
    must(allowed.cap_drop.iter().all(|one| granted.cap_drop.contains(one)), "capabilities that it was to lose")?;
    must(granted.read_only_root || !allowed.read_only_root, "files that it was not to change")?;
    must(granted.init || !allowed.init, "no init process")?;
    must(granted.memory_bytes > 0, "no memory limit")?;
    must(granted.pids > 0, "no limit of processes")?;
    must(granted.log_driver == "json-file" && !granted.log_max_size.is_empty(), "a log without a limit")
}
