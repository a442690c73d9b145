//! This host's files and processes, for the drivers beside it.

pub mod addresses;
pub mod fsroot;
pub mod memory_file;
pub mod procfs;
pub mod supervisor;
pub mod tar_stream;
pub mod users;
