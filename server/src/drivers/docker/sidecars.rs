//! The panel's own containers: one for each name, kept as its spec says.

use bollard::query_parameters::{CreateContainerOptions, InspectContainerOptions};
use homeport_model::deploy::container::{
    Allowed, ContainerId, LABEL_NAMESPACE, LABEL_SIDECAR, LABEL_SPEC, SidecarSpec, check,
};
use sha2::{Digest as _, Sha256};

use super::{ContainerState, Docker, Error, convert};

/// How long one has to end before it is killed, in seconds.
const GRACE_S: u32 = 10;

impl Docker {
    /// Makes sure that this container is there and runs. One that was made from another spec is replaced.
    ///
    /// # Errors
    /// [`Error::NameTaken`] where the name belongs to something that is not ours, which is left alone.
    pub async fn ensure_sidecar(&self, spec: &SidecarSpec) -> Result<ContainerId, Error> {
        let digest = digest_of(spec);
        match self.find_sidecar(spec.name).await? {
            Some(there) if there.labels.get(LABEL_SPEC) == Some(&digest) => {
                if !there.running && !there.restarting {
                    self.start(&there.id).await?;
                }
                return Ok(there.id);
            }
            Some(_) => self.remove_sidecar(spec.name).await?,
            None => {}
        }
        let client = self.client().await?;
        let name = SidecarSpec::container_name(self.namespace(), spec.name);
        let options = CreateContainerOptions { name: Some(name), ..CreateContainerOptions::default() };
        let body = convert::sidecar_body(spec, self.namespace(), &digest);
        let created = self.ask_slowly(client.create_container(Some(options), body)).await?;
        let id: ContainerId = created.id.parse().map_err(|_| Error::Answer("a container's id"))?;
        let inspected = self.ask(client.inspect_container(id.as_str(), None::<InspectContainerOptions>)).await?;
        if let Err(breach) = check(&convert::granted(&inspected), &Allowed::of_sidecar(spec), self.namespace()) {
            self.remove(&id).await?;
            return Err(Error::Policy(breach));
        }
        self.start(&id).await?;
        Ok(id)
    }

    /// What one of the panel's own containers is doing.
    ///
    /// # Errors
    /// [`Error::NameTaken`] where the name belongs to something that is not ours.
    pub async fn find_sidecar(&self, name: &str) -> Result<Option<ContainerState>, Error> {
        let container = SidecarSpec::container_name(self.namespace(), name);
        let Some(found) = self.state_of(&container).await? else { return Ok(None) };
        let has = |key: &str, value: &str| found.labels.get(key).is_some_and(|found| found == value);
        if has(LABEL_NAMESPACE, self.namespace().as_str()) && has(LABEL_SIDECAR, name) {
            Ok(Some(found))
        } else {
            Err(Error::NameTaken { name: container })
        }
    }

    /// Ends and removes one of them; one that is gone is fine.
    ///
    /// # Errors
    /// [`Error::NameTaken`] where the name belongs to something that is not ours, which is left alone.
    pub async fn remove_sidecar(&self, name: &str) -> Result<(), Error> {
        let Some(there) = self.find_sidecar(name).await? else { return Ok(()) };
        self.stop(&there.id, GRACE_S).await?;
        self.remove(&there.id).await
    }
}

fn digest_of(spec: &SidecarSpec) -> String {
    let digest = Sha256::digest(spec.essence().expose());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
