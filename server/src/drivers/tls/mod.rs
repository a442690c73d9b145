//! Certificates and handshakes: what a certificate says, whether a key belongs to it, and what is
//! really served. It believes nobody: whether browsers would is an answer of its own.

mod error;
mod pair;
mod pem;
mod x509;

pub use error::{CERTIFICATE_FIELD, Error, KEY_FIELD};
pub use pair::{Pair, facts, read_pair};
pub use pem::MOST_BYTES;
