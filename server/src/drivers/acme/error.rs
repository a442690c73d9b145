//! Why an authority did not do what was asked.

use homeport_model::certificate::{
    plan::ChallengeKind,
    refusal::{Refusal, RefusalKind},
};

/// So many wrong nonces in a row are taken, each of them after three that instant-acme takes itself.
pub(super) const NONCES: u32 = 10;

/// Does something again while the authority does not take the nonce. Such a request had no effect.
macro_rules! patiently {
    ($http:expr, $call:expr) => {{
        let mut left = $crate::drivers::acme::error::NONCES;
        loop {
            match $call.await {
                Err(error) if left > 0 && $crate::drivers::acme::error::is_bad_nonce(&error) => left -= 1,
                other => break other.map_err(|error| $http.said(error)),
            }
        }
    }};
}
pub(super) use patiently;

/// Why an authority did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It said no.
    #[error("the certificate authority refused: {}", .refusal.said)]
    Refused {
        /// Why.
        refusal: Refusal,
        /// It wants to be left alone for so many seconds.
        retry_after_s: Option<u64>,
    },
    /// It does not take the order as a renewal of the certificate that it was told of; it may be ordered as
    /// a new one. What it said.
    #[error("the certificate authority does not take it as a renewal: {0}")]
    NoRenewal(String),
    /// It was not reached, or did not speak in time.
    #[error("the certificate authority cannot be reached: {0}")]
    Away(String),
    /// A name that a person typed leads into a private network.
    #[error("{0} leads to an address that is not public")]
    NotPublic(String),
    /// What is there is no directory.
    #[error("{0} answered, but not as a certificate authority's directory does")]
    NoDirectory(String),
    /// It answered something that makes no sense.
    #[error("the certificate authority answered something that makes no sense: {0}")]
    Nonsense(String),
    /// It did not make up its mind in time.
    #[error("the certificate authority did not decide in time")]
    Undecided,
    /// It does not offer that way to show that a name is ours.
    #[error("the certificate authority does not offer {} for this name", .0.as_str())]
    NoChallenge(ChallengeKind),
    /// The key of the external account is no base64.
    #[error("that is not an HMAC key: it is not base64")]
    Binding,
    /// What was kept does not open the account.
    #[error("what is kept of the account cannot be read")]
    Credentials,
    /// A chain that is none.
    #[error("a certificate cannot be read")]
    Certificate,
    /// No key or request could be made.
    #[error("no key could be made")]
    Key(#[source] rcgen::Error),
    /// The file with further authorities.
    #[error("the authorities in {0} cannot be read")]
    Root(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A refusal of a kind.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// For how many seconds it wants to be left alone.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after_s, .. } => *retry_after_s,
            _ => None,
        }
    }

    /// Whether a refusal of an order that names what it replaces may be about that.
    pub(super) fn is_about_replacing(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => {
                matches!(refusal.kind, RefusalKind::Replaced | RefusalKind::Malformed | RefusalKind::Account)
            }
            Self::Nonsense(what) => what.contains("replaces"),
            _ => false,
        }
    }
}

pub(super) fn is_bad_nonce(error: &instant_acme::Error) -> bool {
    matches!(error, instant_acme::Error::Api(problem) if problem.r#type.as_deref().is_some_and(|kind| kind.ends_with(":badNonce")))
}

/// An authority's problem as a refusal. What it says of one name is more than what it says of all.
pub(super) fn refusal(problem: &instant_acme::Problem) -> Refusal {
    let first = problem.subproblems.first();
    let kind = first.and_then(|one| one.r#type.as_deref()).or(problem.r#type.as_deref()).unwrap_or_default();
    let detail = first.and_then(|one| one.detail.as_deref()).or(problem.detail.as_deref()).unwrap_or_default();
    match problem.status {
        Some(429) => Refusal::new(RefusalKind::RateLimited, detail),
        _ => Refusal::new(RefusalKind::from_type(kind), detail),
    }
}
