//! On the server there is no authenticator; pages are rendered with the same calls all the same.

use homeport_model::problem::{Code, Problem};
use serde_json::Value;

/// Whether this browser knows passkeys; the server assumes so.
#[must_use]
pub const fn supported() -> bool {
    true
}

/// The token in the address; the server never sees one.
#[must_use]
pub const fn take_token() -> Option<String> {
    None
}

/// Goes to another page.
pub const fn go_to(_path: &str) {}

pub(super) async fn create(_options: &Value) -> Result<Value, Problem> {
    Err(nowhere())
}

pub(super) async fn get(_options: &Value, _from_autofill: bool) -> Result<Value, Problem> {
    Err(nowhere())
}

pub(super) async fn post(_path: &str, _body: &str) -> Result<(bool, String), Problem> {
    Err(nowhere())
}

fn nowhere() -> Problem {
    Problem::new(Code::Unavailable, "Passkeys are used in a browser.")
}
