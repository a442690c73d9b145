//! Server functions, a file per noun: take the backend and the actor from the context, call once,
//! return. Each is a public endpoint; the guard's route table lists them all.

#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments and gives its fields no words")]

pub mod access;
pub mod accounts;
pub mod activity;
pub mod apps;
pub mod certificates;
pub mod deploys;
pub mod dns_providers;
pub mod domains;
pub mod environments;
pub mod error;
pub mod logs;
pub mod panel_domain;
pub mod registries;
pub mod ssh_keys;
pub mod statuses;
pub mod tokens;
pub mod traffic;
pub mod tunnel;
pub mod webhooks;

pub use error::WireError;

#[cfg(feature = "ssr")]
use homeport_model::prelude::{Actor, Code, Problem};

#[cfg(feature = "ssr")]
use crate::backend::Backend;

/// The backend and the actor of this request.
#[cfg(feature = "ssr")]
pub(crate) fn context() -> Result<(Backend, Actor), WireError> {
    use leptos::prelude::use_context;
    let backend = use_context::<Backend>();
    let actor = use_context::<Actor>();
    match (backend, actor) {
        (Some(backend), Some(actor)) => Ok((backend, actor)),
        (None, _) => error::with_status(Err(Problem::new(Code::Unavailable, "The panel is starting."))),
        (_, None) => error::with_status(Err(Problem::new(Code::SignInRequired, "Sign in first."))),
    }
}
