//! Homeport's pages and server functions.
//!
//! This crate depends on the model only. What it needs from the server stands in [`backend`] as
//! traits, which the server's services implement.

// Views are types; a page's is deeper than the compiler's default allows.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod live;
pub mod pages;
pub mod passkeys;
pub mod routes;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod ui;
