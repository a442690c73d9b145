//! What the kernel says about processes and their sockets, read from `/proc`.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::fsroot::FsRoot;

/// More than this is not read from one file of `/proc`.
const LIMIT_BYTES: u64 = 64 << 20;

/// A TCP connection's state, as far as Homeport asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpState {
    /// Being set up, open, or with bytes of ours still on the way.
    Open,
    /// Waiting for connections.
    Listening,
    /// Anything else: closed on one side or the other.
    Closing,
}

/// One line of `/proc/<pid>/net/tcp` or `tcp6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpSocket {
    /// The address it is bound to.
    pub address: IpAddr,
    /// The port it is bound to.
    pub port: u16,
    /// Its state.
    pub state: TcpState,
    /// The socket's inode.
    pub inode: u64,
}

/// A process that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its name, as the kernel cuts it.
    pub name: String,
}

/// A file of `/proc` about the whole host, like `meminfo`.
#[must_use]
pub fn text(name: &str) -> Option<String> {
    FsRoot::open("/proc").and_then(|proc| proc.read_text(name, LIMIT_BYTES)).ok()
}

/// Lets connections that this host makes use a port again one second after the last one to the same
/// address ended there, where the kernel waits a minute (`net.ipv4.tcp_tw_reuse`, kept until the host
/// starts anew). Says whether it is so now.
///
/// An app has one address, and an app that leaves closing to nginx would get at most as many new
/// connections a minute as there are ports: some 470 a second. Beyond that nginx answers 502.
#[must_use]
pub fn reuse_ports() -> bool {
    const SETTING: &str = "sys/net/ipv4/tcp_tw_reuse";
    let is_set = || text(SETTING).is_some_and(|value| value.trim() == "1");
    is_set() || (FsRoot::open("/proc").and_then(|proc| proc.put(SETTING, "1")).is_ok() && is_set())
}

/// All TCP sockets in the network namespace of `pid`.
pub fn tcp_sockets(pid: u32) -> io::Result<Vec<TcpSocket>> {
    let proc = FsRoot::open("/proc")?;
    let mut sockets = parse(&proc.read_text(format!("{pid}/net/tcp"), LIMIT_BYTES)?);
    if let Ok(text) = proc.read_text(format!("{pid}/net/tcp6"), LIMIT_BYTES) {
        sockets.extend(parse(&text));
    }
    Ok(sockets)
}

/// The UDP ports that something on this host is bound to.
#[must_use]
pub fn udp_ports() -> Vec<u16> {
    let files = ["net/udp", "net/udp6"].map(|name| text(&format!("{}/{name}", std::process::id())));
    files.into_iter().flatten().flat_map(|text| parse(&text)).map(|socket| socket.port).collect()
}

/// Which process listens on `port` of this host, if one does and we may look.
pub fn holder_of(port: u16) -> io::Result<Option<Holder>> {
    let sockets = tcp_sockets(std::process::id())?;
    let listening = |s: &&TcpSocket| s.port == port && s.state == TcpState::Listening;
    let inodes: Vec<String> = sockets.iter().filter(listening).map(|s| format!("socket:[{}]", s.inode)).collect();
    if inodes.is_empty() {
        return Ok(None);
    }
    let proc = FsRoot::open("/proc")?;
    for pid in processes(&proc)? {
        let folder = format!("{pid}/fd");
        for fd in proc.names(&folder).unwrap_or_default() {
            let target = proc.read_link(format!("{folder}/{fd}")).ok().flatten();
            if target.is_some_and(|target| inodes.contains(&target)) {
                let name = proc.read_text(format!("{pid}/comm"), 64).unwrap_or_default();
                return Ok(Some(Holder { pid, name: name.trim().to_owned() }));
            }
        }
    }
    Ok(None)
}

/// Whether this host has a route to the network that begins at `network` by `device`.
#[must_use]
pub fn has_route(device: &str, network: Ipv4Addr) -> bool {
    let wanted = format!("{:08X}", u32::from_ne_bytes(network.octets()));
    let routes = text(&format!("{}/net/route", std::process::id())).unwrap_or_default();
    routes.lines().skip(1).any(|line| {
        let mut fields = line.split_ascii_whitespace();
        (fields.next(), fields.next()) == (Some(device), Some(wanted.as_str()))
    })
}

/// The command line of `pid`, arguments separated by spaces; `None` where it has ended.
#[must_use]
pub fn command_line(pid: u32) -> Option<String> {
    let proc = FsRoot::open("/proc").ok()?;
    let bytes = proc.read(format!("{pid}/cmdline"), 64 * 1024).ok()?;
    let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// Processes named `name` whose working folder is `folder`.
pub fn working_in(folder: &str, name: &str) -> io::Result<Vec<u32>> {
    let proc = FsRoot::open("/proc")?;
    let here = |pid: &u32| {
        proc.read_text(format!("{pid}/comm"), 64).is_ok_and(|comm| comm.trim() == name)
            && proc.read_link(format!("{pid}/cwd")).ok().flatten().as_deref() == Some(folder)
    };
    Ok(processes(&proc)?.into_iter().filter(here).collect())
}

fn processes(proc: &FsRoot) -> io::Result<Vec<u32>> {
    Ok(proc.names(".")?.iter().filter_map(|name| name.parse().ok()).collect())
}

fn parse(text: &str) -> Vec<TcpSocket> {
    text.lines().skip(1).filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<TcpSocket> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (address, port) = fields.get(1)?.split_once(':')?;
    let state = match *fields.get(3)? {
        // ESTABLISHED, SYN_RECV, FIN_WAIT1, LAST_ACK, CLOSING: the peer still expects bytes.
        "01" | "03" | "04" | "09" | "0B" => TcpState::Open,
        "0A" => TcpState::Listening,
        _ => TcpState::Closing,
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    let inode = fields.get(9)?.parse().ok()?;
    Some(TcpSocket { address: parse_address(address)?, port, state, inode })
}

/// The kernel prints addresses as 32-bit words in the host's byte order.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let words = (0..hex.len() / 8)
        .map(|i| u32::from_str_radix(hex.get(i * 8..i * 8 + 8)?, 16).ok())
        .collect::<Option<Vec<u32>>>()?;
    match words[..] {
        [word] => Some(IpAddr::V4(Ipv4Addr::from(word.to_ne_bytes()))),
        [a, b, c, d] => {
            let mut bytes = [0; 16];
            for (slot, word) in bytes.chunks_exact_mut(4).zip([a, b, c, d]) {
                slot.copy_from_slice(&word.to_ne_bytes());
            }
            Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_line_is_understood() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                    0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0\n";
        let expected =
            TcpSocket { address: Ipv4Addr::LOCALHOST.into(), port: 5000, state: TcpState::Listening, inode: 4242 };
        assert_eq!(parse(text), [expected]);
    }

    #[test]
    fn nonsense_lines_are_skipped() {
        assert_eq!(parse("header\nx\n 0: zz:zz\n\n"), []);
    }
}
