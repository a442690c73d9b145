//! Unpacks a stream that git's clients may have packed, piece by piece.

use std::io::{self, Write};

use axum::body::Bytes;
use flate2::write::GzDecoder;
use futures_util::{Stream, StreamExt, stream::BoxStream};

/// What a packed body may become, in bytes: questions of a fetch, not packs.
const MOST_BYTES: usize = 64 << 20;

/// The pieces as they come, or unpacked when `packed`.
pub(super) fn maybe(
    pieces: BoxStream<'static, io::Result<Bytes>>,
    packed: bool,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin {
    if !packed {
        return pieces;
    }
    let mut unpacker = GzDecoder::new(Vec::new());
    let mut room = MOST_BYTES;
    pieces
        .map(move |piece| {
            let piece = piece?;
            let mut out = Vec::new();
            // Small bites: a few bytes may become a thousand times as many.
            for bite in piece.chunks(4 * 1024) {
                unpacker.write_all(bite)?;
                unpacker.flush()?;
                let come = std::mem::take(unpacker.get_mut());
                room = room.checked_sub(come.len()).ok_or_else(|| io::Error::other("it unpacks to too much"))?;
                out.extend(come);
            }
            Ok(Bytes::from(out))
        })
        .filter(|piece| std::future::ready(!piece.as_ref().is_ok_and(Bytes::is_empty)))
        .boxed()
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use futures_util::TryStreamExt;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).expect("packed");
        packer.finish().expect("packed")
    }

    async fn unpack(bytes: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let pieces: Vec<_> = bytes.chunks(step).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let pieces = maybe(futures_util::stream::iter(pieces).boxed(), true);
        Ok(pieces.try_collect::<Vec<_>>().await?.concat())
    }

    #[tokio::test]
    async fn what_was_packed_comes_out_whole() {
        let text = b"0032want 0123\n".repeat(5_000);
        for step in [1, 7, 100_000] {
            assert_eq!(unpack(&packed(&text), step).await.expect("unpacked"), text);
        }
    }

    #[tokio::test]
    async fn a_bomb_and_what_is_not_packed_are_refused() {
        let bomb = packed(&vec![0; MOST_BYTES + 1]);
        assert!(bomb.len() < 100_000);
        assert!(unpack(&bomb, 4_096).await.is_err());
        assert!(unpack(b"not packed at all", 100).await.is_err());
    }
}
