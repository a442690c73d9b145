//! Storage, ports and options: read and changed one by one. They take effect with the next deploy or
//! restart, because a running container cannot be given anything.

use homeport_model::{
    app::{AppSpec, HostNeeds, NeedForm, NeedsView, PortMap, PortScheme, Protocol, Published, VolumeName, VolumeRow},
    deploy::container::volume_name,
    name::AppName,
    prelude::{Actor, Code, Problem, Role},
};
use serde_json::json;

use super::{AppRecord, Apps, store};
use crate::{
    deploys,
    drivers::{
        docker,
        system::procfs::{self, TcpState},
    },
    failure::Failure,
};

impl Apps {
    pub(super) async fn needs_view(&self, actor: &Actor, name: &AppName) -> Result<NeedsView, Failure> {
        actor.require(Role::Viewer)?;
        // Of one that is half removed, too: its settings name the volumes that would go.
        let app = self.get_even_removing(name).await?;
        let serving = self.serving_needs(&app).await?;
        let needs = app.spec.needs;
        let volumes = match self.parts.docker.list_volumes(name).await {
            Ok(there) => {
                let namespace = self.parts.docker.namespace();
                let row = |volume: &VolumeName| VolumeRow {
                    name: volume_name(namespace, name, volume),
                    exists: there.iter().any(|other| other.volume == *volume),
                    mounted: needs.volumes().iter().any(|(other, _)| *other == volume),
                    volume: volume.clone(),
                };
                let mounted = needs.volumes().into_iter().map(|(volume, _)| volume);
                let mut rows: Vec<VolumeRow> =
                    there.iter().map(|volume| &volume.volume).chain(mounted).map(row).collect();
                rows.sort_by(|one, other| one.volume.cmp(&other.volume));
                rows.dedup();
                Some(rows)
            }
            Err(error) if error.is_away() => None,
            Err(error) => return Err(error.into()),
        };
        // Ports of nginx are nginx's at once.
        let differs = |serving: HostNeeds| HostNeeds { ports: needs.ports.clone(), ..serving } != needs;
        Ok(NeedsView { pending: serving.is_some_and(differs), needs, volumes })
    }

    pub(super) async fn add_need(&self, actor: &Actor, name: &AppName, form: &NeedForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        if app.spec.source.is_static() {
            return Err(Problem::invalid(
                "kind",
                "nginx serves this app's files itself: there is no container to give anything to.",
            )
            .into());
        }
        let needs = app.spec.needs.with(form)?;
        if needs.is_more_dangerous_than(&app.spec.needs) {
            actor.require_step_up(self.parts.clock.now())?;
        }
        self.check_published(&app, &needs).await?;
        self.check_ports(&app, &needs).await?;
        self.keep_needs(actor, &app, needs).await
    }

    pub(super) async fn remove_need(
        &self,
        actor: &Actor,
        name: &AppName,
        kind: &str,
        text: &str,
    ) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        let needs = app.spec.needs.without(kind, text).ok_or_else(|| Problem::not_found("mount, port or option"))?;
        self.keep_needs(actor, &app, needs).await
    }

    async fn keep_needs(&self, actor: &Actor, app: &AppRecord, needs: HostNeeds) -> Result<(), Failure> {
        let detail = json!({ "before": app.spec.needs, "after": needs });
        let ports_changed = needs.ports != app.spec.needs.ports;
        let spec = AppSpec { needs, ..app.spec.clone() };
        let mut tx = self.parts.db.write().await?;
        store::update_spec(&mut tx, &app.id, &spec).await?;
        self.parts.audit.record(&mut tx, actor, "app.set_needs", app.spec.name.as_str(), detail).await?;
        tx.commit().await?;
        if ports_changed {
            // nginx at once; the firewall's doors with the next look, which is asked for.
            self.parts.domains.serve_now().await;
        }
        self.announce(&app.id);
        Ok(())
    }

    /// Removes a volume that no mount names, with all that is in it.
    pub(super) async fn remove_kept_volume(
        &self,
        actor: &Actor,
        name: &AppName,
        volume: &VolumeName,
    ) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let app = self.get(name).await?;
        actor.require_step_up(self.parts.clock.now())?;
        if app.spec.needs.volumes().iter().any(|(mounted, _)| *mounted == volume) {
            return Err(Problem::new(Code::Conflict, format!("The volume {volume} is mounted."))
                .hint("Remove its mounts first.")
                .into());
        }
        match self.parts.docker.remove_volume(name, volume).await {
            Err(docker::Error::Conflict { .. }) => {
                return Err(Problem::new(
                    Code::Conflict,
                    format!("The running release still has the volume {volume}."),
                )
                .hint("Restart the app first; then it runs without it.")
                .into());
            }
            other => other?,
        }
        let mut tx = self.parts.db.write().await?;
        let detail = json!({ "volume": volume });
        self.parts.audit.record(&mut tx, actor, "app.remove_volume", name.as_str(), detail).await?;
        tx.commit().await?;
        self.announce(&app.id);
        Ok(())
    }

    async fn serving_needs(&self, app: &AppRecord) -> Result<Option<HostNeeds>, Failure> {
        let Some(serving) = &app.serving else { return Ok(None) };
        Ok(deploys::store::find_id(&self.parts.db, serving).await?.map(|release| release.spec.needs))
    }

    /// What is newly published must be nobody else's: not nginx's, not another app's, not that of
    /// something that listens on this host.
    async fn check_published(&self, app: &AppRecord, needs: &HostNeeds) -> Result<(), Failure> {
        let new: Vec<&Published> =
            needs.published.iter().filter(|one| !app.spec.needs.published.contains(one)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let others = store::list(&self.parts.db).await?;
        let own = self.serving_needs(app).await?.unwrap_or_default().published;
        for published in new {
            let taken = |by: String| {
                Failure::from(Problem {
                    code: Code::Conflict,
                    ..Problem::invalid("text", format!("{} is taken by {by}.", published.host_side()))
                })
            };
            if published.protocol == Protocol::Tcp && self.parts.domains.nginx_ports().contains(&published.host) {
                return Err(taken("nginx, which serves every app's host names".into()));
            }
            let by_nginx = |other: &&AppRecord| {
                let ports = &other.spec.needs.ports;
                published.protocol == Protocol::Tcp && ports.iter().any(|map| map.host == published.host)
            };
            if let Some(other) = others.iter().find(by_nginx) {
                return Err(taken(format!("nginx, for the app {}", other.spec.name)));
            }
            let clashes = |other: &AppRecord| other.spec.needs.published.iter().any(|theirs| theirs.clashes(published));
            if let Some(other) = others.iter().find(|other| other.id != app.id && clashes(other)) {
                return Err(taken(format!("the app {}", other.spec.name)));
            }
            // What the running release of this app holds is given up by the next one.
            if !own.iter().any(|held| held.clashes(published)) && is_held(published) {
                let holder = match published.protocol {
                    Protocol::Tcp => procfs::holder_of(published.host.get()).ok().flatten(),
                    Protocol::Udp => None,
                };
                return Err(taken(holder.map_or_else(
                    || "something on this server".to_owned(),
                    |holder| format!("{} (process {})", holder.name, holder.pid),
                )));
            }
        }
        Ok(())
    }
}

