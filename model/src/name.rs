//! Names and addresses that people type, each parsed once into a type of its own.
//!
//! No value of these types can be read as an option, a path out of its folder, a shell word or a
//! piece of nginx configuration; nothing behind them checks again (security.md, section 1).

mod domain_name;
mod env_key;
mod git;
mod host_name;
mod image;
mod path;

pub use domain_name::DomainName;
pub use env_key::EnvKey;
pub use git::{CommitRef, CommitSha, GitRef, RepoUrl};
pub use host_name::HostName;
pub use image::ImageRef;
pub use path::{RelPath, UrlPath};

/// Why a typed value is not acceptable, as a sentence for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

/// A string newtype whose only door is its parser.
macro_rules! parsed {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The value as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::name::Refused;
            fn try_from(text: String) -> Result<Self, $crate::name::Refused> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(&text).map_err($crate::name::Refused)?;
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::Refused;
            fn from_str(text: &str) -> Result<Self, $crate::name::Refused> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use parsed;

parsed!(
    /// An app's name: `[a-z0-9-]`, at most 32 characters, a letter or digit at both ends. It is a
    /// DNS label, part of a container's name and a folder's name.
    AppName,
    |text| {
        if text.is_empty() {
            return Err("Give the app a name.");
        }
        if text.len() > 32 {
            return Err("A name has at most 32 characters.");
        }
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err("A name has only lower-case letters, digits and hyphens.");
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err("A name begins and ends with a letter or a digit.");
        }
        Ok(())
    }
);

parsed!(
    /// A label that a person gives to a thing (a passkey): printable text, 1 to 64 characters, no
    /// control or direction-changing characters.
    Label,
    |text| {
        if text.trim().is_empty() {
            return Err("Give it a name.");
        }
        if text.chars().count() > 64 {
            return Err("A name has at most 64 characters.");
        }
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
            return Err("A name has no control characters.");
        }
        Ok(())
    }
);

/// A TCP port from 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Port(u16);

impl Port {
    /// The port as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Port {
    type Error = Refused;
    fn try_from(number: u16) -> Result<Self, Refused> {
        if number == 0 { Err(Refused("A port is a number from 1 to 65535.")) } else { Ok(Self(number)) }
    }
}

impl std::str::FromStr for Port {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        // `u16::from_str` takes a leading `+`, which no port has.
        if text.bytes().all(|b| b.is_ascii_digit())
            && let Ok(number) = text.parse::<u16>()
        {
            return Self::try_from(number);
        }
        Err(Refused("A port is a number from 1 to 65535."))
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> Self {
        port.0
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
