//! What the tests stand on: a namespace of their own on the real engines, images made on the spot,
//! and a Git server.

pub mod git_server;
pub mod images;
pub mod namespace;
pub mod running;
pub mod web;
