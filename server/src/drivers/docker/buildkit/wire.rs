//! As much of protobuf as BuildKit's messages need: fields of varints and of bytes.

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number or a truth.
    Number(u64),
    /// Text, bytes, or a message in the message.
    Bytes(&'a [u8]),
}

/// The fields of a message, in their order; what is not understood ends them.
pub(super) fn fields(mut rest: &[u8]) -> impl Iterator<Item = (u64, Value<'_>)> {
    std::iter::from_fn(move || {
        let key = number(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Number(number(&mut rest)?),
            1 => Value::Bytes(bytes(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(number(&mut rest)?).ok()?;
                Value::Bytes(bytes(&mut rest, length)?)
            }
            5 => Value::Bytes(bytes(&mut rest, 4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    })
}

/// A message of one field of bytes.
pub(super) fn message(field: u8, content: &[u8]) -> Vec<u8> {
    let mut made = vec![field << 3 | 2];
    let mut length = content.len();
    while length > 0x7f {
        made.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    made.push((length & 0x7f) as u8);
    made.extend_from_slice(content);
    made
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn bytes<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (value, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 300, 70_000] {
            let content = vec![7; length];
            let made = message(1, &content);
            assert_eq!(fields(&made).collect::<Vec<_>>(), [(1, Value::Bytes(&content))], "{length}");
        }
        // Field 4 is the truth of a protobuf boolean, field 1 a text.
        let both = [0x20, 0x01, 0x0a, 0x02, b'h', b'i'];
        assert_eq!(fields(&both).collect::<Vec<_>>(), [(4, Value::Number(1)), (1, Value::Bytes(b"hi"))]);
    }

    #[test]
    fn what_is_broken_ends_quietly() {
        for broken in [&[0x0a, 0x05, b'h'][..], &[0x0a], &[0xff; 20], &[0x0b, 0x01], &[0x0a, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(fields(broken).count(), 0, "{broken:?}");
        }
    }
}
