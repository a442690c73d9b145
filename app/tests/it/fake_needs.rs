//! The fake's storage and ports.

use homeport_model::{
    app::{HostNeeds, NeedForm, NeedsView, VolumeRow},
    deploy::container::{Namespace, volume_name},
};

use super::parsed;

/// A game server's needs, one of them dangerous, and a volume that was kept.
pub(super) fn view() -> NeedsView {
    let need = |kind: &str, text: &str, to: &str| NeedForm {
        kind: kind.into(),
        text: text.into(),
        to: to.into(),
        ..NeedForm::default()
    };
    let forms = [
        need("mount", "world", "/data"),
        NeedForm { read_only: "yes".into(), ..need("mount", "/lib/modules", "/lib/modules") },
        need("published", "25565:25565/tcp from 192.0.2.0/24, 203.0.113.7", ""),
        need("option", "--cap-add=NET_ADMIN", ""),
    ];
    let needs = forms.iter().try_fold(HostNeeds::default(), |needs, form| needs.with(form)).unwrap();
    let namespace: Namespace = parsed("homeport");
    let row = |volume: &str, exists, mounted| VolumeRow {
        name: volume_name(&namespace, &parsed("shop"), &parsed(volume)),
        volume: parsed(volume),
        exists,
        mounted,
    };
    NeedsView { needs, pending: true, volumes: Some(vec![row("old", true, false), row("world", false, true)]) }
}
