//! What came of a deploy, in a sentence with its consequence.

use homeport_model::{
    deploy::{DeployDetail, Trigger},
    job::{JobKind, JobState, StepState},
    problem::Fix,
};
use leptos::{form::ActionForm, prelude::*};

use super::super::words::waiting;
use crate::{
    api::deploys::FixDeploy,
    ui::{Notice, Submit, Tone},
};

/// The sentence, what follows from it, and what to do next.
struct Words {
    tone: Tone,
    title: String,
    then: String,
    hint: Option<String>,
}

fn words(deploy: &DeployDetail) -> Option<Words> {
    let number = deploy.release.number;
    let job = &deploy.release.job;
    let before = match deploy.change.from {
        Some(from) => format!("Release {from} still serves; nobody saw this."),
        None => "Nothing served before, and nothing serves now.".to_owned(),
    };
    let say = |tone, title: String, then: String, hint| Some(Words { tone, title, then, hint });
    match job.state {
        JobState::Succeeded if deploy.release.switched_at.is_some() => {
            let proof = deploy.proof.as_ref().filter(|proof| proof.sent > 0);
            let then = match proof {
                Some(proof) if proof.failed == 0 => format!("{} requests during the switch, 0 failed.", proof.sent),
                Some(proof) => format!(
                    "{} of {} requests failed during the switch: {}",
                    proof.failed,
                    proof.sent,
                    proof.first_failure.clone().unwrap_or_else(|| "no reason was kept.".into())
                ),
                None if deploy.change.from.is_some() => "The switch was not measured; its step says why.".to_owned(),
                None => "Nothing served before it, so there was nothing to switch from.".to_owned(),
            };
            let clean = proof.is_none_or(|proof| proof.failed == 0);
            let verb = if deploy.release.serving { "is live" } else { "went live and has been followed by another" };
            let title = match (&deploy.release.trigger, job.kind) {
                (Trigger::RolledBack { to, why, .. }, _) if !why.is_empty() => {
                    format!(
                        "Release {number} {verb}, with the content of release {to}: Homeport rolled back, because {why}."
                    )
                }
                (Trigger::RolledBack { to, .. }, _) => {
                    format!("Release {number} {verb}, with the content of release {to}.")
                }
                (Trigger::Restarted { .. }, _) => format!("Release {number} {verb}: the same, started anew."),
                (
                    Trigger::Pressed { .. } | Trigger::Pushed { .. },
                    JobKind::Deploy | JobKind::RollBack | JobKind::Restart | JobKind::DeleteApp,
                ) => {
                    format!("Release {number} {verb}.")
                }
            };
            say(if clean { Tone::Good } else { Tone::Warning }, title, then, None)
        }
        JobState::Failed => {
            let problem = job.problem.as_ref();
            let title = problem.map_or_else(|| "The deploy failed.".to_owned(), |problem| problem.title.clone());
            say(Tone::Bad, title, before, problem.and_then(|problem| problem.hint.clone()))
        }
        JobState::Cancelled => {
            let why = job
                .problem
                .as_ref()
                .map_or_else(|| "The deploy was cancelled.".to_owned(), |problem| problem.title.clone());
            say(Tone::Off, why, before, None)
        }
        JobState::Interrupted => say(
            Tone::Warning,
            "The panel stopped while this deploy ran.".into(),
            "It is taken up again by itself.".into(),
            None,
        ),
        JobState::Queued => say(Tone::Working, waiting(job).unwrap_or_default(), "It begins by itself.".into(), None),
        JobState::Running => {
            let switched = deploy.steps.iter().any(|step| step.name == "switch" && step.state == StepState::Done);
            let then = match (switched, deploy.change.from) {
                (true, _) => "Visitors reach the new release; the old one finishes what it has taken.".to_owned(),
                (false, Some(from)) => format!("Release {from} serves until the new one has answered."),
                (false, None) => "Visitors come once it has answered.".to_owned(),
            };
            let title = waiting(job).unwrap_or_else(|| format!("Release {number} is on its way."));
            say(Tone::Working, title, then, None)
        }
        JobState::Succeeded => None,
    }
}

/// What Homeport can do about a problem, in words.
fn fix_words(fix: Fix) -> String {
    match fix {
        Fix::SetPort { port } => format!("Use port {port} and deploy again"),
    }
}

/// The notice at the top of a deploy.
#[component]
pub fn Outcome(
    /// The deploy.
    deploy: DeployDetail,
    /// Does what its problem offers.
    fix: ServerAction<FixDeploy>,
) -> impl IntoView {
    let app = deploy.app.to_string();
    let offered = deploy.release.job.problem.as_ref().and_then(|problem| problem.fix);
    let button = offered.map(|offered| {
        let Fix::SetPort { port } = offered;
        view! {
            <ActionForm action=fix>
                <input type="hidden" name="app" value=app />
                <input type="hidden" name="port" value=port.get() />
                <Submit label=fix_words(offered) busy="Deploying…" variant="primary" pending=fix.pending() />
            </ActionForm>
        }
    });
    words(&deploy).map(|words| {
        view! {
            <Notice tone=words.tone title=words.title>
                {words.hint.map(|hint| view! { <p>{hint}</p> })}
                <p>{words.then}</p>
                {button}
            </Notice>
        }
    })
}
