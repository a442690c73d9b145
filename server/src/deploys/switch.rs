//! Switch, prove, drain, retire: traffic goes to the new release, then the old one may rest.

use std::{net::SocketAddrV4, time::Duration};

use futures_util::future::try_join_all;
use homeport_model::{
    app::Health,
    build::Scheme,
    deploy::{Artifact, plan::PROVE_MS, proof::Method},
    name::UrlPath,
    prelude::{Code, Problem},
    time::short_length,
};
use tokio::time::Instant;

use super::{
    ReleaseRecord,
    proof::Probe,
    store,
    work::{Deploy, DeployWork},
};
use crate::{
    domains::{Serving, Way},
    drivers::docker::OurContainer,
    failure::Failure,
};

const POLL: Duration = Duration::from_millis(100);

/// The moment of a switch, for its proof.
pub(super) struct Switched {
    /// When it began.
    at: Instant,
    /// When new connections went to the new release for certain.
    done: Instant,
    method: Method,
}

impl DeployWork {
    /// Begins to ask through nginx, so that the proof has something from before the switch.
    pub(super) async fn start_probe(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let host = self.apps.first_host_name(&deploy.app.spec);
        let Some(path) = probe_path(&deploy.release) else { return Ok(()) };
        let probe = match self.apps.parts.domains.way_to(&deploy.app, &deploy.release, &host).await? {
            Way::Nginx(address, scheme) => Ok(Probe::start(address, scheme, host, path, None)),
            Way::Past(address, between) => Ok(Probe::start(address, Scheme::Http, host, path, Some(between))),
            Way::None(between) => Err(between),
        };
        self.put_probe(&deploy.context.job.id, probe);
        Ok(())
    }

    /// The commit point: new connections go to the new release, and the store says so.
    pub(super) async fn switch(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let serving = self.serving_of(deploy).await?;
        if serving != Serving::Nothing {
            self.start_probe(deploy).await?;
        }
        let began = Instant::now();
        let method = self.apps.parts.domains.switch(&deploy.context.lock, &deploy.app, &serving).await?;
        let took = began.elapsed();
        let now = self.apps.parts.clock.now();
        store::set_serving(&self.apps.parts.db, &deploy.app.id, &deploy.release.id, now).await?;
        self.put_switched(&deploy.context.job.id, Switched { at: began, done: began + took, method });
        self.note_serving(deploy).await?;
        let how = match method {
            _ if serving == Serving::Nothing => {
                "it has nothing for nginx to lead to, so that visitors get a page that says so"
            }
            Method::MapElement => "one address of the firewall's map was replaced",
            Method::Reload => "nginx was given a new configuration",
            Method::Link => "the site's link was swapped",
        };
        deploy.context.log.say(format!("Release {} serves: {how}, in {} ms.", deploy.release.number, took.as_millis()));
        Ok(how.to_owned())
    }

    /// Sends traffic back to what the store says, if it had been sent on.
    pub(super) async fn unswitch(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let Some(old) = &deploy.app.serving else {
            self.apps.parts.domains.unroute(&deploy.context.lock, &deploy.app).await?;
            return Ok(());
        };
        if *old == deploy.release.id {
            return Err(Failure::internal("a switch was to be undone after its commit point"));
        }
        let Some(release) = store::find_id(&self.apps.parts.db, old).await? else { return Ok(()) };
        let back = Deploy {
            context: deploy.context,
            app: deploy.app.clone(),
            release,
            wanted: None,
            upload: None,
            no_cache: false,
        };
        let serving = self.serving_of(&back).await?;
        self.apps.parts.domains.switch(&deploy.context.lock, &deploy.app, &serving).await?;
        Ok(())
    }

    /// Where a release can be reached.
    async fn serving_of(&self, deploy: &Deploy<'_>) -> Result<Serving, Failure> {
        match &deploy.release.artifact {
            Some(Artifact::Site { folder, .. }) => {
                Ok(Serving::Folder { folder: folder.clone(), rules: deploy.release.declared.site.clone() })
            }
            Some(Artifact::Image { .. }) if deploy.release.web_scale() == 0 => Ok(Serving::Nothing),
            Some(Artifact::Image { .. }) => {
                let mut at = Vec::new();
                for spec in &self.web_specs(deploy)? {
                    let state = self.engines.docker.find_container(spec).await?;
                    let address = state.filter(|state| state.running).and_then(|state| state.address);
                    let address = address.ok_or_else(|| {
                        let name = spec.name(self.engines.docker.namespace());
                        Problem::new(Code::Engine, format!("{name} does not run.")).hint("Look at its last lines.")
                    })?;
                    at.push(SocketAddrV4::new(address, spec.port.get()));
                }
                Ok(Serving::Containers { at })
            }
            None => Err(Failure::internal("a release without an artifact was to serve")),
        }
    }

