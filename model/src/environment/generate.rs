//! Made secrets: how long, and how they are written. The randomness comes from the caller.

use serde::{Deserialize, Serialize};

/// How many random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Length {
    /// 16 bytes.
    #[serde(rename = "16")]
    Short,
    /// 32 bytes.
    #[default]
    #[serde(rename = "32")]
    Usual,
    /// 64 bytes.
    #[serde(rename = "64")]
    Long,
}

impl Length {
    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Short => 16,
            Self::Usual => 32,
            Self::Long => 64,
        }
    }
}

/// How the bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// Hexadecimal digits.
    #[default]
    Hex,
    /// Base64 with `-` and `_` and without padding (RFC 4648, section 5).
    Base64,
}

/// Writes the first [`Length::bytes`] of `random`.
#[must_use]
pub fn secret(random: &[u8; 64], length: Length, spelling: Spelling) -> String {
    let bytes = &random[..length.bytes()];
    match spelling {
        Spelling::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Spelling::Base64 => crate::text::base64(bytes, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_the_length_and_the_letters_that_were_chosen() {
        let random: [u8; 64] = std::array::from_fn(|at| u8::try_from(at * 4 + 3).unwrap_or(255));
        for (length, hex, base64) in [(Length::Short, 32, 22), (Length::Usual, 64, 43), (Length::Long, 128, 86)] {
            let digits = secret(&random, length, Spelling::Hex);
            assert!(digits.len() == hex && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{digits}");
            let letters = secret(&random, length, Spelling::Base64);
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(letters.len() == base64 && letters.bytes().all(plain), "{letters}");
        }
        assert_eq!(secret(&[0xff; 64], Length::Short, Spelling::Base64), "_____________________w");
    }
}
