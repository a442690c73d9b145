//! Homeport's pages and server functions.
//!
//! This crate depends on the model only. What it needs from the server stands in [`backend`] as
//! traits, which the server's services implement.

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod live;
