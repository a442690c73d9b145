//! Apps and their environments.

use homeport_model::{
    access::SignInForm,
    app::{AppDetail, AppForm, AppRow, NeedForm, NeedsView, ProcessForm, VolumeName},
    host::{Attention, Today},
    id::JobId,
    name::AppName,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::WireError;
#[cfg(feature = "ssr")]
use super::{context, error::with_status};

/// The first page.
#[server(prefix = "/api/ui", endpoint = "today", input = GetUrl)]
pub async fn load_today() -> Result<Today, WireError> {
    let (backend, actor) = context()?;
    let mut today = with_status(backend.apps.today(&actor).await)?;
    today.certificates = with_status(backend.certificates.outlook(&actor).await)?;
    Ok(today)
}

/// What needs attention, for the rail; nothing for whoever may not look.
#[server(prefix = "/api/ui", endpoint = "attention", input = GetUrl)]
pub async fn count_attention() -> Result<Attention, WireError> {
    let (backend, actor) = context()?;
    let apps = backend.apps.troubled(&actor).await.unwrap_or_default();
    let domains = backend.certificates.outlook(&actor).await.map(|outlook| outlook.troubled()).unwrap_or_default();
    Ok(Attention { apps, domains })
}

/// Every app, by name.
#[server(prefix = "/api/ui", endpoint = "apps/list", input = GetUrl)]
pub async fn list_apps() -> Result<Vec<AppRow>, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.apps.list(&actor).await)
}

/// One app with all that its pages show.
#[server(prefix = "/api/ui", endpoint = "apps/find", input = GetUrl)]
pub async fn find_app(name: AppName) -> Result<AppDetail, WireError> {
    let (backend, actor) = context()?;
    let mut app = with_status(backend.apps.find(&actor, &name).await)?;
    let pushed =
        app.spec.source.files().is_some_and(|files| matches!(files.origin, homeport_model::app::Origin::Push { .. }));
    if pushed {
        app.remotes = Some(with_status(backend.ssh_keys.remotes(&actor, &name).await)?);
    }
    Ok(app)
}

/// Creates an app and, when asked, deploys it; goes to its page.
#[server(prefix = "/api/ui", endpoint = "apps/create")]
pub async fn create_app(
    form: AppForm,
    access: Option<SignInForm>,
    deploy: Option<String>,
) -> Result<AppName, WireError> {
    let (backend, actor) = context()?;
    let form_origin = form.origin.clone();
    let sign_in = access.filter(|access| *access != SignInForm::default());
    if let Some(sign_in) = &sign_in {
        // Said before there is an app without its token.
        with_status(sign_in.parse().map(|_| ()))?;
    }
    let name = with_status(backend.apps.create(&actor, form).await)?;
    match (with_status(backend.access.find(&actor, &name).await)?.way, sign_in) {
        (homeport_model::access::Way::Https { .. }, Some(sign_in)) => {
            with_status(backend.access.set_sign_in(&actor, &name, sign_in).await)?;
        }
        (homeport_model::access::Way::Ssh { .. }, _) => {
            // Nothing can be fetched before its host knows the key.
            with_status(backend.access.make_key(&actor, &name).await)?;
            leptos_axum::redirect(&format!("/apps/{name}/settings#access"));
            return Ok(name);
        }
        _ => {}
    }
    // An archive is uploaded on the page that follows.
    let nothing_yet = form_origin == "archive";
    let to = if deploy.is_some() && !nothing_yet {
        let number = with_status(backend.deploys.deploy(&actor, &name).await)?;
        format!("/apps/{name}/deploys/{number}")
    } else {
        format!("/apps/{name}")
    };
    leptos_axum::redirect(&to);
    Ok(name)
}

/// Changes an app's settings.
#[server(prefix = "/api/ui", endpoint = "apps/change")]
pub async fn change_app(name: AppName, form: AppForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.apps.change(&actor, &name, form).await)
}

/// Sets one process of an app.
#[server(prefix = "/api/ui", endpoint = "apps/set-process")]
pub async fn set_process(name: AppName, form: ProcessForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.apps.set_process(&actor, &name, form).await)
}

/// Removes an app; `typed` is its name once more, `volumes` whether its volumes go too.
#[server(prefix = "/api/ui", endpoint = "apps/delete")]
pub async fn delete_app(name: AppName, typed: String, volumes: Option<String>) -> Result<JobId, WireError> {
    let (backend, actor) = context()?;
    let job = match volumes {
        Some(_) => backend.apps.delete_with_volumes(&actor, &name, &typed).await,
        None => backend.apps.delete(&actor, &name, &typed).await,
    };
    let job = with_status(job)?;
    leptos_axum::redirect("/apps");
    Ok(job)
}

/// Storage, ports and options.
#[server(prefix = "/api/ui", endpoint = "apps/needs", input = GetUrl)]
pub async fn app_needs(name: AppName) -> Result<NeedsView, WireError> {
    let (backend, actor) = context()?;
    with_status(backend.apps.needs(&actor, &name).await)
}

/// Gives an app a mount, a port or options.
#[server(prefix = "/api/ui", endpoint = "apps/add-need")]
pub async fn add_need(name: AppName, form: NeedForm) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.apps.add_need(&actor, &name, form).await)
}

/// Takes away the mount, port or option that is spelt so.
#[server(prefix = "/api/ui", endpoint = "apps/remove-need")]
pub async fn remove_need(name: AppName, kind: String, text: String) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.apps.remove_need(&actor, &name, &kind, &text).await)
}

/// Removes a volume that no mount names, with all that is in it.
#[server(prefix = "/api/ui", endpoint = "apps/remove-volume")]
pub async fn remove_volume(name: AppName, volume: VolumeName) -> Result<(), WireError> {
    let (backend, actor) = context()?;
    with_status(backend.apps.remove_volume(&actor, &name, &volume).await)
}
