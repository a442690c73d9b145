//! The one place that starts programs.
//!
//! A program comes from a fixed set with absolute paths; its environment starts empty, its
//! arguments are a vector, and it has a time and an output limit. Its process group dies with the
//! value that owns it. There is no shell (security.md, C-01 and C-02).

mod pipe;
mod read;
mod talk;

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use homeport_model::secret::Secret;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

pub use pipe::Pipe;
pub use talk::Talk;

/// How much glibc's allocator keeps of what is given back. By itself it learns from large blocks, as
/// those in which recovery codes are hashed, to keep such blocks: 157 MiB were kept after a claim. A
/// fixed threshold returns large blocks at once, and two arenas bound what many threads may hoard.
const ALLOCATOR: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_ARENA_MAX", "2")];

/// Starts this program anew in its own place, with the allocator's policy in its environment, which
/// is read only at the start. Does nothing where the policy is set, or where that does not work: it
/// costs memory, no more.
#[expect(clippy::disallowed_methods, reason = "this is the one place that starts programs")]
pub fn settle_allocator() {
    if ALLOCATOR.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut anew = std::process::Command::new(program);
    // Comes back only when it did not work.
    let _ = anew.args(std::env::args_os().skip(1)).envs(ALLOCATOR).exec();
}

/// The programs that Homeport may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Fetches and reads repositories.
    Git,
    /// Serves the sites.
    Nginx,
    /// Switches a virtual address to a container.
    Nft,
    /// Routes the virtual range to the bridge.
    Ip,
}

impl Program {
    /// The program's everyday name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Nginx => "nginx",
            Self::Nft => "nft",
            Self::Ip => "ip",
        }
    }

    const fn candidates(self) -> &'static [&'static str] {
        match self {
            Self::Git => &["/usr/bin/git", "/usr/local/bin/git"],
            Self::Nginx => &["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/nginx/sbin/nginx"],
            Self::Nft => &["/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft"],
            Self::Ip => &["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"],
        }
    }

    /// Where the program is on this host, if it is.
    #[must_use]
    pub fn find(self) -> Option<&'static Path> {
        self.candidates()
            .iter()
            .map(Path::new)
            .find(|path| rustix::fs::access(*path, rustix::fs::Access::EXEC_OK).is_ok())
    }
}

