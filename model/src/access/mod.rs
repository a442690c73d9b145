//! How private sources are reached: a sign-in over https, a deploy key over ssh, the host's own key,
//! a sign-in to a registry.
//!
//! Secrets are in none of these values, apart from the forms that bring them and what becomes of
//! those.

mod host_key;
mod known_hosts;
mod origin;
mod polling;
mod registry;
mod sign_in;
mod submodule;
mod view;

pub use host_key::HostKey;
pub use known_hosts::{well_known, well_known_hosts};
pub use origin::{GitOrigin, SshHost};
pub use polling::{Known, Next, PollMinutes, PollRow, decide};
pub use registry::{RegistryForm, RegistryHost, RegistryRow};
pub use sign_in::{SignIn, SignInForm, UserName, read_token};
pub use submodule::{MOST as MOST_SUBMODULES, MOST_DEEP, address_of_submodule};
pub use view::{AccessView, HostRow, KeyRow, SignInRow, Tried, Way};
