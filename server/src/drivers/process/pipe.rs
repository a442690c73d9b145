//! A program whose output is read as it comes, so that no archive is ever held in memory.

use std::time::Duration;

use homeport_model::secret::Secret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::ChildStdout,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{Error, Running, read};

/// A running program's standard output.
pub struct Pipe {
    program: &'static str,
    running: Running,
    stdout: Option<ChildStdout>,
    stderr: Option<JoinHandle<String>>,
    feed: Option<JoinHandle<()>>,
    deadline: Instant,
    limit: Duration,
}

impl Pipe {
    pub(super) fn new(
        program: &'static str,
        mut running: Running,
        stdin: Vec<u8>,
        secrets: Vec<Secret<String>>,
        limit: Duration,
    ) -> Self {
        let (mut stdout, mut stderr, mut feed) = (None, None, None);
        if let Some(child) = running.child.as_mut() {
            stdout = child.stdout.take();
            if let Some(mut pipe) = child.stdin.take() {
                feed = Some(tokio::spawn(async move {
                    // A program that ends without reading its input is not a fault of ours.
                    let _ = pipe.write_all(&stdin).await;
                }));
            }
            if let Some(pipe) = child.stderr.take() {
                stderr = Some(tokio::spawn(async move {
                    read::lines(Some(pipe), 64 * 1024, &secrets, |_| {}).await.unwrap_or_default()
                }));
            }
        }
        Self { program, running, stdout, stderr, feed, deadline: Instant::now() + limit, limit }
    }

    /// Reads into `buffer`; zero bytes mean that the program has ended with exit code zero.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let Some(stdout) = self.stdout.as_mut() else { return Ok(0) };
        let read = timeout_at(self.deadline, stdout.read(buffer)).await;
        let read = read.map_err(|_| Error::TimedOut { program: self.program, limit_s: self.limit.as_secs() })?;
        let count = read.map_err(|source| Error::Io { program: self.program, source })?;
        if count == 0 {
            self.stdout = None;
            self.finish().await?;
        }
        Ok(count)
    }

    async fn finish(&mut self) -> Result<(), Error> {
        let Some(mut child) = self.running.child.take() else { return Ok(()) };
        let status = timeout_at(self.deadline, child.wait()).await;
        let status = status.map_err(|_| Error::TimedOut { program: self.program, limit_s: self.limit.as_secs() })?;
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
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if let Some(feed) = &self.feed {
            feed.abort();
        }
    }
}
