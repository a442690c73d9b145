//! Devices of the host, from a list of those that apps have a use for.

use std::{fmt, str::FromStr};

use crate::name::Refused;

/// A device of the host, where the container sees it, and what it may do with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Device {
    from: String,
    to: String,
    read: bool,
    write: bool,
    make: bool,
}

/// How a path begins, and what it means. Disks, memory and consoles are not among them.
const KNOWN: [(&str, &str); 20] = [
    ("/dev/net/tun", "Makes network devices of its own; VPNs need it."),
    ("/dev/fuse", "Serves file systems of its own; together with SYS_ADMIN it mounts them."),
    ("/dev/kvm", "Runs virtual machines."),
    ("/dev/ppp", "Dials connections of its own."),
    ("/dev/dri", "Uses the graphics processor, as video encoders do."),
    ("/dev/nvidia", "Uses the graphics processor."),
    ("/dev/kfd", "Uses the graphics processor."),
    ("/dev/apex_", "Uses the inference accelerator."),
    ("/dev/snd", "Hears and plays sound on this server."),
    ("/dev/video", "Sees through the cameras of this server."),
    ("/dev/dvb", "Uses the TV tuners of this server."),
    ("/dev/ttyUSB", "Speaks to the USB serial device, as home automation does."),
    ("/dev/ttyACM", "Speaks to the USB serial device, as home automation does."),
    ("/dev/ttyAMA", "Speaks to the serial port."),
    ("/dev/serial/by-id/", "Speaks to the USB serial device, as home automation does."),
    ("/dev/bus/usb", "Speaks to USB devices of this server, disks among them."),
    ("/dev/hidraw", "Reads raw input devices, keyboards among them."),
    ("/dev/i2c-", "Speaks to chips on this server's boards."),
    ("/dev/spidev", "Speaks to chips on this server's boards."),
    ("/dev/gpiochip", "Switches pins of this server's board."),
];

impl Device {
    /// The host's path.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The container's path.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// What it may do with it, in the engine's letters: read, write, make.
    #[must_use]
    pub fn permissions(&self) -> String {
        let letters = [(self.read, 'r'), (self.write, 'w'), (self.make, 'm')];
        letters.into_iter().filter_map(|(may, letter)| may.then_some(letter)).collect()
    }

    /// What it means.
    #[must_use]
    pub fn danger(&self) -> &'static str {
        known(&self.from).unwrap_or("Reaches hardware of this server.")
    }
}

fn known(path: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(begin, _)| fits(path, begin)).map(|(_, means)| *means)
}

/// `/dev/dri` stands for itself and what is below it; what ends otherwise stands for what goes on.
fn fits(path: &str, begin: &str) -> bool {
    let Some(rest) = path.strip_prefix(begin) else { return false };
    match begin {
        "/dev/net/tun" | "/dev/fuse" | "/dev/kvm" | "/dev/ppp" | "/dev/kfd" => rest.is_empty(),
        "/dev/dri" | "/dev/snd" | "/dev/dvb" | "/dev/bus/usb" => rest.is_empty() || rest.starts_with('/'),
        "/dev/serial/by-id/" => !rest.is_empty() && !rest.contains('/'),
        _ => !rest.contains('/'),
    }
}

fn path(text: &str) -> Result<String, Refused> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    let clean = text.len() <= 100
        && text.bytes().all(plain)
        && text.strip_prefix("/dev/").is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")));
    if clean { Ok(text.to_owned()) } else { Err(Refused("A device is a clean path below /dev.")) }
}

impl FromStr for Device {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        let (from, to, letters) = match text.split(':').collect::<Vec<_>>()[..] {
            [from] => (from, from, "rwm"),
            [from, to] if to.starts_with('/') => (from, to, "rwm"),
            [from, letters] => (from, from, letters),
            [from, to, letters] => (from, to, letters),
            _ => return Err(Refused("Write a device as host path:container path:rwm.")),
        };
        let (from, to) = (path(from)?, path(to)?);
        if known(&from).is_none() {
            return Err(Refused(
                "This device is not given to an app: with disks, memory and consoles it would own the server.",
            ));
        }
        let has = |letter| letters.matches(letter).count();
        if letters.is_empty()
            || letters.contains(|c| !"rwm".contains(c))
            || ['r', 'w', 'm'].into_iter().any(|letter| has(letter) > 1)
        {
            return Err(Refused("What may be done with a device is said with the letters r, w and m."));
        }
        Ok(Self { from, to, read: has('r') == 1, write: has('w') == 1, make: has('m') == 1 })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.from, self.to, self.permissions())
    }
}
