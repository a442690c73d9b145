//! Where an app is pushed to.

use homeport_model::pushes::Remotes;
use leptos::prelude::*;

use crate::ui::{Code, Panel};

/// The commands that a person copies.
#[component]
pub fn RemotesPanel(
    /// The addresses.
    remotes: Remotes,
    /// The branch that deploys.
    branch: String,
    /// Whether something has been pushed yet.
    begun: bool,
) -> impl IntoView {
    let Remotes { https, ssh } = remotes;
    let ways = |text: String, what: &'static str, words: &'static str| {
        view! {
            <p class="muted">{words}</p>
            <Code text=format!("git remote add homeport {text}") what=what />
        }
    };
    let ssh = ssh.map(|ssh| ways(ssh, "the command for SSH", "With an SSH key of yours; Settings has the keys:"));
    let https = ways(https, "the command for https", "With an API token as the password:");
    let title = if begun { "Push to deploy" } else { "Push something to deploy it" };
    view! {
        <Panel title=title>
            <div class="panel-body form">
                {ssh} {https} <p class="muted">"Then, and for every new release:"</p>
                <Code text=format!("git push homeport {branch}") what="the command to push" />
            </div>
        </Panel>
    }
    .into_any()
}
