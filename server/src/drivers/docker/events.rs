//! What happens to our containers, as it happens. Events only nudge; they decide nothing.

use bollard::{models::EventMessageTypeEnum, query_parameters::EventsOptions};
use futures_util::{StreamExt, stream::BoxStream};
use homeport_model::deploy::container::{ContainerId, LABEL_APP};

use super::{Docker, Error};

/// Something happened to a container of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The container.
    pub container: ContainerId,
    /// `start`, `die` or `oom`.
    pub action: String,
    /// The app's id, as labelled.
    pub app: Option<String>,
}

impl Docker {
    /// Starts, ends and out-of-memory kills of our containers, from now on. The stream ends when
    /// the engine goes away; the caller waits and asks again.
    pub async fn events(&self) -> Result<BoxStream<'static, Event>, Error> {
        let client = self.client().await?;
        let mut filters = self.label_filter();
        filters.insert("type".into(), vec!["container".into()]);
        filters.insert("event".into(), ["start", "die", "oom"].map(String::from).to_vec());
        let options = EventsOptions { filters: Some(filters), ..EventsOptions::default() };
        let messages = client.events(Some(options)).take_while(|message| std::future::ready(message.is_ok()));
        let events = messages.filter_map(|message| async {
            let message = message.ok().filter(|message| message.typ == Some(EventMessageTypeEnum::CONTAINER))?;
            let actor = message.actor?;
            let app = actor.attributes.and_then(|mut all| all.remove(LABEL_APP));
            Some(Event { container: actor.id?.parse().ok()?, action: message.action?, app })
        });
        Ok(events.boxed())
    }
}
