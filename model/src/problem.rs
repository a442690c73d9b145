//! What the person is told when something cannot be done: a stable code, a sentence, what to do
//! next, and the field it belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Port;

/// What kind of problem it is. The names are part of the API and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A typed value is not acceptable; `field` names it. 422.
    Invalid,
    /// Nobody is signed in. 401.
    SignInRequired,
    /// Signed in, but not allowed. 403.
    Forbidden,
    /// A fresh passkey assertion is needed first. 403.
    StepUpRequired,
    /// No such thing, or none that this actor may see. 404.
    NotFound,
    /// It clashes with what is there: a taken name, a running job. 409.
    Conflict,
    /// It was there once and has expired. 410.
    Gone,
    /// More bytes than are taken at once. 413.
    TooLarge,
    /// Too many tries; wait. 429.
    TooMany,
    /// An engine (Docker, nginx, git) did not do what was asked. 502.
    Engine,
    /// Homeport cannot do it now, but may later. 503.
    Unavailable,
    /// A bug or a broken host; `hint` carries the reference to the log. 500.
    Internal,
}

impl Code {
    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 422,
            Self::SignInRequired => 401,
            Self::Forbidden | Self::StepUpRequired => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::TooMany => 429,
            Self::Engine => 502,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

/// A problem as the person meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// One sentence: what is wrong.
    pub title: String,
    /// What to do next, when there is something to do.
    pub hint: Option<String>,
    /// The form field it belongs to, by its name.
    pub field: Option<String>,
    /// What Homeport can do about it at one press.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// What Homeport can do about a problem at one press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fix {
    /// Set the app's port and deploy again.
    SetPort {
        /// The port that its process was seen to listen on.
        port: Port,
    },
}

impl Problem {
    /// A problem with a code and a sentence.
    #[must_use]
    pub fn new(code: Code, title: impl Into<String>) -> Self {
        Self { code, title: title.into(), hint: None, field: None, fix: None }
    }

    /// A typed value that is not acceptable.
    #[must_use]
    pub fn invalid(field: impl Into<String>, title: impl Into<String>) -> Self {
        Self { code: Code::Invalid, title: title.into(), hint: None, field: Some(field.into()), fix: None }
    }

    /// Nothing of that name here.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// The same problem with a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same problem with something to press.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The same problem, put beside a field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        match &self.hint {
            Some(hint) => write!(f, " {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}
