//! What a repository says about how its app runs: `Procfile`, `app.json` and `CHECKS`.
//!
//! Read as Dokku 0.38 reads them (dokku-contract.md, 2.2 to 2.4). Three rules settle what that
//! leaves open:
//! - what Dokku refuses, or fails on during the deploy, is a [`Mistake`] with its line and column;
//! - what Dokku takes and quietly ignores or bends is taken too, with a warning that says so;
//! - keys that neither knows are nobody's business, unless they look like a slip of the finger.
//!
//! The texts come from whoever can push. Every size and count has a limit, no value carries a zero
//! byte, nothing that is shown a control character, and nothing here runs or fetches anything.

mod command;
mod position;
pub mod procfile;

pub use command::CommandLine;
pub use position::{Mistake, Position, Read, RepoFile};
pub use procfile::Procfile;
