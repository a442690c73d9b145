//! Kernel settings that a container has for itself; those of the whole host are not among them.

use std::{fmt, str::FromStr};

use crate::name::Refused;

/// A kernel setting and its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sysctl {
    key: String,
    value: String,
}

/// Those of shared memory, messages and semaphores that belong to a container's own namespace.
const IPC: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

impl Sysctl {
    /// The setting.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What it means.
    #[must_use]
    pub const fn danger(&self) -> &'static str {
        "Changes a setting of the kernel for this container alone."
    }
}

impl FromStr for Sysctl {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let (key, value) = text.split_once('=').ok_or(Refused("Write a kernel setting as net.ipv4.ip_forward=1."))?;
        let part =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if key.len() > 128 || !key.split('.').all(part) {
            return Err(Refused("A kernel setting has a name like net.ipv4.ip_forward."));
        }
        if !IPC.contains(&key) && !key.starts_with("net.") && !key.starts_with("fs.mqueue.") {
            return Err(Refused(
                "Only settings that a container has for itself can be set: net.*, fs.mqueue.*, and those of shared memory and messages. This one is the whole server's.",
            ));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_. ,".contains(&b);
        if value.is_empty() || value.len() > 128 || !value.bytes().all(plain) {
            return Err(Refused("A kernel setting has a value of letters, digits and spaces."));
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Display for Sysctl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}
