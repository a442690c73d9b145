//! One connection that writes, several that read.

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    time::Duration,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Error, Result, start};
use crate::state::{Refusal, StateFolder};

/// A connection, as `store.rs` functions take it.
pub type Conn = SqliteConnection;
/// The reading connections, as `store.rs` functions take them.
pub type Readers = SqlitePool;

/// The write transaction; it rolls back when dropped. It stands for a [`Conn`] wherever one is
/// wanted.
#[derive(Debug)]
pub struct Tx(sqlx::Transaction<'static, sqlx::Sqlite>);

impl Tx {
    /// Makes it last.
    ///
    /// # Errors
    /// [`Error`] of the engine; then nothing has changed.
    pub async fn commit(self) -> Result<()> {
        Ok(self.0.commit().await?)
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(5);

tokio::task_local! {
    static READ_ONLY: ();
}

/// Runs `work` so that [`Db::write`] refuses inside of it: what a GET handler gets.
pub async fn read_only<F: Future>(work: F) -> F::Output {
    READ_ONLY.scope((), work).await
}

/// The open database.
#[derive(Debug, Clone)]
pub struct Db {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Db {
    /// Opens the state folder's database: migrated, checked, and the one that belongs to it.
    ///
    /// # Errors
    /// [`Refusal`] when it is missing, damaged, foreign, or newer than this program.
    pub async fn open(state: &StateFolder) -> std::result::Result<(Self, crate::seal::Sealer), Refusal> {
        start::open(state).await
    }

    /// Opens the connections to a database that is ready.
    pub(super) async fn connect(path: &Path) -> sqlx::Result<Self> {
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(2 * BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options(path))
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(2 * BUSY)
            .connect_with(options(path).read_only(true).create_if_missing(false))
            .await?;
        Ok(Self { writer, readers })
    }

    /// The connections that only read; SQLite itself refuses a write on them.
    #[must_use]
    pub fn reader(&self) -> &Readers {
        &self.readers
    }

    /// Begins the one write transaction (`BEGIN IMMEDIATE`). Keep it for milliseconds, await no
    /// engine while it is open, and end it with `commit().await?`.
    ///
    /// # Errors
    /// [`Error::Busy`] when another writer does not finish; [`Error::ReadOnly`] in a GET handler.
    pub async fn write(&self) -> Result<Tx> {
        if READ_ONLY.try_with(|()| ()).is_ok() {
            return Err(Error::ReadOnly);
        }
        Ok(Tx(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// Folds the log back into the file; for idle moments.
    ///
    /// # Errors
    /// [`Error`] of the engine.
    pub async fn checkpoint(&self) -> Result<()> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// How every connection is set up (security.md, 4.1).
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("journal_size_limit", "67108864")
        .pragma("mmap_size", "0")
        .pragma("temp_store", "MEMORY")
}
