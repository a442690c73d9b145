//! A passkey in software, which a test can make lie: everything it says is set by the test and then
//! properly signed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use homeport_server::ambient;
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const CREDENTIAL_INCLUDED: u8 = 1 << 6;

/// One passkey and how it behaves.
#[derive(Clone)]
pub struct Passkey {
    key: SigningKey,
    pub id: Vec<u8>,
    pub user_handle: Vec<u8>,
    rp_id: String,
    /// What the browser says the page's origin is.
    pub origin: String,
    /// The counter of the next assertion; zero stays zero.
    pub counter: u32,
    pub user_verified: bool,
    pub backup_eligible: bool,
}

/// An assertion before it is signed; change it at will.
pub struct Assertion {
    pub client_data: Value,
    pub authenticator_data: Vec<u8>,
}

impl Passkey {
    /// Answers a creation. Returns the passkey and what `credential.toJSON()` would give.
    pub fn create(options: &Value, origin: &str) -> (Self, Value) {
        let rp_id = options["rp"]["id"].as_str().expect("a relying party").to_owned();
        let mut passkey = Self {
            key: SigningKey::from_slice(&ambient::random_bytes::<32>()).expect("a key"),
            id: ambient::random_bytes::<16>().to_vec(),
            user_handle: decode(&options["user"]["id"]),
            rp_id,
            origin: origin.to_owned(),
            counter: 1,
            user_verified: true,
            backup_eligible: false,
        };
        let answer = passkey.attest(options);
        passkey.counter += 1;
        (passkey, answer)
    }

    /// Answers a creation with this key.
    pub fn attest(&self, options: &Value) -> Value {
        let client_data = json!({
            "type": "webauthn.create",
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string();
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut data = self.authenticator_data(CREDENTIAL_INCLUDED);
        data.extend([0; 16]); // no model
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        // COSE: an EC2 key for ES256 on P-256.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().expect("a point"));
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().expect("a point"));
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(&data);
        json!({
            "id": encode(&self.id),
            "rawId": encode(&self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "attestationObject": encode(&object),
                "transports": ["internal", "hybrid"],
            },
            "clientExtensionResults": { "credProps": { "rk": true } },
            "authenticatorAttachment": "platform",
        })
    }

    /// Answers a request honestly, and counts.
    pub fn assert(&mut self, options: &Value) -> Value {
        let assertion = self.prepare(options);
        if self.counter > 0 {
            self.counter += 1;
        }
        self.sign(&assertion)
    }

    /// What it would say to a request.
    pub fn prepare(&self, options: &Value) -> Assertion {
        let client_data = json!({
            "type": "webauthn.get",
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        Assertion { client_data, authenticator_data: self.authenticator_data(0) }
    }

    /// Signs whatever it is given.
    pub fn sign(&self, assertion: &Assertion) -> Value {
        let client_data = assertion.client_data.to_string();
        let mut signed = assertion.authenticator_data.clone();
        signed.extend(Sha256::digest(client_data.as_bytes()));
        let signature: DerSignature = self.key.sign(&signed);
        json!({
            "id": encode(&self.id),
            "rawId": encode(&self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "authenticatorData": encode(&assertion.authenticator_data),
                "signature": encode(signature.as_bytes()),
                "userHandle": encode(&self.user_handle),
            },
            "clientExtensionResults": {},
        })
    }

    fn authenticator_data(&self, more_flags: u8) -> Vec<u8> {
        let mut flags = USER_PRESENT | more_flags;
        if self.user_verified {
            flags |= USER_VERIFIED;
        }
        if self.backup_eligible {
            flags |= BACKUP_ELIGIBLE;
        }
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }
}

/// Flips the lowest bit of a base64 field of an answer's response.
pub fn flip(answer: &mut Value, field: &str) {
    let mut bytes = decode(&answer["response"][field]);
    *bytes.last_mut().expect("not empty") ^= 1;
    answer["response"][field] = encode(&bytes).into();
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().expect("text")).expect("base64url")
}
