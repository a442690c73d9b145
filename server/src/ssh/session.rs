//! One connection: who it is, and what they ask for. What is not asked for here is refused by russh:
//! passwords, shells' terminals, forwarding, subsystems.

use std::collections::{HashMap, HashSet};

use homeport_model::pushes::{Service, Target};
use russh::{
    Channel, ChannelId, ChannelOpenFailure,
    server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, VerifiedPublicKey},
};
use tokio::sync::oneshot;

use super::talk::{self, Asked};
use crate::{
    failure::chain,
    pushes::{Pusher, Pushes},
    ssh_keys::SshKeys,
};

/// So many channels one connection has open; git uses one.
const MOST_CHANNELS: usize = 4;

/// A connection's state.
pub(super) struct Session {
    keys: SshKeys,
    pushes: Pushes,
    address: String,
    who: Option<Pusher>,
    signed_in: Option<oneshot::Sender<()>>,
    /// Channels that nothing has been asked of yet.
    idle: HashMap<ChannelId, Channel<Msg>>,
    open: usize,
    second_version: HashSet<ChannelId>,
}

impl Session {
    pub(super) fn new(keys: SshKeys, pushes: Pushes, address: String, signed_in: oneshot::Sender<()>) -> Self {
        Self {
            keys,
            pushes,
            address,
            who: None,
            signed_in: Some(signed_in),
            idle: HashMap::new(),
            open: 0,
            second_version: HashSet::new(),
        }
    }

    fn begin(&mut self, id: ChannelId, asked: Asked, session: &mut russh::server::Session) -> Result<(), russh::Error> {
        let (Some(channel), Some(who)) = (self.idle.remove(&id), self.who.clone()) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let second_version = self.second_version.remove(&id);
        tokio::spawn(talk::serve(self.pushes.clone(), who, asked, second_version, channel));
        Ok(())
    }
}

impl Handler for Session {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, russh::Error> {
        Ok(match self.keys.knows(offer.public_key).await {
            Ok(true) => Auth::Accept,
            Ok(false) => Auth::reject(),
            Err(failure) => {
                tracing::error!("an SSH key was not looked up: {}", chain(&failure));
                Auth::reject()
            }
        })
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        match self.keys.find(key.public_key, Some(&self.address)).await {
            Ok(Some(who)) => {
                self.who = Some(who);
                if let Some(signed_in) = self.signed_in.take() {
                    let _ = signed_in.send(());
                }
                Ok(Auth::Accept)
            }
            Ok(None) => Ok(Auth::reject()),
            Err(failure) => {
                tracing::error!("an SSH key was not looked up: {}", chain(&failure));
                Ok(Auth::reject())
            }
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        if self.open >= MOST_CHANNELS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.open += 1;
        self.idle.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(
        &mut self,
        channel: ChannelId,
        _session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        self.open = self.open.saturating_sub(1);
        self.idle.remove(&channel);
        self.second_version.remove(&channel);
        Ok(())
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        if (name, value) == ("GIT_PROTOCOL", "version=2") && self.idle.contains_key(&channel) {
            self.second_version.insert(channel);
            return session.channel_success(channel);
        }
        session.channel_failure(channel)
    }

    // What russh leaves without an answer; a client would wait for ever.

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(russh::Pty, u32)],
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        self.begin(channel, Asked::Nothing, session)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        let asked = match Service::from_exec(data) {
            Some((service, path)) => Target::read(path).map_or(Asked::NoApp, |target| Asked::Git(service, target)),
            None => Asked::Nothing,
        };
        self.begin(channel, asked, session)
    }
}
