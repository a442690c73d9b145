//! Known secrets are masked in what others write: build output, an app's log.
//!
//! A secret is looked for as it is, line by line where it has several, and as it looks in an
//! address, in JSON and in base64 (security.md, C-28). Values shorter than [`LEAST_BYTES`] are not
//! masked: that would blank out ordinary words.

use crate::{secret::Secret, text::base64};

/// The shortest text that is masked.
pub const LEAST_BYTES: usize = 8;
/// What stands in its place.
pub const SHOWN: &str = "••••••";

/// Texts that must not be shown. It has no `Debug`: it is made of secrets.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that a part of a secret never saves the rest from being found.
    needles: Vec<Secret<String>>,
}

impl Mask {
    /// A mask for these values.
    #[must_use]
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut mask = Self::default();
        for value in values {
            mask.add(value);
        }
        mask
    }

    /// Masks this value, too.
    pub fn add(&mut self, value: &str) {
        if value.len() < LEAST_BYTES {
            return;
        }
        let json = serde_json::Value::from(value).to_string();
        let plain = value.lines().map(str::trim_end).map(str::to_owned);
        let spelt = [
            json.trim_matches('"').to_owned(),
            percent_encoded(value),
            base64(value.as_bytes(), false).trim_end_matches('=').to_owned(),
            base64(value.as_bytes(), true),
        ];
        for text in plain.chain(spelt) {
            if text.len() >= LEAST_BYTES && !self.needles.iter().any(|needle| *needle.expose() == text) {
                self.needles.push(Secret::new(text));
            }
        }
        self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.expose().len()));
    }

    /// Whether a line has a secret.
    #[must_use]
    pub fn touches(&self, line: &str) -> bool {
        self.needles.iter().any(|needle| line.contains(needle.expose().as_str()))
    }

    /// The line with every secret masked.
    #[must_use]
    pub fn over(&self, line: String) -> String {
        self.needles.iter().fold(line, |line, needle| {
            if line.contains(needle.expose().as_str()) { line.replace(needle.expose().as_str(), SHOWN) } else { line }
        })
    }
}

fn percent_encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_as_they_are_and_as_they_are_spelt() {
        let mask = Mask::of(["p@ss w\"rd/+", "-----BEGIN KEY-----\nfirstline\r\nsecond line", "short"]);
        for (line, shown) in [
            ("key p@ss w\"rd/+ end", "key •••••• end"),
            ("url=p%40ss%20w%22rd%2F%2B!", "url=••••••!"),
            (r#"{"a":"p@ss w\"rd/+"}"#, r#"{"a":"••••••"}"#),
            ("cEBzcyB3InJkLys=", "••••••="),
            ("cEBzcyB3InJkLys", "••••••"),
            ("> firstline", "> ••••••"),
            ("> second line", "> ••••••"),
            ("a short word", "a short word"),
        ] {
            assert_eq!(mask.over(line.to_owned()), shown);
        }
    }

    #[test]
    fn a_longer_secret_is_masked_as_a_whole() {
        let mask = Mask::of(["password", "password-and-more"]);
        assert_eq!(mask.over("x password-and-more password".into()), "x •••••• ••••••");
    }
}
