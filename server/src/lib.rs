//! Composes the panel: configuration, drivers, services, router.

pub mod ambient;
pub mod db;
pub mod drivers;
pub mod live;
