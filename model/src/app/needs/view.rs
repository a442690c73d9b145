//! Storage, ports and options as the page shows them.

use serde::{Deserialize, Serialize};

use super::{HostNeeds, VolumeName};

/// A volume that is there, or is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeRow {
    /// Its name among those of its app.
    pub volume: VolumeName,
    /// Its name in the engine.
    pub name: String,
    /// Whether it is there; if not, the next deploy makes it.
    pub exists: bool,
    /// Whether a mount names it.
    pub mounted: bool,
}

/// All that the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedsView {
    /// What the app needs.
    pub needs: HostNeeds,
    /// Whether the release that serves has other needs, so that these wait for a deploy or restart.
    pub pending: bool,
    /// Its volumes, by name; `None` while the engine is away.
    pub volumes: Option<Vec<VolumeRow>>,
}
