//! Certificates and handshakes: what a certificate says, whether a key belongs to it, and what is
//! really served. It believes nobody: whether browsers would is an answer of its own.

mod error;
mod handshake;
mod made;
mod pair;
mod pem;
mod trust;
mod x509;

pub use error::{CERTIFICATE_FIELD, Error, KEY_FIELD};
pub use handshake::{Asked, ask_secure, look_plain, look_secure};
pub use made::self_signed;
pub use pair::{Pair, facts, read_pair};
pub use pem::MOST_BYTES;
