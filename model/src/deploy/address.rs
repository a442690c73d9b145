//! Virtual addresses: what nginx connects to, whichever container is behind it.
//!
//! A panel takes one /24 of 10.98.0.0/16; each app keeps one address of it for ever, and a map in
//! the firewall says which container that address is today (performance.md, The switch).

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::name::Refused;

/// One /24 of 10.98.0.0/16, owned by one panel on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VirtualRange(u8);

impl VirtualRange {
    /// All there are, in the order in which they are tried.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    /// The `third` part of 10.98.x.0/24.
    #[must_use]
    pub const fn new(third: u8) -> Self {
        Self(third)
    }

    /// The `x` of 10.98.x.0/24.
    #[must_use]
    pub const fn third(self) -> u8 {
        self.0
    }

    /// The range as nft and ip write it.
    #[must_use]
    pub fn cidr(self) -> String {
        format!("10.98.{}.0/24", self.0)
    }

    /// The first address that is not among `taken`.
    #[must_use]
    pub fn free_address(self, taken: &[VirtualAddress]) -> Option<VirtualAddress> {
        (1..=254)
            .map(|last| VirtualAddress(Ipv4Addr::new(10, 98, self.0, last)))
            .find(|address| !taken.contains(address))
    }
}

/// An address of 10.98.0.0/16 that stands for an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Ipv4Addr", into = "Ipv4Addr")]
pub struct VirtualAddress(Ipv4Addr);

impl VirtualAddress {
    /// The address itself.
    #[must_use]
    pub const fn get(self) -> Ipv4Addr {
        self.0
    }

    /// The range that it is of.
    #[must_use]
    pub const fn range(self) -> VirtualRange {
        VirtualRange(self.0.octets()[2])
    }
}

impl TryFrom<Ipv4Addr> for VirtualAddress {
    type Error = Refused;
    fn try_from(address: Ipv4Addr) -> Result<Self, Refused> {
        match address.octets() {
            [10, 98, _, 1..=254] => Ok(Self(address)),
            _ => Err(Refused("A virtual address is one of 10.98.0.0/16.")),
        }
    }
}

impl std::str::FromStr for VirtualAddress {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        text.parse::<Ipv4Addr>().map_err(|_| Refused("That is not an address."))?.try_into()
    }
}

impl From<VirtualAddress> for Ipv4Addr {
    fn from(address: VirtualAddress) -> Self {
        address.0
    }
}

impl std::fmt::Display for VirtualAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

crate::name::parsed!(
    /// A network device's name: at most 15 letters, digits and hyphens.
    BridgeName,
    |text| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if (1..=15).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') {
            Ok(())
        } else {
            Err("That is not a network device's name.")
        }
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_handed_out_once() {
        let range = VirtualRange::new(7);
        let mut taken = Vec::new();
        while let Some(address) = range.free_address(&taken) {
            taken.push(address);
        }
        assert_eq!(taken.len(), 254);
        assert_eq!(taken[0].to_string(), "10.98.7.1");
        assert!(taken.iter().all(|address| address.range() == range));
    }

    #[test]
    fn only_virtual_addresses_parse() {
        for text in ["10.99.0.1", "10.98.0.0", "10.98.0.255", "127.0.0.1", "x"] {
            assert!(text.parse::<VirtualAddress>().is_err(), "{text}");
        }
    }
}
