//! Reads an app's log from where it was, in bounded pieces, and counts it. Blocking: it runs beside the
//! runtime. It never holds a whole log, and never fails for what stands in one.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
};

use homeport_model::{
    id::AppId,
    time::Timestamp,
    traffic::{Bucket, Grain, Hole, Request},
};

use crate::drivers::nginx::{self, LogFile, LogPart, Nginx};

/// So much is read of one app's log at one look; the rest waits for the next.
const MOST_A_LOOK: u64 = 32 << 20;
/// And so much of all apps' together.
pub(super) const MOST_OF_ALL: u64 = 128 << 20;
/// A log that is further ahead will hardly be caught up with: it is not counted but for its end.
const MOST_BEHIND: u64 = 128 << 20;
/// How much of its end is counted then.
const COUNTED_END: u64 = 16 << 20;
/// So much is read at once.
const PIECE: usize = 256 << 10;
/// A line that is longer is none of nginx's.
const MOST_LINE: usize = 1 << 20;
/// For how long the file before the current one may still grow: old workers end within 300 s
/// (`worker_shutdown_timeout`).
pub(super) const OLD_GROWS_MS: i64 = 400_000;

/// How far a file has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Which file.
    pub(super) inode: u64,
    /// All before it has been counted; a line begins here.
    pub(super) position: u64,
}

/// How far an app's log has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Places {
    /// In the file that nginx writes to.
    pub(super) current: Option<Place>,
    /// In the one before it, until when it may grow.
    pub(super) old: Option<(Place, Timestamp)>,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    /// By minute.
    pub(super) minutes: BTreeMap<Timestamp, Bucket>,
    /// What was passed over.
    pub(super) holes: Vec<Hole>,
    /// The earliest request.
    pub(super) first_at: Option<Timestamp>,
    /// The newest request.
    pub(super) last_at: Option<Timestamp>,
    /// Bytes that were passed over, until a request shows up to which moment.
    passed_over: u64,
}

impl Counted {
    pub(super) fn is_empty(&self) -> bool {
        self.minutes.is_empty() && self.holes.is_empty()
    }

    /// Adds all that another look has counted.
    pub(super) fn merge(&mut self, other: Self) {
        for (at, bucket) in other.minutes {
            self.minutes.entry(at).or_default().merge(&bucket);
        }
        self.holes.extend(other.holes);
        self.first_at = [self.first_at, other.first_at].into_iter().flatten().min();
        self.last_at = self.last_at.max(other.last_at);
    }

    /// By minute, hour or day.
    pub(super) fn by(&self, grain: Grain) -> BTreeMap<Timestamp, Bucket> {
        let mut sums: BTreeMap<Timestamp, Bucket> = BTreeMap::new();
        for (at, bucket) in &self.minutes {
            sums.entry(grain.floor(*at)).or_default().merge(bucket);
        }
        sums
    }

    fn line(&mut self, line: &[u8], look: &Look) {
        match Request::read(&String::from_utf8_lossy(line)) {
            Ok(request) if request.is_probe => {}
            Ok(request) => {
                let at = request.at;
                self.minutes.entry(Grain::Minute.floor(at)).or_default().add(&request);
                self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
                self.last_at = self.last_at.max(Some(at));
                let bytes = std::mem::take(&mut self.passed_over);
                if bytes > 0 {
                    let from = look.last_at.unwrap_or(at).min(at);
                    self.holes.push(Hole { from, until: at, bytes });
                }
            }
            // It says nothing of its time.
            Err(_) => {
                let at = Grain::Minute.floor(self.last_at.unwrap_or(look.now));
                let bucket = self.minutes.entry(at).or_default();
                bucket.unreadable = bucket.unreadable.saturating_add(1);
            }
        }
    }
}

/// What a look at one app's log begins with.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The app.
    pub(super) app: AppId,
    /// How far its log has been read.
    pub(super) places: Places,
    /// The newest request so far.
    pub(super) last_at: Option<Timestamp>,
    /// When it is looked.
    pub(super) now: Timestamp,
}

/// What it found.
#[derive(Debug)]
pub(super) struct Looked {
    /// How far the log has been read now.
    pub(super) places: Places,
    /// What was counted.
    pub(super) counted: Counted,
    /// How long the current file is.
    pub(super) size_bytes: u64,
    /// Whether all of the old file has been read, so that it may go.
    pub(super) old_is_done: bool,
    /// Whether the current file is gone, so that nginx has to be told.
    pub(super) is_gone: bool,
}

