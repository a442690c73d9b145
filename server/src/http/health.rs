//! `/healthz`: whether the panel answers; and which way somebody came to it, which only nginx says and only
//! the panel itself wants to know. Neither says anything else, to anyone.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
};
use homeport_model::panel_domain::WAY_HEADER;

use super::Panel;

/// The panel answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// A question of the panel's own has arrived.
pub(super) async fn way(State(panel): State<Panel>, headers: HeaderMap, RawQuery(question): RawQuery) -> &'static str {
    let way = headers.get(WAY_HEADER).and_then(|way| way.to_str().ok());
    if let (Some(question), Some(way)) = (question, way) {
        panel.panel_domain.arrived(&question, way);
    }
    "ok\n"
}
