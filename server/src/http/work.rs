//! The routes of apps, deploys and activity; part of the one table.

use homeport_model::actor::Role;

use axum::routing::{get, post};

use super::{
    certificates, events, logs,
    routes::{MOST_ARCHIVE, Route},
    uploads,
};

/// A pasted environment: 1 MiB of values, which a form may spell three times as long.
const PASTED: usize = 3 * 1_024 * 1_024;

/// A certificate, its chain and its key, with what a form puts around them.
const MOST_CERTIFICATE: usize = 288 * 1_024;

/// Apps, deploys, jobs, the audit log.
pub(super) const WORK: &[Route] = &[
    Route::page("/", "today.page"),
    Route::page("/apps", "apps.page"),
    Route::page("/new", "apps.new_page"),
    Route::page("/apps/{name}", "apps.one_page"),
    Route::page("/apps/{name}/deploys", "deploys.page"),
    Route::page("/apps/{name}/deploys/{number}", "deploys.one_page"),
    Route::page("/apps/{name}/compare", "deploys.compare_page"),
    Route::page("/apps/{name}/processes", "apps.processes_page"),
    Route::page("/apps/{name}/environment", "apps.environment_page"),
    Route::page("/apps/{name}/storage", "apps.storage_page"),
    Route::page("/apps/{name}/logs", "apps.logs_page"),
    Route::page("/apps/{name}/settings", "apps.settings_page"),
    Route::page("/settings/environment", "environments.page"),
    Route::page("/settings/registries", "registries.page"),
    Route::page("/activity", "activity.page"),
    Route::page("/activity/jobs", "activity.jobs_page"),
    Route::page("/activity/deliveries", "webhooks.inbox_page"),
    Route::page("/gallery", "gallery.page"),
    Route::read("/api/ui/today", "today.read"),
    Route::read("/api/ui/apps/list", "apps.list"),
    Route::read("/api/ui/apps/find", "apps.find"),
    Route::read("/api/ui/apps/needs", "apps.needs"),
    Route::change("/api/ui/apps/create", "apps.create").role(Role::Owner),
    Route::change("/api/ui/apps/change", "apps.change").role(Role::Owner),
    Route::change("/api/ui/apps/set-process", "apps.set_process").role(Role::Owner),
    Route::change("/api/ui/apps/delete", "apps.delete").role(Role::Owner).step_up(),
    Route::read("/api/ui/environments/find", "environments.find"),
    Route::read("/api/ui/environments/versions", "environments.versions"),
    Route::read("/api/ui/environments/difference", "environments.difference"),
    Route::change("/api/ui/environments/preview", "environments.preview").role(Role::Owner).body(PASTED),
    Route::change("/api/ui/environments/set", "environments.set").role(Role::Owner).body(PASTED),
    Route::change("/api/ui/environments/unset", "environments.unset").role(Role::Owner),
    Route::change("/api/ui/environments/set-secret", "environments.set_secret").role(Role::Owner),
    Route::change("/api/ui/environments/generate", "environments.generate").role(Role::Owner),
    Route::change("/api/ui/environments/bring-back", "environments.bring_back").role(Role::Owner),
    Route::change("/api/ui/environments/export", "environments.export").role(Role::Owner).step_up(),
    Route::change("/api/ui/apps/add-need", "apps.add_need").role(Role::Owner),
    Route::change("/api/ui/apps/remove-need", "apps.remove_need").role(Role::Owner),
    Route::change("/api/ui/apps/remove-volume", "apps.remove_volume").role(Role::Owner).step_up(),
    Route::read("/api/ui/registries/list", "registries.list"),
    Route::change("/api/ui/registries/keep", "registries.keep").role(Role::Owner),
    Route::change("/api/ui/registries/forget", "registries.forget").role(Role::Owner),
    Route::change("/api/ui/registries/try-it", "registries.try_it"),
    Route::page("/domains/{name}", "certificates.domain_page"),
    Route::read("/api/ui/certificates/list", "certificates.list"),
    Route::read("/api/ui/certificates/domain", "certificates.domain"),
    Route::change("/api/ui/certificates/look", "certificates.look"),
    Route::change("/api/ui/certificates/keep-own", "certificates.keep_own")
        .role(Role::Owner)
        .step_up()
        .body(MOST_CERTIFICATE),
    Route::change("/api/ui/certificates/self-sign", "certificates.self_sign").role(Role::Owner),
    Route::post("/domains/{name}/certificate", "certificates.keep_files", || post(certificates::keep_files))
        .role(Role::Owner)
        .step_up()
        .body(MOST_CERTIFICATE),
    Route::page("/settings/panel", "panel_domain.page"),
    Route::read("/api/ui/panel-domain/list", "panel_domain.list"),
    Route::change("/api/ui/panel-domain/try-name", "panel_domain.try_name").role(Role::Owner).step_up(),
    Route::change("/api/ui/panel-domain/go-to", "panel_domain.go_to").role(Role::Owner).step_up(),
    Route::change("/api/ui/panel-domain/leave", "panel_domain.leave").role(Role::Owner).step_up(),
    Route::read("/api/ui/access/find", "access.find"),
    Route::change("/api/ui/access/make-key", "access.make_key").role(Role::Owner),
    Route::change("/api/ui/access/remove-key", "access.remove_key").role(Role::Owner),
    Route::change("/api/ui/access/set-sign-in", "access.set_sign_in").role(Role::Owner),
    Route::change("/api/ui/access/remove-sign-in", "access.remove_sign_in").role(Role::Owner),
    Route::change("/api/ui/access/try-it", "access.try_it"),
    Route::change("/api/ui/access/trust-host", "access.trust_host").role(Role::Owner),
    Route::read("/api/ui/deploys/list", "deploys.list"),
    Route::read("/api/ui/deploys/compare", "deploys.compare"),
    Route::read("/api/ui/deploys/find", "deploys.find"),
    Route::read("/api/ui/deploys/log", "deploys.log"),
    Route::change("/api/ui/deploys/deploy", "deploys.deploy"),
    Route::change("/api/ui/deploys/fix", "deploys.fix").role(Role::Owner),
    Route::change("/api/ui/deploys/without-cache", "deploys.without_cache"),
    Route::change("/api/ui/deploys/roll-back", "deploys.roll_back"),
    Route::change("/api/ui/deploys/restart", "deploys.restart"),
    Route::change("/api/ui/deploys/cancel", "deploys.cancel"),
    Route::post("/apps/{name}/archive", "deploys.upload", || post(uploads::by_form)).body(MOST_ARCHIVE),
    Route::read("/api/ui/activity/audit", "activity.audit"),
    Route::read("/api/ui/activity/jobs", "activity.jobs"),
    Route::read("/api/ui/statuses/find", "statuses.find"),
    Route::change("/api/ui/statuses/set", "statuses.set").role(Role::Owner),
    Route::change("/api/ui/statuses/unset", "statuses.unset").role(Role::Owner),
    Route::read("/api/ui/webhooks/find", "webhooks.find"),
    Route::read("/api/ui/webhooks/inbox", "webhooks.inbox"),
    Route::change("/api/ui/webhooks/renew-secret", "webhooks.renew_secret").role(Role::Owner),
    Route::change("/api/ui/webhooks/replay", "webhooks.replay"),
    Route::get("/events", "events.read", || get(events::events)).stream(),
    Route::read("/api/ui/logs/read", "logs.read"),
    Route::get("/apps/{name}/logs/download", "logs.download", || get(logs::download)),
    Route::get("/events/apps/{name}/log", "logs.follow", || get(logs::follow)).stream(),
    Route::get("/events/jobs/{job}/log", "events.log", || get(events::job_log)).stream(),
];
