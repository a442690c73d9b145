//! Homeport's nouns, rules, plans and texts.
//!
//! Everything here is pure: no clock, no randomness, no input or output, no framework. Time and
//! ids arrive as arguments. The crate builds for the browser, so a rule has one home.

pub mod access;
pub mod account;
pub mod actor;
pub mod api;
pub mod app;
pub mod build;
pub mod buildpacks;
pub mod certificate;
pub mod deploy;
pub mod domain;
pub mod environment;
pub mod event;
pub mod host;
pub mod id;
pub mod job;
pub mod log;
pub mod mask;
pub mod name;
pub mod panel_domain;
pub mod problem;
pub mod pushes;
pub mod secret;
pub mod text;
pub mod time;
pub mod traffic;
pub mod tunnel;
pub mod webhook;

/// The crate's everyday words.
pub mod prelude {
    pub use crate::{
        actor::{Actor, Role},
        event::{Event, Topic},
        id::*,
        name::*,
        problem::{Code, Problem},
        secret::Secret,
        time::Timestamp,
    };
}
