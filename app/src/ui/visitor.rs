//! What the server tells a page about itself: who looks, at which host, and what time it is there.
//!
//! The server hands it over as attributes of `<body>`, so that the browser's first render says the
//! same as the server's.

use homeport_model::time::Timestamp;
use leptos::prelude::*;

/// Who looks at what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visitor {
    /// The name of the signed-in person.
    pub name: Option<String>,
    /// The host's name as people reach it.
    pub host_name: String,
    /// The server's time when the page was made.
    pub now: Timestamp,
}

impl Visitor {
    /// On the server: the context that the router gave. In the browser: what the page carries.
    #[must_use]
    pub fn current() -> Self {
        use_context::<Self>().or_else(from_page).unwrap_or_default()
    }
}

#[cfg(feature = "hydrate")]
fn from_page() -> Option<Visitor> {
    let body = document().body()?;
    Some(Visitor {
        name: body.get_attribute("data-user"),
        host_name: body.get_attribute("data-host").unwrap_or_default(),
        now: Timestamp::from_ms(body.get_attribute("data-now")?.parse().ok()?),
    })
}

#[cfg(not(feature = "hydrate"))]
const fn from_page() -> Option<Visitor> {
    None
}
