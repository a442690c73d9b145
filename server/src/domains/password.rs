//! Hashes of visitors' passwords, in the only strong form that nginx's crypt() has everywhere:
//! SHA-512 by Ulrich Drepper's specification (`$6$`).

use homeport_model::{id::AppId, secret::Secret};
use sha_crypt::{Sha512Params, sha512_crypt_b64};

use crate::{ambient, failure::Failure};

/// nginx asks crypt() for every request, so this is what crypt() itself takes: some milliseconds.
const ROUNDS: usize = 5_000;
const SALT_ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a hash is sealed for.
pub(super) fn context(app: &AppId) -> String {
    format!("app/{app}/visitor-password")
}

/// The hash of a password with a salt of its own.
pub(super) fn hash(password: &Secret<String>) -> Result<Secret<String>, Failure> {
    let salt: String =
        ambient::random_bytes::<16>().iter().map(|byte| char::from(SALT_ALPHABET[usize::from(byte % 64)])).collect();
    salted(password.expose(), &salt).map(Secret::new)
}

fn salted(password: &str, salt: &str) -> Result<String, Failure> {
    let wrong = |error: &dyn std::fmt::Debug| Failure::internal(format!("a password could not be hashed: {error:?}"));
    let params = Sha512Params::new(ROUNDS).map_err(|error| wrong(&error))?;
    let digest = sha512_crypt_b64(password.as_bytes(), salt.as_bytes(), &params).map_err(|error| wrong(&error))?;
    Ok(format!("$6${salt}${digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_as_the_specification_has_it() {
        let expected =
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        assert_eq!(salted("Hello world!", "saltstring").expect("hashed"), expected);
        let (one, other) = (Secret::new("same".to_owned()), Secret::new("same".to_owned()));
        assert_ne!(hash(&one).expect("hashed").expose(), hash(&other).expect("hashed").expose());
    }
}
