//! git's packet lines: four hexadecimal digits of length, themselves counted, and then the bytes.

/// The longest packet, its length's digits included.
pub const MOST_BYTES: usize = 65_520;
/// The most that fits into a packet of a band.
pub const MOST_BAND_BYTES: usize = MOST_BYTES - 5;
/// Ends a list.
pub const FLUSH: &[u8] = b"0000";
/// An empty packet of the first band: nothing, said so that nobody thinks that the other is gone.
pub const STILL_HERE: &[u8] = b"0005\x01";

/// What four digits announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// The end of a list.
    Flush,
    /// So many bytes follow.
    Line(usize),
}

/// Reads the four digits; `None` for what no client of git says.
#[must_use]
pub fn length(digits: [u8; 4]) -> Option<Length> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    match usize::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()? {
        0 => Some(Length::Flush),
        length @ 5..=MOST_BYTES => Some(Length::Line(length - 4)),
        _ => None,
    }
}

/// Adds a packet of `bytes`, which are at most [`MOST_BYTES`] less four.
pub fn line(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend_from_slice(format!("{:04x}", bytes.len() + 4).as_bytes());
    into.extend_from_slice(bytes);
}

/// Adds packets of a band with `bytes`, as many as they need.
pub fn band(into: &mut Vec<u8>, band: Band, bytes: &[u8]) {
    for piece in bytes.chunks(MOST_BAND_BYTES) {
        into.extend_from_slice(format!("{:04x}", piece.len() + 5).as_bytes());
        into.push(band as u8);
        into.extend_from_slice(piece);
    }
}

/// Which band a packet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Band {
    /// What the client works with.
    Data = 1,
    /// What the client shows behind `remote:`.
    Words = 2,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_four_digits_of_something() {
        assert_eq!(length(*b"0000"), Some(Length::Flush));
        assert_eq!(length(*b"0005"), Some(Length::Line(1)));
        assert_eq!(length(*b"FFF0"), Some(Length::Line(65_516)));
        for wrong in [b"0001", b"0002", b"0003", b"0004", b"fff1", b"ffff", b"00g0", b"+005", b" 005", b"\0\0\0\0"] {
            assert_eq!(length(*wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn long_texts_take_several_packets() {
        let (mut one, mut many) = (Vec::new(), Vec::new());
        line(&mut one, b"ok\n");
        assert_eq!(one, b"0007ok\n");
        band(&mut many, Band::Words, &vec![b'x'; MOST_BAND_BYTES + 1]);
        assert!(many.starts_with(b"fff0\x02x"));
        assert!(many.ends_with(b"0006\x02x"));
    }
}
