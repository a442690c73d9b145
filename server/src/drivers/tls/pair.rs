//! A certificate with its key: whether they belong together, and the chain in the order that TLS wants
//! (RFC 8446, 4.4.2): the leaf first, then each one's issuer.

use homeport_model::{certificate::CertificateFacts, secret::Secret};
use rustls::{crypto::ring::sign::any_supported_type, pki_types::PrivateKeyDer};

use super::{
    Error,
    pem::{self, Block},
    x509::Read,
};

/// A certificate with its key, as they are stored and served.
#[derive(Clone)]
pub struct Pair {
    /// PEM: the leaf, then each one's issuer; without the root, and without what was beside them.
    pub chain: String,
    /// PEM.
    pub key: Secret<Vec<u8>>,
    /// What the leaf says.
    pub facts: CertificateFacts,
    /// Whose certificate has to come with it and did not: the chain ends neither at an issuer whom
    /// browsers know nor at a root that was given.
    pub missing: Option<String>,
    /// Whether it is its own issuer.
    pub self_signed: bool,
}

/// What a chain's leaf says; it stands first, or is the only one that signs no others.
///
/// # Errors
/// What is wrong with the text.
pub fn facts(chain: &str) -> Result<CertificateFacts, Error> {
    let blocks = pem::blocks(chain)?;
    let read = certificates(&blocks)?;
    let leaf = read.iter().find(|one| !one.may_sign()).or(read.first()).ok_or(Error::NoCertificate)?;
    Ok(leaf.facts())
}

/// A certificate, those that come with it, and its key, in any order and with anything around.
///
/// # Errors
/// What is wrong; dates and names are not looked at.
pub fn read_pair(chain: &str, key: &str) -> Result<Pair, Error> {
    // One file with everything may be put into either field.
    let mut blocks = pem::blocks(chain)?;
    blocks.extend(pem::blocks(key)?);
    let read = certificates(&blocks)?;
    let fallback = read.iter().find(|one| !one.may_sign()).or(read.first()).ok_or(Error::NoCertificate)?;
    // Said first: such a key would not even read.
    fallback.refuse_weak()?;
    let keys = keys(&blocks)?;
    let mut leaves: Vec<(&Read<'_>, &Key)> = Vec::new();
    for key in &keys {
        leaves.extend(read.iter().filter(|one| one.public_key() == key.public).map(|one| (one, key)));
    }
    // The newest, should the one before be there, too.
    let newest = leaves.into_iter().max_by_key(|(one, _)| one.facts().not_after);
    let (leaf, key) = newest.ok_or_else(|| Error::KeyIsOthers { subject: fallback.shown() })?;
    leaf.refuse_weak()?;
    let (chain, missing) = above(leaf, &read);
    Ok(Pair {
        chain: chain.iter().map(|one| pem::write("CERTIFICATE", one.der)).collect(),
        key: key.pem.clone(),
        facts: leaf.facts(),
        missing,
        self_signed: leaf.is_self_signed(),
    })
}

fn certificates(blocks: &[Block]) -> Result<Vec<Read<'_>>, Error> {
    let is_one = |block: &&Block| matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE");
    let mut read: Vec<Read<'_>> = Vec::new();
    for (index, block) in blocks.iter().filter(is_one).enumerate() {
        let one = Read::new(&block.der).ok_or(Error::BadCertificate { number: index + 1 })?;
        if read.iter().all(|other| other.der != one.der) {
            read.push(one);
        }
    }
    let has = |label: &str| blocks.iter().any(|block| block.label.ends_with(label));
    match (read.is_empty(), has("CERTIFICATE REQUEST"), has("PKCS7")) {
        (false, ..) => Ok(read),
        (true, true, _) => Err(Error::Request),
        (true, _, true) => Err(Error::Pkcs7),
        _ => Err(Error::NoCertificate),
    }
}

struct Key {
    public: Vec<u8>,
    pem: Secret<Vec<u8>>,
}

fn keys(blocks: &[Block]) -> Result<Vec<Key>, Error> {
    let mut keys: Vec<Key> = Vec::new();
    for block in blocks {
        let der = match block.label.as_str() {
            "ENCRYPTED PRIVATE KEY" => return Err(Error::EncryptedKey),
            "OPENSSH PRIVATE KEY" => return Err(Error::SshKey),
            label if label.ends_with("PRIVATE KEY") && block.encrypted => return Err(Error::EncryptedKey),
            "PRIVATE KEY" => PrivateKeyDer::Pkcs8(block.der.as_slice().into()),
            "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(block.der.as_slice().into()),
            "EC PRIVATE KEY" => PrivateKeyDer::Sec1(block.der.as_slice().into()),
            label if label.ends_with("PRIVATE KEY") => return Err(Error::BadKey),
            _ => continue,
        };
        let public = any_supported_type(&der).ok().and_then(|key| key.public_key().map(|key| key.to_vec()));
        let public = public.ok_or(Error::BadKey)?;
        keys.push(Key { public, pem: Secret::new(pem::write(&block.label, &block.der).into_bytes()) });
    }
    if keys.is_empty() { Err(Error::NoKey) } else { Ok(keys) }
}

/// The chain from `leaf` up, without its root; and whose certificate is not there.
pub(super) fn above<'r, 'a>(leaf: &'r Read<'a>, all: &'r [Read<'a>]) -> (Vec<&'r Read<'a>>, Option<String>) {
    let mut chain = vec![leaf];
    let mut top = leaf;
    loop {
        if top.is_self_signed() {
            // Browsers have the root, or do not believe it; but a leaf that is its own root is served.
            if chain.len() > 1 {
                chain.pop();
            }
            return (chain, None);
        }
        let is_new = |one: &&Read<'a>| chain.iter().all(|had| had.der != one.der);
        let next = all.iter().filter(is_new).find(|one| one.may_sign() && top.is_signed_by(one));
        match next {
            Some(next) => {
                chain.push(next);
                top = next;
            }
            None if top.issuer_is_public() => return (chain, None),
            None => return (chain, Some(top.issuer())),
        }
    }
}
