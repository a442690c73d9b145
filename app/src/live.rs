//! What has changed, as the server tells it: one `EventSource` on `/events` a tab.
//!
//! A message's data is an [`Event`] as JSON. Whoever shows a topic depends on [`version`] of it and
//! asks again through its ordinary server function. Without JavaScript nothing happens here; a
//! reload shows the truth.
//!
//! A job's log has a stream of its own, `/events/jobs/{id}/log`: a message's id is the line's
//! number, its data a [`LogLine`](homeport_model::job::LogLine) as JSON; the browser sends
//! `Last-Event-ID` when it connects again. A message of type `end` says that the job is over.

#[cfg(feature = "hydrate")]
use homeport_model::event::Event;
use homeport_model::event::Topic;
use leptos::prelude::*;

/// What has changed so far, by topic.
#[derive(Clone, Copy)]
pub struct Live {
    latest: RwSignal<Vec<(Topic, u64)>>,
}

impl Live {
    /// Opens the stream (in the browser, for a person who is in) and provides it as a context.
    pub fn provide() -> Self {
        let live = Self { latest: RwSignal::new(Vec::new()) };
        provide_context(live);
        // Before one is in there is nothing to listen to.
        #[cfg(feature = "hydrate")]
        if crate::ui::visitor::Visitor::current().name.is_some() {
            Effect::new(move || listen(live));
        }
        live
    }

    /// A number that grows whenever `topic` changes; reading it subscribes.
    #[must_use]
    pub fn version(self, topic: &Topic) -> u64 {
        self.latest.with(|latest| latest.iter().find(|(known, _)| known == topic).map_or(0, |(_, version)| *version))
    }
}

/// The version of `topic` as a memo, for a resource's source; 0 without a stream.
#[must_use]
pub fn version(topic: Topic) -> Memo<u64> {
    let live = use_context::<Live>();
    Memo::new(move |_| live.map_or(0, |live| live.version(&topic)))
}

#[cfg(feature = "hydrate")]
fn listen(live: Live) {
    use wasm_bindgen::{JsCast, prelude::Closure};
    let Ok(source) = web_sys::EventSource::new("/events") else { return };
    let on_message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |message: web_sys::MessageEvent| {
        let Some(text) = message.data().as_string() else { return };
        let Ok(event) = serde_json::from_str::<Event>(&text) else { return };
        live.latest.update(|latest| match latest.iter_mut().find(|(topic, _)| *topic == event.topic) {
            Some((_, version)) => *version = event.version,
            None => latest.push((event.topic, event.version)),
        });
    });
    source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}
