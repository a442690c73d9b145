//! This server: what it uses and whether its engines work.

use homeport_model::host::{EngineState, HostGauges};
use leptos::prelude::*;

use crate::ui::{
    Age, Meter, Panel, State, Tone,
    figures::{count, size_of},
};

/// Gauges and engines.
#[component]
pub fn HostPanel(
    /// The figures, once read.
    gauges: Option<HostGauges>,
    /// The engines.
    engines: Vec<EngineState>,
) -> impl IntoView {
    let seen = gauges.as_ref().map(|gauges| {
        let at = gauges.observed_at;
        view! {
            <small class="muted">
                "seen " <Age at=at />
            </small>
        }
        .into_any()
    });
    let rows = engines
        .into_iter()
        .map(|engine| {
            let is_nginx = engine.name == "nginx";
            let (tone, word) = if engine.ok { (Tone::Good, "Working") } else { (Tone::Bad, "Not working") };
            view! {
                <div>
                    <dt>
                        {if is_nginx {
                            view! { <a href="/host/nginx">{engine.name}</a> }.into_any()
                        } else {
                            engine.name.into_any()
                        }}
                    </dt>
                    <dd class="cluster" data-gap="2">
                        <State tone=tone word=word />
                        <span class="muted">{engine.detail}</span>
                    </dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <Panel title="Host" aside=seen>
            {gauges.map(|gauges| view! { <Gauges gauges=gauges /> })} <dl class="facts">{rows}</dl>
        </Panel>
    }
    .into_any()
}

#[component]
fn Gauges(gauges: HostGauges) -> impl IntoView {
    let cores = count(gauges.cores as usize, "core", "cores");
    let cpu = gauges.cpu_busy_centipercent.map(|busy| {
        view! { <Meter label="CPU" figure=format!("{} % of {cores}", busy / 100) used=u64::from(busy) all=10_000 /> }
    });
    let used = |all: u64, available: u64| (all.saturating_sub(available), all);
    let memory = used(gauges.memory_total_bytes, gauges.memory_available_bytes);
    let disk = used(gauges.disk_total_bytes, gauges.disk_available_bytes);
    let words = |(used, all): (u64, u64)| format!("{} of {}", size_of(used), size_of(all));
    view! {
        <div class="panel-body stack">
            {cpu} <Meter label="Memory" figure=words(memory) used=memory.0 all=memory.1 />
            <Meter label="Disk" figure=words(disk) used=disk.0 all=disk.1 />
        </div>
    }
    .into_any()
}
