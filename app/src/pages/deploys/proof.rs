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

/// "18 → 17 ms": the unit once, when both have the same.
fn before_and_after(before: Option<u32>, after: Option<u32>) -> Option<String> {
    let after = answer_time(after?);
    let Some(before) = before.map(answer_time) else { return Some(after) };
    Some(match (before.split_once(' '), after.split_once(' ')) {
        (Some((figure, unit)), Some((_, same))) if unit == same => format!("{figure} → {after}"),
        _ => format!("{before} → {after}"),
    })
}

/// The figures and the chart of a switch.
#[component]
pub fn ProofPanel(
    /// The switch's probes.
    proof: Proof,
) -> impl IntoView {
    let past = proof.past.map(|between| format!("; asked past nginx, because {}", between.words()));
    let how = view! { <small class="muted">{method_words(proof.method)} {past}</small> }.into_any();
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

#[cfg(test)]
mod tests {
    use super::before_and_after;

    #[test]
    fn a_common_unit_stands_once() {
        assert_eq!(before_and_after(Some(18_000), Some(17_000)).as_deref(), Some("18 → 17 ms"));
        assert_eq!(before_and_after(Some(900), Some(1_100)).as_deref(), Some("900 µs → 1.1 ms"));
        assert_eq!(before_and_after(None, Some(1_100)).as_deref(), Some("1.1 ms"));
        assert_eq!(before_and_after(Some(1), None), None);
    }
}
