//! The pages, a folder per noun.

pub mod activity;
pub mod apps;
pub mod deploys;
pub mod gallery;
pub mod not_found;
pub mod today;
pub mod words;
