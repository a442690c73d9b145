//! Every component in its states, for whoever changes the look. Debug builds only.

use homeport_model::{
    app::{Hop, HopKind, HopState},
    deploy::{Proof, Sample, proof::Method},
    problem::Problem,
};
use leptos::prelude::*;

use super::not_found::NotFound;
use crate::ui::{
    Code, Dialog, Field, Meter, Notice, PageHeader, Panel, PanelSkeleton, Picture, ProblemNotice, ProofChart, State,
    Submit, Tag, Tone, UptimeBar,
};

const TONES: [(Tone, &str); 6] = [
    (Tone::Good, "Serving"),
    (Tone::Working, "Deploying"),
    (Tone::Warning, "Degraded"),
    (Tone::Bad, "Down"),
    (Tone::Unknown, "Unknown"),
    (Tone::Off, "Stopped"),
];

/// The gallery; in a release build there is no such page.
#[component]
pub fn Gallery() -> impl IntoView {
    if cfg!(debug_assertions) { view! { <Samples /> }.into_any() } else { view! { <NotFound /> }.into_any() }
}

#[component]
fn Samples() -> impl IntoView {
    let asking = RwSignal::new(false);
    let states = TONES.map(|(tone, word)| view! { <State tone=tone word=word /> }).into_iter().collect_view();
    let tags = TONES.map(|(tone, word)| view! { <Tag tone=tone>{word}</Tag> }).into_iter().collect_view();
    let wrong = Signal::stored(Some(Problem::invalid("port", "A port is a number from 1 to 65535.")));
    let samples = (-40..40).map(|at| Sample {
        at_ms: at * 50,
        took_us: 9_000 + (at * at * 131 % 4_000).unsigned_abs(),
        ok: at != 3,
    });
    let proof = Proof::from_samples(samples.collect(), Method::MapElement, None);
    let hop = |kind, name: &str, detail: &str, state| Hop { kind, name: name.into(), detail: detail.into(), state };
    let hops = vec![
        hop(HopKind::Domain, "shop.example.com", "HTTP 8080", HopState::Good),
        hop(HopKind::Nginx, "nginx", "10.98.0.7", HopState::Unknown),
        hop(HopKind::Process, "web", "exited with code 1", HopState::Bad),
    ];
    let days = (0..90).map(|day| (day > 5).then_some(if day % 31 == 7 { 9_200 } else { 10_000 })).collect();
    view! {
        <PageHeader title="Gallery" lead=|| "Every component, every state" />
        <Panel title="Buttons">
            <div class="gallery-sample">
                <button class="button">"Save"</button>
                <Submit label="Deploy shop" variant="primary" />
                <Submit label="Cancel deploy" variant="danger" />
                <Submit label="Delete shop" variant="destroy" />
                <Submit label="Sign out" variant="quiet" />
                <Submit label="Deploy" busy="Deploying…" pending=Signal::stored(true) />
                <button class="button" type="button" on:click=move |_| asking.set(true)>
                    "Ask"
                </button>
            </div>
        </Panel>
        <Panel title="States">
            <div class="gallery-sample">{states} {tags}</div>
        </Panel>
        <Panel title="Fields">
            <div class="panel-body form">
                <Field label="Port" name="port" value="0" hint="Where it listens." problem=wrong mono=true size="short" />
                <Field label="Health path" name="health_path" placeholder="/healthz" optional=true />
            </div>
        </Panel>
        <Notice tone=Tone::Good title="Release 41 is live.">
            <p>"412 requests during the switch, 0 failed."</p>
        </Notice>
        <Notice tone=Tone::Warning title="2 variables wait to be applied." />
        <ProblemNotice problem=Problem::not_found("app").hint("It may have been deleted.") />
        <Panel title="How a request reaches it">
            <div class="panel-body">
                <Picture hops=hops />
            </div>
        </Panel>
        <Panel title="Figures">
            <div class="panel-body stack">
                <UptimeBar days=days label="99.2 % in 90 days" />
                <Meter label="Disk" figure="34.2 of 40 GiB" used=342 all=400 />
                <ProofChart proof=proof />
                <Code text="homeport claim-token" what="the command" />
            </div>
        </Panel>
        <PanelSkeleton rows=2 />
        <Dialog open=asking label="Use your passkey once more">
            <h2>"Use your passkey once more"</h2>
            <p>"Deleting shop cannot be taken back."</p>
            <footer>
                <button class="button" type="button" on:click=move |_| asking.set(false)>
                    "Keep it"
                </button>
            </footer>
        </Dialog>
    }
    .into_any()
}
