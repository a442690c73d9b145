//! One binary of tests against the real engines. Each test has a namespace, a state folder and
//! ports of its own.

#![expect(clippy::disallowed_methods, reason = "tests make folders and start programs freely")]
#![expect(unreachable_pub, reason = "nothing here is read from outside")]

mod deploys;
mod docker;
mod faults;
mod git;
mod nat;
mod nginx;
mod process;
mod support;
