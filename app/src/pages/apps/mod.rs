//! Apps: the list, a new one, and the tabs of one.

pub mod access;
pub mod builder_fields;
pub mod form;
pub mod frame;
pub mod list;
pub mod new;
pub mod origin;
pub mod overview;
pub mod processes;
pub mod remotes;
pub mod settings;
pub mod statuses;
pub mod storage;
pub mod webhook;

pub(crate) use frame::app_name;
pub use frame::{AppFrame, ThisApp};
pub use list::{AppTable, AppsPage};
pub use new::NewApp;
pub(crate) use new::{FormProblem, problem_of};
pub(crate) use overview::Fact;
pub use overview::Overview;
pub use processes::Processes;
pub use settings::AppSettings;
pub use storage::StoragePage;
