//! The switch: one nftables table of ours translates an app's virtual address to its container and
//! the port that it listens on, whatever port nginx asked for.
//!
//! nginx connects to the virtual address and never learns of a deploy. Replacing an element is one
//! transaction: new connections go to the new container, established ones stay where they are. An
//! address without an element answers with a reset, so that nginx says 502 at once
//! (performance.md, The switch). No other table, chain or rule of the host is touched.

mod range;

use std::{collections::BTreeMap, net::SocketAddrV4, sync::Arc, time::Duration};

use homeport_model::deploy::{
    address::{BridgeName, VirtualAddress, VirtualRange},
    container::Namespace,
};
use tokio::sync::Mutex;

use super::process::{self, Invocation, Program};

/// Why the switch could not be thrown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// nft is not there, or Homeport may not use it.
    #[error("nftables cannot be used here")]
    Unavailable(#[source] process::Error),
    /// nft refused.
    #[error("nft failed")]
    Nft(#[source] process::Error),
    /// The route to the virtual range could not be set.
    #[error("the route to the virtual addresses could not be set")]
    Route(#[source] process::Error),
    /// nft said something that is not understood.
    #[error("nft's answer is not understood")]
    Answer(#[source] serde_json::Error),
    /// Every /24 of 10.98.0.0/16 is taken on this host.
    #[error("no free range of virtual addresses is left on this host")]
    NoRange,
    /// The address is not of this panel's range.
    #[error("{0} is not an address of this panel")]
    Foreign(VirtualAddress),
    /// The host-wide lock could not be taken.
    #[error("the lock of the virtual ranges could not be taken")]
    Lock(#[source] std::io::Error),
}

/// The table of one namespace.
#[derive(Debug, Clone)]
pub struct Nat {
    table: String,
    /// One change at a time, because a change reads the map first.
    turn: Arc<Mutex<()>>,
}

impl Nat {
    /// The table of `namespace`; nothing is touched yet.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self { table: table_name(namespace), turn: Arc::default() }
    }

    /// Whether the switch works here: nft is installed and lets us in.
    pub async fn available(&self) -> bool {
        nft("list tables\n").await.is_ok()
    }

    /// Makes sure that the table and the route exist, keeping elements that are there. `range` is
    /// the remembered one; without one, or when another panel took it meanwhile, a free one is
    /// chosen. The caller remembers the answer.
    pub async fn ensure_table(&self, range: Option<VirtualRange>, bridge: &BridgeName) -> Result<VirtualRange, Error> {
        let _turn = self.turn.lock().await;
        let _lock = range::lock().await?;
        let taken = self.ranges_of_others().await?;
        let range = match range.filter(|range| !taken.contains(range)) {
            Some(range) => range,
            None => VirtualRange::all().find(|range| !taken.contains(range)).ok_or(Error::NoRange)?,
        };
        if !self.in_order(range).await? {
            nft(&self.table_text(range)).await.map_err(Error::Nft)?;
        }
        let route = ["route", "replace", &range.cidr(), "dev", bridge.as_str()];
        Invocation::new(Program::Ip).args(route).run().await.map_err(Error::Route)?;
        Ok(range)
    }

    /// Points `slot`, every port of it, at `target`, whatever it pointed at before, in one
    /// transaction.
    pub async fn set(&self, slot: VirtualAddress, target: SocketAddrV4) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let Self { table, .. } = self;
        let old = self.elements().await?.get(&slot).copied();
        let mut text = String::new();
        match old {
            Some(old) if old == target => return Ok(()),
            Some(old) => text.push_str(&format!("delete element ip {table} web {{ {slot} : {} }}\n", element(old))),
            None => {}
        }
        text.push_str(&format!("add element ip {table} web {{ {slot} : {} }}\n", element(target)));
        nft(&text).await.map_err(Error::Nft)
    }

    /// Points `slot` at nothing; connections to it are refused from now on.
    pub async fn clear(&self, slot: VirtualAddress) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let Self { table, .. } = self;
        match self.elements().await?.get(&slot) {
            None => Ok(()),
            Some(old) => nft(&format!("delete element ip {table} web {{ {slot} : {} }}\n", element(*old)))
                .await
                .map_err(Error::Nft),
        }
    }

    /// What points where; empty when the table is not there.
    pub async fn list(&self) -> Result<BTreeMap<VirtualAddress, SocketAddrV4>, Error> {
        if self.exists().await? { self.elements().await } else { Ok(BTreeMap::new()) }
    }

    /// Removes the table; the route goes with the bridge.
    pub async fn remove_table(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let Self { table, .. } = self;
        // Adding first makes the deletion repeatable.
        nft(&format!("add table ip {table}\ndelete table ip {table}\n")).await.map_err(Error::Nft)
    }

    fn table_text(&self, range: VirtualRange) -> String {
        let Self { table, .. } = self;
        let cidr = range.cidr();
        format!(
            "add table ip {table}\n\
             add map ip {table} web {{ type ipv4_addr : ipv4_addr . inet_service ; }}\n\
             add chain ip {table} out {{ type nat hook output priority -100 ; policy accept ; }}\n\
             flush chain ip {table} out\n\
             add rule ip {table} out ip daddr {cidr} meta l4proto tcp dnat to ip daddr map @web\n\
             add chain ip {table} refuse {{ type filter hook output priority 0 ; policy accept ; }}\n\
             flush chain ip {table} refuse\n\
             add rule ip {table} refuse ip daddr {cidr} meta l4proto tcp reject with tcp reset\n\
             add rule ip {table} refuse ip daddr {cidr} reject\n"
        )
    }

    /// Whether the table has its rules for `range` already; then nothing needs to be written.
    async fn in_order(&self, range: VirtualRange) -> Result<bool, Error> {
        if !self.exists().await? {
            return Ok(false);
        }
        let text = Invocation::new(Program::Nft).args(["list", "table", "ip", &self.table]).limit_bytes(8 << 20);
        let text = String::from_utf8_lossy(&text.run().await.map_err(Error::Nft)?.stdout).into_owned();
        let cidr = range.cidr();
        let rules = [
            format!("ip daddr {cidr} meta l4proto tcp dnat ip to ip daddr map @web"),
            format!("ip daddr {cidr} reject with tcp reset"),
        ];
        let of_range =
            text.lines().filter(|line| line.trim_start().starts_with("ip daddr ")).all(|line| line.contains(&cidr));
        Ok(of_range && rules.iter().all(|rule| text.contains(rule.as_str())))
    }

    async fn exists(&self) -> Result<bool, Error> {
        Ok(tables().await?.contains(&self.table))
    }

    async fn ranges_of_others(&self) -> Result<Vec<VirtualRange>, Error> {
        let mut taken = Vec::new();
        for table in tables().await?.iter().filter(|name| name.starts_with("homeport_") && **name != self.table) {
            let list =
                Invocation::new(Program::Nft).args(["list", "table", "ip", table]).limit_bytes(8 << 20).run().await;
            // A panel that is just being removed takes its table along.
            let Ok(output) = list else { continue };
            taken.extend(range::in_text(&String::from_utf8_lossy(&output.stdout)));
        }
        Ok(taken)
    }

    async fn elements(&self) -> Result<BTreeMap<VirtualAddress, SocketAddrV4>, Error> {
        let list =
            Invocation::new(Program::Nft).args(["-j", "list", "map", "ip", &self.table, "web"]).limit_bytes(8 << 20);
        let output = list.run().await.map_err(Error::Nft)?;
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(Error::Answer)?;
        let objects = answer["nftables"].as_array().into_iter().flatten();
        let elements = objects.filter_map(|object| object["map"]["elem"].as_array()).flatten();
        Ok(elements.filter_map(|pair| Some((pair[0].as_str()?.parse().ok()?, target(&pair[1])?))).collect())
    }
}

/// A target as nft writes it in a map.
fn element(target: SocketAddrV4) -> String {
    format!("{} . {}", target.ip(), target.port())
}

/// A target as nft lists it: `{"concat": ["172.18.0.2", 5000]}`.
fn target(listed: &serde_json::Value) -> Option<SocketAddrV4> {
    let address = listed["concat"][0].as_str()?.parse().ok()?;
    let port = u16::try_from(listed["concat"][1].as_u64()?).ok()?;
    Some(SocketAddrV4::new(address, port))
}

/// nft's names have no hyphens, and a namespace has no underscores, so this is one to one.
fn table_name(namespace: &Namespace) -> String {
    format!("homeport_{}", namespace.as_str().replace('-', "_"))
}

async fn tables() -> Result<Vec<String>, Error> {
    let output =
        Invocation::new(Program::Nft).args(["-j", "list", "tables", "ip"]).run().await.map_err(Error::Unavailable)?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(Error::Answer)?;
    let objects = answer["nftables"].as_array().into_iter().flatten();
    Ok(objects.filter_map(|object| object["table"]["name"].as_str().map(str::to_owned)).collect())
}

async fn nft(text: &str) -> Result<(), process::Error> {
    let run = Invocation::new(Program::Nft).args(["-f", "-"]).stdin(text).limit(Duration::from_secs(10));
    run.run().await.map(|_| ())
}
