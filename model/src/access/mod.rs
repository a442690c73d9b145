//! How private sources are reached: a sign-in over https, a deploy key over ssh, the host's own key.
//!
//! Secrets are in none of these values, apart from the forms that bring them and what becomes of
//! those.

mod host_key;
mod known_hosts;
mod origin;
mod sign_in;
mod view;

pub use host_key::HostKey;
pub use known_hosts::well_known;
pub use origin::{GitOrigin, SshHost};
pub use sign_in::{SignIn, SignInForm, UserName, read_token};
pub use view::{AccessView, HostRow, KeyRow, SignInRow, Tried, Way};
