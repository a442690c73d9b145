//! API tokens of the person who asks.

use homeport_model::{account::TokenForm, id::TokenId};
use leptos::prelude::*;

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// Makes a token and returns it, this once.
#[server(prefix = "/api/ui", endpoint = "tokens/create")]
pub async fn create_token(form: TokenForm) -> Result<String, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.tokens.create(&actor, form).await)
}

/// Ends a token at once.
#[server(prefix = "/api/ui", endpoint = "tokens/revoke")]
pub async fn revoke_token(id: TokenId) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.tokens.revoke(&actor, &id).await)
}
