//! Reads what a program says, with limits and without its secrets.

use std::io;

use homeport_model::secret::Secret;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much of an error output is quoted when a program fails.
const TAIL_BYTES: usize = 4096;

/// Why reading stopped early.
pub(super) enum Stop {
    /// The limit was reached.
    TooMuch,
    /// The pipe broke.
    Io(io::Error),
}

/// Reads everything, up to `limit` bytes.
pub(super) async fn all(from: Option<impl AsyncRead + Unpin>, limit: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let Some(mut from) = from else { return Ok(bytes) };
    let mut piece = vec![0; 16 * 1024];
    loop {
        match from.read(&mut piece).await.map_err(Stop::Io)? {
            0 => return Ok(bytes),
            count if bytes.len() + count > limit => return Err(Stop::TooMuch),
            count => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

/// Reads lines, hands each over and returns the last `limit` bytes of them.
pub(super) async fn lines(
    from: Option<impl AsyncRead + Unpin>,
    limit: usize,
    secrets: &[Secret<String>],
    mut on_line: impl FnMut(&str),
) -> Result<String, Stop> {
    let mut text = String::new();
    let Some(mut from) = from else { return Ok(text) };
    let mut line = Vec::new();
    let mut piece = vec![0; 4096];
    loop {
        let count = from.read(&mut piece).await.map_err(Stop::Io)?;
        for &byte in &piece[..count] {
            if byte != b'\n' && byte != b'\r' && line.len() < limit {
                line.push(byte);
                continue;
            }
            take_line(&mut line, &mut text, limit, secrets, &mut on_line);
        }
        if count == 0 {
            take_line(&mut line, &mut text, limit, secrets, &mut on_line);
            return Ok(text);
        }
    }
}

fn take_line(
    line: &mut Vec<u8>,
    text: &mut String,
    limit: usize,
    secrets: &[Secret<String>],
    on_line: &mut impl FnMut(&str),
) {
    if line.is_empty() {
        return;
    }
    let words = redact(&String::from_utf8_lossy(line), secrets);
    on_line(&words);
    if text.len() + words.len() > limit {
        let cut = text.ceil_char_boundary(text.len() / 2);
        text.drain(..cut);
    }
    text.push_str(&words);
    text.push('\n');
    line.clear();
}

/// `text` with every secret replaced.
pub(super) fn redact(text: &str, secrets: &[Secret<String>]) -> String {
    secrets
        .iter()
        .filter(|secret| !secret.expose().is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret.expose().as_str(), "[secret]"))
}

/// The end of `text`, short enough for an error.
pub(super) fn tail(text: &str) -> String {
    let text = text.trim_end();
    let from = text.ceil_char_boundary(text.len().saturating_sub(TAIL_BYTES));
    text[from..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced() {
        let secrets = [Secret::new("hunter2".to_owned()), Secret::new(String::new())];
        assert_eq!(redact("https://me:hunter2@host", &secrets), "https://me:[secret]@host");
    }

    #[test]
    fn the_tail_keeps_whole_characters() {
        let text = "é".repeat(5000);
        assert!(tail(&text).len() <= TAIL_BYTES);
    }
}
