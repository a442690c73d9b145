//! Colours of a terminal, as classes of a page.
//!
//! Of all that a terminal obeys, only the sixteen colours and bold are left (security.md, C-27): they
//! say something, and can do nothing. 256 colours and true colours become the nearest of the sixteen.
//! Each line begins plain, because a page may begin at any line.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::text::clean_line_with;

/// A line with more changes of colour is shown plain: every change is an element of the page.
const MOST_MARKS: usize = 200;

/// The sixteen as xterm draws them, to find the nearest.
const PALETTE: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// How some bytes of a line look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Where it begins, in bytes of the text.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The colour of the letters, 0 to 15: black, red, green, yellow, blue, magenta, cyan, white, then
    /// the bright ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ink: Option<u8>,
    /// The colour behind them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<u8>,
    /// Whether they are bold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
}

/// A line's text without anything that a terminal obeys, and its colours in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coloured {
    /// The text.
    pub text: String,
    /// Its colours; what no mark covers is plain.
    pub marks: Vec<Mark>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Style {
    ink: Option<u8>,
    ground: Option<u8>,
    bold: bool,
}

/// Reads one line as a terminal would, and keeps the text, its colours and bold.
#[must_use]
pub fn coloured(raw: &str) -> Coloured {
    let mut changes: Vec<(usize, Style)> = Vec::new();
    let mut style = Style::default();
    let text = clean_line_with(raw, |parameters, at| {
        style = style.with(parameters);
        if changes.len() <= MOST_MARKS {
            changes.push((at, style));
        }
    });
    if changes.len() > MOST_MARKS {
        return Coloured { text, marks: Vec::new() };
    }
    let ends = changes.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    let marks = changes.iter().zip(ends).filter_map(|((from, style), to)| {
        // A backspace may have taken away what stood before a change.
        let (from, to) = (boundary(&text, *from), boundary(&text, to));
        let (from, to) = (u32::try_from(from).ok()?, u32::try_from(to).ok()?);
        let Style { ink, ground, bold } = *style;
        (from < to && *style != Style::default()).then_some(Mark { from, to, ink, ground, bold })
    });
    let marks = marks.collect();
    Coloured { text, marks }
}

/// The nearest place at or before `at` where a letter begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

impl Style {
    fn with(mut self, parameters: &str) -> Self {
        let mut fields = parameters.split(';');
        while let Some(field) = fields.next() {
            // With colons a colour is one field: 38:5:n, 38:2::r:g:b.
            let mut parts = field.split(':');
            let code = number(parts.next().unwrap_or_default());
            let rest: Vec<&str> = parts.collect();
            match code {
                0 => self = Self::default(),
                1 => self.bold = true,
                22 => self.bold = false,
                30..=37 => self.ink = small(code - 30),
                39 => self.ink = None,
                40..=47 => self.ground = small(code - 40),
                49 => self.ground = None,
                90..=97 => self.ink = small(code - 82),
                100..=107 => self.ground = small(code - 92),
                38 | 48 => {
                    let colour = if rest.is_empty() { extended(&mut fields) } else { with_colons(&rest) };
                    match (code, colour) {
                        (_, None) => {}
                        (38, some) => self.ink = some,
                        (_, some) => self.ground = some,
                    }
                }
                _ => {}
            }
        }
        self
    }
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or(0)
}

fn small(code: u32) -> Option<u8> {
    u8::try_from(code).ok().filter(|code| *code < 16)
}

/// `38;5;n` and `38;2;r;g;b`.
fn extended<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<u8> {
    match number(fields.next()?) {
        5 => indexed(number(fields.next()?)),
        2 => {
            let mut next = || fields.next().map_or(0, number);
            Some(nearest(next(), next(), next()))
        }
        _ => None,
    }
}

/// `38:5:n`, `38:2:r:g:b` and `38:2:colour space:r:g:b`.
fn with_colons(parts: &[&str]) -> Option<u8> {
    match *parts {
        ["5", n] => indexed(number(n)),
        ["2", r, g, b] | ["2", _, r, g, b, ..] => Some(nearest(number(r), number(g), number(b))),
        _ => None,
    }
}

/// One of the 256: sixteen, a cube of 6 × 6 × 6, 24 greys.
fn indexed(n: u32) -> Option<u8> {
    match n {
        0..=15 => small(n),
        16..=231 => {
            let level = |digit: u32| if digit == 0 { 0 } else { 55 + 40 * digit };
            let n = n - 16;
            Some(nearest(level(n / 36), level(n / 6 % 6), level(n % 6)))
        }
        232..=255 => Some(nearest(8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232))),
        _ => None,
    }
}

fn nearest(r: u32, g: u32, b: u32) -> u8 {
    let away = |one: u8, other: u32| u32::from(one).abs_diff(other.min(255)).pow(2);
    let distance = |(pr, pg, pb): (u8, u8, u8)| away(pr, r) + away(pg, g) + away(pb, b);
    (0_u8..).zip(PALETTE).min_by_key(|(_, colour)| distance(*colour)).map_or(7, |(index, _)| index)
}

/// A part of a line that looks the same from end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its text.
    pub text: String,
    /// Its look, where it is not plain.
    pub mark: Option<Mark>,
    /// Whether it is part of what was searched for.
    pub hit: bool,
}

