//! From where a published port can be reached.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::Refused;

/// How many ranges one port has at most.
const MOST: usize = 32;

/// Addresses that begin alike, as in `203.0.113.0/24` or `2001:db8::/32`, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceRange {
    /// The first of them.
    address: IpAddr,
    /// How many leading bits all of them share: 1 to 32, or 1 to 128.
    bits: u8,
}

impl SourceRange {
    /// Reads a list with commas or white space between. What lies within another range is left out,
    /// so that no two overlap.
    ///
    /// # Errors
    /// The first part that is no range, or that there are too many.
    pub fn list(text: &str) -> Result<Vec<Self>, Refused> {
        let parts = text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|part| !part.is_empty());
        // One more than the most is enough to know.
        let mut ranges: Vec<Self> = parts.take(MOST + 1).map(str::parse).collect::<Result<_, _>>()?;
        if ranges.len() > MOST {
            return Err(Refused("A port has at most 32 source ranges."));
        }
        ranges.sort_unstable();
        ranges.dedup();
        let all = ranges.clone();
        ranges.retain(|range| !all.iter().any(|other| other != range && other.holds(range)));
        Ok(ranges)
    }

    /// Whether the addresses are of IPv4.
    #[must_use]
    pub const fn is_ipv4(&self) -> bool {
        self.address.is_ipv4()
    }

    /// Whether all of `other` is within this.
    fn holds(&self, other: &Self) -> bool {
        self.is_ipv4() == other.is_ipv4()
            && self.bits <= other.bits
            && first_of(other.address, self.bits) == self.address
    }

    const fn is_single(&self) -> bool {
        self.bits == width(self.address)
    }
}

const fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first of the addresses that share `bits` bits with `address`; `bits` is not 0.
fn first_of(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() & (u32::MAX << (32 - u32::from(bits)))).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << (128 - u32::from(bits)))).into()),
    }
}

impl FromStr for SourceRange {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        const SHAPE: Refused = Refused("A source is an address or a range, as in 203.0.113.7 or 10.0.0.0/8.");
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let address: IpAddr = address.parse().map_err(|_| SHAPE)?;
        if matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some()) {
            return Err(Refused("Write an address of IPv4 as such, as in 203.0.113.7."));
        }
        let bits = match bits {
            None => width(address),
            Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().map_err(|_| SHAPE)?,
            Some(_) => return Err(SHAPE),
        };
        match bits {
            0 => Err(Refused("A range of 0 bits is everybody. Leave the sources empty instead.")),
            _ if bits > width(address) => Err(Refused("A range of IPv4 has 1 to 32 bits, one of IPv6 1 to 128.")),
            _ if first_of(address, bits) != address => {
                Err(Refused("A range begins with its first address, as in 10.0.0.0/8, not 10.0.0.1/8."))
            }
            _ => Ok(Self { address, bits }),
        }
    }
}

impl fmt::Display for SourceRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_single() {
            true => write!(f, "{}", self.address),
            false => write!(f, "{}/{}", self.address, self.bits),
        }
    }
}

impl TryFrom<String> for SourceRange {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<SourceRange> for String {
    fn from(range: SourceRange) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let ranges = SourceRange::list(text).unwrap_or_else(|refused| panic!("{text}: {refused}"));
        ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ranges_are_written_as_they_are_read_and_none_lies_in_another() {
        for (text, expected) in [
            ("", ""),
            (" ,\n, ", ""),
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7/32", "203.0.113.7"),
            ("10.0.0.0/8, 192.168.0.0/16\n2001:db8::/32", "10.0.0.0/8 192.168.0.0/16 2001:db8::/32"),
            ("10.1.0.0/16 10.0.0.0/8 10.0.0.0/8 10.2.3.4", "10.0.0.0/8"),
            ("10.0.0.0/9 10.128.0.0/9", "10.0.0.0/9 10.128.0.0/9"),
            ("128.0.0.0/1", "128.0.0.0/1"),
            ("2001:db8::1/128 2001:db8::/127", "2001:db8::/127"),
            ("::1", "::1"),
            ("8000::/1", "8000::/1"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        let range: SourceRange = "10.0.0.0/8".parse().expect("a range");
        let json = serde_json::to_string(&range).expect("writes");
        assert_eq!(json, "\"10.0.0.0/8\"");
        assert_eq!(serde_json::from_str::<SourceRange>(&json).expect("reads"), range);
        assert!(serde_json::from_str::<SourceRange>("\"10.0.0.1/8\"").is_err());
    }

    #[test]
    fn what_is_no_range_is_refused_in_words() {
        for (text, says) in [
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
            ("10.0.0.1/8", "first address"),
            ("2001:db8::1/64", "first address"),
            ("10.0.0.0/33", "1 to 32"),
            ("2001:db8::/129", "1 to 32"),
            ("::ffff:10.0.0.1", "as such"),
            ("10.0.0.0/+8", "as in"),
            ("10.0.0.0/", "as in"),
            ("10.0.0.0/8/8", "as in"),
            ("10.0.0.0/999", "as in"),
            ("10.0.0.0-10.0.0.9", "as in"),
            ("010.0.0.0/8", "as in"),
            ("10.0.0", "as in"),
            ("example.com", "as in"),
            ("fe80::1%eth0", "as in"),
            ("10.0.0.0/8; drop", "as in"),
            ("{ 10.0.0.0/8 }", "as in"),
            ("@web", "as in"),
            ("$(id)", "as in"),
            ("10.0.0.0/8\0", "as in"),
            ("\u{202e}10.0.0.0/8", "as in"),
        ] {
            let refused = SourceRange::list(text).expect_err(text);
            assert!(refused.0.contains(says), "{text}: {refused}");
        }
        let many: String = (0..100_000).map(|n| format!("10.{}.{}.1,", n / 250 % 250, n % 250)).collect();
        assert!(SourceRange::list(&many).expect_err("too many").0.contains("at most 32"));
    }
}
