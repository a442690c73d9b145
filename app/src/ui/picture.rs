//! How a request reaches an app, hop by hop; the first broken hop says why.

use homeport_model::app::{Hop, HopKind, HopState};
use leptos::prelude::*;

use super::state::{State, Tone};

const fn kind_word(kind: HopKind) -> &'static str {
    match kind {
        HopKind::Domain => "Domain",
        HopKind::Nginx => "Proxy",
        HopKind::Process => "Process",
        HopKind::Folder => "Folder",
    }
}

const fn tone_of(state: HopState) -> Tone {
    match state {
        HopState::Good => Tone::Good,
        HopState::Bad => Tone::Bad,
        HopState::Unknown => Tone::Unknown,
    }
}

/// The hops with lines between them.
#[component]
pub fn Picture(
    /// The hops in the request's order.
    hops: Vec<Hop>,
) -> impl IntoView {
    let nodes = hops
        .into_iter()
        .map(|hop| {
            let tone = tone_of(hop.state);
            view! {
                <li data-broken=(tone == Tone::Bad).then_some("")>
                    <div class="picture-node" data-state=tone.as_str()>
                        <small>{kind_word(hop.kind)}</small>
                        <b title=hop.name.clone()>{hop.name.clone()}</b>
                        <State tone=tone word=hop.detail />
                    </div>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="picture">{nodes}</ol> }
}
