//! `/healthz`: whether the panel answers. It says nothing else, to anyone.

/// The panel answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}
