//! What differs between two texts, line by line, and between two sets of files.

use serde::{Deserialize, Serialize};

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is in both.
    Same,
    /// It came.
    Added,
    /// It went.
    Removed,
}

impl Change {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// What differs in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    /// Its name.
    pub file: String,
    /// The lines that changed, with some around them; an empty line that is the same stands for those
    /// that are left out.
    pub lines: Vec<(Change, String)>,
}

/// Lines that are shown around a change.
const AROUND: usize = 3;
/// Texts whose changed middle has more lines than this are shown as replaced whole: comparing takes time
/// by the square.
const MOST: usize = 2_000;

/// The lines of both texts in order: what went stands before what came.
#[must_use]
pub fn diff_lines(before: &str, after: &str) -> Vec<(Change, String)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let line = |change: Change| move |text: &&str| (change, (*text).to_owned());
    let mut lines: Vec<(Change, String)> = old[..head].iter().map(line(Change::Same)).collect();
    if old_middle.len() > MOST || new_middle.len() > MOST {
        lines.extend(old_middle.iter().map(line(Change::Removed)));
        lines.extend(new_middle.iter().map(line(Change::Added)));
    } else {
        middle(old_middle, new_middle, &mut lines);
    }
    lines.extend(old[old.len() - tail..].iter().map(line(Change::Same)));
    lines
}

/// By the longest common subsequence.
fn middle(old: &[&str], new: &[&str], lines: &mut Vec<(Change, String)>) {
    let width = new.len() + 1;
    let mut common = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((Change::Same, old[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            lines.push((Change::Removed, old[i].to_owned()));
            i += 1;
        } else {
            lines.push((Change::Added, new[j].to_owned()));
            j += 1;
        }
    }
}

/// The files that differ, each with its changed lines and those around them.
#[must_use]
pub fn diff_files(before: &[(String, String)], after: &[(String, String)]) -> Vec<FileDiff> {
    let text = |files: &[(String, String)], name: &str| {
        files.iter().find(|(file, _)| file == name).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let mut names: Vec<&String> = before.iter().chain(after).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let mut diffs = Vec::new();
    for name in names {
        let (old, new) = (text(before, name), text(after, name));
        if old != new {
            diffs.push(FileDiff { file: name.clone(), lines: nearby(diff_lines(&old, &new)) });
        }
    }
    diffs
}

fn nearby(lines: Vec<(Change, String)>) -> Vec<(Change, String)> {
    let changed: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].0 != Change::Same).collect();
    let is_near = |at: usize| {
        let next = changed.partition_point(|changed| *changed < at);
        let near = |index: Option<&usize>| index.is_some_and(|changed| changed.abs_diff(at) <= AROUND);
        near(changed.get(next)) || near(next.checked_sub(1).and_then(|before| changed.get(before)))
    };
    let mut shown = Vec::new();
    let mut left_out = false;
    for (at, line) in lines.into_iter().enumerate() {
        if is_near(at) {
            if left_out && !shown.is_empty() {
                shown.push((Change::Same, String::new()));
            }
            shown.push(line);
        }
        left_out = !is_near(at);
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spelt(before: &str, after: &str) -> Vec<String> {
        let sign = |change| match change {
            Change::Same => ' ',
            Change::Added => '+',
            Change::Removed => '-',
        };
        diff_lines(before, after).into_iter().map(|(change, line)| format!("{}{line}", sign(change))).collect()
    }

    #[test]
    fn lines_that_went_and_came() {
        assert_eq!(spelt("a\nb\nc", "a\nx\nc"), [" a", "-b", "+x", " c"]);
        assert_eq!(spelt("", "a"), ["+a"]);
        assert_eq!(spelt("a\nb", "b"), ["-a", " b"]);
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let many = |last: &str| (0..40).map(|n| format!("{n}\n")).collect::<String>() + last;
        let diffs = diff_files(
            &[file("a", "1"), file("b", &many("x"))],
            &[file("a", "1"), file("b", &many("y")), file("c", "new")],
        );
        assert_eq!(diffs.iter().map(|diff| diff.file.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(diffs[0].lines.len(), 5);
    }

    proptest! {
        #[test]
        fn a_diff_leads_from_one_text_to_the_other(before in "([abc]\n){0,12}", after in "([abc]\n){0,12}") {
            let lines = diff_lines(&before, &after);
            let side = |without: Change| {
                lines.iter().filter(|(change, _)| *change != without).map(|(_, line)| format!("{line}\n")).collect::<String>()
            };
            prop_assert_eq!(side(Change::Added), before);
            prop_assert_eq!(side(Change::Removed), after);
        }
    }
}
