//! The switch: one nftables table of ours translates an app's virtual address to its containers and
//! the port that they listen on. Each container has a door, a port of the virtual address: 80 the
//! first, 81 the second. Other ports of theirs have lanes of doors, each a thousand further on.
//!
//! nginx connects to the virtual address and never learns of a deploy. Replacing an element is one
//! transaction: new connections go to the new container, established ones stay where they are. An
//! address without an element answers with a reset, so that nginx says 502 at once
//! (performance.md, The switch). No other table, chain or rule of the host is touched.
//!
//! A connection that is over is forgotten after a second ([`BRIEF`]). The engine, as it takes a container down,
//! lists what the kernel tracks of its address and then deletes it by nothing but its ports: a port that nginx
//! used again in between was a living connection to the new container, which then never got its answer.

mod guard;
mod range;

pub use guard::Guarded;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddrV4},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use homeport_model::{
    deploy::{
        address::{BridgeName, VirtualAddress, VirtualRange},
        container::Namespace,
    },
    domain::vhost::{FIRST_DOOR, LANE},
};
use tokio::sync::Mutex;

use super::{
    process::{self, Invocation, Program},
    system::procfs,
};

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

/// How long the kernel remembers connections that are over, in seconds; its own are 120 and 10. No port is used
/// again within the first second, so that what is listed as over is nobody's yet.
const BRIEF: &str = "time_wait : 1, close : 1";

/// What points where: a virtual address and a door of it, to a container and its port.
pub type Elements = BTreeMap<(VirtualAddress, u16), SocketAddrV4>;

/// The table of one namespace.
#[derive(Debug, Clone)]
pub struct Nat {
    table: String,
    /// What the map said last. One change at a time; a change that does not fit what the map says
    /// now is refused as a whole, and tried again after a look.
    known: Arc<Mutex<Elements>>,
    /// Whether nft answered when it was last asked to list something.
    answers: Arc<AtomicBool>,
    /// Whether it was said that ports cannot be used again at once.
    warned: Arc<AtomicBool>,
    /// Whether the kernel has no time-outs of one's own, so that the table was made without [`BRIEF`].
    remembers: Arc<AtomicBool>,
    /// Whether there is a table that guards published ports; not known before the first look.
    guards: Arc<Mutex<Option<bool>>>,
}

