//! Deploys: the list of one app's releases, and one deploy with its proof.

pub mod change;
pub mod compare;
pub mod list;
pub mod one;
pub mod outcome;
pub mod proof;

pub(crate) use change::change_word;
pub use compare::ComparePage;
pub use list::{DeploysPage, ReleaseTable};
pub use one::DeployPage;
