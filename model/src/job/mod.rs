//! Jobs: long work with steps and a log.

mod state;
mod view;

pub use state::{JobState, NotAllowed};
pub use view::{JobKind, JobRow, LogLine, LogStream, StepRow, StepState, WaitsFor};