impl Nat {
    /// The table of `namespace`; nothing is touched yet.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self {
            table: table_name(namespace),
            known: Arc::default(),
            answers: Arc::default(),
            warned: Arc::default(),
            remembers: Arc::default(),
            guards: Arc::default(),
        }
    }

    /// Whether the switch works here: nft is installed and lets us in.
    pub async fn available(&self) -> bool {
        let answers = nft("list tables\n").await.is_ok();
        self.answers.store(answers, Ordering::Relaxed);
        answers
    }

    /// Whether nft answered when it was last asked, which every look at the table does.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// Makes sure that the table and the route exist, keeping elements that are there. `range` is
    /// the remembered one; without one, or when another panel took it meanwhile, a free one is
    /// chosen. The caller remembers the answer.
    pub async fn ensure_table(&self, range: Option<VirtualRange>, bridge: &BridgeName) -> Result<VirtualRange, Error> {
        // The table may stand from a time before this, and somebody may set it back.
        if !procfs::reuse_ports() && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "net.ipv4.tcp_tw_reuse cannot be set; an app that never closes gets 470 connections a second"
            );
        }
        let mut known = self.known.lock().await;
        if let Some(range) = range
            && let Some(table) = self.table().await?
            && table.is_in_order(range, self.rules())
        {
            *known = table.elements;
            self.ensure_route(range, bridge).await?;
            return Ok(range);
        }
        let _lock = range::lock().await?;
        let taken = self.ranges_of_others().await?;
        let range = match range.filter(|range| !taken.contains(range)) {
            Some(range) => range,
            None => VirtualRange::all().find(|range| !taken.contains(range)).ok_or(Error::NoRange)?,
        };
        // A table that is made anew keeps what its map said.
        let kept = self.elements().await?.unwrap_or_default();
        self.make(range, &kept).await?;
        *known = self.elements().await?.unwrap_or_default();
        self.ensure_route(range, bridge).await?;
        Ok(range)
    }

    /// Makes the table anew; without [`BRIEF`] where the kernel has no time-outs of one's own.
    async fn make(&self, range: VirtualRange, elements: &Elements) -> Result<(), Error> {
        let refused = nft(&self.table_text(range, elements, true)).await.err();
        if let Some(refused) = &refused {
            nft(&self.table_text(range, elements, false)).await.map_err(Error::Nft)?;
            tracing::warn!("this kernel has no `ct timeout`; a deploy may cut a connection off: {refused}");
        }
        self.remembers.store(refused.is_some(), Ordering::Relaxed);
        Ok(())
    }

    /// How many rules the table has here.
    fn rules(&self) -> usize {
        if self.remembers.load(Ordering::Relaxed) { 3 } else { 4 }
    }

    /// What pointed where when it was last looked at; [`Self::ensure_table`] looks.
    pub async fn last_seen(&self) -> Elements {
        self.known.lock().await.clone()
    }

    /// Points `slot` at `targets`, whatever it pointed at before, in one transaction: door by door.
    /// Doors that nginx may still know from before lead to one of them as well, until
    /// [`Self::trim`].
    pub async fn set(&self, slot: VirtualAddress, targets: &[SocketAddrV4]) -> Result<(), Error> {
        self.set_lanes(slot, &[targets.to_vec()]).await
    }

    /// The same with a lane for each of several ports of the containers.
    pub async fn set_lanes(&self, slot: VirtualAddress, lanes: &[Vec<SocketAddrV4>]) -> Result<(), Error> {
        if lanes.iter().all(Vec::is_empty) {
            return self.clear(slot).await;
        }
        let mut known = self.known.lock().await;
        let wanted = |known: &Elements| -> Elements {
            let mut all = Elements::new();
            for (lane, targets) in (0_u16..).zip(lanes) {
                let first = FIRST_DOOR.saturating_add(lane.saturating_mul(LANE));
                let count = u16::try_from(targets.len()).unwrap_or(LANE).min(LANE);
                let Some(last) = count.checked_sub(1) else { continue };
                let of_lane = |door: &u16| (first..first.saturating_add(LANE)).contains(door);
                let old = doors(known, slot).map(|(door, _)| door).filter(of_lane).max();
                let doors = first..=first.saturating_add(last).max(old.unwrap_or(first));
                all.extend(doors.zip(targets.iter().cycle()).map(|(door, at)| ((slot, door), *at)));
            }
            all
        };
        self.change(&mut known, slot, wanted).await
    }

    /// Closes the doors of `slot` beyond the first `count` of each lane.
    pub async fn trim(&self, slot: VirtualAddress, count: u16) -> Result<(), Error> {
        let mut known = self.known.lock().await;
        let stays = |door: u16| door.saturating_sub(FIRST_DOOR) % LANE < count;
        let wanted = |known: &Elements| -> Elements {
            doors(known, slot).filter(|(door, _)| stays(*door)).map(|(door, at)| ((slot, door), at)).collect()
        };
        if doors(&known, slot).all(|(door, _)| stays(door)) {
            return Ok(());
        }
        self.change(&mut known, slot, wanted).await
    }

    /// Points `slot` at nothing; connections to it are refused from now on.
    pub async fn clear(&self, slot: VirtualAddress) -> Result<(), Error> {
        let mut known = self.known.lock().await;
        *known = self.elements().await?.unwrap_or_default();
        self.change(&mut known, slot, |_| Elements::new()).await
    }

    /// Makes the doors of `slot` what `wanted` makes of those that are known. Where nothing would
    /// change, or nft refuses because the map says something else by now, it is looked at first.
    async fn change(
        &self,
        known: &mut Elements,
        slot: VirtualAddress,
        wanted: impl Fn(&Elements) -> Elements,
    ) -> Result<(), Error> {
        let new = wanted(known);
        let text = self.change_text(known, slot, &new);
        if !text.is_empty() && nft(&text).await.is_ok() {
            put(known, slot, new);
            return Ok(());
        }
        *known = self.elements().await?.unwrap_or_default();
        let new = wanted(known);
        let text = self.change_text(known, slot, &new);
        if !text.is_empty() {
            nft(&text).await.map_err(Error::Nft)?;
        }
        put(known, slot, new);
        Ok(())
    }

    /// What points where; empty when the table is not there.
    pub async fn list(&self) -> Result<Elements, Error> {
        let mut known = self.known.lock().await;
        *known = self.elements().await?.unwrap_or_default();
        Ok(known.clone())
    }

    /// Removes the tables; the route goes with the bridge.
    pub async fn remove_table(&self) -> Result<(), Error> {
        self.remove_guard().await?;
        let mut known = self.known.lock().await;
        known.clear();
        let Self { table, .. } = self;
        // Adding first makes the deletion repeatable.
        nft(&format!("add table ip {table}\ndelete table ip {table}\n")).await.map_err(Error::Nft)
    }

    /// One transaction: the elements of `slot` that go, then those that come.
    fn change_text(&self, known: &Elements, slot: VirtualAddress, new: &Elements) -> String {
        let gone = known.iter().filter(|(key, at)| key.0 == slot && new.get(key) != Some(at));
        let come = new.iter().filter(|(key, at)| known.get(key) != Some(at));
        let lines = gone.map(|e| self.element("delete", e)).chain(come.map(|e| self.element("add", e)));
        lines.collect()
    }

    fn element(&self, verb: &str, ((slot, door), at): (&(VirtualAddress, u16), &SocketAddrV4)) -> String {
        format!("{verb} element ip {} web {{ {slot} . {door} : {} . {} }}\n", self.table, at.ip(), at.port())
    }

    /// The whole table, made anew; `forgets` what is over after a second, or leaves that to the kernel.
    fn table_text(&self, range: VirtualRange, elements: &Elements, forgets: bool) -> String {
        let Self { table, .. } = self;
        let (cidr, mark) = (range.cidr(), mark(range));
        // Adding first makes the deletion repeatable.
        let mut text = format!(
            "add table ip {table}\n\
             delete table ip {table}\n\
             add table ip {table}\n\
             add map ip {table} web {{ type ipv4_addr . inet_service : ipv4_addr . inet_service ; }}\n\
             add chain ip {table} out {{ type nat hook output priority -100 ; policy accept ; }}\n\
             add rule ip {table} out ip daddr {cidr} meta l4proto tcp dnat to ip daddr . tcp dport map @web {mark}\n\
             add chain ip {table} refuse {{ type filter hook output priority 0 ; policy accept ; }}\n\
             add rule ip {table} refuse ip daddr {cidr} meta l4proto tcp reject with tcp reset {mark}\n\
             add rule ip {table} refuse ip daddr {cidr} reject {mark}\n"
        );
        if forgets {
            // After the kernel has begun to track a connection, and before it is led to its container.
            text += &format!(
                "add ct timeout ip {table} brief {{ protocol tcp ; l3proto ip ; policy = {{ {BRIEF} }} ; }}\n\
                 add chain ip {table} forget {{ type filter hook output priority -150 ; policy accept ; }}\n\
                 add rule ip {table} forget ip daddr {cidr} meta l4proto tcp ct timeout set \"brief\" {mark}\n"
            );
        }
        let mine = elements.iter().filter(|((slot, _), _)| slot.range() == range);
        text.extend(mine.map(|element| self.element("add", element)));
        text
    }

    /// The table as it is; `None` where there is none.
    async fn table(&self) -> Result<Option<Table>, Error> {
        let Some(text) = self.look(&["-j", "list", "table", "ip", &self.table]).await? else { return Ok(None) };
        let answer: serde_json::Value = serde_json::from_slice(&text).map_err(Error::Answer)?;
        let objects = || answer["nftables"].as_array().into_iter().flatten();
        let marks = objects().filter_map(|object| Some(object["rule"]["comment"].as_str()?.to_owned())).collect();
        Ok(Some(Table { marks, elements: elements_of(&answer) }))
    }

    async fn ensure_route(&self, range: VirtualRange, bridge: &BridgeName) -> Result<(), Error> {
        if procfs::has_route(bridge.as_str(), Ipv4Addr::new(10, 98, range.third(), 0)) {
            return Ok(());
        }
        let route = ["route", "replace", &range.cidr(), "dev", bridge.as_str()];
        Invocation::new(Program::Ip).args(route).run().await.map(|_| ()).map_err(Error::Route)
    }

    async fn ranges_of_others(&self) -> Result<Vec<VirtualRange>, Error> {
        let mut taken = Vec::new();
        for table in tables().await?.iter().filter(|name| name.starts_with("homeport_") && **name != self.table) {
            // A panel that is just being removed takes its table along.
            let text = self.look(&["list", "table", "ip", table]).await?.unwrap_or_default();
            taken.extend(range::in_text(&String::from_utf8_lossy(&text)));
        }
        Ok(taken)
    }

    /// What the map says; `None` where there is no table.
    async fn elements(&self) -> Result<Option<Elements>, Error> {
        let Some(text) = self.look(&["-j", "list", "map", "ip", &self.table, "web"]).await? else { return Ok(None) };
        let answer: serde_json::Value = serde_json::from_slice(&text).map_err(Error::Answer)?;
        Ok(Some(elements_of(&answer)))
    }

    /// nft's answer; `None` where it has no such thing.
    async fn look(&self, args: &[&str]) -> Result<Option<Vec<u8>>, Error> {
        match Invocation::new(Program::Nft).args(args).limit_bytes(8 << 20).run().await {
            Ok(output) => {
                self.answers.store(true, Ordering::Relaxed);
                Ok(Some(output.stdout))
            }
            Err(process::Error::Failed { stderr, .. }) if stderr.contains("No such file") => Ok(None),
            Err(error) => {
                self.answers.store(false, Ordering::Relaxed);
                Err(Error::Nft(error))
            }
        }
    }
}

