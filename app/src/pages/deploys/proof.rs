//! The proof of the switch: figures that can be read across the room, and the chart.

use homeport_model::deploy::{Proof, proof::Method};
use leptos::prelude::*;

use crate::ui::{Panel, ProofChart, figures::answer_time};

const fn method_words(method: Option<Method>) -> &'static str {
    match method {
        Some(Method::MapElement) => "switched by one element of the map, no reload",
        Some(Method::Reload) => "switched by reloading nginx",
        Some(Method::Link) => "switched by swapping the site's link",
        None => "",
    }
}

fn before_and_after(before: Option<u32>, after: Option<u32>) -> Option<String> {
    match (before, after) {
        (Some(before), Some(after)) => Some(format!("{} → {}", answer_time(before), answer_time(after))),
        (None, Some(after)) => Some(answer_time(after)),
        _ => None,
    }
}

/// The figures and the chart of a switch.
#[component]
pub fn ProofPanel(
    /// The switch's probes.
    proof: Proof,
) -> impl IntoView {
    let how = view! { <small class="muted">{method_words(proof.method)}</small> }.into_any();
    let figure = |name: &'static str, words: String, bad: bool| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd data-state=bad.then_some("bad")>{words}</dd>
            </div>
        }
    };
    let p50 = before_and_after(proof.p50_before_us, proof.p50_after_us);
    let p95 = before_and_after(proof.p95_before_us, proof.p95_after_us);
    view! {
        <Panel title="Proof of the switch" aside=Some(how)>
            <div class="panel-body stack" data-gap="5">
                <dl class="proof-figures">
                    {figure("requests during the switch", proof.sent.to_string(), false)}
                    {figure("failed", proof.failed.to_string(), proof.failed > 0)}
                    {p50.map(|words| figure("median before → after", words, false))}
                    {p95.map(|words| figure("p95 before → after", words, false))}
                </dl>
                <ProofChart proof=proof />
            </div>
        </Panel>
    }
    .into_any()
}
