//! One job from its claim to its end: forward through its steps, or back through their undoing.

use std::{sync::Arc, time::Duration};

use homeport_model::{
    event::Topic,
    job::{JobState, StepState},
    problem::{Code, Problem},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Fault, Outcome, Runner, StepContext, When, Work,
    runner::LEASE_MS,
    store::{self, Claimed, Ended, Step},
};
use crate::failure::Failure;

/// A job that killed the panel this often is undone, not tried again.
const MOST_ATTEMPTS: u32 = 3;

/// The runner died (a planted fault): write nothing more.
struct Died;

enum StepEnd {
    Done,
    Failed(Problem),
    Cancelled,
}

pub(super) async fn run(runner: &Runner, claimed: Claimed, cancel: CancellationToken) {
    let Claimed { job, steps, log_lines, cancel_asked } = claimed;
    let shared = &runner.0;
    let Some(work) = shared.work.get().and_then(|work| work.get(&job.kind)).cloned() else {
        tracing::error!(job = %job.id, kind = job.kind.as_str(), "nobody does this kind of job");
        return;
    };
    if cancel_asked {
        cancel.cancel();
    }
    let lock = shared.locks.acquire(&job.subject).await;
    let (log, writer) = runner.log(&job.id, log_lines);
    let context = Arc::new(StepContext { job, log, lock });
    let one = OneJob { runner, work: &*work, context: &context };
    let renewal = one.renew_lease();
    let end = tokio::select! {
        end = one.through(&steps, &cancel) => end,
        () = renewal => Ok(()),
    };
    context.log.flush().await;
    writer.abort();
    if end.is_ok() {
        one.announce();
    }
}

struct OneJob<'a> {
    runner: &'a Runner,
    work: &'a dyn Work,
    context: &'a Arc<StepContext>,
}

