//! PEM (RFC 7468) as people have it: with text around, Windows line ends, or all in one line.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::Error;

/// More than a certificate, its chain and its key ever take.
pub const MOST_BYTES: usize = 256 << 10;
/// More blocks than any chain and its key have.
const MOST_BLOCKS: usize = 24;
const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// One block.
pub(super) struct Block {
    /// What stands in its first line: CERTIFICATE.
    pub(super) label: String,
    /// Its content.
    pub(super) der: Zeroizing<Vec<u8>>,
    /// Its headers say that it has a passphrase (RFC 1421).
    pub(super) encrypted: bool,
}

/// The blocks of a text. What stands between them is passed over.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, Error> {
    if text.len() > MOST_BYTES {
        return Err(Error::TooLarge { limit_bytes: MOST_BYTES });
    }
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        let Some((label, after)) = rest.split_once(DASHES) else { break };
        if !is_label(label) {
            continue;
        }
        if found.len() == MOST_BLOCKS {
            return Err(Error::TooMany { limit: MOST_BLOCKS });
        }
        let cut = || Error::Cut { label: label.to_owned() };
        let (body, after) = after.split_once(&format!("-----END {label}{DASHES}")).ok_or_else(cut)?;
        if body.contains(DASHES) {
            // The next block begins in it.
            return Err(cut());
        }
        found.push(read(label, body)?);
        rest = after;
    }
    Ok(found)
}

fn is_label(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ')
}

fn read(label: &str, body: &str) -> Result<Block, Error> {
    let encrypted = body.contains("Proc-Type:") && body.contains("ENCRYPTED");
    // Headers have colons, base64 has none.
    let lines = body.lines().filter(|line| !line.contains(':'));
    let letters = lines.flat_map(str::bytes).filter(|byte| !byte.is_ascii_whitespace());
    let letters: Zeroizing<Vec<u8>> = Zeroizing::new(letters.collect());
    let der = if encrypted { Vec::new() } else { STANDARD.decode(letters.as_slice()).unwrap_or_default() };
    let der = Zeroizing::new(der);
    if der.is_empty() && !encrypted {
        return Err(Error::NotBase64 { label: label.to_owned() });
    }
    Ok(Block { label: label.to_owned(), der, encrypted })
}

/// A block as text, with lines of 64 letters.
pub(super) fn write(label: &str, der: &[u8]) -> String {
    let letters = STANDARD.encode(der);
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    for line in letters.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}{DASHES}\n"));
    text
}
