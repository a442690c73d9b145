//! Ranges of addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::name::Refused;

/// The addresses from which Cloudflare's proxies come, as it publishes them
/// (<https://www.cloudflare.com/ips/>).
pub const CLOUDFLARE: [&str; 22] = [
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

/// A range of addresses: `192.0.2.0/24`, `2001:db8::/32`, or one address. What the length leaves out is
/// zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    address: IpAddr,
    length: u8,
}

impl Cidr {
    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.length) == self.address
    }
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            Ipv4Addr::from_bits(four.to_bits() & mask).into()
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            Ipv6Addr::from_bits(six.to_bits() & mask).into()
        }
    }
}

impl FromStr for Cidr {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        const SHAPE: Refused = Refused("Write an address or a range, like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.");
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| SHAPE)?;
        let length = match length {
            None => bits(address),
            Some(length) if length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit()) => {
                length.parse().map_err(|_| SHAPE)?
            }
            Some(_) => return Err(SHAPE),
        };
        if length > bits(address) {
            return Err(SHAPE);
        }
        Ok(Self { address: masked(address, length), length })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.length == bits(self.address) {
            self.address.fmt(f)
        } else {
            write!(f, "{}/{}", self.address, self.length)
        }
    }
}

impl TryFrom<String> for Cidr {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<Cidr> for String {
    fn from(range: Cidr) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_made_tidy() {
        for (typed, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("::1", "::1"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(typed.parse::<Cidr>().expect("a range").to_string(), shown);
        }
        for text in [
            "",
            "all",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/",
            "192.0.2/24",
            "1.2.3.4/+8",
            "1.2.3.4;",
            "a.b",
            "1.2.3.4 5.6.7.8",
            "1.2.3.4/٨",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        let range: Cidr = "192.0.2.0/24".parse().expect("a range");
        assert!(range.contains("192.0.2.200".parse().expect("an address")));
        assert!(
            !range.contains("192.0.3.0".parse().expect("an address"))
                && !range.contains("::".parse().expect("an address"))
        );
        assert!(CLOUDFLARE.iter().all(|text| text.parse::<Cidr>().is_ok_and(|range| range.to_string() == *text)));
    }
}
