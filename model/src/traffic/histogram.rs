//! How long answers took, as counts on a logarithmic scale: small, mergeable, and wrong by at most
//! 1/32 (3.2 %) between 1.6 ms and an hour, and by 0.05 ms below.
//!
//! The scale is that of HdrHistogram: each power of two is cut into sixteen equal parts. Integers
//! only, so that two machines never disagree. Only buckets that counted something take room.

use serde::{Deserialize, Serialize};

use super::bucket::{NotABucket, Reader, write_number};

/// The smallest step, in microseconds.
const UNIT_US: u64 = 100;
/// What takes longer counts as this: one hour, in units.
const MOST_UNITS: u64 = 3_600_000_000 / UNIT_US;
/// Parts of a power of two.
const PARTS: u64 = 16;
/// How many buckets there are.
const BUCKETS: u16 = bucket_of(MOST_UNITS) + 1;

/// The middle one, in thousandths.
pub const P50: u64 = 500;
/// One of twenty takes longer.
pub const P95: u64 = 950;
/// One of a hundred takes longer.
pub const P99: u64 = 990;

/// Counts of answer times.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Histogram {
    /// Bucket and count, ascending by bucket, no count of 0.
    counts: Vec<(u16, u64)>,
}

/// The bucket of a length in units.
const fn bucket_of(units: u64) -> u16 {
    let units = if units > MOST_UNITS { MOST_UNITS } else { units };
    if units < PARTS {
        return units as u16;
    }
    let power = units.ilog2() - PARTS.ilog2();
    ((power as u64) * PARTS + (units >> power)) as u16
}

/// The middle of a bucket, in microseconds.
const fn middle_us(bucket: u16) -> u64 {
    let bucket = bucket as u64;
    if bucket < PARTS {
        return bucket * UNIT_US;
    }
    let power = bucket / PARTS - 1;
    let lowest = (bucket - power * PARTS) << power;
    lowest * UNIT_US + ((1 << power) - 1) * UNIT_US / 2
}

