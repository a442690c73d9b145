//! Passkey ceremonies: the one place that speaks to the WebAuthn library, whose API may still move.
//!
//! A ceremony begun lives in memory, at most a thousand at once and five minutes each, and is
//! consumed by the first answer, right or wrong. Nothing of an answer is believed before its
//! signature is verified.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use homeport_model::{
    account::{CEREMONY_MS, Ceremony},
    id::SessionId,
    time::Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::{
    ambient::{self, Clock},
    config::Origin,
};

const MOST: usize = 1_000;

/// What a ceremony is for; its answer counts for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Making the owner; carries the claim link's hash and the owner's id and name.
    Claim { link: Vec<u8>, user: Uuid, name: String },
    /// One more passkey for the person of this session.
    Add { session: SessionId, user: Uuid },
    /// Signing in.
    SignIn,
    /// Proving presence once more in this session.
    StepUp { session: SessionId },
}

/// Why an answer was not accepted. People see one sentence for all of them.
#[derive(Debug, thiserror::Error)]
pub(super) enum CeremonyError {
    #[error("no such ceremony, or it is over")]
    Unknown,
    #[error("the answer does not read")]
    Unreadable(#[source] serde_json::Error),
    #[error("the authenticator made a key that it cannot find again by itself")]
    NotDiscoverable,
    #[error("the counter went backwards")]
    MaybeCloned,
    #[error("the passkey changed whether it may be backed up")]
    BackupChanged,
    #[error("the answer was made in a frame of another site")]
    Framed,
    #[error("the answer does not verify")]
    Refused(#[source] WebauthnError),
    #[error("the ceremony cannot be begun")]
    Setup(#[source] WebauthnError),
}

enum Pending {
    Registration(PasskeyRegistration),
    Assertion(DiscoverableAuthentication),
}

struct Begun {
    purpose: Purpose,
    pending: Pending,
    origin: Origin,
    at: Timestamp,
    turn: u64,
}

/// An assertion whose ceremony has been consumed, not yet verified.
pub(super) struct Claimed {
    /// What the ceremony was for.
    pub(super) purpose: Purpose,
    /// The user that the answer names; unverified.
    pub(super) user: Uuid,
    /// The credential that the answer names; unverified.
    pub(super) credential_id: Vec<u8>,
    answer: PublicKeyCredential,
    pending: DiscoverableAuthentication,
    origin: Origin,
}

/// A verified new passkey.
pub(super) struct NewPasskey {
    pub(super) credential_id: Vec<u8>,
    /// The host name that it belongs to, for ever.
    pub(super) host: String,
    /// The library's own record, as JSON.
    pub(super) record: String,
}

/// All ceremonies under way.
pub(super) struct Ceremonies {
    clock: Clock,
    begun: Mutex<(HashMap<String, Begun>, u64)>,
}

impl Ceremonies {
    /// None is under way.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, begun: Mutex::default() }
    }

    /// Begins making a passkey that belongs to `origin`.
    pub(super) fn begin_registration(
        &self,
        origin: Origin,
        purpose: Purpose,
        user: Uuid,
        name: &str,
        known: Vec<Vec<u8>>,
    ) -> Result<Ceremony, CeremonyError> {
        let (challenge, pending) =
            webauthn(&origin)?.start_passkey_registration(user, name, name, None).map_err(CeremonyError::Setup)?;
        let mut options = serde_json::to_value(challenge.public_key).map_err(CeremonyError::Unreadable)?;
        // Told to the browser only: the store refuses a known one in words that say so.
        options["excludeCredentials"] =
            known.iter().map(|id| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(id) })).collect();
        // The library asks for no discoverable key, and sign-in without a user name needs one.
        options["authenticatorSelection"]["residentKey"] = "required".into();
        options["authenticatorSelection"]["requireResidentKey"] = true.into();
        Ok(self.keep(origin, purpose, Pending::Registration(pending), options))
    }

    /// Begins asking for a passkey of `origin`.
    pub(super) fn begin_assertion(&self, origin: Origin, purpose: Purpose) -> Result<Ceremony, CeremonyError> {
        let (challenge, pending) =
            webauthn(&origin)?.start_discoverable_authentication().map_err(CeremonyError::Setup)?;
        let options = serde_json::to_value(challenge.public_key).map_err(CeremonyError::Unreadable)?;
        Ok(self.keep(origin, purpose, Pending::Assertion(pending), options))
    }

