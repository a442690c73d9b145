//! Keys of large Git hosts, as they publish them. Whoever fetches from one of these is sure of it at
//! the first contact already.

use super::{HostKey, SshHost};

/// docs.github.com, docs.gitlab.com, support.atlassian.com and docs.codeberg.org: the pages on SSH
/// key fingerprints.
const KNOWN: [(&str, &str); 4] = [
    ("github.com", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"),
    ("gitlab.com", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf"),
    ("bitbucket.org", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO"),
    ("codeberg.org", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB"),
];

/// The key that a server publishes, if it is one of the large ones.
#[must_use]
pub fn well_known(host: &SshHost) -> Option<HostKey> {
    let (_, key) = KNOWN.iter().find(|(name, _)| *name == host.as_str())?;
    key.parse().ok()
}

/// All of them.
pub fn well_known_hosts() -> impl Iterator<Item = (SshHost, HostKey)> {
    KNOWN.iter().filter_map(|(name, key)| Some((name.parse().ok()?, key.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_well_known_key_reads() {
        for (name, _) in KNOWN {
            assert!(well_known(&name.parse().expect("a host")).is_some(), "{name}");
        }
        for other in ["github.com.example.net", "[github.com]:443", "localhost"] {
            assert!(well_known(&other.parse().expect("a host")).is_none(), "{other}");
        }
    }
}
