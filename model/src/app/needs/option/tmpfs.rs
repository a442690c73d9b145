//! A folder in memory, empty at every start.

use std::{fmt, str::FromStr};

use super::{super::MountPoint, Size, parse_size};
use crate::name::Refused;

/// Where it is, and how large it may become. Programs in it do not run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tmpfs {
    /// Where the container sees it.
    pub to: MountPoint,
    /// The most it holds, in bytes; it counts into the container's memory.
    pub size_bytes: Option<u64>,
    /// The folder's mode.
    pub mode: Option<u16>,
}

impl Tmpfs {
    /// Its options as the kernel takes them.
    #[must_use]
    pub fn options(&self) -> String {
        let size = self.size_bytes.map(|bytes| format!("size={}", Size(bytes)));
        let mode = self.mode.map(|mode| format!("mode={mode:o}"));
        size.into_iter().chain(mode).collect::<Vec<_>>().join(",")
    }
}

impl FromStr for Tmpfs {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let (to, options) = text.split_once(':').unwrap_or((text, ""));
        let mut tmpfs = Self { to: to.parse()?, size_bytes: None, mode: None };
        for option in options.split(',').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("size", size)) => {
                    let size = parse_size(size).filter(|bytes| *bytes > 0);
                    tmpfs.size_bytes = Some(size.ok_or(Refused("A folder in memory has a size like 64m."))?);
                }
                Some(("mode", mode)) => {
                    let octal = mode.len() <= 4 && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
                    let mode = u16::from_str_radix(mode, 8).ok().filter(|_| octal);
                    tmpfs.mode = Some(mode.ok_or(Refused("A folder's mode is like 1777."))?);
                }
                // So it is anyway.
                None if matches!(option, "rw" | "noexec" | "nosuid" | "nodev") => {}
                _ => return Err(Refused("A folder in memory takes size and mode; programs in it do not run.")),
            }
        }
        Ok(tmpfs)
    }
}

impl fmt::Display for Tmpfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to.fmt(f)?;
        match self.options() {
            none if none.is_empty() => Ok(()),
            options => write!(f, ":{options}"),
        }
    }
}
