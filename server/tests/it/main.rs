//! One binary of tests: the panel from the outside, its store, its program, and the drivers against
//! the real engines. Each test has a namespace, a state folder and ports of its own.

#![expect(clippy::disallowed_methods, reason = "tests make folders and start programs freely")]
#![expect(unreachable_pub, reason = "nothing here is read from outside")]

mod acceptance;
mod access;
mod accounts;
mod acme;
mod answers;
mod api;
mod architecture;
mod archives;
mod builders;
mod buildkit;
mod buildpacks;
mod certificates;
mod certificates_files;
mod certificates_shared;
mod certificates_stop;
mod checks;
mod cli;
mod cli_logs;
mod db;
mod deploys;
mod dns;
mod dns_challenges;
mod dns_providers;
mod docker;
mod docker_surface;
mod domains;
mod environment;
mod faults;
mod generations;
mod git;
mod guard;
mod https;
mod logs;
mod nat;
mod nginx;
mod panel_domain;
mod parts;
mod polls;
mod ports;
mod process;
mod processes;
mod proxy;
mod pushed_packs;
mod pushes;
mod queue;
mod registries;
mod sessions;
mod sources;
mod ssh;
mod static_sites;
mod statuses;
mod storage;
mod submodules;
mod support;
mod tls;
mod traffic;
mod troubles;
mod tunnel;
mod webhooks;
