//! Typed ids: sixteen characters of Crockford base 32, the first ten of them time.
//!
//! They sort by age, fit a DNS label, a container's name and a file's name, and one entity's id
//! is never taken for another's.

use std::fmt;

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A string that is not sixteen characters of the id alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// Builds an id's text from the time it was made (ms since 1970) and 30 random bits.
#[must_use]
pub fn text_from(now_ms: i64, random: u32) -> String {
    let time = u128::from(now_ms.unsigned_abs()) & ((1 << 50) - 1);
    let bits = (time << 30) | u128::from(random & ((1 << 30) - 1));
    (0..16).rev().map(|position| char::from(ALPHABET[((bits >> (position * 5)) & 31) as usize])).collect()
}

fn check(text: &str) -> Result<(), NotAnId> {
    if text.len() == 16 && text.bytes().all(|byte| ALPHABET.contains(&byte)) { Ok(()) } else { Err(NotAnId) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// An id made at `now_ms` with 30 `random` bits.
            #[must_use]
            pub fn new(now_ms: i64, random: u32) -> Self {
                Self(text_from(now_ms, random))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An app's id; it stays when the app's name changes.
    AppId
);
id!(
    /// A release's id; people see its number.
    ReleaseId
);
id!(
    /// A job's id.
    JobId
);
id!(
    /// A session's public id, shown in Settings; not the cookie.
    SessionId
);
id!(
    /// A passkey's id of ours; not the credential id.
    PasskeyId
);
id!(
    /// An API token's id; not the token.
    TokenId
);

id!(
    /// An SSH key's id of ours.
    SshKeyId
);
id!(
    /// A received webhook delivery.
    DeliveryId
);
id!(
    /// A certificate's id: the name of its folder, too.
    CertificateId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_age_and_parse_back() {
        let older = AppId::new(1_700_000_000_000, u32::MAX);
        let newer = AppId::new(1_700_000_000_001, 0);
        assert!(older < newer);
        assert_eq!(older.as_str().parse::<AppId>(), Ok(older.clone()));
    }

    #[test]
    fn foreign_strings_are_refused() {
        for text in ["", "short", "../../images/json", "ABCDEFGHJKMNPQRS", "0123456789abcdei"] {
            assert_eq!(text.parse::<JobId>(), Err(NotAnId), "{text}");
        }
    }
}
