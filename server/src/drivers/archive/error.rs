//! Why an archive is not taken, each in words of its own.

use std::io;

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was sent.
    #[error("the archive is empty")]
    Empty,
    /// It is none of the known kinds.
    #[error("the file is neither a tar, a tar.gz nor a zip archive")]
    UnknownKind,
    /// It ends before its content does, or its content does not add up.
    #[error("the archive is damaged: {0}")]
    Damaged(&'static str),
    /// It is larger than is taken.
    #[error("the archive is larger than {}", size(*limit_bytes))]
    UploadTooLarge {
        /// What is taken.
        limit_bytes: u64,
    },
    /// Its files together are larger than is taken.
    #[error("the archive's files are larger than {} together", size(*limit_bytes))]
    TooLarge {
        /// What is taken.
        limit_bytes: u64,
    },
    /// One file is larger than is taken.
    #[error("{path} is larger than {}", size(*limit_bytes))]
    FileTooLarge {
        /// The file.
        path: String,
        /// What is taken.
        limit_bytes: u64,
    },
    /// It has more files than are taken.
    #[error("the archive has more than {limit} files and folders")]
    TooManyFiles {
        /// What is taken.
        limit: usize,
    },
    /// Its content is suspiciously much larger than itself.
    #[error("the archive's content is more than {ratio} times as large as the archive")]
    Bomb {
        /// What is taken.
        ratio: u64,
    },
    /// A path begins at the root.
    #[error("{path} is an absolute path")]
    Absolute {
        /// The path.
        path: String,
    },
    /// A path leads upwards.
    #[error("{path} leads out of the archive")]
    Upwards {
        /// The path.
        path: String,
    },
    /// A path has a backslash, a control character or an empty part, or is not UTF-8.
    #[error("{path} is not a file's name: {why}")]
    BadName {
        /// The path, made printable.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A path has a part or a whole that is too long.
    #[error("{path}… is too long a name")]
    LongName {
        /// How it begins.
        path: String,
    },
    /// git's own folder is in it.
    #[error("{path} belongs to git itself")]
    GitsOwn {
        /// The path.
        path: String,
    },
    /// Two entries have one path.
    #[error("{path} is in the archive twice")]
    Twice {
        /// The path.
        path: String,
    },
    /// Two paths differ only in large and small letters.
    #[error("{path} and {other} differ only in large and small letters")]
    SameButCase {
        /// The one.
        path: String,
        /// The other.
        other: String,
    },
    /// A path is a file's and a folder's.
    #[error("{path} is both a file and a folder")]
    FileAndFolder {
        /// The path.
        path: String,
    },
    /// An entry is neither a file nor a folder.
    #[error("{path} is {what}; an archive may have files and folders only")]
    Special {
        /// The path.
        path: String,
        /// What it is: "a symbolic link".
        what: &'static str,
    },
    /// A file would run with its owner's rights.
    #[error("{path} would run with its owner's rights (setuid or setgid)")]
    SetUser {
        /// The path.
        path: String,
    },
    /// Two places of the archive give one file different sizes.
    #[error("{path} has two different sizes in the archive")]
    TwoSizes {
        /// The path.
        path: String,
    },
    /// A file is encrypted.
    #[error("{path} is encrypted")]
    Encrypted {
        /// The path.
        path: String,
    },
    /// A file is packed in a way that is not known.
    #[error("{path} is packed in a way that is not known ({method})")]
    Method {
        /// The path.
        path: String,
        /// Its number.
        method: u16,
    },
    /// There is no file in it.
    #[error("the archive has no files")]
    NoFiles,
    /// Reading or writing failed for a reason of this server.
    #[error("the archive could not be kept")]
    Files(#[from] io::Error),
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

impl Error {
    /// From reading an archive's own bytes: what does not unpack is the archive's fault.
    pub(super) fn reading(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it ends too early"),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other => {
                Self::Damaged("its content does not unpack")
            }
            _ => Self::Files(error),
        }
    }
}