/// A line in parts, for a page. Marks and hits that do not fit the text are left out.
#[must_use]
pub fn segments(text: &str, marks: &[Mark], hits: &[Range<usize>]) -> Vec<Segment> {
    let of = |mark: &Mark| mark.from as usize..mark.to as usize;
    let mut borders: Vec<usize> =
        marks.iter().map(of).chain(hits.iter().cloned()).flat_map(|r| [r.start, r.end]).collect();
    borders.extend([0, text.len()]);
    borders.sort_unstable();
    borders.dedup();
    borders
        .windows(2)
        .filter_map(|pair| {
            let [from, to] = *pair else { return None };
            let text = text.get(from..to).filter(|text| !text.is_empty())?;
            let mark = marks.iter().find(|mark| of(mark).contains(&from)).copied();
            Some(Segment { text: text.to_owned(), mark, hit: hits.iter().any(|hit| hit.contains(&from)) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::clean_line;

    fn mark(from: u32, to: u32, ink: impl Into<Option<u8>>, ground: impl Into<Option<u8>>, bold: bool) -> Mark {
        Mark { from, to, ink: ink.into(), ground: ground.into(), bold }
    }

    #[test]
    fn colours_and_bold_stay_and_nothing_else() {
        let cases: [(&str, &str, &[Mark]); 22] = [
            ("plain", "plain", &[]),
            ("\u{1b}[31mred\u{1b}[0m and plain", "red and plain", &[mark(0, 3, 1, None, false)]),
            (
                "a\u{1b}[1;92mb\u{1b}[22mc\u{1b}[39md",
                "abcd",
                &[mark(1, 2, 10, None, true), mark(2, 3, 10, None, false)],
            ),
            ("\u{1b}[41;97m FAIL \u{1b}[m x", " FAIL  x", &[mark(0, 6, 15, 1, false)]),
            ("\u{1b}[38;5;196mx", "x", &[mark(0, 1, 9, None, false)]),
            ("\u{1b}[38;5;3mx", "x", &[mark(0, 1, 3, None, false)]),
            ("\u{1b}[38;5;244mx", "x", &[mark(0, 1, 8, None, false)]),
            ("\u{1b}[38;2;0;200;0;1mx", "x", &[mark(0, 1, 2, None, true)]),
            ("\u{1b}[48:2::255:255:255mx", "x", &[mark(0, 1, None, 15, false)]),
            ("\u{1b}[38:5:1mx", "x", &[mark(0, 1, 1, None, false)]),
            // Underline, blinking, inverse, hidden, fonts: not colours.
            ("\u{1b}[4;5;7;8;11mx", "x", &[]),
            // Numbers that mean nothing, or too many of them.
            ("\u{1b}[38;5;999mx\u{1b}[38;9mx\u{1b}[99999999999mx\u{1b}[38mx", "xxxx", &[]),
            ("\u{1b}[?31mx\u{1b}[>4;2mx\u{1b}[31 mx", "xxx", &[]),
            ("\u{9b}32mx", "x", &[mark(0, 1, 2, None, false)]),
            // Clipboard, title, links, cursor, erase, device strings, eight-bit controls.
            ("\u{1b}]52;c;cm0gLXJmIC8=\u{7}\u{1b}]0;pwned\u{1b}\\x", "x", &[]),
            ("\u{1b}]8;;javascript:alert(1)\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link", &[]),
            ("\u{1b}[2J\u{1b}[1;1H\u{1b}[?1049h\u{1b}cx", "x", &[]),
            ("\u{1b}P+q544e\u{1b}\\\u{1b}_Ga=T;AAAA\u{1b}\\\u{1b}^pm\u{1b}\\\u{98}sos\u{9c}x", "x", &[]),
            ("a\u{202e}b\u{2066}c", "a<U+202E>b<U+2066>c", &[]),
            ("é\u{1b}[31mé\u{8}\u{8}x", "x", &[]),
            ("\u{1b}[31mold\r\u{1b}[32mnew", "new", &[mark(0, 3, 2, None, false)]),
            ("\u{1b}[31", "", &[]),
        ];
        for (raw, text, marks) in cases {
            let seen = coloured(raw);
            assert_eq!((seen.text.as_str(), seen.marks.as_slice()), (text, marks), "{raw:?}");
        }
    }

    #[test]
    fn a_rainbow_is_shown_plain() {
        let rainbow: String = (0..1_000).map(|n| format!("\u{1b}[3{}mx", n % 8)).collect();
        let seen = coloured(&rainbow);
        assert_eq!((seen.text.len(), seen.marks.len()), (1_000, 0));
    }

    #[test]
    fn hits_and_colours_cut_a_line_into_parts() {
        let line = coloured("say \u{1b}[31merror\u{1b}[0m now");
        let parts = segments(&line.text, &line.marks, &[7..11, 99..100]);
        let seen: Vec<_> = parts.iter().map(|part| (part.text.as_str(), part.mark.is_some(), part.hit)).collect();
        assert_eq!(
            seen,
            [
                ("say ", false, false),
                ("err", true, false),
                ("or", true, true),
                (" n", false, true),
                ("ow", false, false)
            ]
        );
        // A border inside a letter leaves that letter out and harms nothing.
        assert_eq!(segments("é", &[mark(0, 1, 1, None, false)], &[]), []);
    }

    proptest! {
        #[test]
        fn whatever_comes_the_text_is_clean_and_the_marks_fit(raw in "(\\PC|[\u{1b}\u{9b}\u{90}\u{7}\r\u{8}\\[0-9;:m])*") {
            let seen = coloured(&raw);
            prop_assert_eq!(&seen.text, &clean_line(&raw));
            prop_assert!(seen.text.chars().all(|c| c == '\t' || !c.is_control()));
            let joined: String = segments(&seen.text, &seen.marks, &[]).into_iter().map(|part| part.text).collect();
            prop_assert_eq!(joined, seen.text);
        }
    }
}