impl OneJob<'_> {
    async fn through(&self, steps: &[Step], cancel: &CancellationToken) -> Result<(), Died> {
        let job = &self.context.job;
        if let Some(problem) = job.unwinding.clone() {
            return self.unwind(steps, problem, JobState::Failed).await;
        }
        if job.attempts > MOST_ATTEMPTS {
            let problem =
                Problem::new(Code::Internal, format!("The panel died {MOST_ATTEMPTS} times during this job."))
                    .hint("It was undone. Look at the panel's log before trying again.");
            return self.unwind(steps, problem, JobState::Failed).await;
        }
        if job.attempts > 1 {
            self.context.log.say("The panel was restarted; going on where it stopped.");
        }
        let left: Vec<&Step> = steps.iter().filter(|step| !self.is_over(step)).collect();
        let mut is_begun = false;
        for (at, step) in left.iter().enumerate() {
            let past_commit = self.work.is_past_commit(&step.name);
            let next = left.get(at + 1).copied();
            if !is_begun {
                self.record(None, Some(step)).await;
            }
            let end = self.one_step(step, next, cancel, past_commit).await?;
            is_begun = matches!(end, StepEnd::Done);
            match end {
                StepEnd::Done => {}
                StepEnd::Failed(problem) => {
                    self.context.log.say(format!("{problem}"));
                    // Past the commit point what is left undone is said, not undone.
                    if !past_commit && !self.has_committed().await {
                        return self.unwind(steps, problem, JobState::Failed).await;
                    }
                }
                StepEnd::Cancelled if self.has_committed().await => {}
                StepEnd::Cancelled => {
                    let problem = Problem::new(Code::Conflict, "Stopped before anything was switched.");
                    self.context.log.say(&problem.title);
                    return self.unwind(steps, problem, JobState::Cancelled).await;
                }
            }
        }
        self.finish(JobState::Succeeded, None).await;
        Ok(())
    }

    /// Whether an earlier run of the panel did a step, or left it.
    fn is_over(&self, step: &Step) -> bool {
        step.state == StepState::Done || (step.state == StepState::Failed && self.work.is_past_commit(&step.name))
    }

    /// What cannot be known is taken as "no" only once the store answers again.
    async fn has_committed(&self) -> bool {
        let mut wait = Duration::from_millis(200);
        loop {
            match self.work.has_committed(self.context).await {
                Ok(answer) => return answer,
                Err(failure) => {
                    tracing::error!(job = %self.context.job.id, "{}", crate::failure::chain(&failure));
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(15));
                }
            }
        }
    }

    /// Does a step that is written down as begun. Where it ends well, `next` begins in the same breath.
    async fn one_step(
        &self,
        step: &Step,
        next: Option<&Step>,
        cancel: &CancellationToken,
        past_commit: bool,
    ) -> Result<StepEnd, Died> {
        let shared = &self.runner.0;
        let job = &self.context.job;
        self.context.log.enter(&step.name);
        let started_at = shared.clock.now();
        let began = Instant::now();
        if cancel.is_cancelled() && !past_commit {
            self.record(Some(Ended::stopped(step)), None).await;
            return Ok(StepEnd::Cancelled);
        }
        let mut answer = self.faulty(step, When::Before)?;
        if answer.is_ok() {
            let may_be_cut_short = self.work.may_be_cut_short(&step.name);
            answer = tokio::select! {
                // Asked to stop before it began: it does not begin.
                biased;
                () = cancel.cancelled(), if !past_commit => {
                    self.record(Some(Ended::stopped(step)), None).await;
                    return Ok(StepEnd::Cancelled);
                }
                () = cancel.cancelled(), if may_be_cut_short => self.work.cut_short(self.context, &step.name).await,
                answer = self.work.run(self.context, &step.name) => answer,
            };
        }
        if answer.is_ok() {
            match shared.faults.take(&step.name, When::After) {
                Some(Fault::Die) => return Err(Died),
                Some(Fault::Fail) => answer = Err(Failure::Problem(planted())),
                Some(Fault::Repeat) => answer = self.work.run(self.context, &step.name).await,
                None => {}
            }
        }
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(job = %job.id, step = step.name, took, %started_at, "step ended");
        match answer {
            Ok(note) => {
                let ended = Ended { step, state: StepState::Done, took_us: Some(took), note: note.as_deref() };
                self.record(Some(ended), next).await;
                Ok(StepEnd::Done)
            }
            Err(failure) => {
                let problem = Problem::from(failure);
                let (state, note) = (StepState::Failed, Some(problem.title.as_str()));
                self.record(Some(Ended { step, state, took_us: Some(took), note }), None).await;
                Ok(StepEnd::Failed(problem))
            }
        }
    }

    fn faulty(&self, step: &Step, when: When) -> Result<Result<Option<String>, Failure>, Died> {
        match self.runner.0.faults.take(&step.name, when) {
            Some(Fault::Die) => Err(Died),
            Some(Fault::Fail) => Ok(Err(Failure::Problem(planted()))),
            Some(Fault::Repeat) | None => Ok(Ok(None)),
        }
    }

    /// Undoes the begun steps, last first. The reason is written down first, so that a panel that
    /// dies here goes on undoing.
    async fn unwind(&self, steps: &[Step], problem: Problem, end: JobState) -> Result<(), Died> {
        let shared = &self.runner.0;
        let job = &self.context.job;
        if job.unwinding.is_none() {
            self.keep_trying("the reason could not be written down", || {
                store::set_problem(&shared.db, &job.id, &problem)
            })
            .await;
        }
        for step in steps.iter().rev() {
            let began = match store::step_state(&shared.db, &job.id, step.position).await {
                Ok(state) => matches!(state, StepState::Running | StepState::Done | StepState::Failed),
                Err(_) => true,
            };
            if !began || self.work.is_past_commit(&step.name) {
                continue;
            }
            let undo = format!("undo {}", step.name);
            if let Some(Fault::Die) = shared.faults.take(&undo, When::Before) {
                return Err(Died);
            }
            if let Err(failure) = self.work.undo(self.context, &step.name).await {
                let trouble = Problem::from(failure);
                self.context.log.say(format!("Undoing {} did not work: {trouble}", step.name));
                continue;
            }
            // A failed step stays "failed" on the page: that is where the person looks.
            self.keep_trying("a step could not be written down", || {
                store::mark_undone(&shared.db, &job.id, step.position)
            })
            .await;
        }
        self.finish(end, Some(problem)).await;
        Ok(())
    }

    async fn finish(&self, state: JobState, problem: Option<Problem>) {
        let job = &self.context.job;
        self.context.log.flush().await;
        let outcome = match (state, problem.clone()) {
            (JobState::Failed, Some(problem)) => Outcome::Failed(problem),
            (JobState::Cancelled, Some(problem)) => Outcome::Cancelled(problem),
            _ => Outcome::Succeeded,
        };
        self.keep_trying("the end of a job could not be written down", || async {
            let mut tx = self.runner.0.db.write().await?;
            self.work.finish(&mut tx, job, &outcome).await?;
            store::finish(&mut tx, &job.id, state, problem.as_ref(), self.runner.0.clock.now()).await?;
            tx.commit().await
        })
        .await;
    }

    /// Writes down that a step ended, that one begins, or both at once: each time waits for the disk.
    async fn record(&self, ended: Option<Ended<'_>>, begun: Option<&Step>) {
        let shared = &self.runner.0;
        let (job, now) = (&self.context.job.id, shared.clock.now());
        self.keep_trying("a step could not be written down", || {
            store::record_steps(&shared.db, job, ended.as_ref(), begun, now)
        })
        .await;
        self.announce();
    }

    /// A disk that is full for a while must not lose what has been done: waits until the store
    /// takes it.
    async fn keep_trying<F>(&self, what: &str, attempt: impl Fn() -> F)
    where
        F: Future<Output = crate::db::Result<()>>,
    {
        let mut wait = Duration::from_millis(200);
        while let Err(error) = attempt().await {
            tracing::error!(job = %self.context.job.id, "{what}: {}", crate::failure::chain(&error));
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(15));
        }
    }

    async fn renew_lease(&self) {
        let shared = &self.runner.0;
        loop {
            tokio::time::sleep(Duration::from_millis(LEASE_MS.unsigned_abs() / 3)).await;
            let until = shared.clock.now().plus_ms(LEASE_MS);
            if let Err(error) = store::renew(&shared.db, &self.context.job.id, until).await {
                tracing::warn!("a lease could not be renewed: {}", crate::failure::chain(&error));
            }
        }
    }

    fn announce(&self) {
        let job = &self.context.job;
        self.runner.0.hub.announce(Topic::Job(job.id.clone()));
        for topic in self.work.topics(job) {
            self.runner.0.hub.announce(topic);
        }
        self.runner.0.logs.nudge(&job.id);
    }
}

fn planted() -> Problem {
    Problem::new(Code::Engine, "A planted fault.")
}
