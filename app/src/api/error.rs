//! The error as it crosses the wire: a problem, as JSON, with the problem's HTTP status.

use homeport_model::problem::{Code, Problem};
use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

/// A [`Problem`] as a server function's error (a type of our own, because of the orphan rule).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct WireError(pub Problem);

impl From<Problem> for WireError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl FromServerFnError for WireError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let problem = match error {
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => {
                Problem::new(Code::Invalid, sentence(&text))
            }
            ServerFnErrorErr::Deserialization(_) => Problem::new(Code::Invalid, INCOMPLETE),
            ServerFnErrorErr::Request(_) => Problem::new(Code::Unavailable, "The panel cannot be reached.")
                .hint("Your apps go on. Try again in a moment."),
            _ => Problem::new(Code::Internal, "Something went wrong."),
        };
        #[cfg(feature = "ssr")]
        set_status(&problem);
        Self(problem)
    }
}

const INCOMPLETE: &str = "That request is not complete.";

/// What one of the model's parsers said about an argument; their sentences end with a full stop, a
/// library's words about the request's shape do not.
fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { INCOMPLETE.to_owned() }
}

/// Whether a form was sent without script. Such an answer is a redirect back to the form's page, which
/// carries the problem in its address; any other status would show the bare problem instead.
#[cfg(feature = "ssr")]
fn is_plain_form() -> bool {
    leptos::prelude::use_context::<http::request::Parts>().is_some_and(|request| {
        let accepts = request.headers.get(http::header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
        request.method == http::Method::POST && accepts.is_some_and(|accepts| accepts.contains("text/html"))
    })
}

/// Sets the response's status from a problem: Leptos answers 500 to any `Err` otherwise.
#[cfg(feature = "ssr")]
pub(crate) fn with_status<T>(answer: Result<T, Problem>) -> Result<T, WireError> {
    answer.map_err(|problem| {
        set_status(&problem);
        WireError(problem)
    })
}

#[cfg(feature = "ssr")]
fn set_status(problem: &Problem) {
    if let Some(options) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>()
        && !is_plain_form()
        && let Ok(status) = http::StatusCode::from_u16(problem.code.status())
    {
        options.set_status(status);
    }
}

/// What an address names is not there; for names that no backend has to be asked about.
pub(crate) fn not_found<T>(what: &str) -> Result<T, WireError> {
    let problem = Problem::not_found(what);
    #[cfg(feature = "ssr")]
    return with_status(Err(problem));
    #[cfg(not(feature = "ssr"))]
    Err(WireError(problem))
}
