//! The panel's own names: how a new one is rehearsed before anybody depends on it, how one is moved between
//! the ways in, and who is left out when one is given up.
//!
//! A passkey belongs to the host name where it was made, for ever (WebAuthn's relying party id). So a
//! panel is never renamed; it gets a further name, somebody makes a passkey there, and only then do the
//! links that leave the panel carry the new name. The name of the configuration stays, for whoever
//! stands at the host.

mod leaving;
mod rehearsal;
mod switch;

pub use leaving::{Door, Holder, leave};
pub use rehearsal::{
    Heard, PartState, RehearsalPart, RehearsalStep, Seen, SeenCertificate, may_move, may_move_anyway, rehearse,
};
pub use switch::{Switching, is_switched, may_finish, switch};

use serde::{Deserialize, Serialize};

use crate::{
    name::{DomainName, HostName},
    problem::Problem,
    time::Timestamp,
    tunnel::WayIn,
};

/// At most so many names beside the configured one: each has a certificate that is renewed.
pub const MOST_NAMES: usize = 5;

/// Where the panel is asked, under one of its names, which way that name comes in.
pub const WAY_PATH: &str = "/.well-known/homeport-way";
/// The header by which nginx says so there, to the panel only: [`DIRECTLY`] or [`BY_TUNNEL`].
pub const WAY_HEADER: &str = "X-Homeport-Way";
/// At this server's own ports.
pub const DIRECTLY: &str = "direct";
/// At the tunnel's listener.
pub const BY_TUNNEL: &str = "tunnel";

/// One of the panel's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelNameRow {
    /// The host name.
    pub host: String,
    /// The same as people of its script read it, where that differs.
    pub unicode: Option<String>,
    /// The address that people type.
    pub url: String,
    /// Links that leave the panel carry it.
    pub primary: bool,
    /// It is the one of the configuration, which stays.
    pub configured: bool,
    /// Who gave it, and when; none for the configured one.
    pub added: Option<(String, Timestamp)>,
    /// How many passkeys of all people belong to it.
    pub passkeys: u32,
    /// The rehearsal; empty for the configured one.
    pub steps: Vec<RehearsalStep>,
    /// Whether a link to it can be made.
    pub ready: bool,
    /// Whether one can be made by somebody who knows better than this server what it cannot see from here.
    pub ready_anyway: bool,
    /// Which way people come in.
    pub way: WayIn,
    /// On its way to the other way in, where it is.
    pub switching: Option<Switching>,
    /// What is lost with it, as sentences that whoever gives it up has to confirm.
    pub cautions: Vec<String>,
}

/// What is typed to give the panel a name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PanelNameForm {
    /// The host name, in any script.
    #[serde(default)]
    pub name: String,
    /// `tunnel`, where people come in by it.
    #[serde(default)]
    pub way: String,
}

/// A name, as DNS has it, that the panel can have.
///
/// # Errors
/// An invalid `panel_name`.
pub fn panel_name(name: &DomainName) -> Result<HostName, Problem> {
    let refuse = |title: &str| Problem::invalid("panel_name", title).hint("Like panel.example.com.");
    let host = name.host().ok_or_else(|| refuse("The panel has one name at a time, without *."))?;
    if host.as_str().ends_with(".localhost") {
        return Err(Problem::invalid("panel_name", "Other machines cannot reach a name under localhost."));
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_panel_is_one_that_others_reach() {
        let read = |text: &str| panel_name(&text.parse().expect("a name"));
        assert_eq!(read("panel.example.com").expect("good").as_str(), "panel.example.com");
        assert_eq!(read("xn--mnchen-3ya.example").expect("good").as_str(), "xn--mnchen-3ya.example");
        for text in ["*.example.com", "a.localhost"] {
            assert_eq!(read(text).expect_err(text).field.as_deref(), Some("panel_name"), "{text}");
        }
    }
}
