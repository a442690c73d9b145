//! Changes of a zone by DNS UPDATE (RFC 2136), signed with a shared key (TSIG, RFC 8945).

use std::{net::SocketAddr, time::Duration};

use hickory_proto::{
    op::{Message, ResponseCode, update_message},
    rr::{
        RData, Record, RecordSet, TSigner,
        rdata::{
            TXT,
            tsig::{TsigAlgorithm, TsigError},
        },
    },
};
use homeport_model::{
    domain::{
        dns::DnsTrouble,
        dns_provider::{KeyName, TsigHash, TxtChange},
    },
    secret::Secret,
};

use super::{Resolver, full, wire};

const WITHIN: Duration = Duration::from_secs(5);
/// How far the clocks may be apart, in seconds (RFC 8945, section 10).
const FUDGE_S: u16 = 300;
/// How long others may keep the record, in seconds.
const TTL_S: u32 = 60;

/// A shared key.
pub struct Key {
    /// Its name, the same on both sides.
    pub name: KeyName,
    /// The hash.
    pub hash: TsigHash,
    /// The key itself.
    pub secret: Secret<Vec<u8>>,
}

/// A change of one TXT value.
pub struct Update<'a> {
    /// The zone's primary server.
    pub server: SocketAddr,
    /// The zone.
    pub zone: &'a str,
    /// The name, within the zone.
    pub name: &'a str,
    /// The value.
    pub value: &'a str,
    /// What becomes of it.
    pub change: TxtChange,
    /// Signs it.
    pub key: &'a Key,
    /// Now, in seconds since 1970.
    pub now_s: u64,
}

/// Why a zone was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// Nothing came back.
    #[error("the DNS server does not answer")]
    Silent,
    /// Key or hash are not the server's.
    #[error("the DNS server does not know this key")]
    Key,
    /// The signature is wrong: another secret.
    #[error("the DNS server finds the signature wrong")]
    Signature,
    /// The clocks differ by more than five minutes.
    #[error("the DNS server's clock differs by more than five minutes")]
    Clock,
    /// The key may not change this.
    #[error("the DNS server refuses the change")]
    Refused,
    /// It has no such zone.
    #[error("the DNS server has no such zone")]
    NoZone,
    /// What came back was not signed by this key.
    #[error("the DNS server's answer is not signed with this key")]
    Unproven,
    /// Something else.
    #[error("the DNS server answers with an error")]
    Failed,
}

impl Resolver {
    /// Changes a zone at its primary server.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub async fn update(&self, update: &Update<'_>) -> Result<(), UpdateError> {
        let hash = match update.key.hash {
            TsigHash::Sha256 => TsigAlgorithm::HmacSha256,
            TsigHash::Sha512 => TsigAlgorithm::HmacSha512,
        };
        let name = full(update.key.name.as_str()).ok_or(UpdateError::Key)?;
        let signer =
            TSigner::new(update.key.secret.expose().clone(), hash, name, FUDGE_S).map_err(|_| UpdateError::Key)?;
        let mut message = message(update).ok_or(UpdateError::NoZone)?;
        let verifier = message.finalize(&signer, update.now_s).map_err(|_| UpdateError::Failed)?;
        let (raw, answer) = match wire::exchange(update.server, &message, WITHIN).await {
            Ok(answered) => answered,
            Err(DnsTrouble::Silent) => return Err(UpdateError::Silent),
            Err(_) => return Err(UpdateError::Failed),
        };
        // An error of the signature comes unsigned, and is only an error.
        if let Some(error) = answer.signature.as_ref().and_then(|signature| signature.data.error) {
            return Err(match error {
                TsigError::BadKey => UpdateError::Key,
                TsigError::BadSig | TsigError::BadTrunc => UpdateError::Signature,
                TsigError::BadTime => UpdateError::Clock,
                TsigError::Unknown(_) => UpdateError::Failed,
            });
        }
        match answer.response_code {
            ResponseCode::NoError => {}
            ResponseCode::Refused => return Err(UpdateError::Refused),
            ResponseCode::NotAuth | ResponseCode::NotZone => return Err(UpdateError::NoZone),
            _ => return Err(UpdateError::Failed),
        }
        let mut verifier = verifier.ok_or(UpdateError::Unproven)?;
        verifier.verify(&raw).map(|_| ()).map_err(|_| UpdateError::Unproven)
    }
}

/// The change, unsigned; none where the name is not in the zone.
fn message(update: &Update<'_>) -> Option<Message> {
    let (zone, name) = (full(update.zone)?, full(update.name)?);
    if !zone.zone_of(&name) {
        return None;
    }
    let record = Record::from_rdata(name, TTL_S, RData::TXT(TXT::new(vec![update.value.to_owned()])));
    let records = RecordSet::from(record);
    Some(match update.change {
        TxtChange::Put => update_message::append(records, zone, false, false),
        TxtChange::Remove => update_message::delete_by_rdata(records, zone, false),
    })
}