impl Histogram {
    /// Counts one answer.
    pub fn add(&mut self, took_us: u64) {
        let bucket = bucket_of((took_us.saturating_add(UNIT_US / 2)) / UNIT_US);
        match self.counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(1),
            Err(at) => self.counts.insert(at, (bucket, 1)),
        }
    }

    /// Adds all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
            return;
        }
        let mut merged = Vec::with_capacity(self.counts.len().max(other.counts.len()));
        let (mut ours, mut theirs) = (self.counts.iter().peekable(), other.counts.iter().peekable());
        loop {
            merged.push(match (ours.peek().copied().copied(), theirs.peek().copied().copied()) {
                (Some((bucket, count)), Some((same, more))) if bucket == same => {
                    ours.next();
                    theirs.next();
                    (bucket, count.saturating_add(more))
                }
                (Some(our), Some(their)) if our.0 > their.0 => {
                    theirs.next();
                    their
                }
                (Some(our), _) => {
                    ours.next();
                    our
                }
                (None, Some(their)) => {
                    theirs.next();
                    their
                }
                (None, None) => break,
            });
        }
        self.counts = merged;
    }

    /// How many answers it counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
    }

    /// In how many microseconds `per_mille` thousandths of the answers were done; `None` of nothing.
    #[must_use]
    pub fn quantile_us(&self, per_mille: u64) -> Option<u64> {
        let rank = (u128::from(self.total()) * u128::from(per_mille)).div_ceil(1_000).max(1);
        let mut passed = 0_u128;
        let found = self.counts.iter().find(|(_, count)| {
            passed += u128::from(*count);
            passed >= rank
        });
        found.map(|(bucket, _)| middle_us(*bucket))
    }

    /// The counts as bytes: for each bucket how far it lies from the one before, and its count.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let mut before = 0;
        for (bucket, count) in &self.counts {
            write_number(bytes, u64::from(bucket - before));
            write_number(bytes, *count);
            before = *bucket;
        }
    }

    /// Reads what [`write`](Self::write) wrote, up to the end.
    pub(super) fn read(bytes: &mut Reader<'_>) -> Result<Self, NotABucket> {
        let mut counts: Vec<(u16, u64)> = Vec::new();
        while !bytes.is_empty() {
            let away = u16::try_from(bytes.number()?).map_err(|_| NotABucket)?;
            let count = bytes.number()?;
            let bucket = counts.last().map_or(0, |(bucket, _)| *bucket).checked_add(away).ok_or(NotABucket)?;
            let ascends = counts.is_empty() || away > 0;
            if bucket >= BUCKETS || count == 0 || !ascends {
                return Err(NotABucket);
            }
            counts.push((bucket, count));
        }
        Ok(Self { counts })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        times.iter().for_each(|took_us| histogram.add(*took_us));
        histogram
    }

    #[test]
    fn whole_milliseconds_of_a_quick_app_are_exact() {
        for ms in [0, 1, 2, 3] {
            assert_eq!(of(&[ms * 1_000]).quantile_us(P50), Some(ms * 1_000));
        }
        assert_eq!(of(&[]).quantile_us(P99), None);
        let hour = of(&[u64::MAX]).quantile_us(P50).expect("counted");
        assert!((3_500_000_000..3_720_000_000).contains(&hour), "{hour}");
        const { assert!(BUCKETS < 400) };
    }

    #[test]
    fn a_quantile_is_a_rank() {
        let times: Vec<u64> = (1..=100).map(|ms| ms * 1_000).collect();
        let histogram = of(&times);
        for (per_mille, ms) in [(P50, 50.0), (P95, 95.0), (P99, 99.0), (0, 1.0), (1_000, 100.0)] {
            let found = histogram.quantile_us(per_mille).expect("counted") as f64 / 1_000.0;
            assert!((found - ms).abs() <= ms / 32.0 + 0.05, "{per_mille}: {found}");
        }
    }

    fn times() -> impl Strategy<Value = Vec<u64>> {
        // As many small ones as large ones.
        prop::collection::vec((0_u32..33, any::<u64>()).prop_map(|(bits, n)| n & ((1 << bits) - 1)), 1..200)
    }

    proptest! {
        #[test]
        fn a_quantile_is_near_the_exact_one(mut times in times(), per_mille in 0_u64..=1_000) {
            times.iter_mut().for_each(|time| *time = (*time).min(3_600_000_000));
            let found = of(&times).quantile_us(per_mille).expect("counted");
            times.sort_unstable();
            let rank = (times.len() as u64 * per_mille).div_ceil(1_000).max(1);
            let exact = times[usize::try_from(rank - 1).expect("an index")];
            prop_assert!(found.abs_diff(exact) <= (exact / 32 + 1).max(50), "{} instead of {}", found, exact);
        }

        #[test]
        fn merging_is_adding_in_any_order(a in times(), b in times(), c in times()) {
            let (mut left, mut right) = (of(&a), of(&b));
            left.merge(&of(&b));
            left.merge(&of(&c));
            right.merge(&of(&c));
            let mut other = of(&a);
            other.merge(&right);
            prop_assert_eq!(&left, &other);
            let mut turned = of(&c);
            turned.merge(&of(&b));
            turned.merge(&of(&a));
            prop_assert_eq!(&left, &turned);
            prop_assert_eq!(&left, &of(&[a, b, c].concat()));
        }

        #[test]
        fn bytes_read_back(times in times()) {
            let histogram = of(&times);
            let mut bytes = Vec::new();
            histogram.write(&mut bytes);
            prop_assert!(bytes.len() <= 3 * histogram.counts.len() + 2, "{} bytes", bytes.len());
            prop_assert_eq!(Histogram::read(&mut Reader::new(&bytes)), Ok(histogram));
        }

        #[test]
        fn foreign_bytes_are_refused_or_harmless(bytes: Vec<u8>) {
            if let Ok(histogram) = Histogram::read(&mut Reader::new(&bytes)) {
                let _ = histogram.quantile_us(P99);
                prop_assert!(histogram.counts.iter().all(|(bucket, count)| *bucket < BUCKETS && *count > 0));
            }
        }
    }
}
