//! The container of `cloudflared`.

use super::TunnelToken;
use crate::{
    app::DockerOption,
    deploy::container::{ImageId, Limits, SidecarSpec},
    name::Port,
    secret::Secret,
};

/// What its container is called.
pub const SIDECAR: &str = "tunnel";
/// The user of Cloudflare's image, and of every image that is given in its place.
const USER: (u32, u32) = (65_532, 65_532);
const LIMITS: Limits = Limits { memory_bytes: 256 << 20, cpu_millis: None, pids: 256 };

/// How `cloudflared` is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connector {
    /// The port of 127.0.0.1 where it says how it is.
    pub metrics: Port,
}

impl Connector {
    /// Its container. The token is in the environment only: everybody on the host may read arguments.
    #[must_use]
    pub fn spec(self, image: &ImageId, token: &TunnelToken) -> SidecarSpec {
        let metrics = format!("127.0.0.1:{}", self.metrics);
        let words = ["tunnel", "--no-autoupdate", "--metrics", &metrics, "run"];
        SidecarSpec {
            name: SIDECAR,
            image: image.clone(),
            env: vec![
                ("TUNNEL_TOKEN".to_owned(), token.expose().clone()),
                // The image names an address that others reach.
                ("TUNNEL_METRICS".to_owned(), Secret::new(metrics.clone())),
            ],
            command: words.map(str::to_owned).to_vec(),
            user: USER,
            limits: LIMITS,
            options: vec![DockerOption::CapDrop(None), DockerOption::ReadOnly],
        }
    }
}
