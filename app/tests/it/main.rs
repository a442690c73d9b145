//! Pages and components, rendered with a fake backend.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod fake;
mod names;
mod pages;
mod panel;
