//! What the engine shows to registries: in a header of one request over its socket, never in an
//! argument or a file.

use std::collections::HashMap;

use bollard::auth::DockerCredentials;
use homeport_model::access::{RegistryHost, SignIn};
use http_body_util::Full;
use hyper::{Request, StatusCode, body::Bytes, header};

use super::{ANSWER, Docker, Error};

/// A sign-in to a registry. It has no `Debug`: it holds a secret.
#[derive(Clone)]
pub struct RegistrySignIn {
    /// The registry.
    pub host: RegistryHost,
    /// The user and the token.
    pub sign_in: SignIn,
}

impl RegistrySignIn {
    pub(super) fn credentials(&self) -> DockerCredentials {
        DockerCredentials {
            username: Some(self.sign_in.user.to_string()),
            password: Some(self.sign_in.token.expose().clone()),
            serveraddress: Some(self.host.engine_name().to_owned()),
            ..DockerCredentials::default()
        }
    }
}

/// As a build takes them: by registry.
pub(super) fn all_credentials(sign_ins: &[RegistrySignIn]) -> Option<HashMap<String, DockerCredentials>> {
    let by_host = sign_ins.iter().map(|one| (one.host.engine_name().to_owned(), one.credentials()));
    (!sign_ins.is_empty()).then(|| by_host.collect())
}

impl Docker {
    /// Lets the engine ask the registry whether it lets this sign-in in (`POST /auth`).
    pub async fn sign_in(&self, one: &RegistrySignIn) -> Result<(), Error> {
        let body = serde_json::json!({
            "username": one.sign_in.user,
            "password": one.sign_in.token.expose(),
            "serveraddress": one.host.engine_name(),
        });
        let request = Request::post(self.address("/auth").await?)
            .header(header::HOST, "docker")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|_| Error::Answer("a request to it"))?;
        match self.call(request, ANSWER).await?.expect(StatusCode::OK).await {
            Ok(_) => Ok(()),
            Err(Error::Engine { message, .. } | Error::Conflict { message }) => Err(refusal(&one.host, message)),
            Err(Error::NotFound) => Err(refusal(&one.host, "it has no such address".into())),
            Err(other) => Err(other),
        }
    }
}

/// bollard spells sign-ins in ordinary base64; the engine reads only the alphabet for addresses, and
/// takes what it cannot read for nothing at all.
pub(super) fn spell_for_engine<B>(request: &mut Request<B>) {
    for name in ["x-registry-auth", "x-registry-config"] {
        let Some(value) = request.headers_mut().get_mut(name) else { continue };
        let spelt = value.to_str().ok().and_then(|text| text.replace('+', "-").replace('/', "_").parse().ok());
        if let Some(spelt) = spelt {
            *value = spelt;
        }
    }
}

/// From the words of the engine, or of a registry.
fn refusal(host: &RegistryHost, message: String) -> Error {
    if is_denied(&message) {
        Error::RegistryDenied { host: host.clone(), signed_in: true }
    } else {
        Error::Registry { host: host.clone(), message }
    }
}

/// Whether a registry said that it lets nobody in like this.
pub(super) fn is_denied(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let words =
        ["unauthorized", "no basic auth credentials", "incorrect username or password", "access denied", "denied: "];
    words.iter().any(|words| message.contains(words))
}
