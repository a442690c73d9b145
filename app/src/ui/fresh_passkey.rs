//! What is dangerous asks for the passkey once more, and then goes on by itself.

use homeport_model::problem::{Code, Problem};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};

use crate::{api::WireError, passkeys};

/// When `action` is refused for want of a fresh passkey, asks for it and does the same again.
/// Returns what went wrong with the passkey.
pub fn ask_for_passkey<S>(action: ServerAction<S>) -> RwSignal<Option<Problem>>
where
    S: ServerFn<Error = WireError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let refused = RwSignal::new(None);
    let asked_for = StoredValue::new(None::<S>);
    let tried = StoredValue::new(false);
    Effect::new(move || {
        if let Some(input) = action.input().get() {
            asked_for.set_value(Some(input));
        }
    });
    Effect::new(move || {
        let Some(answer) = action.value().get() else { return };
        refused.set(None);
        let wanted = matches!(&answer, Err(WireError(problem)) if problem.code == Code::StepUpRequired);
        // A second refusal in a row is shown, not asked about again.
        if !wanted || tried.get_value() {
            tried.set_value(false);
            return;
        }
        let Some(input) = asked_for.get_value() else { return };
        tried.set_value(true);
        spawn_local(async move {
            let answer = passkeys::step_up().await;
            // Somebody who left the page meanwhile wants it no more.
            if tried.try_get_value().is_none() {
                return;
            }
            match answer {
                Ok(_) => drop(action.dispatch(input)),
                Err(problem) => {
                    tried.set_value(false);
                    refused.set(Some(problem));
                }
            }
        });
    });
    refused
}
