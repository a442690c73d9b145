//! git's protocol on a stream: packet lines in, bands out.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use homeport_model::pushes::{
    Command, Commands, Wants,
    pkt::{self, Band, Length},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, Sleep, sleep, timeout},
};

/// How long a client may say nothing while it is its turn, and how long it may not listen.
const SILENCE: Duration = Duration::from_secs(60);
/// All commands of a push together, in bytes.
const MOST_COMMAND_BYTES: usize = 512 * 1024;

/// A stream that ends with an error when nothing comes for a while.
pub(super) struct Patient<R> {
    inner: R,
    silence: Pin<Box<Sleep>>,
}

impl<R> Patient<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, silence: Box::pin(sleep(SILENCE)) }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Patient<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(done) = Pin::new(&mut self.inner).poll_read(context, buffer) {
            self.silence.as_mut().reset(Instant::now() + SILENCE);
            return Poll::Ready(done);
        }
        ready!(self.silence.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Reads the commands of a push up to their end.
///
/// # Errors
/// A sentence for whoever wrote the client.
pub(super) async fn read_commands(input: &mut (impl AsyncRead + Unpin)) -> Result<Commands, &'static str> {
    const ENDED: &str = "the commands ended too early";
    let (mut commands, mut room) = (Commands::default(), MOST_COMMAND_BYTES);
    let mut line = Vec::new();
    loop {
        let mut digits = [0; 4];
        input.read_exact(&mut digits).await.map_err(|_| ENDED)?;
        match pkt::length(digits).ok_or("a packet has no length")? {
            Length::Flush => return Ok(commands),
            Length::Line(length) => {
                room = room.checked_sub(length).ok_or("the commands are too long")?;
                line.resize(length, 0);
                input.read_exact(&mut line).await.map_err(|_| ENDED)?;
                commands.take(&line)?;
            }
        }
    }
}

/// Reads what is left, so that a client that is still sending hears the answer.
pub(super) async fn drain(input: &mut (impl AsyncRead + Unpin)) {
    let _ = tokio::io::copy(input, &mut tokio::io::sink()).await;
}

/// What the client hears. Once it is gone, nothing is said any more, and nothing fails.
pub(super) struct Speaker<W> {
    out: W,
    wants: Wants,
    gone: bool,
}

impl<W: AsyncWrite + Unpin> Speaker<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, wants: Wants::default(), gone: false }
    }

    pub(super) fn understands(&mut self, wants: Wants) {
        self.wants = wants;
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Lines that the person sees behind `remote:`.
    pub(super) async fn say(&mut self, text: &str) {
        if self.wants.bands {
            let mut bytes = Vec::new();
            pkt::band(&mut bytes, Band::Words, format!("{text}\n").as_bytes());
            self.send(&bytes).await;
        }
    }

    /// Nothing new; but the connection is used.
    pub(super) async fn still_here(&mut self) {
        if self.wants.bands {
            self.send(pkt::STILL_HERE).await;
        }
    }

    /// What a client that cannot be understood is told.
    pub(super) async fn give_up(&mut self, words: &str) {
        let mut bytes = Vec::new();
        pkt::line(&mut bytes, format!("ERR {words}").as_bytes());
        self.send(&bytes).await;
        self.close().await;
    }

    /// The last word on each reference: `Err` with the reason for those that stay as they are.
    pub(super) async fn report(&mut self, unpack: Result<(), String>, refs: &[(&Command, Result<(), String>)]) {
        let mut report = Vec::new();
        let one_line = |words: &str| words.replace(['\n', '\r', '\0'], " ").chars().take(300).collect::<String>();
        let unpack = unpack.err().map_or_else(|| "ok".to_owned(), |words| one_line(&words));
        pkt::line(&mut report, format!("unpack {unpack}\n").as_bytes());
        for (command, done) in refs {
            let line = match done {
                Ok(()) => format!("ok {}\n", command.name),
                Err(words) => format!("ng {} {}\n", command.name, one_line(words)),
            };
            pkt::line(&mut report, line.as_bytes());
        }
        report.extend_from_slice(pkt::FLUSH);
        let mut bytes = Vec::new();
        if !self.wants.report {
            // It does not want to know.
        } else if self.wants.bands {
            pkt::band(&mut bytes, Band::Data, &report);
        } else {
            bytes = report;
        }
        if self.wants.bands {
            bytes.extend_from_slice(pkt::FLUSH);
        }
        self.send(&bytes).await;
        self.close().await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        if self.gone {
            return;
        }
        let send = async {
            self.out.write_all(bytes).await?;
            self.out.flush().await
        };
        self.gone = !matches!(timeout(SILENCE, send).await, Ok(Ok(())));
    }

    async fn close(&mut self) {
        let _ = timeout(SILENCE, self.out.shutdown()).await;
    }
}
