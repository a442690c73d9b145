//! What can go wrong in the store, in words that a service can act on.

use homeport_model::problem::{Code, Problem};

/// A failed statement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A constraint said no. The text is SQLite's name for it: `apps.name` for a unique column, the
    /// constraint's own name for a `CHECK`, `FOREIGN KEY` for a missing parent.
    #[error("constraint failed: {0}")]
    Constraint(String),
    /// Another connection held the database for too long.
    #[error("the database is busy")]
    Busy,
    /// There is no room on the disk.
    #[error("the disk is full")]
    Full,
    /// A request that may only read tried to write: a bug in a handler.
    #[error("a reading request tried to write")]
    ReadOnly,
    /// A row holds what its type does not allow.
    #[error("{table}.{column} of {id} is not readable: {cause}")]
    BadRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
        /// What its parser said.
        cause: String,
    },
    /// Anything else.
    #[error("the database failed")]
    Other(#[source] sqlx::Error),
}

impl Error {
    /// The constraint that said no, if one did.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint(name) => Some(name),
            _ => None,
        }
    }

    /// This error as `problem` when the constraint `name` said no, and as an internal one otherwise.
    #[must_use]
    pub fn on(self, name: &str, problem: Problem) -> crate::failure::Failure {
        if self.constraint() == Some(name) { problem.into() } else { self.into() }
    }

    /// What the person is told where that does not depend on the statement.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::Busy => Some(Problem::new(Code::Unavailable, "The database is busy.").hint("Try again in a moment.")),
            Self::Full => Some(
                Problem::new(Code::Unavailable, "The disk is full, so nothing can be changed.")
                    .hint("Free some space on the server; Homeport goes on by itself."),
            ),
            _ => None,
        }
    }

    /// A row that does not parse.
    pub fn bad_row(table: &'static str, column: &'static str, id: impl ToString, cause: impl ToString) -> Self {
        Self::BadRow { table, column, id: id.to_string(), cause: cause.to_string() }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        let Some(engine) = error.as_database_error() else {
            return Self::Other(error);
        };
        // The primary result code is the low byte of the extended one.
        let primary = engine.code().and_then(|code| code.parse::<i32>().ok()).map_or(0, |code| code & 0xff);
        match primary {
            5 | 6 => Self::Busy,
            13 => Self::Full,
            19 => Self::Constraint(constraint_name(engine.message())),
            _ => Self::Other(error),
        }
    }
}

/// `UNIQUE constraint failed: apps.name` → `apps.name`.
fn constraint_name(message: &str) -> String {
    match message.split_once(" constraint failed") {
        Some((kind, rest)) => rest.strip_prefix(": ").map_or_else(|| kind.to_owned(), str::to_owned),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::constraint_name;

    #[test]
    fn constraints_are_named() {
        assert_eq!(constraint_name("UNIQUE constraint failed: apps.name"), "apps.name");
        assert_eq!(constraint_name("CHECK constraint failed: apps_name_shape"), "apps_name_shape");
        assert_eq!(constraint_name("FOREIGN KEY constraint failed"), "FOREIGN KEY");
    }
}
