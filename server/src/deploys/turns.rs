//! Whose turn it is to build: a line in which everybody sees who is before them.

use homeport_model::id::JobId;
use tokio::sync::watch;

/// The line. The first ones in it build.
pub(super) struct Turns {
    line: watch::Sender<Vec<JobId>>,
    at_once: usize,
}

/// A place in the line, given up when it is dropped.
pub(super) struct Place<'a> {
    turns: &'a Turns,
    job: JobId,
    seen: watch::Receiver<Vec<JobId>>,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self { line: watch::Sender::default(), at_once: at_once.max(1) }
    }

    /// Stands in at the end.
    pub(super) fn join(&self, job: &JobId) -> Place<'_> {
        self.line.send_modify(|line| line.push(job.clone()));
        Place { turns: self, job: job.clone(), seen: self.line.subscribe() }
    }
}

impl Place<'_> {
    /// The job whose end makes it this one's turn; none when it is.
    pub(super) fn waits_for(&mut self) -> Option<JobId> {
        let line = self.seen.borrow_and_update();
        let before = line.iter().position(|job| *job == self.job)?.checked_sub(self.turns.at_once)?;
        line.get(before).cloned()
    }

    /// Waits until somebody came or left.
    pub(super) async fn changed(&mut self) {
        // The sender lives as long as this place.
        let _ = self.seen.changed().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.turns.line.send_modify(|line| {
            if let Some(at) = line.iter().position(|job| *job == self.job) {
                line.remove(at);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_waits_for_the_one_before() {
        let turns = Turns::new(1);
        let ids: Vec<JobId> = (1..=3).map(|n| JobId::new(n, 0)).collect();
        let mut first = turns.join(&ids[0]);
        let mut second = turns.join(&ids[1]);
        let mut third = turns.join(&ids[2]);
        assert_eq!(first.waits_for(), None);
        assert_eq!(second.waits_for(), Some(ids[0].clone()));
        assert_eq!(third.waits_for(), Some(ids[1].clone()));
        drop(second);
        third.changed().await;
        assert_eq!(third.waits_for(), Some(ids[0].clone()));
        drop(first);
        third.changed().await;
        assert_eq!(third.waits_for(), None);
    }

    #[tokio::test]
    async fn two_may_build_at_once() {
        let turns = Turns::new(2);
        let ids: Vec<JobId> = (1..=3).map(|n| JobId::new(n, 0)).collect();
        let mut places: Vec<Place<'_>> = ids.iter().map(|id| turns.join(id)).collect();
        let waits: Vec<Option<JobId>> = places.iter_mut().map(Place::waits_for).collect();
        assert_eq!(waits, [None, None, Some(ids[0].clone())]);
    }
}
