//! This server.

pub mod nginx;

pub use nginx::NginxPage;
