//! Text that others wrote (logs, commit messages), made safe to show.

/// The longest line that is kept, in bytes.
pub const MOST_LINE_BYTES: usize = 16 * 1024;

/// A line without terminal escapes and control characters. A carriage return overwrites what stood
/// before it, as a progress bar means it; characters that turn the direction of writing become
/// visible (security.md, C-27). Cut at [`MOST_LINE_BYTES`].
#[must_use]
pub fn clean_line(raw: &str) -> String {
    clean_line_with(raw, |_, _| {})
}

/// The same, and each `ESC [ … m` (SGR, ECMA-48 8.3.117) is told with its parameters and the number
/// of bytes that stand before it. A backspace may take some of those away again.
pub(crate) fn clean_line_with(raw: &str, mut on_graphics: impl FnMut(&str, usize)) -> String {
    let raw = raw.trim_end_matches(['\n', '\r']);
    let raw = raw.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or(raw);
    let mut clean = String::with_capacity(raw.len().min(MOST_LINE_BYTES));
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if clean.len() >= MOST_LINE_BYTES {
            clean.push_str(" … (cut)");
            break;
        }
        match c {
            '\u{1b}' => {
                if let Some(graphics) = skip_escape(&mut chars) {
                    on_graphics(&graphics, clean.len());
                }
            }
            '\u{9b}' => {
                if let Some(graphics) = skip_csi(&mut chars) {
                    on_graphics(&graphics, clean.len());
                }
            }
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut chars),
            '\t' => clean.push('\t'),
            '\u{8}' => {
                clean.pop();
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
                clean.push_str(&format!("<U+{:04X}>", u32::from(c)));
            }
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Base64 (RFC 4648): with `+`, `/` and padding, or for addresses with `-`, `_` and none.
#[must_use]
pub fn base64(bytes: &[u8], for_addresses: bool) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letter = |six: usize| match (LETTERS.get(six), six, for_addresses) {
        (Some(letter), ..) => char::from(*letter),
        (None, 62, true) => '-',
        (None, 62, false) => '+',
        (None, _, true) => '_',
        (None, _, false) => '/',
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |index: usize| usize::from(group.get(index).copied().unwrap_or(0));
        let bits = (at(0) << 16) | (at(1) << 8) | at(2);
        for index in 0..4 {
            if index <= group.len() {
                text.push(letter((bits >> (18 - 6 * index)) & 63));
            } else if !for_addresses {
                text.push('=');
            }
        }
    }
    text
}

/// The bytes of Base64 with `+` and `/`, with or without its padding; none where it is not Base64.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=');
    if text.len() - letters.len() > 2 || letters.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3 + 2);
    for group in letters.as_bytes().chunks(4) {
        let mut bits: u32 = 0;
        for index in 0..4 {
            let six = match group.get(index).copied().unwrap_or(b'A') {
                letter @ b'A'..=b'Z' => letter - b'A',
                letter @ b'a'..=b'z' => letter - b'a' + 26,
                letter @ b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = (bits << 6) | u32::from(six);
        }
        let [_, whole @ ..] = bits.to_be_bytes();
        bytes.extend(whole.iter().take(group.len() - 1));
    }
    Some(bytes)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Takes an escape sequence away; what an SGR one said.
fn skip_escape(chars: &mut Chars<'_>) -> Option<String> {
    match chars.next() {
        Some('[') => return skip_csi(chars),
        // OSC, DCS, SOS, PM, APC: up to BEL or the string terminator.
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(chars),
        // Intermediate bytes, then one final byte.
        Some(' '..='/') => {
            while matches!(chars.peek(), Some(' '..='/')) {
                chars.next();
            }
            chars.next();
        }
        _ => {}
    }
    None
}

/// The longest list of SGR parameters that is read, in bytes.
const MOST_PARAMETERS: usize = 64;

/// Takes a control sequence away; its parameters where it is a plain SGR one.
fn skip_csi(chars: &mut Chars<'_>) -> Option<String> {
    let mut parameters = String::new();
    for c in chars.by_ref() {
        match c {
            'm' if parameters.len() <= MOST_PARAMETERS
                && parameters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) =>
            {
                return Some(parameters);
            }
            '@'..='~' => break,
            c if parameters.len() <= MOST_PARAMETERS => parameters.push(c),
            _ => {}
        }
    }
    None
}

fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{7}' | '\u{9c}' => break,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                break;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_go_and_text_stays() {
        for (raw, clean) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]52;c;aGk=\u{7}after", "after"),
            ("\u{1b}]8;;javascript:x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jx", "x"),
            ("\u{1b}Pdcs\u{9c}x", "x"),
            ("10%\r20%\r100%", "100%"),
            ("tail\r\n", "tail"),
            ("a\u{8}b", "b"),
            ("a\u{202e}b", "a<U+202E>b"),
            ("\u{1b}(Bx", "x"),
            ("\u{1b}", ""),
            ("bell\u{7}", "bell"),
        ] {
            assert_eq!(clean_line(raw), clean, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_left(raw in "\\PC*[\u{1b}\u{9b}\u{90}\u{7}\r\n\t\u{8}]*.*") {
            let clean = clean_line(&raw);
            prop_assert!(clean.chars().all(|c| c == '\t' || !c.is_control()), "{:?}", clean);
        }
    }

    #[test]
    fn base64_leads_back() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            let text = base64(&bytes, false);
            assert_eq!(from_base64(&text).as_ref(), Some(&bytes));
            assert_eq!(from_base64(text.trim_end_matches('=')).as_ref(), Some(&bytes));
        }
        for text in ["A", "AAAAA", "A===", "AA A", "AA-A", "AA\n", "é", "=A"] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
    }
}
