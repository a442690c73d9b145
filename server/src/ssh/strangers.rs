//! Those who have not signed in yet: so many at the same time, and of one network only some of them,
//! so that nobody takes all the room.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// So many are there at the same time.
const MOST: usize = 32;
/// So many of one network.
const MOST_OF_ONE: usize = 8;

/// Who is there, by network.
#[derive(Debug, Clone, Default)]
pub(super) struct Strangers(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// The room that one of them takes, until it is dropped.
#[derive(Debug)]
pub(super) struct Stranger {
    all: Strangers,
    network: IpAddr,
}

impl Strangers {
    /// Takes room for somebody from `address`, if there is some.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Stranger> {
        let network = network(address);
        let mut there = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = there.get(&network).copied().unwrap_or(0);
        if there.values().sum::<usize>() >= MOST || of_one >= MOST_OF_ONE {
            return None;
        }
        there.insert(network, of_one + 1);
        Some(Stranger { all: self.clone(), network })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut there = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        match there.get_mut(&self.network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(there.remove(&self.network)),
        }
    }
}

/// An IPv6 customer has a /64 at least.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_leaves_room_for_others_and_gives_its_room_back() {
        let strangers = Strangers::default();
        let from = |text: &str| strangers.admit(text.parse().expect("an address"));
        let of_one: Vec<_> = (1..=20).filter_map(|last| from(&format!("2001:db8::{last:x}"))).collect();
        assert_eq!(of_one.len(), MOST_OF_ONE);
        let others: Vec<_> = (1..=40).filter_map(|last| from(&format!("203.0.113.{last}"))).collect();
        assert_eq!(of_one.len() + others.len(), MOST);
        assert!(from("198.51.100.1").is_none());
        drop((of_one, others));
        assert!(from("2001:db8::1").is_some() && strangers.0.lock().expect("not poisoned").is_empty());
    }
}
