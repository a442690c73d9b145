//! What a service method answers when it cannot do what was asked.
//!
//! A [`Problem`] is expected and is for the person. Anything else is internal: it is logged once,
//! where it leaves the server, with its chain of causes and a short reference, and the person sees
//! the reference only.

use std::{error::Error, fmt::Write as _};

use homeport_model::problem::{Code, Problem};

use crate::{ambient, db};

/// Why a service method did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Expected; the person is told.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// A bug or a broken host; the log is told.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// Wraps an error that no person can do anything about. Plain text works too.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        match error.problem() {
            Some(problem) => Self::Problem(problem),
            None => Self::internal(error),
        }
    }
}

/// `?` for the errors that are always internal.
macro_rules! always_internal {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::internal(error)
            }
        })+
    };
}
always_internal!(std::io::Error, serde_json::Error, crate::seal::Unsealable);

/// The edge: logs an internal error and gives the person its reference.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Problem(problem) => problem,
            Failure::Internal(cause) => report(&*cause),
        }
    }
}

/// Logs an error with its causes under a short reference and returns the problem that carries it.
#[must_use]
pub fn report(error: &(dyn Error + 'static)) -> Problem {
    let reference = format!("{:08x}", ambient::random_u32());
    tracing::error!(reference, "{}", chain(error));
    internal(&reference)
}

/// The problem that carries a reference to the log.
#[must_use]
pub fn internal(reference: &str) -> Problem {
    Problem::new(Code::Internal, "Something went wrong on the server.")
        .hint(format!("The log has the details under {reference}."))
}

/// An error and its causes in one line, control characters escaped.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        // Some libraries repeat their source in their own text.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        next = cause.source();
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_passes_and_an_internal_error_becomes_a_reference() {
        let problem = Problem::invalid("name", "Give the app a name.");
        assert_eq!(Problem::from(Failure::from(problem.clone())), problem);

        let seen = Problem::from(Failure::internal("the password is hunter2"));
        assert_eq!(seen.code, Code::Internal);
        assert!(!seen.to_string().contains("hunter2"), "{seen}");
    }

    #[test]
    fn the_chain_is_one_line() {
        let inner = std::io::Error::other("a\nb\u{1b}[2J");
        assert_eq!(chain(&Failure::internal(inner)), "internal error: a\\nb\\u{1b}[2J");
    }
}
