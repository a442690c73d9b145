//! What every bench stands on: one panel with its owner signed in and twenty apps that serve, and a
//! second namespace for the references.

use std::{net::SocketAddr, time::Duration};

use homeport_model::{
    deploy::{DeployDetail, container::ImageId},
    job::JobState,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Result,
    client::Client,
    panel::{Process, Program},
    support::{authenticator::Passkey, images, namespace::Ground},
    visitors,
};

/// How many apps have a container that serves.
pub const SERVING: usize = 20;

/// The panel and what it is compared with.
pub struct Stage {
    // The process ends before its ground is cleared away.
    process: Option<Process>,
    pub client: Client,
    pub program: Program,
    /// The panel's namespace and state.
    pub ground: Ground,
    /// Another namespace, whose containers no panel looks after.
    pub floor: Ground,
    /// The image of the floor's containers, the same as the apps'.
    pub image: ImageId,
    apps: usize,
}

impl Stage {
    /// Starts a panel and claims it.
    pub async fn set() -> Result<Self> {
        let (ground, floor) = (Ground::new(), Ground::new());
        images::web(&ground.namespace).await;
        let image = images::web(&floor.namespace).await;
        floor.docker.ensure_network().await?;
        let program = Program::find()?;
        let process = program.start(&ground, true, "warn").await?;
        let link = process.claim_link.clone().ok_or("no link to claim the panel was shown")?;
        let mut client = Client::new(program.listen);
        claim(&mut client, program.listen, &link).await?;
        Ok(Self { process: Some(process), client, program, ground, floor, image, apps: 0 })
    }

    pub fn pid(&self) -> Result<u32> {
        self.process.as_ref().ok_or("the panel does not run")?.pid()
    }

    /// Stops the panel and starts it on the same state; says how long the first answer took.
    pub async fn restart(&mut self, log: &str) -> Result<Duration> {
        if let Some(process) = self.process.take() {
            process.stop().await?;
        }
        let process = self.program.start(&self.ground, false, log).await?;
        let took = process.cold_start;
        self.process = Some(process);
        Ok(took)
    }

    /// Makes sure that there are `count` apps; the first [`SERVING`] of them are deployed.
    pub async fn ensure_apps(&mut self, count: usize) -> Result<()> {
        let mut deploys = Vec::new();
        while self.apps < count {
            let name = app(self.apps);
            self.create(&name, "/").await?;
            if self.apps < SERVING {
                deploys.push((name.clone(), self.press(&name).await?));
            }
            self.apps += 1;
        }
        for (name, number) in deploys {
            self.ended(&name, number).await?;
        }
        Ok(())
    }

    /// Creates an app of the image. An empty `health_path` declares no check.
    pub async fn create(&mut self, name: &str, health_path: &str) -> Result<()> {
        let image = images::name(&self.ground.namespace).to_string();
        self.create_of(name, &image, health_path).await
    }

    /// The same, of another image.
    pub async fn create_of(&mut self, name: &str, image: &str, health_path: &str) -> Result<()> {
        let form =
            [("form[name]", name), ("form[kind]", "image"), ("form[image]", image), ("form[health_path]", health_path)];
        self.client.post_form("/api/ui/apps/create", &form).await?;
        self.set_version(name, "first").await
    }

    pub async fn set_version(&mut self, name: &str, version: &str) -> Result<()> {
        self.set_variables(name, &format!("VERSION={version}")).await
    }

    /// Sets variables of an app.
    pub async fn set_variables(&mut self, name: &str, text: &str) -> Result<()> {
        let form = [("app", name), ("text", text), ("scope", "keep")];
        self.client.post_form("/api/ui/environments/set", &form).await?;
        Ok(())
    }

    /// Takes a variable away.
    pub async fn unset(&mut self, name: &str, key: &str) -> Result<()> {
        self.client.post_form("/api/ui/environments/unset", &[("app", name), ("key", key)]).await?;
        Ok(())
    }

    /// Presses "roll back"; the number of the new release.
    pub async fn back(&mut self, name: &str, to: u32) -> Result<u32> {
        let form = [("app", name), ("to", &to.to_string())];
        self.client.post_form("/api/ui/deploys/roll-back", &form).await?.json()
    }

    /// A deploy as it stands.
    pub async fn find(&mut self, name: &str, number: u32) -> Result<DeployDetail> {
        self.client.get(&format!("/api/ui/deploys/find?app={name}&number={number}")).await?.json()
    }

    /// Presses "deploy"; the number of the release.
    pub async fn press(&mut self, name: &str) -> Result<u32> {
        self.client.post_form("/api/ui/deploys/deploy", &[("app", name)]).await?.json()
    }

    /// Waits until a deploy has ended well.
    pub async fn ended(&mut self, name: &str, number: u32) -> Result<DeployDetail> {
        loop {
            let detail = self.find(name, number).await?;
            match detail.release.job.state {
                JobState::Succeeded => return Ok(detail),
                state if state.is_final() => {
                    return Err(format!("{name}, release {number}: {:?}", detail.release.job.problem).into());
                }
                _ => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// nginx, as visitors reach it.
    pub fn nginx(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.ground.http_port.get()).into()
    }

    /// Deploys `version` and waits until visitors see it and the job has ended.
    pub async fn deploy(&mut self, name: &str, version: &str) -> Result<DeployDetail> {
        self.set_version(name, version).await?;
        let number = self.press(name).await?;
        visitors::first_answer(self.nginx(), &host(name), version).await?;
        self.ended(name, number).await
    }
}

/// The name of the app with this number.
pub fn app(number: usize) -> String {
    format!("app-{number:03}")
}

/// An app's first host name.
pub fn host(name: &str) -> String {
    format!("{name}.apps.localhost")
}

/// Claims the panel with a passkey in software; the client is signed in then.
async fn claim(client: &mut Client, listen: SocketAddr, link: &str) -> Result<()> {
    let (_, token) = link.split_once('#').ok_or("the link has no token")?;
    let begun: Value =
        client.post_json("/passkeys/claim/start", &json!({ "token": token, "name": "Bench" })).await?.json()?;
    let origin = format!("http://localhost:{}", listen.port());
    let (_, credential) = Passkey::create(&begun["options"], &origin);
    let answer = json!({ "id": begun["id"], "credential": credential, "label": "Bench" });
    let done = client.post_json("/passkeys/claim/finish", &answer).await?;
    client.enter(&done)
}