/// Why a program gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the known places has it.
    #[error("{0} is not installed")]
    Missing(&'static str),
    /// It could not be started.
    #[error("{program} could not be started")]
    Start {
        /// Its name.
        program: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ran longer than it may; its process group was killed.
    #[error("{program} did not finish within {limit_s} s")]
    TimedOut {
        /// Its name.
        program: &'static str,
        /// What it was allowed.
        limit_s: u64,
    },
    /// It wrote more than it may; its process group was killed.
    #[error("{program} wrote more than {limit_bytes} bytes")]
    TooMuchOutput {
        /// Its name.
        program: &'static str,
        /// What it was allowed.
        limit_bytes: usize,
    },
    /// It ended with a code other than zero, or by a signal.
    #[error("{program} failed ({status}): {stderr}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The end of its error output, secrets removed.
        stderr: String,
    },
    /// Talking to it failed.
    #[error("lost contact with {program}")]
    Io {
        /// Its name.
        program: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What a program that ended with zero had to say.
#[derive(Debug)]
pub struct Output {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its error output, as text, secrets removed.
    pub stderr: String,
}

/// A program with its arguments, ready to run.
pub struct Invocation {
    program: Program,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
    stdin_file: Option<File>,
    limit: Duration,
    limit_bytes: usize,
    user: Option<(u32, u32)>,
    secrets: Vec<Secret<String>>,
}

impl Invocation {
    /// `program` without arguments; 30 s and 1 MiB of output unless told otherwise.
    #[must_use]
    pub fn new(program: Program) -> Self {
        Self {
            program,
            args: Vec::new(),
            env: Vec::new(),
            folder: None,
            stdin: Vec::new(),
            stdin_file: None,
            limit: Duration::from_secs(30),
            limit_bytes: 1 << 20,
            user: None,
            secrets: Vec::new(),
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable; nothing else is inherited.
    #[must_use]
    pub fn env(mut self, key: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((key, value.into()));
        self
    }

    /// Runs in `folder`.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Feeds `bytes` to its standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Lets it read `file`, from where that stands, as its standard input.
    #[must_use]
    pub fn stdin_file(mut self, file: File) -> Self {
        self.stdin_file = Some(file);
        self
    }

    /// Kills it after `limit`.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Kills it when one of its outputs is longer than `bytes`.
    #[must_use]
    pub fn limit_bytes(mut self, bytes: usize) -> Self {
        self.limit_bytes = bytes;
        self
    }

    /// Runs as another user and group, without further groups.
    #[must_use]
    pub fn run_as(mut self, user: Option<(u32, u32)>) -> Self {
        self.user = user;
        self
    }

    /// Removes `secret` from everything that is reported.
    #[must_use]
    pub fn secret(mut self, secret: Secret<String>) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Runs to the end; anything but exit code zero is an error.
    pub async fn run(self) -> Result<Output, Error> {
        self.run_with(|_| {}).await
    }

    /// Like [`run`](Self::run), and hands over each line of the error output as it comes; a
    /// carriage return ends a line too, as in git's progress.
    pub async fn run_with(mut self, on_line: impl FnMut(&str)) -> Result<Output, Error> {
        let name = self.program.name();
        let (limit, limit_bytes) = (self.limit, self.limit_bytes);
        let mut running = self.start()?;
        let mut child = running.child.take().ok_or(Error::Missing(name))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let input = std::mem::take(&mut self.stdin);
        let secrets = std::mem::take(&mut self.secrets);
        let io = |source| Error::Io { program: name, source };
        let work = async {
            let feed = async {
                if let Some(mut stdin) = stdin {
                    // A program that ends without reading its input is not a fault of ours.
                    let _ = stdin.write_all(&input).await;
                }
                Ok(())
            };
            let out = read::all(stdout, limit_bytes);
            let err = read::lines(stderr, limit_bytes, &secrets, on_line);
            let ((), stdout, stderr) = tokio::try_join!(feed, out, err).map_err(|e| match e {
                read::Stop::TooMuch => Error::TooMuchOutput { program: name, limit_bytes },
                read::Stop::Io(source) => io(source),
            })?;
            let status = child.wait().await.map_err(io)?;
            Ok((status, stdout, stderr))
        };
        let done = timeout(limit, work).await;
        let (status, stdout, stderr) =
            done.map_err(|_| Error::TimedOut { program: name, limit_s: limit.as_secs() })??;
        running.group = None;
        if status.success() {
            Ok(Output { stdout, stderr })
        } else {
            Err(Error::Failed { program: name, status, stderr: read::tail(&stderr) })
        }
    }

    /// Starts it and hands over its standard output piece by piece.
    pub fn pipe(self) -> Result<Pipe, Error> {
        let running = self.start()?;
        Ok(Pipe::new(self.program.name(), running, self.stdin, self.secrets, self.limit))
    }

    /// Starts it with its input and its output open; what [`stdin`](Self::stdin) says is not sent.
    pub fn talk(self) -> Result<Talk, Error> {
        let running = self.start()?;
        Ok(Talk::new(self.program.name(), running, self.secrets, self.limit))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts programs")]
    fn start(&self) -> Result<Running, Error> {
        let name = self.program.name();
        let path = self.program.find().ok_or(Error::Missing(name))?;
        let mut command = Command::new(path);
        command.args(&self.args).env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        let stdin = match &self.stdin_file {
            Some(file) => Stdio::from(file.try_clone().map_err(|source| Error::Start { program: name, source })?),
            None => Stdio::piped(),
        };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let child = command.spawn().map_err(|source| Error::Start { program: name, source })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Running { child: Some(child), group })
    }
}

/// A started program whose whole process group is killed when this value goes away.
struct Running {
    child: Option<Child>,
    group: Option<Pid>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
