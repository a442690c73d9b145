//! The kernel's privileges, one by one, each with what it means.

use std::str::FromStr;

use crate::name::Refused;

/// A capability of Linux, without the `CAP_` before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Capability(usize);

/// Each with what it means; none where every container has it unless it is dropped.
const KNOWN: [(&str, Option<&str>); 41] = [
    ("AUDIT_CONTROL", Some("May switch off the server's own audit log.")),
    ("AUDIT_READ", Some("May read the server's own audit log.")),
    ("AUDIT_WRITE", None),
    ("BLOCK_SUSPEND", Some("May keep the server from sleeping.")),
    ("BPF", Some("May load programs into the kernel; that is close to full control of this server.")),
    ("CHECKPOINT_RESTORE", Some("May freeze and rebuild processes.")),
    ("CHOWN", None),
    ("DAC_OVERRIDE", None),
    (
        "DAC_READ_SEARCH",
        Some("May open any file by its number, also outside its container: it can read this server's secrets."),
    ),
    ("FOWNER", None),
    ("FSETID", None),
    ("IPC_LOCK", Some("May keep memory from being swapped out; databases and VPNs ask for it.")),
    ("IPC_OWNER", Some("May use any shared memory of its container.")),
    ("KILL", None),
    ("LEASE", Some("May be told when others open its files.")),
    ("LINUX_IMMUTABLE", Some("May make files that nobody can change or delete.")),
    ("MAC_ADMIN", Some("May change the server's own rules of access.")),
    ("MAC_OVERRIDE", Some("May get past the server's own rules of access.")),
    ("MKNOD", None),
    ("NET_ADMIN", Some("May change the network of its container: routes, firewall, devices; VPNs need it.")),
    ("NET_BIND_SERVICE", None),
    ("NET_BROADCAST", Some("May send to everybody on its network.")),
    ("NET_RAW", None),
    ("PERFMON", Some("May watch the kernel and every process of this server.")),
    ("SETFCAP", None),
    ("SETGID", None),
    ("SETPCAP", None),
    ("SETUID", None),
    ("SYSLOG", Some("May read the kernel's log, which helps to break out of a container.")),
    ("SYS_ADMIN", Some("May mount file systems and much more: that is close to full control of this server.")),
    ("SYS_BOOT", Some("May restart this server or replace its kernel.")),
    ("SYS_CHROOT", None),
    (
        "SYS_MODULE",
        Some(
            "May load kernel modules: that is full control of this server. Some VPN images ask for it; where the server has the module already, they run without.",
        ),
    ),
    ("SYS_NICE", Some("May put itself before all others for the processor.")),
    ("SYS_PACCT", Some("May switch the server's accounting of processes.")),
    ("SYS_PTRACE", Some("May read and change the memory of every process in its container.")),
    ("SYS_RAWIO", Some("May speak to the hardware past the kernel: that is full control of this server.")),
    ("SYS_RESOURCE", Some("May pass the limits that it was given.")),
    ("SYS_TIME", Some("May set this server's clock; certificates and sign-in depend on it.")),
    ("SYS_TTY_CONFIG", Some("May change the server's consoles.")),
    ("WAKE_ALARM", Some("May wake the server from sleep.")),
];

impl Capability {
    /// Every capability.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..KNOWN.len()).map(Self)
    }

    /// Its name, like `NET_ADMIN`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        KNOWN[self.0].0
    }

    /// What it means to add it; `None` where every container has it anyway.
    #[must_use]
    pub const fn danger(self) -> Option<&'static str> {
        KNOWN[self.0].1
    }
}

impl FromStr for Capability {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let name = text.to_ascii_uppercase();
        let name = name.strip_prefix("CAP_").unwrap_or(&name);
        let found = Self::all().find(|known| known.as_str() == name);
        found.ok_or(Refused("There is no capability of that name; they are like NET_ADMIN or SYS_NICE."))
    }
}
