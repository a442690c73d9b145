//! Whose an address is: the internet's, a private network's, or a CDN's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A network that answers in front of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cdn {
    /// Cloudflare.
    Cloudflare,
}

impl Cdn {
    /// The name that people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cloudflare => "Cloudflare",
        }
    }

    /// Whose an address is.
    #[must_use]
    pub fn of(address: IpAddr) -> Option<Self> {
        let cloudflare = match address {
            IpAddr::V4(v4) => CLOUDFLARE_V4.iter().any(|&(network, bits)| within_v4(v4, network, bits)),
            IpAddr::V6(v6) => CLOUDFLARE_V6.iter().any(|&(network, bits)| within_v6(v6, network, bits)),
        };
        cloudflare.then_some(Self::Cloudflare)
    }
}

/// Cloudflare's addresses: <https://www.cloudflare.com/ips-v4>, of 28 September 2023, in its order.
pub const CLOUDFLARE_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(173, 245, 48, 0), 20),
    (Ipv4Addr::new(103, 21, 244, 0), 22),
    (Ipv4Addr::new(103, 22, 200, 0), 22),
    (Ipv4Addr::new(103, 31, 4, 0), 22),
    (Ipv4Addr::new(141, 101, 64, 0), 18),
    (Ipv4Addr::new(108, 162, 192, 0), 18),
    (Ipv4Addr::new(190, 93, 240, 0), 20),
    (Ipv4Addr::new(188, 114, 96, 0), 20),
    (Ipv4Addr::new(197, 234, 240, 0), 22),
    (Ipv4Addr::new(198, 41, 128, 0), 17),
    (Ipv4Addr::new(162, 158, 0, 0), 15),
    (Ipv4Addr::new(104, 16, 0, 0), 13),
    (Ipv4Addr::new(104, 24, 0, 0), 14),
    (Ipv4Addr::new(172, 64, 0, 0), 13),
    (Ipv4Addr::new(131, 0, 72, 0), 22),
];

/// Cloudflare's addresses: <https://www.cloudflare.com/ips-v6>, of 28 September 2023, in its order.
pub const CLOUDFLARE_V6: [(Ipv6Addr, u8); 7] = [
    (Ipv6Addr::new(0x2400, 0xcb00, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2803, 0xf800, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2405, 0xb500, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2405, 0x8100, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2a06, 0x98c0, 0, 0, 0, 0, 0, 0), 29),
    (Ipv6Addr::new(0x2c0f, 0xf248, 0, 0, 0, 0, 0, 0), 32),
];

fn within_v4(address: Ipv4Addr, network: Ipv4Addr, bits: u8) -> bool {
    let differ = address.to_bits() ^ network.to_bits();
    differ.leading_zeros() >= u32::from(bits)
}

fn within_v6(address: Ipv6Addr, network: Ipv6Addr, bits: u8) -> bool {
    let differ = address.to_bits() ^ network.to_bits();
    differ.leading_zeros() >= u32::from(bits)
}

/// Whether an address is one of the internet's.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmarks = a == 198 && (b == 18 || b == 19);
            let protocols = a == 192 && b == 0 && c == 0;
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || a == 0
                || a >= 224
                || shared
                || benchmarks
                || protocols)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4() {
                return is_public(v4.into());
            }
            let segments = v6.segments();
            // Global unicast is 2000::/3; within it 6to4, Teredo and documentation lead elsewhere.
            let global = segments[0] & 0xe000 == 0x2000;
            let detour = segments[0] == 0x2002 || (segments[0] == 0x2001 && matches!(segments[1], 0 | 0xdb8));
            global && !detour
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_the_internets_addresses_are_public() {
        for text in ["8.8.8.8", "140.82.121.4", "2606:4700::1111", "2a00:1450:4001::1"] {
            assert!(is_public(address(text)), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.17.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn cloudflares_networks_are_known_to_their_edges() {
        for text in [
            "104.16.0.0",
            "104.23.255.255",
            "104.27.255.255",
            "172.71.255.255",
            "131.0.75.255",
            "162.159.0.1",
            "2606:4700::6810:1",
            "2a06:98c7:ffff::1",
        ] {
            assert_eq!(Cdn::of(address(text)), Some(Cdn::Cloudflare), "{text}");
        }
        for text in
            ["104.15.255.255", "104.28.0.0", "172.72.0.0", "131.0.76.0", "203.0.113.7", "2606:4701::1", "2a06:98c8::1"]
        {
            assert_eq!(Cdn::of(address(text)), None, "{text}");
        }
    }
}
