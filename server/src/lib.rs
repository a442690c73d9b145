//! Composes the panel: configuration, drivers, services, router.

pub mod accounts;
pub mod ambient;
pub mod audit;
pub mod config;
pub mod db;
pub mod drivers;
pub mod failure;
pub mod jobs;
pub mod live;
pub mod seal;
pub mod state;