    /// What was just checked need not wait for the next look.
    async fn note_serving(&self, deploy: &Deploy<'_>) -> Result<(), Failure> {
        let containers = self.engines.docker.list_of(&deploy.app.id).await?;
        let seen = self.apps.look(&deploy.app, &deploy.release, Some(&containers)).await;
        self.apps.parts.observations.record(&deploy.app.id, seen, self.apps.parts.clock.now());
        Ok(())
    }

    /// Goes on asking for a moment and writes down what was seen.
    pub(super) async fn prove(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let job = &deploy.context.job.id;
        let Some(switched) = self.take_switched(job) else {
            return Ok("not measured: the panel was restarted in between".to_owned());
        };
        tokio::time::sleep_until(switched.at + Duration::from_millis(PROVE_MS)).await;
        let probe = match self.take_probe(job) {
            Some(Ok(probe)) => probe,
            Some(Err(between)) => return Ok(format!("not measured, because {}", between.words())),
            None => return Ok("not measured".to_owned()),
        };
        let older = store::list(&self.apps.parts.db, &deploy.app.id).await?;
        let is_first = !older.iter().any(|other| other.number < deploy.release.number && other.switched_at.is_some());
        // Before the first release there was nothing that could have answered.
        let moment = if is_first { switched.done } else { switched.at };
        let proof = probe.end(moment, is_first, switched.method).await;
        store::set_proof(&self.apps.parts.db, &deploy.release.id, &proof).await?;
        let past = proof.past.map(|between| format!("; asked past nginx, because {}", between.words()));
        let past = past.unwrap_or_default();
        let text = format!("{} requests during the switch, {} failed{past}", proof.sent, proof.failed);
        deploy.context.log.say(format!("{text}."));
        Ok(text)
    }

    /// Waits until the old containers have answered what they had taken.
    pub(super) async fn drain(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        let began = Instant::now();
        let limit = Duration::from_secs(self.patience.drain_s.into());
        for (release, container) in self.older_containers(deploy).await? {
            let Some(port) = release.port.filter(|_| container.is_web()) else { continue };
            loop {
                let open = self.engines.docker.established(&container.id, port).await?;
                if open == 0 {
                    break;
                }
                if began.elapsed() > limit {
                    let text = format!("{open} connection(s) were still open after {} s", self.patience.drain_s);
                    deploy.context.log.say(format!("{text}; going on."));
                    return Ok(text);
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(format!(
            "no connection left after {}",
            short_length(i64::try_from(began.elapsed().as_millis()).unwrap_or(0))
        ))
    }

    /// Stops the old containers, keeps what they wrote and removes them. Their images stay.
    pub(super) async fn retire(&self, deploy: &Deploy<'_>) -> Result<String, Failure> {
        self.retire_within(deploy, u32::MAX).await
    }

    /// Retires the old containers; none has longer to end than `most_s`, whatever its settings say.
    pub(super) async fn retire_within(&self, deploy: &Deploy<'_>, most_s: u32) -> Result<String, Failure> {
        let old = self.older_containers(deploy).await?;
        // Side by side: the slowest is waited for, not all of them in a row.
        let stopping = old.iter().map(|(release, container)| {
            let grace_s = self.grace(release, container.process()).min(most_s);
            self.engines.docker.stop(&container.id, grace_s)
        });
        try_join_all(stopping).await?;
        for (release, container) in &old {
            self.apps.keep_log(&container.id).await;
            self.engines.docker.remove(&container.id).await?;
            deploy.context.log.say(format!("Stopped {} of release {}.", container.name, release.number));
        }
        Ok(match old.len() {
            0 => "there was none".to_owned(),
            1 => "the old container is stopped".to_owned(),
            more => format!("{more} old containers are stopped"),
        })
    }

    /// The app's containers of other releases.
    pub(super) async fn older_containers(
        &self,
        deploy: &Deploy<'_>,
    ) -> Result<Vec<(ReleaseRecord, OurContainer)>, Failure> {
        let releases = store::list(&self.apps.parts.db, &deploy.app.id).await?;
        let ours = self.engines.docker.list_of(&deploy.app.id).await?;
        Ok(ours
            .into_iter()
            .filter_map(|container| {
                let release = releases.iter().find(|release| container.release() == Some(release.id.as_str()))?;
                (release.id != deploy.release.id).then(|| (release.clone(), container))
            })
            .collect())
    }
}

/// What the probe asks for: the health check's path, else the first page.
fn probe_path(release: &ReleaseRecord) -> Option<UrlPath> {
    match &release.spec.health {
        Health::Http { path } => Some(path.clone()),
        Health::Port => "/".parse().ok(),
    }
}
