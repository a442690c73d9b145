//! Moves a name between the ways in: the new one serves beside the old one until it has answered.

use std::time::Duration;

use homeport_model::{
    name::HostName,
    panel_domain::{Heard, is_switched, may_finish, switch},
    prelude::{Actor, Code, Problem, Role, Topic},
    tunnel::TunnelState,
};
use serde_json::json;

use super::{
    PanelDomain,
    store::{self, Added},
};
use crate::{db::Conn, failure::Failure, tunnel};

/// How often a name that is on its way is asked.
pub const EVERY: Duration = Duration::from_secs(5);
/// After how long a name of the tunnel is asked again that was not heard, and one that was.
const AGAIN_MS: (i64, i64) = (30_000, 600_000);

impl PanelDomain {
    /// Lets a name come in by the tunnel and by no other way, or at this server's own ports again. While
    /// nobody has a passkey there, that is at once. Else it begins: both ways serve until the new one has
    /// answered, or an owner finishes it `anyway`. The way that it is still to come in by ends that.
    pub(super) async fn set_way(
        &self,
        actor: &Actor,
        name: &HostName,
        by_tunnel: bool,
        anyway: bool,
    ) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.apps.parts;
        actor.require_step_up(parts.clock.now())?;
        let added = self.find(name).await?;
        if anyway && added.switching && added.by_tunnel != by_tunnel {
            if !may_finish(&self.steps_of_switch(&added).await?) {
                return Err(Problem::new(Code::Conflict, "Nobody could come in by the new way yet.")
                    .hint("The list says what is missing.")
                    .into());
            }
            return self.finish(actor, name, by_tunnel, true).await;
        }
        let mut tx = parts.db.write().await?;
        let added = find(&mut tx, name).await?;
        let domain = name.clone().into();
        if by_tunnel && !added.by_tunnel {
            tunnel::require(&mut tx).await?;
        }
        let step = match (added.switching, added.by_tunnel == by_tunnel) {
            (false, true) | (true, false) => return Ok(()),
            (true, true) => {
                store::set_switching(&mut tx, name, None).await?;
                tunnel::store::set_name(&mut tx, &domain, None, by_tunnel).await?;
                "back"
            }
            (false, false) if added.answered_at.is_none() => {
                tunnel::store::set_name(&mut tx, &domain, None, by_tunnel).await?;
                "done"
            }
            (false, false) => {
                store::set_switching(&mut tx, name, Some(by_tunnel)).await?;
                tunnel::store::set_name(&mut tx, &domain, None, false).await?;
                "begun"
            }
        };
        let detail = json!({ "by_tunnel": by_tunnel, "step": step });
        parts.audit.record(&mut tx, actor, "panel.set_way", name.as_str(), detail).await?;
        tx.commit().await?;
        self.ears.forget(name);
        self.nudge.notify_one();
        self.changed().await
    }

    /// Waits until somebody switched a name.
    pub(crate) async fn nudged(&self) {
        self.nudge.notified().await;
    }

    /// Asks for the names that are on their way to the other way in, and lets the old way go where the new
    /// one has answered; asks now and then for those of the tunnel.
    ///
    /// # Errors
    /// [`Failure`] of the store; a name that does not answer is none.
    pub async fn reconcile(&self) -> Result<(), Failure> {
        let now = self.apps.parts.clock.now();
        for added in store::list(self.apps.parts.db.reader()).await? {
            let is_due = match self.ears.last(&added.name) {
                _ if !added.switching && !added.by_tunnel => false,
                None => true,
                Some(_) if added.switching => true,
                Some((Heard::Here { .. }, at)) => now.since(at) >= AGAIN_MS.1 || now < at,
                Some((_, at)) => now.since(at) >= AGAIN_MS.0 || now < at,
            };
            if !is_due {
                continue;
            }
            self.hear(&added).await;
            if added.switching && is_switched(&self.steps_of_switch(&added).await?) {
                self.finish(&Actor::host(), &added.name, !added.by_tunnel, false).await?;
            }
        }
        Ok(())
    }

    /// Asks for a name from outside, where it is to come in.
    pub(super) async fn hear(&self, added: &Added) {
        let parts = &self.apps.parts;
        let heard = self.ask_outside(&added.name, added.by_tunnel != added.switching).await;
        if self.ears.keep(&added.name, heard, parts.clock.now()) {
            parts.hub.announce(Topic::Host);
        }
    }

    /// What the new way in waits for.
    pub(super) async fn steps_of_switch(
        &self,
        added: &Added,
    ) -> Result<Vec<homeport_model::panel_domain::RehearsalStep>, Failure> {
        let seen = self.seen(added).await?;
        Ok(switch(&seen, !added.by_tunnel, &self.tunnel_state().await?, self.apps.parts.clock.now()))
    }

    /// What the tunnel was last seen to do; none without a token, whatever was seen before.
    async fn tunnel_state(&self) -> Result<TunnelState, Failure> {
        Ok(match tunnel::store::exists(&self.apps.parts.db).await? {
            true => match self.tunnel.state() {
                TunnelState::None => TunnelState::Starting,
                state => state,
            },
            false => TunnelState::None,
        })
    }

    /// The old way goes, unless the switch was taken back in between.
    async fn finish(&self, actor: &Actor, name: &HostName, by_tunnel: bool, anyway: bool) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        let added = find(&mut tx, name).await?;
        if !added.switching || added.by_tunnel == by_tunnel {
            return Ok(());
        }
        if by_tunnel {
            tunnel::require(&mut tx).await?;
        }
        store::set_switching(&mut tx, name, None).await?;
        tunnel::store::set_name(&mut tx, &name.clone().into(), None, by_tunnel).await?;
        let step = if anyway { "done without an answer" } else { "done" };
        let detail = json!({ "by_tunnel": by_tunnel, "step": step });
        parts.audit.record(&mut tx, actor, "panel.set_way", name.as_str(), detail).await?;
        tx.commit().await?;
        self.changed().await
    }
}

async fn find(tx: &mut Conn, name: &HostName) -> Result<Added, Failure> {
    let all = store::list(tx).await?;
    Ok(all.into_iter().find(|added| added.name == *name).ok_or_else(|| Problem::not_found("name"))?)
}
