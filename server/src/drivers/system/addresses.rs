//! The addresses of this host's interfaces that the internet can reach, as the kernel lists them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use homeport_model::domain::dns::is_public;

use super::procfs;

/// Flags of `if_inet6` (linux/if_addr.h): a privacy address, one whose time has passed, and those that
/// are not in use yet or never will be.
const TEMPORARY: u8 = 0x01;
const DEPRECATED: u8 = 0x20;
const UNUSABLE: u8 = 0x40 | 0x08;

/// Public addresses of this host, IPv4 first, lasting ones before those that change.
#[must_use]
pub fn public() -> Vec<IpAddr> {
    let own = |name: &str| procfs::text(&format!("{}/net/{name}", std::process::id())).unwrap_or_default();
    let mut found: Vec<IpAddr> = v4(&own("fib_trie")).into_iter().map(IpAddr::V4).collect();
    found.extend(v6(&own("if_inet6")).into_iter().map(IpAddr::V6));
    found.retain(|address| is_public(*address));
    found
}

/// The addresses that `fib_trie` calls local, each once: a leaf, then a line about it.
fn v4(text: &str) -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = Vec::new();
    let mut leaf = None;
    for line in text.lines() {
        if let Some((_, address)) = line.split_once("|-- ") {
            leaf = address.trim().parse().ok();
        } else if line.contains("/32 host LOCAL")
            && let Some(address) = leaf
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// The addresses of `if_inet6` that are in use.
fn v6(text: &str) -> Vec<Ipv6Addr> {
    let mut found: Vec<(u8, Ipv6Addr)> = text.lines().filter_map(v6_line).collect();
    found.sort_by_key(|(flags, _)| flags & (TEMPORARY | DEPRECATED));
    found.into_iter().map(|(_, address)| address).collect()
}

fn v6_line(line: &str) -> Option<(u8, Ipv6Addr)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let address = u128::from_str_radix(fields.first()?, 16).ok()?;
    // Flags above eight bits are of no matter here.
    let flags = u32::from_str_radix(fields.get(4)?, 16).ok()?.to_le_bytes()[0];
    (flags & UNUSABLE == 0).then_some((flags, Ipv6Addr::from_bits(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_leaves_are_addresses() {
        let text = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 203.0.113.7\n        /32 host LOCAL\n\
                    Local:\n     |-- 203.0.113.7\n        /32 host LOCAL\n     |-- 203.0.113.255\n        /32 link BROADCAST\n     |-- nonsense\n        /32 host LOCAL\n";
        assert_eq!(v4(text), [Ipv4Addr::new(203, 0, 113, 7)]);
    }

    #[test]
    fn lasting_addresses_come_first_and_unusable_ones_not_at_all() {
        let text = "20010db8000000000000000000000009 02 40 00 01     eth0\n\
                    20010db8000000000000000000000007 02 40 00 80     eth0\n\
                    20010db8000000000000000000000008 02 40 00 40     eth0\n\
                    fe800000000000000000000000000001 02 40 20 80     eth0\nnonsense\n";
        let found: Vec<String> = v6(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["2001:db8::7", "fe80::1", "2001:db8::9"]);
    }

    #[test]
    fn this_host_has_no_address_that_is_not_public() {
        assert!(public().iter().all(|address| is_public(*address)));
    }
}
