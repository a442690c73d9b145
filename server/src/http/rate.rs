//! How often one address, and all together, may ask: buckets that refill with time.
//!
//! An IPv6 address counts as its /64. No header that a client can send takes part.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use homeport_model::time::Timestamp;

use super::routes::Rate;
use crate::ambient::Clock;

/// Addresses remembered at most; beyond, full buckets are forgotten and then the oldest.
const MOST: usize = 10_000;

/// So many at once, refilled over so many ms.
struct Allowance {
    tries: f64,
    per_ms: f64,
}

const fn allowance(tries: u32, per_ms: u32) -> Allowance {
    Allowance { tries: tries as f64, per_ms: per_ms as f64 }
}

const MINUTE: u32 = 60_000;

/// For one address, and for all together.
const fn allowances(rate: Rate) -> (Allowance, Allowance) {
    match rate {
        Rate::Read => (allowance(1_200, MINUTE), allowance(60_000, MINUTE)),
        Rate::Write => (allowance(240, MINUTE), allowance(2_400, MINUTE)),
        Rate::Ceremony => (allowance(60, MINUTE), allowance(1_200, MINUTE)),
        Rate::Token => (allowance(10, 15 * MINUTE), allowance(40, 15 * MINUTE)),
        Rate::Code => (allowance(5, 15 * MINUTE), allowance(20, 15 * MINUTE)),
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

type Key = (Rate, Option<IpAddr>);

/// The counts.
pub struct Limits {
    clock: Clock,
    buckets: Mutex<HashMap<Key, Bucket>>,
}

impl Limits {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, buckets: Mutex::default() }
    }

    /// Takes one try of `rate` from `address`; `Err` says after how many seconds there is another.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn take(&self, rate: Rate, address: Option<IpAddr>) -> Result<(), u32> {
        let now = self.clock.now();
        let (own, all) = allowances(rate);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|key, bucket| {
                key.1.is_none() || refilled(*bucket, &allowances(key.0).0, now).left < allowances(key.0).0.tries
            });
            if buckets.len() >= MOST {
                let oldest = buckets
                    .iter()
                    .filter(|(key, _)| key.1.is_some())
                    .min_by_key(|(_, bucket)| bucket.at)
                    .map(|(key, _)| *key);
                oldest.and_then(|key| buckets.remove(&key));
            }
        }
        // An address over its own limit does not use up the common one.
        let address = address.map(network);
        draw(&mut buckets, (rate, Some(address.unwrap_or(IpAddr::from([0, 0, 0, 0])))), &own, now)?;
        draw(&mut buckets, (rate, None), &all, now)
    }
}

fn draw(buckets: &mut HashMap<Key, Bucket>, key: Key, allowance: &Allowance, now: Timestamp) -> Result<(), u32> {
    let bucket = buckets.entry(key).or_insert(Bucket { left: allowance.tries, at: now });
    *bucket = refilled(*bucket, allowance, now);
    if bucket.left >= 1.0 {
        bucket.left -= 1.0;
        return Ok(());
    }
    let wait_ms = (1.0 - bucket.left) * allowance.per_ms / allowance.tries;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 15 minutes")]
    Err((wait_ms / 1_000.0).ceil() as u32)
}

fn refilled(bucket: Bucket, allowance: &Allowance, now: Timestamp) -> Bucket {
    // A clock that goes back refills nothing.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of at most some years")]
    let elapsed = now.since(bucket.at).max(0) as f64;
    let left = (bucket.left + elapsed * allowance.tries / allowance.per_ms).min(allowance.tries);
    Bucket { left, at: now }
}

/// An IPv6 customer has a /64 at least.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn five_codes_and_then_a_wait_that_time_ends() {
        let clock = Clock::default();
        let limits = Limits::new(clock.clone());
        for _ in 0..5 {
            assert!(limits.take(Rate::Code, address("203.0.113.1")).is_ok());
        }
        assert!(limits.take(Rate::Code, address("203.0.113.1")).is_err());
        assert!(limits.take(Rate::Code, address("203.0.113.2")).is_ok());
        clock.advance_ms(3 * 60_000 + 1_000);
        assert!(limits.take(Rate::Code, address("203.0.113.1")).is_ok());
    }

    #[test]
    fn a_network_of_v6_counts_as_one() {
        let limits = Limits::new(Clock::default());
        let tries =
            (1..=6).map(|last| limits.take(Rate::Code, address(&format!("2001:db8::{last}")))).filter(Result::is_ok);
        assert_eq!(tries.count(), 5);
    }

    #[test]
    fn many_addresses_share_a_limit_and_little_memory() {
        let limits = Limits::new(Clock::default());
        let passed =
            (0..100_u8).filter(|last| limits.take(Rate::Code, Some([203, 0, 113, *last].into())).is_ok()).count();
        assert_eq!(passed, 20);
        for number in 0..30_000_u32 {
            let _ = limits.take(Rate::Read, Some(number.to_be_bytes().into()));
        }
        assert!(limits.buckets.lock().expect("not poisoned").len() <= MOST + 1);
    }
}
