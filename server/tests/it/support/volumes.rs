//! Volumes as the engine has them, also those that are not ours.

use bollard::{
    Docker,
    models::{Volume, VolumeCreateRequest},
    query_parameters::{ListVolumesOptions, RemoveVolumeOptions},
};
use homeport_model::deploy::container::Namespace;

/// Makes a volume that stands for a folder of the host, with labels that anybody can copy.
pub async fn plant(name: &str, folder: &str, labels: &[(&str, &str)]) {
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    let pairs = |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect());
    let request = VolumeCreateRequest {
        name: Some(name.into()),
        driver: Some("local".into()),
        driver_opts: pairs(&[("type", "none"), ("o", "bind"), ("device", folder)]),
        labels: pairs(labels),
        ..VolumeCreateRequest::default()
    };
    docker.create_volume(request).await.expect("made");
}

/// The volumes of a namespace, whoever's they are.
pub async fn all(namespace: &Namespace) -> Vec<Volume> {
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    let listed = docker.list_volumes(None::<ListVolumesOptions>).await.expect("listed").volumes.unwrap_or_default();
    let begins = format!("{namespace}-");
    listed.into_iter().filter(|volume| volume.name.starts_with(&begins)).collect()
}

/// Removes them.
pub async fn remove(namespace: &Namespace) {
    let Ok(docker) = Docker::connect_with_local_defaults() else { return };
    for volume in all(namespace).await {
        let _ = docker.remove_volume(&volume.name, None::<RemoveVolumeOptions>).await;
    }
}
