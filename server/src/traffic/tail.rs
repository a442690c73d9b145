//! The newest requests, read from the end of an app's log. Blocking.

use std::os::unix::fs::FileExt;

use homeport_model::{
    id::AppId,
    traffic::{Entries, Which},
};

use crate::drivers::nginx::{self, LogPart, Nginx};

/// So much is read at once.
const PIECE: u64 = 128 << 10;
/// How far back it is looked.
const MOST: u64 = 4 << 20;

/// The newest requests of an app.
pub(super) fn newest(nginx: &Nginx, app: &AppId, which: Which) -> Result<Entries, nginx::Error> {
    let (mut entries, mut budget) = (Entries::default(), MOST);
    for part in [LogPart::Current, LogPart::Old] {
        let Some(log) = nginx.open_log(app, part)? else { continue };
        let (mut end, mut piece) = (log.stat.size_bytes, Vec::new());
        while end > 0 {
            if entries.is_full() || budget == 0 {
                entries.has_more = true;
                return Ok(entries);
            }
            let from = end.saturating_sub(PIECE.min(budget));
            let mut bytes = vec![0; usize::try_from(end - from).unwrap_or(0)];
            // One that was emptied meanwhile has no lines.
            if log.file.read_exact_at(&mut bytes, from).is_err() {
                break;
            }
            budget -= end - from;
            end = from;
            // The beginning of a line may stand in the piece before.
            bytes.append(&mut piece);
            let whole = if from == 0 { 0 } else { memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1) };
            entries.take_earlier(bytes[whole..].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()), which);
            bytes.truncate(whole);
            piece = bytes;
        }
    }
    Ok(entries)
}
