//! A program that is spoken to while it speaks: its input is written and its output read as it comes.

use std::time::Duration;

use homeport_model::secret::Secret;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy},
    process::{ChildStdin, ChildStdout},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{Error, Running, read};

/// A running program, with its input and output open.
pub struct Talk {
    program: &'static str,
    running: Running,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<JoinHandle<String>>,
    deadline: Instant,
    limit: Duration,
}

impl Talk {
    pub(super) fn new(
        program: &'static str,
        mut running: Running,
        secrets: Vec<Secret<String>>,
        limit: Duration,
    ) -> Self {
        let (mut stdin, mut stdout, mut stderr) = (None, None, None);
        if let Some(child) = running.child.as_mut() {
            (stdin, stdout) = (child.stdin.take(), child.stdout.take());
            stderr = child.stderr.take().map(|pipe| {
                tokio::spawn(
                    async move { read::lines(Some(pipe), 64 * 1024, &secrets, |_| {}).await.unwrap_or_default() },
                )
            });
        }
        Self { program, running, stdin, stdout, stderr, deadline: Instant::now() + limit, limit }
    }

    /// Writes `bytes`; says whether the program still reads.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        let Some(stdin) = self.stdin.as_mut() else { return Ok(false) };
        let wrote = timeout_at(self.deadline, stdin.write_all(bytes)).await;
        // A program that ends without reading its input says why itself.
        Ok(wrote.map_err(|_| self.late())?.is_ok())
    }

    /// Passes `input` in and what comes out to `output` until the program ends. A side that breaks
    /// ends it.
    pub async fn pass(
        mut self,
        mut input: impl AsyncRead + Unpin,
        mut output: impl AsyncWrite + Unpin,
    ) -> Result<(), Error> {
        let (Some(mut stdin), Some(mut stdout)) = (self.stdin.take(), self.stdout.take()) else { return Ok(()) };
        let late = self.late();
        let feed = async {
            // The program may end before all is read.
            let _ = copy(&mut input, &mut stdin).await;
            drop(stdin);
            std::future::pending::<()>().await;
        };
        let drain = copy(&mut stdout, &mut output);
        let done = async {
            tokio::select! {
                () = feed => Ok(0),
                done = drain => done,
            }
        };
        let done = timeout_at(self.deadline, done).await.map_err(|_| late)?;
        done.map_err(|source| Error::Io { program: self.program, source })?;
        self.finish().await
    }

    /// Says that no more comes in, and waits for the end; anything but exit code zero is an error.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.stdin = None;
        let late = self.late();
        let rest = self.stdout.take();
        let Some(mut child) = self.running.child.take() else { return Ok(()) };
        let end = async {
            let _ = read::all(rest, 1 << 20).await;
            child.wait().await
        };
        let status = timeout_at(self.deadline, end).await.map_err(|_| late)?;
        let status = status.map_err(|source| Error::Io { program: self.program, source })?;
        self.running.group = None;
        if status.success() {
            return Ok(());
        }
        let stderr = match self.stderr.take() {
            Some(task) => task.await.unwrap_or_default(),
            None => String::new(),
        };
        Err(Error::Failed { program: self.program, status, stderr: read::tail(&stderr) })
    }

    fn late(&self) -> Error {
        Error::TimedOut { program: self.program, limit_s: self.limit.as_secs() }
    }
}
