//! The pages, a folder per noun.

pub mod activity;
pub mod apps;
pub mod claim;
pub mod deploys;
pub mod domains;
pub mod environment;
pub mod gallery;
pub mod host;
pub mod logs;
pub mod not_found;
pub mod settings;
pub mod sign_in;
pub mod today;
pub mod traffic;
pub mod words;
