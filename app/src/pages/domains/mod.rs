//! Domains.

pub mod one;
