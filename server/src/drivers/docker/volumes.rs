//! Volumes: plain ones of the engine's own driver, found again by their labels. One that is called
//! like ours and is not ours, or is more than a plain folder, is never mounted: a volume can be made
//! to stand for any folder of the host (security.md, C-12).

use std::path::PathBuf;

use bollard::{
    models::{Volume as Listed, VolumeCreateRequest},
    query_parameters::{ListVolumesOptions, RemoveVolumeOptions},
};
use homeport_model::{
    app::VolumeName,
    deploy::container::{LABEL_APP, LABEL_APP_NAME, LABEL_NAMESPACE, LABEL_VOLUME, cache_name, volume_name},
    id::AppId,
    name::AppName,
};

use super::{Docker, Error, found};

/// A volume of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name among those of its app.
    pub volume: VolumeName,
    /// Its name in the engine.
    pub name: String,
    /// Its folder on this host.
    pub folder: PathBuf,
}

impl Docker {
    /// Makes sure that an app's volume exists. It is the app's by its name: an app that is made anew
    /// under the name finds what was kept.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for one that is called so and is not ours, or no plain one.
    pub async fn ensure_volume(&self, id: &AppId, app: &AppName, volume: &VolumeName) -> Result<Volume, Error> {
        let name = volume_name(self.namespace(), app, volume);
        let client = self.client().await?;
        if let Some(there) = found(self.ask(client.inspect_volume(&name)).await)? {
            return self.own_volume(app, there).ok_or(Error::NameTaken { name });
        }
        let labels = [
            (LABEL_NAMESPACE, self.namespace().as_str()),
            (LABEL_APP, id.as_str()),
            (LABEL_APP_NAME, app.as_str()),
            (LABEL_VOLUME, volume.as_str()),
        ];
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            driver: Some("local".into()),
            labels: Some(labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()),
            ..VolumeCreateRequest::default()
        };
        let made = self.ask_slowly(client.create_volume(request)).await?;
        self.own_volume(app, made).ok_or(Error::NameTaken { name })
    }

    /// An app's volumes, by name, also those that no setting names any more.
    pub async fn list_volumes(&self, app: &AppName) -> Result<Vec<Volume>, Error> {
        let client = self.client().await?;
        let mut filters = self.label_filter();
        filters.entry("label".into()).or_default().push(format!("{LABEL_APP_NAME}={app}"));
        let options = ListVolumesOptions { filters: Some(filters) };
        let listed = self.ask(client.list_volumes(Some(options))).await?.volumes.unwrap_or_default();
        let mut volumes: Vec<Volume> = listed.into_iter().filter_map(|volume| self.own_volume(app, volume)).collect();
        volumes.sort_by(|one, other| one.volume.cmp(&other.volume));
        Ok(volumes)
    }

    /// Removes an app's volume with all that is in it; one that is gone, or is not ours, is left.
    pub async fn remove_volume(&self, app: &AppName, volume: &VolumeName) -> Result<(), Error> {
        let name = volume_name(self.namespace(), app, volume);
        let client = self.client().await?;
        let there = found(self.ask(client.inspect_volume(&name)).await)?;
        if there.and_then(|there| self.own_volume(app, there)).is_none() {
            return Ok(());
        }
        found(self.ask_slowly(client.remove_volume(&name, None::<RemoveVolumeOptions>)).await).map(|_| ())
    }

    /// Makes sure that the volume exists that keeps what an app's builds leave for the next one.
    /// Returns its name.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for one that is called so and is not ours, or no plain one.
    pub async fn ensure_cache(&self, app: &AppId) -> Result<String, Error> {
        let name = cache_name(self.namespace(), app);
        let client = self.client().await?;
        let labels = [(LABEL_NAMESPACE, self.namespace().as_str()), (LABEL_APP, app.as_str())];
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            driver: Some("local".into()),
            labels: Some(labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()),
            ..VolumeCreateRequest::default()
        };
        // Making one that is there answers with that.
        let made = self.ask_slowly(client.create_volume(request)).await?;
        if self.is_cache(app, &made) { Ok(name) } else { Err(Error::NameTaken { name }) }
    }

    /// Removes what an app's builds left for the next one; one that is gone, or is not ours, is left.
    pub async fn remove_cache(&self, app: &AppId) -> Result<(), Error> {
        let name = cache_name(self.namespace(), app);
        let client = self.client().await?;
        match found(self.ask(client.inspect_volume(&name)).await)? {
            Some(there) if self.is_cache(app, &there) => {
                found(self.ask_slowly(client.remove_volume(&name, None::<RemoveVolumeOptions>)).await).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    fn is_cache(&self, app: &AppId, volume: &Listed) -> bool {
        let has = |key: &str, value: &str| volume.labels.get(key).is_some_and(|found| found == value);
        has(LABEL_NAMESPACE, self.namespace().as_str())
            && has(LABEL_APP, app.as_str())
            && volume.driver == "local"
            && volume.options.is_empty()
    }

    /// The folder in which the engine keeps everything.
    pub async fn data_root(&self) -> Result<String, Error> {
        let client = self.client().await?;
        self.ask(client.info()).await?.docker_root_dir.ok_or(Error::Answer("the engine's own folder"))
    }

    /// The volume, if it is ours and a plain one.
    fn own_volume(&self, app: &AppName, listed: Listed) -> Option<Volume> {
        let has = |key: &str, value: &str| listed.labels.get(key).is_some_and(|found| found == value);
        let volume: VolumeName = listed.labels.get(LABEL_VOLUME)?.parse().ok()?;
        let ours = has(LABEL_NAMESPACE, self.namespace().as_str())
            && has(LABEL_APP_NAME, app.as_str())
            && listed.name == volume_name(self.namespace(), app, &volume);
        let plain = listed.driver == "local" && listed.options.is_empty();
        (ours && plain).then(|| Volume { volume, name: listed.name, folder: listed.mountpoint.into() })
    }
}
