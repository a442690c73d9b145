//! A name server (Knot DNS) on 127.0.0.x with zones of a test's, some of which take updates.

use std::{
    fmt::Write as _,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::namespace::free_port;

/// The secrets of its keys, `homeport` (hmac-sha256) and `homeport-512` (hmac-sha512), in base64.
pub const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnk=";
pub const SECRET_512: &str = "bG9uZy1zZWNyZXQtbG9uZy1zZWNyZXQtbG9uZy1zZWNyZXQtbG9uZy1zZWNyZXQtbG9uZy1zZWNyZXQtbG9uZy0=";

/// The server; it goes away with this value.
pub struct Knot {
    pub address: SocketAddr,
    server: Child,
    _folder: TempDir,
}

impl Drop for Knot {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Knot {
    /// With zones by name and text; an empty text is a zone that the server has and cannot load.
    pub fn start(zones: &[(&str, &str)]) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], free_port().get())), zones)
    }

    /// The same at an address of one's choice.
    pub fn at(address: SocketAddr, zones: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().display();
        let mut config = format!(
            "server:\n  rundir: \"{here}\"\n  listen: {}@{}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n\
             log:\n - target: stderr\n   any: critical\n\
             database:\n  storage: \"{here}/db\"\n\
             key:\n - id: homeport\n   algorithm: hmac-sha256\n   secret: {SECRET}\n \
             - id: homeport-512\n   algorithm: hmac-sha512\n   secret: {SECRET_512}\n\
             acl:\n - id: updates\n   key: [homeport, homeport-512]\n   action: update\n   update-type: TXT\nzone:\n",
            address.ip(),
            address.port()
        );
        for (name, text) in zones {
            let update = if name.starts_with("fixed") { "" } else { "   acl: updates\n" };
            write!(config, " - domain: {name}\n   file: \"{here}/{name}.zone\"\n   journal-max-usage: 2M\n{update}")
                .expect("text");
            if !text.is_empty() {
                let text = format!("$ORIGIN {name}.\n$TTL 60\n@ SOA ns1 admin 1 3600 600 86400 60\n{text}");
                fs::write(folder.path().join(format!("{name}.zone")), text).expect("written");
            }
        }
        fs::create_dir(folder.path().join("db")).expect("a folder");
        fs::write(folder.path().join("knot.conf"), config).expect("written");
        let mut knot = Command::new("/usr/sbin/knotd");
        knot.arg("-c").arg(folder.path().join("knot.conf")).stdin(Stdio::null());
        let server = knot.spawn().expect("knotd; script/setup --test installs it");
        let mut knot = Self { address, server, _folder: folder };
        knot.wait();
        knot
    }

    /// Ends it; whoever asks gets no answer.
    pub fn stop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// Asks for the root's servers, which it refuses once it is there.
    fn wait(&mut self) {
        let socket = UdpSocket::bind((IpAddr::from(Ipv4Addr::LOCALHOST), 0)).expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a limit");
        let question = [7, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];
        for _ in 0..400 {
            let _ = socket.send_to(&question, self.address);
            if socket.recv(&mut [0; 512]).is_ok() {
                return;
            }
            assert!(self.server.try_wait().expect("its state").is_none(), "knotd has ended");
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("knotd does not answer");
    }
}
