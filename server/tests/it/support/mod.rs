//! What the tests stand on: a panel with a passkey in software, a namespace of their own on the real
//! engines, images made on the spot, and a Git server.

pub mod authenticator;
pub mod authority;
pub mod cloudflare;
pub mod echo;
pub mod gate;
pub mod git_client;
pub mod git_server;
pub mod images;
pub mod knot;
pub mod namespace;
pub mod panel;
pub mod pebble;
pub mod python;
pub mod recording;
pub mod registry;
pub mod running;
pub mod ssh_server;
pub mod volumes;
pub mod web;
