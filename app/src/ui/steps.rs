//! The steps of a job, top to bottom, each with its time and its lines of the log.

use homeport_model::job::{LogLine, StepRow, StepState};
use leptos::prelude::*;

use super::{Elapsed, FollowedLog, LogView, figures::length_of, state::Tone};

/// A step's name on the page.
#[must_use]
pub fn step_name(word: &str) -> &str {
    match word {
        "fetch" => "Fetch",
        "build" => "Build",
        "start" => "Start",
        "check" => "Check",
        "switch" => "Switch",
        "prove" => "Prove the switch",
        "drain" => "Drain",
        "retire" => "Retire the old release",
        "prune" => "Tidy up",
        other => other,
    }
}

const fn tone_of(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Running => Tone::Working.as_str(),
        StepState::Done => Tone::Good.as_str(),
        StepState::Failed => Tone::Bad.as_str(),
        StepState::Undone => Tone::Off.as_str(),
    }
}

const fn word_of(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Running => "running",
        StepState::Done => "done",
        StepState::Failed => "failed",
        StepState::Undone => "undone",
    }
}

/// What stands at a step's end: how long it took, or that it did not come to it.
#[component]
fn Time(step: StepRow, over: bool) -> impl IntoView {
    match (step.state, step.took_us, step.started_at) {
        (StepState::Running, _, Some(since)) => view! { <Elapsed since=since /> }.into_any(),
        (StepState::Undone, ..) => view! { <span class="muted">"undone"</span> }.into_any(),
        (StepState::Waiting, ..) if over => view! { <span class="muted">"not reached"</span> }.into_any(),
        (_, Some(took_us), _) => view! { <span class="figure muted">{length_of(took_us)}</span> }.into_any(),
        _ => ().into_any(),
    }
}

/// The list of steps; the running and the failed one are open.
#[component]
pub fn Steps(
    /// The steps, done and to come.
    steps: Vec<StepRow>,
    /// Whether the job is over.
    over: bool,
    /// The lines that the page began with.
    lines: Vec<LogLine>,
    /// The lines that arrive.
    log: FollowedLog,
) -> impl IntoView {
    let rows = steps
        .into_iter()
        .map(|step| {
            let own = log.lines_of(step.name.clone(), lines.clone());
            let name = step_name(&step.name).to_owned();
            let open = matches!(step.state, StepState::Running | StepState::Failed);
            let label = format!("Log of {name}");
            let current = (step.state == StepState::Running).then_some("step");
            view! {
                <li data-state=tone_of(step.state) aria-current=current>
                    <details open=open>
                        <summary data-empty=move || own.with(Vec::is_empty).then_some("")>
                            <span>{name} <span class="visually-hidden">", " {word_of(step.state)}</span></span>
                            " "
                            <Time step=step.clone() over=over />
                        </summary>
                        <Show when=move || !own.with(Vec::is_empty)>
                            <LogView lines=own label=label.clone() />
                        </Show>
                    </details>
                    {step.note.map(|note| view! { <p>{note}</p> })}
                </li>
            }
        })
        .collect_view();
    view! { <ol class="steps">{rows}</ol> }
}
