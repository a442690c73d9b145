//! The store: one SQLite file, one writer, several readers.
//!
//! `sqlx` is spoken here and in the `store.rs` files only.

mod error;
mod pool;
mod start;

pub use error::Error;
pub use pool::{Conn, Db, Readers, Tx, read_only};

/// A store's answer.
pub type Result<T> = std::result::Result<T, Error>;
