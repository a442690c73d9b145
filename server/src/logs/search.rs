//! Looks for a text in the whole log of a release. What is found is counted; the newest of it is
//! shown, with the lines around.

use std::collections::{BTreeMap, VecDeque};

use futures_util::StreamExt;
use homeport_model::log::{Found, FoundLine, LogQuery, LogTime, Needle, Raw};
use tokio::time::{Instant, timeout_at};

use super::{Logs, read::shown, source::Source};
use crate::drivers::docker::LogRange;

/// How many lines that have it are shown.
const MOST_HITS: usize = 200;
/// All that is shown has at most this many bytes.
const MOST_BYTES: usize = 2 << 20;
/// How many lines before and after each.
const AROUND: usize = 2;

/// Lines that stand together: those that have it, and those beside them.
type Group = Vec<(Raw, bool)>;

/// The newest groups, of however many there are.
#[derive(Default)]
struct Groups {
    groups: BTreeMap<(LogTime, usize, u64), Group>,
    hits: usize,
    bytes: usize,
    number: u64,
}

impl Groups {
    fn put(&mut self, source: usize, group: Group) {
        let Some(at) = group.iter().find(|(_, hit)| *hit).map(|(line, _)| line.at) else { return };
        self.number += 1;
        self.hits += hits(&group);
        self.bytes += bytes(&group);
        self.groups.insert((at, source, self.number), group);
        while (self.hits > MOST_HITS || self.bytes > MOST_BYTES) && self.groups.len() > 1 {
            let Some((_, gone)) = self.groups.pop_first() else { return };
            self.hits -= hits(&gone);
            self.bytes -= bytes(&gone);
        }
    }
}

fn hits(group: &Group) -> usize {
    group.iter().filter(|(_, hit)| *hit).count()
}

fn bytes(group: &Group) -> usize {
    group.iter().map(|(line, _)| line.text.len()).sum()
}

/// What has been seen of one source.
#[derive(Default)]
struct Reading {
    before: VecDeque<Raw>,
    open: Group,
    after: usize,
}

impl Reading {
    /// Takes the next line; gives back a group that is whole.
    fn take(&mut self, line: Raw, hit: bool) -> Option<Group> {
        if hit {
            if self.open.is_empty() {
                self.open.extend(self.before.drain(..).map(|line| (line, false)));
            }
            self.open.push((line, true));
            self.after = AROUND;
            // One that never ends is shown in parts.
            return (hits(&self.open) >= MOST_HITS / 4 || bytes(&self.open) > MOST_BYTES / 4).then(|| self.end());
        }
        if self.open.is_empty() {
            self.before.push_back(line);
            if self.before.len() > AROUND {
                self.before.pop_front();
            }
            return None;
        }
        self.open.push((line, false));
        self.after -= 1;
        (self.after == 0).then(|| self.end())
    }

    fn end(&mut self) -> Group {
        self.before.clear();
        std::mem::take(&mut self.open)
    }
}

impl Logs {
    /// Looks through all `sources` until `deadline`.
    pub(super) async fn search(
        &self,
        sources: &[Source],
        query: &LogQuery,
        needle: &Needle,
        deadline: Instant,
    ) -> Found {
        let parts = &self.apps.parts;
        let mut groups = Groups::default();
        let mut found = Found { whole: true, ..Found::default() };
        for (index, source) in sources.iter().enumerate() {
            let range = LogRange { since: query.from, ..LogRange::ALL };
            let mut lines = source.lines(&parts.docker, &parts.kept, range).await;
            let mut reading = Reading::default();
            loop {
                let Ok(line) = timeout_at(deadline, lines.next()).await else {
                    found.whole = false;
                    break;
                };
                let Some(line) = line else { break };
                if !query.wants(line.at, line.stderr) {
                    continue;
                }
                found.read += 1;
                let hit = has(source, &line, needle);
                found.total += u64::from(hit);
                if let Some(group) = reading.take(line, hit) {
                    groups.put(index, group);
                }
            }
            groups.put(index, reading.end());
        }
        for ((_, index, _), group) in groups.groups {
            for (place, (line, hit)) in group.iter().enumerate() {
                found.shown += u64::from(*hit);
                let gap = place == 0 && !found.lines.is_empty();
                found.lines.push(FoundLine { line: shown(&sources[index], line), hit: *hit, gap });
            }
        }
        found
    }
}

/// Whether a line has it as it would be shown.
fn has(source: &Source, line: &Raw, needle: &Needle) -> bool {
    let plain = line.text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    if plain && line.text.len() <= homeport_model::text::MOST_LINE_BYTES && !source.label.mask.touches(&line.text) {
        return needle.is_in(&line.text);
    }
    needle.is_in(&shown(source, line).text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(pattern: &str) -> Vec<String> {
        let mut reading = Reading::default();
        let mut all = Vec::new();
        for (at, sign) in (0_i64..).zip(pattern.chars()) {
            let line = Raw { at: LogTime::from_ns(at), stderr: false, text: sign.to_string() };
            all.extend(reading.take(line, sign == 'X'));
        }
        all.push(reading.end());
        all.iter()
            .filter(|group| !group.is_empty())
            .map(|group| group.iter().map(|(line, _)| line.text.as_str()).collect())
            .collect()
    }

    #[test]
    fn each_hit_comes_with_two_lines_on_either_side() {
        assert_eq!(groups("abcdXefgh"), ["cdXef"]);
        assert_eq!(groups("Xabc"), ["Xab"]);
        assert_eq!(groups("aX"), ["aX"]);
        assert_eq!(groups("abXcXdefgX"), ["abXcXde", "fgX"]);
        assert_eq!(groups("abc"), Vec::<String>::new());
    }

    #[test]
    fn the_newest_hits_are_shown_however_many_there_are() {
        let mut groups = Groups::default();
        for at in 0..10_000 {
            groups.put(0, vec![(Raw { at: LogTime::from_ns(at), stderr: false, text: "x".into() }, true)]);
        }
        assert_eq!(groups.hits, MOST_HITS);
        assert_eq!(groups.groups.last_key_value().map(|((at, ..), _)| at.ns()), Some(9_999));
    }
}