/// What one look at the table shows.
struct Table {
    marks: Vec<String>,
    elements: Elements,
}

impl Table {
    /// Whether it has all its rules for `range`; they are known by their marks, because nft words
    /// rules differently from version to version.
    fn is_in_order(&self, range: VirtualRange, rules: usize) -> bool {
        self.marks.len() == rules && self.marks.iter().all(|mark| *mark == mark_text(range))
    }
}

/// The elements of our map in nft's answer.
fn elements_of(answer: &serde_json::Value) -> Elements {
    let objects = answer["nftables"].as_array().into_iter().flatten();
    let elements = objects.filter_map(|object| object["map"]["elem"].as_array()).flatten();
    elements.filter_map(|pair| Some((key(&pair[0])?, target(&pair[1])?))).collect()
}

/// A door as nft lists it: `{"concat": ["10.98.0.1", 80]}`; in tables of before, the address alone.
fn key(listed: &serde_json::Value) -> Option<(VirtualAddress, u16)> {
    match listed.as_str() {
        Some(address) => Some((address.parse().ok()?, FIRST_DOOR)),
        None => {
            let door = u16::try_from(listed["concat"][1].as_u64()?).ok()?;
            Some((listed["concat"][0].as_str()?.parse().ok()?, door))
        }
    }
}

/// The doors of an address.
fn doors(elements: &Elements, slot: VirtualAddress) -> impl Iterator<Item = (u16, SocketAddrV4)> + '_ {
    elements.range((slot, 0)..=(slot, u16::MAX)).map(|((_, door), at)| (*door, *at))
}

fn put(known: &mut Elements, slot: VirtualAddress, new: Elements) {
    known.retain(|key, _| key.0 != slot);
    known.extend(new);
}

/// By this our rules are known.
fn mark(range: VirtualRange) -> String {
    format!("comment \"{}\"", mark_text(range))
}

fn mark_text(range: VirtualRange) -> String {
    // The number counts the shapes that the table has had; another one is made anew.
    format!("homeport 3 {}", range.cidr())
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
