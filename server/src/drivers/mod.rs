//! Drivers: one folder per engine, a concrete struct with a handful of verbs in our words.
//!
//! No engine type leaves its folder. A driver imports its engine's crate, [`process`], the file
//! access of [`system`], the handshake of `onlooker` and the model; never the store, live updates or
//! another driver.

pub mod acme;
pub mod archive;
pub mod dns;
pub mod docker;
pub mod git;
pub mod nat;
pub mod nginx;
mod onlooker;
pub mod probe;
pub mod process;
pub mod system;
pub mod tls;
