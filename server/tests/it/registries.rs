//! Private registries: the engine pulls and builds with the sign-in that is kept for a host.

use homeport_model::{
    access::{RegistryForm, RegistryHost},
    app::AppForm,
    prelude::{Code, Role},
};

use crate::support::{
    git_server::GitServer,
    images,
    registry::Registry,
    running::{Running, problem, succeeded},
};

const PASSWORD: &str = "p4ss-'\"$(touch /tmp/pwn-r);*?[]{}~!#&|<>%0a:@/é";

fn form(registry: &Registry, password: &str) -> RegistryForm {
    RegistryForm { host: registry.host.clone(), user: "ada".into(), token: password.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pulled_with_the_sign_in_of_its_registry() {
    let (registry, panel) = (Registry::start("ada", PASSWORD).await, Running::start().await);
    let image = registry.image().to_string();
    let app = panel.create(AppForm { image, ..panel.form("shop") }).await;
    let detail = panel.deploy(&app).await;
    let wanted = problem(&detail);
    assert!(wanted.title.contains(&registry.host) && wanted.title.contains("sign-in"), "{wanted}");
    assert!(wanted.hint.as_ref().is_some_and(|hint| hint.contains("Settings")), "{wanted}");

    let registries = &panel.backend.registries;
    let wrong = registries.keep(&panel.actor, form(&registry, "not-the-password")).await.expect_err("wrong");
    assert!(wrong.title.contains("refuses this user and token"), "{wrong}");
    assert!(registries.list(&panel.actor).await.expect("listed").is_empty(), "what is wrong is not kept");
    registries.keep(&panel.actor, form(&registry, PASSWORD)).await.expect("kept");
    let rows = registries.list(&panel.actor).await.expect("listed");
    assert_eq!((rows[0].host.as_str(), rows[0].user.as_str()), (registry.host.as_str(), "ada"));
    assert!(!serde_json::to_string(&rows).expect("text").contains("p4ss"));
    let host: RegistryHost = registry.host.parse().expect("a host");
    registries.try_it(&panel.actor, &host).await.expect("lets us in");

    let detail = panel.deploy(&app).await;
    succeeded(&detail);
    assert!(!panel.log(&app, detail.release.number).await.contains("p4ss"));
    assert_eq!(panel.visit(&app).await.0, 200);
    registries.forget(&panel.actor, &host).await.expect("forgotten");
    assert_eq!(registries.try_it(&panel.actor, &host).await.expect_err("gone").code, Code::NotFound);
    assert!(registry.refused() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_begins_with_a_private_image() {
    let (registry, panel) = (Registry::start("ada", PASSWORD).await, Running::start().await);
    let git = GitServer::start().await;
    let text = format!("FROM {}\nENV VERSION=private\n", registry.image());
    let repository = git.repository("api");
    repository.write("Dockerfile", &text).push("first");
    let form_of = AppForm { kind: "dockerfile".into(), repo: git.url("api").to_string(), ..panel.form("api") };
    let app = panel.create(form_of).await;
    let detail = panel.deploy(&app).await;
    let wanted = problem(&detail);
    assert!(wanted.hint.as_ref().is_some_and(|hint| hint.contains("registr")), "{wanted}");
    panel.backend.registries.keep(&panel.actor, form(&registry, PASSWORD)).await.expect("kept");
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "private".into()));
    // BuildKit, too, which asks registries by itself.
    images::remove_named(&registry.image());
    let text = text.replace("private", "by-kit") + "COPY --chmod=644 Dockerfile /www/kept\n";
    repository.write("Dockerfile", &text).push("second");
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "by-kit".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn registries_are_an_owners_and_hostile_fields_are_refused() {
    let panel = Running::start().await;
    let registries = &panel.backend.registries;
    let (viewer, deployer) = (panel.person("viewer").await, panel.person("deployer").await);
    assert_eq!((viewer.role, deployer.role), (Role::Viewer, Role::Deployer));
    let good = RegistryForm { host: "127.0.0.1:1".into(), user: "ada".into(), token: "x".into() };
    for actor in [&viewer, &deployer] {
        assert_eq!(registries.keep(actor, good.clone()).await.expect_err("not theirs").code, Code::Forbidden);
        let host = "ghcr.io".parse().expect("a host");
        assert_eq!(registries.forget(actor, &host).await.expect_err("not theirs").code, Code::Forbidden);
    }
    for (field, hostile) in [
        ("host", RegistryForm { host: "$(id).io".into(), ..good.clone() }),
        ("host", RegistryForm { host: "../x".into(), ..good.clone() }),
        ("host", RegistryForm { host: "nginx".into(), ..good.clone() }),
        ("user", RegistryForm { user: "a:b\r\n".into(), ..good.clone() }),
        ("token", RegistryForm { token: "a\0b".into(), ..good.clone() }),
    ] {
        let refused = registries.keep(&panel.actor, hostile).await.expect_err("refused");
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some(field)));
    }
    let away = registries.keep(&panel.actor, good).await.expect_err("nobody is there");
    assert_eq!(away.code, Code::Engine);
    assert!(away.title.contains("127.0.0.1:1"), "{away}");
}