    /// Consumes a registration and verifies its answer.
    pub(super) fn finish_registration(&self, id: &str, answer: Value) -> Result<(Purpose, NewPasskey), CeremonyError> {
        let begun = self.take(id)?;
        let Pending::Registration(pending) = begun.pending else { return Err(CeremonyError::Unknown) };
        let answer: RegisterPublicKeyCredential = serde_json::from_value(answer).map_err(CeremonyError::Unreadable)?;
        refuse_framed(&answer.response.client_data_json)?;
        // Not signed, but only the person's own browser loses by lying. A browser that says nothing
        // was told that a discoverable key is required.
        if answer.extensions.cred_props.as_ref().is_some_and(|properties| properties.rk == Some(false)) {
            return Err(CeremonyError::NotDiscoverable);
        }
        let passkey =
            webauthn(&begun.origin)?.finish_passkey_registration(&answer, &pending).map_err(CeremonyError::Refused)?;
        let record = serde_json::to_string(&passkey).map_err(CeremonyError::Unreadable)?;
        let host = begun.origin.host().to_owned();
        Ok((begun.purpose, NewPasskey { credential_id: passkey.cred_id().to_vec(), host, record }))
    }

    /// Consumes an assertion and says which passkey it claims to be.
    pub(super) fn claim_assertion(&self, id: &str, answer: Value) -> Result<Claimed, CeremonyError> {
        let begun = self.take(id)?;
        let Pending::Assertion(pending) = begun.pending else { return Err(CeremonyError::Unknown) };
        let answer: PublicKeyCredential = serde_json::from_value(answer).map_err(CeremonyError::Unreadable)?;
        refuse_framed(&answer.response.client_data_json)?;
        let (user, credential_id) =
            webauthn(&begun.origin)?.identify_discoverable_authentication(&answer).map_err(CeremonyError::Refused)?;
        let credential_id = credential_id.to_vec();
        Ok(Claimed { purpose: begun.purpose, user, credential_id, answer, pending, origin: begun.origin })
    }

    /// Verifies an assertion with the stored record of the passkey that it named; the record to
    /// store instead, when it changed.
    pub(super) fn verify(&self, claimed: Claimed, record: &str) -> Result<Option<String>, CeremonyError> {
        let mut passkey: Passkey = serde_json::from_str(record).map_err(CeremonyError::Unreadable)?;
        let result = webauthn(&claimed.origin)?
            .finish_discoverable_authentication_v2(&claimed.answer, claimed.pending, &passkey)
            .map_err(|error| match error {
                WebauthnError::CredentialPossibleCompromise => CeremonyError::MaybeCloned,
                WebauthnError::CredentialBackupEligibilityInconsistent => CeremonyError::BackupChanged,
                other => CeremonyError::Refused(other),
            })?;
        match passkey.update_credential(&result) {
            None => Err(CeremonyError::Refused(WebauthnError::CredentialNotFound)),
            Some(false) => Ok(None),
            Some(true) => serde_json::to_string(&passkey).map(Some).map_err(CeremonyError::Unreadable),
        }
    }

    fn keep(&self, origin: Origin, purpose: Purpose, pending: Pending, options: Value) -> Ceremony {
        let id = URL_SAFE_NO_PAD.encode(ambient::random_bytes::<32>());
        let now = self.clock.now();
        let mut guard = self.begun();
        let (begun, turns) = &mut *guard;
        if begun.len() >= MOST {
            begun.retain(|_, one| fresh(one, now));
        }
        if begun.len() >= MOST {
            let oldest = begun.iter().min_by_key(|(_, one)| one.turn).map(|(id, _)| id.clone());
            oldest.and_then(|id| begun.remove(&id));
        }
        *turns += 1;
        begun.insert(id.clone(), Begun { purpose, pending, origin, at: now, turn: *turns });
        Ceremony { id, options }
    }

    fn take(&self, id: &str) -> Result<Begun, CeremonyError> {
        let begun = self.begun().0.remove(id).ok_or(CeremonyError::Unknown)?;
        if fresh(&begun, self.clock.now()) { Ok(begun) } else { Err(CeremonyError::Unknown) }
    }

    /// How many are under way.
    pub(super) fn count(&self) -> usize {
        self.begun().0.len()
    }

    fn begun(&self) -> MutexGuard<'_, (HashMap<String, Begun>, u64)> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The library for passkeys whose relying party is the host name of `origin`, nothing wider.
pub(super) fn webauthn(origin: &Origin) -> Result<Webauthn, CeremonyError> {
    WebauthnBuilder::new(origin.host(), origin.url())
        .map(|builder| builder.rp_name(origin.host()))
        .and_then(WebauthnBuilder::build)
        .map_err(CeremonyError::Setup)
}

/// The library lets an assertion pass that was made in another site's frame; this panel is never
/// framed. These bytes are the signed ones, so this may stand before the verification.
fn refuse_framed(client_data: &[u8]) -> Result<(), CeremonyError> {
    let client_data: Value = serde_json::from_slice(client_data).map_err(CeremonyError::Unreadable)?;
    let alone = matches!(client_data.get("crossOrigin"), None | Some(Value::Bool(false)));
    if alone && client_data.get("topOrigin").is_none() { Ok(()) } else { Err(CeremonyError::Framed) }
}

fn fresh(begun: &Begun, now: Timestamp) -> bool {
    (0..CEREMONY_MS).contains(&now.since(begun.at))
}