impl Apps {
    /// A new port of nginx must be free: not another app's, not published, nobody else's on this host. The
    /// usual ones speak what they speak.
    async fn check_ports(&self, app: &AppRecord, needs: &HostNeeds) -> Result<(), Failure> {
        let (http, https) = self.parts.domains.usual_ports();
        let others = store::list(&self.parts.db).await?;
        for map in needs.ports.iter().filter(|map| !app.spec.needs.ports.contains(map)) {
            let refused = |title: String| Problem::invalid("text", title);
            let taken = |by: String| {
                let title = format!("Port {} is taken by {by}.", map.host);
                Failure::from(Problem { code: Code::Conflict, ..refused(title) })
            };
            if map.host == http {
                if map.scheme != PortScheme::Http {
                    return Err(refused(format!("Port {http} of nginx speaks http.")).into());
                }
                continue;
            }
            if Some(map.host) == https {
                if !map.scheme.needs_certificate() {
                    return Err(refused(format!("Port {} of nginx speaks https.", map.host)).into());
                }
                continue;
            }
            if self.parts.domains.nginx_ports().contains(&map.host) {
                return Err(taken("nginx, for the tunnel".into()));
            }
            let has = |other: &&AppRecord| {
                let needs = &other.spec.needs;
                let publishes = |one: &Published| one.protocol == Protocol::Tcp && one.host == map.host;
                let leads = |one: &PortMap| one.host == map.host;
                needs.published.iter().any(publishes) || (other.id != app.id && needs.ports.iter().any(leads))
            };
            if let Some(other) = others.iter().find(has) {
                return Err(taken(format!("the app {}", other.spec.name)));
            }
            if needs.published.iter().any(|one| one.protocol == Protocol::Tcp && one.host == map.host) {
                return Err(taken("this app, as a published port".into()));
            }
            let anywhere = Published {
                address: None,
                host: map.host,
                container: map.container,
                protocol: Protocol::Tcp,
                sources: Vec::new(),
                process: homeport_model::deploy::container::ProcessName::web(),
            };
            let ours = app.spec.needs.ports.iter().any(|one| one.host == map.host);
            if !ours && is_held(&anywhere) {
                let holder = procfs::holder_of(map.host.get()).ok().flatten();
                return Err(taken(holder.map_or_else(
                    || "something on this server".to_owned(),
                    |holder| format!("{} (process {})", holder.name, holder.pid),
                )));
            }
        }
        Ok(())
    }
}

/// Whether something on this host listens on the port.
fn is_held(published: &Published) -> bool {
    match published.protocol {
        Protocol::Udp => procfs::udp_ports().contains(&published.host.get()),
        Protocol::Tcp => {
            let sockets = procfs::tcp_sockets(std::process::id()).unwrap_or_default();
            sockets.iter().any(|socket| {
                let meets = socket.address.is_unspecified()
                    || published.address.is_none_or(|address| address.is_unspecified() || address == socket.address);
                socket.state == TcpState::Listening && socket.port == published.host.get() && meets
            })
        }
    }
}
