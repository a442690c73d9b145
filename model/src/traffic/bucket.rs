//! What was counted in a minute, an hour or a day, and its bytes in the store.

use serde::{Deserialize, Serialize};

use super::{Histogram, Request};
use crate::time::Timestamp;

/// The first byte of a bucket's bytes, so that another form can be told from this one.
const FORM: u8 = 1;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Class {
    /// 1xx: a websocket, mostly.
    Informational,
    /// 2xx.
    Success,
    /// 3xx.
    Redirect,
    /// 4xx: the visitor asked for what there is not, or may not.
    ClientError,
    /// 5xx: the app or the server failed.
    ServerError,
    /// Nobody got an answer: 499, the visitor left before it came; 444, nginx closed the connection.
    Unanswered,
}

impl Class {
    /// All of them, in the order of their counts.
    pub const ALL: [Self; 6] =
        [Self::Informational, Self::Success, Self::Redirect, Self::ClientError, Self::ServerError, Self::Unanswered];

    /// The class of a status as nginx logs it. 600 and above is no status: it is taken for 5xx (RFC 9110,
    /// section 15); below 100 nothing had been sent.
    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            0..=99 | 444 | 499 => Self::Unanswered,
            100..=199 => Self::Informational,
            200..=299 => Self::Success,
            300..=399 => Self::Redirect,
            400..=498 => Self::ClientError,
            500.. => Self::ServerError,
        }
    }

    /// Its place in a row of counts.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// "2xx", "no answer".
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirect => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::Unanswered => "no answer",
        }
    }

    /// What a page calls its colour by: a word of the style sheet.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unanswered => "none",
            other => other.as_str(),
        }
    }
}

/// What was counted in some stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bucket {
    /// Requests by class, in the order of [`Class::ALL`].
    pub classes: [u64; 6],
    /// Lines of the log that could not be read.
    pub unreadable: u64,
    /// Bytes that were sent.
    pub bytes: u64,
    /// How long answers took. Upgraded connections are not among them: theirs is how long they lasted.
    pub times: Histogram,
}

/// Bytes that are no bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a bucket of requests")]
pub struct NotABucket;

impl Bucket {
    /// Counts one request. One that the visitor gave up took at least as long as they waited, so its
    /// time counts: an app that hangs must not look quick.
    pub fn add(&mut self, request: &Request<'_>) {
        let class = Class::of(request.status);
        self.classes[class.index()] = self.classes[class.index()].saturating_add(1);
        self.bytes = self.bytes.saturating_add(request.bytes);
        if class != Class::Informational {
            self.times.add(request.took_us);
        }
    }

    /// Adds all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.classes.iter_mut().zip(other.classes) {
            *ours = ours.saturating_add(theirs);
        }
        self.unreadable = self.unreadable.saturating_add(other.unreadable);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.times.merge(&other.times);
    }

    /// Requests of all classes.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.classes.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Requests of one class.
    #[must_use]
    pub const fn of(&self, class: Class) -> u64 {
        self.classes[class.index()]
    }

    /// Its bytes in the store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        for number in self.classes.iter().chain([&self.unreadable, &self.bytes]) {
            write_number(&mut bytes, *number);
        }
        self.times.write(&mut bytes);
        bytes
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`NotABucket`] for bytes that [`to_bytes`](Self::to_bytes) does not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotABucket> {
        let (form, rest) = bytes.split_first().ok_or(NotABucket)?;
        if *form != FORM {
            return Err(NotABucket);
        }
        let mut reader = Reader::new(rest);
        let mut bucket = Self::default();
        for count in &mut bucket.classes {
            *count = reader.number()?;
        }
        (bucket.unreadable, bucket.bytes) = (reader.number()?, reader.number()?);
        bucket.times = Histogram::read(&mut reader)?;
        Ok(bucket)
    }
}

/// How long a stored bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grain {
    /// A minute; kept for two days.
    Minute,
    /// An hour; kept for 32 days.
    Hour,
    /// A day of UTC; kept for 400 days.
    Day,
}

impl Grain {
    /// All of them: what is counted is added to one of each.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Its length, in milliseconds.
    #[must_use]
    pub const fn length_ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// How long it is kept, in milliseconds.
    #[must_use]
    pub const fn kept_ms(self) -> i64 {
        match self {
            Self::Minute => 48 * Self::Hour.length_ms(),
            Self::Hour => 32 * Self::Day.length_ms(),
            Self::Day => 400 * Self::Day.length_ms(),
        }
    }

