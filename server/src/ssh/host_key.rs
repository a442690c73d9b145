//! The SSH server's own key: made once, kept in the state folder, so that clients meet the same
//! server after every start.

use std::io;

use russh::keys::{
    PrivateKey,
    ssh_key::{LineEnding, private::Ed25519Keypair},
};

use crate::{ambient, drivers::system::fsroot::FsRoot};

/// Its file in the state folder, as OpenSSH names and writes it.
const FILE: &str = "ssh_host_ed25519_key";
/// More than any such file has, in bytes.
const LIMIT: u64 = 8 * 1024;

/// Reads the key, or makes it where there is none. One that is there and cannot be read is left
/// alone: another key would frighten every client.
///
/// # Errors
/// A sentence for the person.
pub(super) fn load(state: &FsRoot) -> Result<PrivateKey, String> {
    match state.read(FILE, LIMIT) {
        Ok(bytes) => PrivateKey::from_openssh(&bytes)
            .map_err(|error| format!("The host key {FILE} in the state folder cannot be read: {error}.")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(state).map_err(|error| format!("The host key {FILE} cannot be written: {error}."))
        }
        Err(error) => Err(format!("The host key {FILE} in the state folder cannot be read: {error}.")),
    }
}

fn make(state: &FsRoot) -> io::Result<PrivateKey> {
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&ambient::random_bytes()));
    let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    state.write(FILE, text.as_bytes(), 0o600)?;
    Ok(key)
}
