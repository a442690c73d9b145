//! Tells the service manager that the panel is ready, alive, or stopping.
//!
//! The protocol is one datagram of `KEY=value` lines to the socket that `NOTIFY_SOCKET` names
//! (`sd_notify(3)`). Without the variable nobody listens and nothing is said; a word that does not
//! arrive never hurts the panel.

use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

/// The service manager, if there is one.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    patience: Option<Duration>,
}

impl Supervisor {
    /// The one that started this process, as its environment says.
    #[must_use]
    pub fn of_this_process() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        // The watchdog's variables are inherited; they may be meant for the process that started us.
        let ours = set("WATCHDOG_PID").is_none_or(|pid| pid == *std::process::id().to_string());
        let patience_us = set("WATCHDOG_USEC").filter(|_| ours).and_then(|text| text.to_str()?.parse().ok());
        Self::new(set("NOTIFY_SOCKET").as_deref(), patience_us)
    }

    /// One that listens at `address` (`@` first: an abstract name), and acts after `patience_us`
    /// microseconds of silence.
    #[must_use]
    pub fn new(address: Option<&OsStr>, patience_us: Option<u64>) -> Self {
        let socket = address.and_then(|address| connect(address).ok());
        Self { patience: patience_us.map(Duration::from_micros).filter(|_| socket.is_some()), socket }
    }

    /// How often it wants to hear [`Self::alive`]: twice within its patience.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.patience.map(|patience| patience / 2)
    }

    /// The panel answers requests now.
    pub fn ready(&self) {
        self.say("READY=1");
    }

    /// The panel is well. Say it only after having looked.
    pub fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    /// The panel finishes what it has begun and ends.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }

    fn say(&self, word: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(word.as_bytes());
        }
    }
}

fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let address = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(by: &UnixDatagram) -> String {
        let mut buffer = [0; 64];
        let length = by.recv(&mut buffer).expect("something was said");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn the_service_manager_hears_each_word() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("binds");
        let supervisor = Supervisor::new(Some(path.as_os_str()), Some(30_000_000));
        supervisor.ready();
        supervisor.alive();
        supervisor.stopping();
        assert_eq!([heard(&manager), heard(&manager), heard(&manager)], ["READY=1", "WATCHDOG=1", "STOPPING=1"]);
        assert_eq!(supervisor.interval(), Some(Duration::from_secs(15)));
    }

    #[test]
    fn an_abstract_name_is_reached() {
        let name = format!("homeport-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let manager = UnixDatagram::bind_addr(&address).expect("binds");
        Supervisor::new(Some(OsStr::new(&format!("@{name}"))), None).ready();
        assert_eq!(heard(&manager), "READY=1");
    }

    #[test]
    fn without_a_service_manager_nothing_is_said_or_awaited() {
        for address in [None, Some(OsStr::new("/nowhere/notify"))] {
            let supervisor = Supervisor::new(address, Some(30_000_000));
            supervisor.ready();
            assert_eq!(supervisor.interval(), None);
        }
    }
}
