//! Passkey ceremonies from a page: ask the server, ask the authenticator, tell the server.
//!
//! The browser itself turns options and credentials into JSON and back (`parse…OptionsFromJSON`,
//! `toJSON`); no base64 of ours. Everything here runs on a press of the person, in the browser only.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
#[path = "elsewhere.rs"]
mod browser;

use homeport_model::{
    account::{Ceremony, CeremonyAnswer, ClaimForm, Finished, RecoveryForm},
    problem::{Code, Problem},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::api::WireError;

pub use browser::{go_to, supported, take_token};

/// What a ceremony ends in.
pub type Outcome<T = Finished> = Result<T, Problem>;

/// Makes the owner's passkey with a claim link's token.
///
/// # Errors
/// The problem in words, from the server or the authenticator.
pub async fn claim(token: String, name: String, label: String) -> Outcome {
    let begun: Ceremony = send("/passkeys/claim/start", &ClaimForm { token, name }).await?;
    let credential = browser::create(&begun.options).await?;
    let answer = CeremonyAnswer { id: begun.id, credential, label: Some(label) };
    send("/passkeys/claim/finish", &answer).await
}

/// Signs in. `from_autofill` waits until the person picks the passkey from what the browser offers in
/// a field.
///
/// # Errors
/// The problem in words, from the server or the authenticator.
pub async fn sign_in(from_autofill: bool) -> Outcome {
    let begun: Ceremony = send("/passkeys/sign-in/start", &Nothing {}).await?;
    let credential = browser::get(&begun.options, from_autofill).await?;
    send("/passkeys/sign-in/finish", &CeremonyAnswer { id: begun.id, credential, label: None }).await
}

/// Proves presence; dangerous things are open for five minutes.
///
/// # Errors
/// The problem in words, from the server or the authenticator.
pub async fn step_up() -> Outcome {
    let begun: Ceremony = send("/passkeys/step-up/start", &Nothing {}).await?;
    let credential = browser::get(&begun.options, false).await?;
    send("/passkeys/step-up/finish", &CeremonyAnswer { id: begun.id, credential, label: None }).await
}

/// Adds one more passkey.
///
/// # Errors
/// The problem in words, from the server or the authenticator.
pub async fn add(label: String) -> Outcome {
    let begun: Ceremony = match send("/passkeys/add/start", &Nothing {}).await {
        Err(problem) if problem.code == Code::StepUpRequired => {
            step_up().await?;
            send("/passkeys/add/start", &Nothing {}).await?
        }
        other => other?,
    };
    let credential = browser::create(&begun.options).await?;
    send("/passkeys/add/finish", &CeremonyAnswer { id: begun.id, credential, label: Some(label) }).await
}

/// Gets back in with a recovery code, or with the token of a link from the host.
///
/// # Errors
/// The problem in words.
pub async fn recover(secret: String, by_link: bool) -> Outcome {
    let path = if by_link { "/recovery/link" } else { "/recovery/code" };
    send(path, &RecoveryForm { secret }).await
}

/// Does `work`; when that needs a fresh passkey, asks for it and does it again.
///
/// # Errors
/// The problem in words.
pub async fn with_fresh_passkey<T>(work: impl AsyncFn() -> Result<T, WireError>) -> Outcome<T> {
    match work().await {
        Err(WireError(problem)) if problem.code == Code::StepUpRequired => {
            step_up().await?;
            work().await.map_err(|WireError(problem)| problem)
        }
        other => other.map_err(|WireError(problem)| problem),
    }
}

/// An empty JSON object.
#[derive(Serialize)]
struct Nothing {}

async fn send<T: DeserializeOwned>(path: &str, body: &impl Serialize) -> Outcome<T> {
    let body = serde_json::to_string(body).map_err(|_| unreadable())?;
    let (ok, text) = browser::post(path, &body).await?;
    if ok {
        serde_json::from_str(&text).map_err(|_| unreadable())
    } else {
        Err(serde_json::from_str(&text).unwrap_or_else(|_| unreadable()))
    }
}

fn unreadable() -> Problem {
    Problem::new(Code::Internal, "The panel's answer does not read.").hint("Reload the page and try again.")
}
