//! What an app's containers write: lines with their colours, what of them is asked for, how they are
//! kept.

mod budget;
mod colour;
mod line;
mod moment;
mod page;
mod query;
mod search;

pub use budget::{KeptLog, doomed};
pub use colour::{Coloured, Mark, Segment, coloured, segments};
pub use line::{Raw, Written};
pub use moment::LogTime;
pub use page::{Found, FoundLine, LogBatch, LogPage, LogRelease};
pub use query::{LogForm, LogQuery, PAGE_LINES, Place};
pub use search::Needle;