impl Look {
    /// Looks at the log: one question of the file system where nothing has happened. Takes what it reads
    /// from `budget`, in bytes.
    pub(super) fn run(self, nginx: &Nginx, budget: &mut u64) -> Result<Looked, nginx::Error> {
        let mut looked = Looked {
            places: self.places,
            counted: Counted::default(),
            size_bytes: 0,
            old_is_done: true,
            is_gone: false,
        };
        let stat = nginx.log_stat(&self.app, LogPart::Current)?;
        let before = self.places.current;
        if before.is_some() && stat.map(|stat| stat.inode) != before.map(|place| place.inode) {
            // It was renamed, by us or by somebody else; or it was deleted, and then nothing is found.
            looked.places.old = before.map(|place| (place, self.now.plus_ms(OLD_GROWS_MS)));
            looked.places.current = None;
            looked.is_gone = stat.is_none();
        }
        self.read_old(nginx, &mut looked, budget)?;
        let Some(stat) = stat else { return Ok(looked) };
        looked.size_bytes = stat.size_bytes;
        let place = looked.places.current.get_or_insert(Place { inode: stat.inode, position: 0 });
        if stat.size_bytes == place.position {
            return Ok(looked);
        }
        if let Some(mut log) = nginx.open_log(&self.app, LogPart::Current)?
            && log.stat.inode == place.inode
        {
            looked.size_bytes = log.stat.size_bytes;
            self.read(&mut log, place, &mut looked.counted, budget).map_err(nginx::Error::Files)?;
        }
        Ok(looked)
    }

    /// What nginx wrote to the old file since.
    fn read_old(&self, nginx: &Nginx, looked: &mut Looked, budget: &mut u64) -> Result<(), nginx::Error> {
        let Some((place, until)) = &mut looked.places.old else { return Ok(()) };
        let stat = nginx.log_stat(&self.app, LogPart::Old)?.filter(|stat| stat.inode == place.inode);
        if let Some(stat) = stat
            && stat.size_bytes != place.position
            && let Some(mut log) = nginx.open_log(&self.app, LogPart::Old)?
            && log.stat.inode == place.inode
        {
            self.read(&mut log, place, &mut looked.counted, budget).map_err(nginx::Error::Files)?;
            looked.old_is_done = place.position >= log.stat.size_bytes;
        }
        if looked.old_is_done && (stat.is_none() || *until < self.now) {
            looked.places.old = None;
        }
        Ok(())
    }

    /// Counts what stands behind a place, as far as the budget reaches.
    fn read(&self, log: &mut LogFile, place: &mut Place, counted: &mut Counted, budget: &mut u64) -> io::Result<()> {
        if *budget == 0 {
            return Ok(());
        }
        let size = log.stat.size_bytes;
        if size < place.position || !begins_a_line(log, place.position)? {
            // Somebody emptied it; nginx goes on at its beginning.
            place.position = 0;
        }
        let mut is_midway = false;
        if size - place.position > MOST_BEHIND {
            let from = size - COUNTED_END;
            counted.passed_over += from - place.position;
            place.position = from;
            is_midway = true;
        }
        log.file.seek(SeekFrom::Start(place.position))?;
        let end = size.min(place.position + MOST_A_LOOK.min(*budget));
        *budget -= end - place.position;
        let mut pieces = log.file.by_ref().take(end - place.position);
        let mut bytes = Vec::with_capacity(PIECE);
        // Of a line that is too long; it has been read when its end has.
        let mut too_long = 0;
        while pieces.by_ref().take(PIECE as u64).read_to_end(&mut bytes)? > 0 {
            let Some(last) = memchr::memrchr(b'\n', &bytes) else {
                if bytes.len() > MOST_LINE {
                    too_long += bytes.len() as u64;
                    bytes.clear();
                }
                continue;
            };
            if too_long > 0 {
                counted.line(b"", self);
                is_midway = true;
            }
            let mut whole = &bytes[..=last];
            if std::mem::take(&mut is_midway) {
                let first = memchr::memchr(b'\n', whole).unwrap_or(last);
                whole = &whole[first + 1..];
            }
            for line in whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                counted.line(line, self);
            }
            place.position += std::mem::take(&mut too_long) + last as u64 + 1;
            bytes.drain(..=last);
        }
        Ok(())
    }
}

/// Whether a line begins at a place: one ended before it.
fn begins_a_line(log: &LogFile, position: u64) -> io::Result<bool> {
    let Some(before) = position.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    log.file.read_exact_at(&mut byte, before)?;
    Ok(byte == *b"\n")
}