    /// Its number in the store.
    #[must_use]
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// When the bucket that a moment falls into begins.
    #[must_use]
    pub const fn floor(self, at: Timestamp) -> Timestamp {
        Timestamp::from_ms(at.ms().div_euclid(self.length_ms()) * self.length_ms())
    }
}

/// Writes a number in seven bits a byte, the lowest first (LEB128).
pub(super) fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads numbers that [`write_number`] wrote.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn number(&mut self) -> Result<u64, NotABucket> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(NotABucket)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return Err(NotABucket);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(NotABucket)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(status: u16, bytes: u64, took_us: u64) -> Request<'static> {
        Request { status, bytes, took_us, ..Request::default() }
    }

    #[test]
    fn every_status_has_a_class() {
        for (status, class) in [
            (0, Class::Unanswered),
            (9, Class::Unanswered),
            (101, Class::Informational),
            (204, Class::Success),
            (304, Class::Redirect),
            (404, Class::ClientError),
            (444, Class::Unanswered),
            (498, Class::ClientError),
            (499, Class::Unanswered),
            (502, Class::ServerError),
            (999, Class::ServerError),
            (u16::MAX, Class::ServerError),
        ] {
            assert_eq!(Class::of(status), class, "{status}");
            assert_eq!(Class::ALL[class.index()], class);
        }
    }

    #[test]
    fn requests_are_counted_once_and_upgraded_ones_have_no_time() {
        let mut bucket = Bucket::default();
        for (status, bytes, took_us) in
            [(200, 5_120, 3_000), (101, 10, 3_600_000_000), (499, 0, 10_000_000), (500, 1, 0)]
        {
            bucket.add(&request(status, bytes, took_us));
        }
        assert_eq!((bucket.requests(), bucket.bytes, bucket.times.total()), (4, 5_131, 3));
        assert_eq!((bucket.of(Class::Informational), bucket.of(Class::Unanswered)), (1, 1));
        let slowest = bucket.times.quantile_us(1_000).expect("counted");
        assert!((9_700_000..10_400_000).contains(&slowest), "{slowest}");
    }

    #[test]
    fn a_quiet_minute_is_small() {
        let mut bucket = Bucket::default();
        bucket.add(&request(200, 5_120, 3_000));
        assert!(bucket.to_bytes().len() <= 14, "{:?}", bucket.to_bytes());
        // A busy one: ten requests a second, each with another length.
        for number in 0..600 {
            bucket.add(&request(200, 20_000, 3_000 + number * 700));
        }
        assert!(bucket.to_bytes().len() < 300, "{}", bucket.to_bytes().len());
    }

    #[test]
    fn buckets_begin_on_the_clock() {
        let at = Timestamp::from_ms(1_795_232_519_999);
        assert_eq!(Grain::Minute.floor(at).to_string(), "2026-11-21T03:41:00Z");
        assert_eq!(Grain::Hour.floor(at).to_string(), "2026-11-21T03:00:00Z");
        assert_eq!(Grain::Day.floor(at).to_string(), "2026-11-21T00:00:00Z");
        assert_eq!(Grain::Minute.floor(Timestamp::from_ms(-1)).ms(), -60_000);
    }

    proptest! {
        #[test]
        fn bytes_read_back(requests: Vec<(u16, u64, u32)>, unreadable: u64) {
            let mut bucket = Bucket { unreadable, ..Bucket::default() };
            requests.iter().for_each(|(status, bytes, took)| bucket.add(&request(*status, *bytes, u64::from(*took))));
            prop_assert_eq!(Bucket::from_bytes(&bucket.to_bytes()), Ok(bucket));
        }

        #[test]
        fn rolling_up_counts_what_its_parts_count(parts: Vec<Vec<(u16, u64, u32)>>) {
            let (mut whole, mut rolled) = (Bucket::default(), Bucket::default());
            for part in parts {
                let mut bucket = Bucket::default();
                for (status, bytes, took) in part {
                    bucket.add(&request(status, bytes, took.into()));
                    whole.add(&request(status, bytes, took.into()));
                }
                rolled.merge(&bucket);
            }
            prop_assert_eq!(whole, rolled);
        }

        #[test]
        fn foreign_bytes_never_break_anything(bytes: Vec<u8>) {
            if let Ok(bucket) = Bucket::from_bytes(&bytes) {
                prop_assert_eq!(Bucket::from_bytes(&bucket.to_bytes()), Ok(bucket));
            }
        }
    }
}
