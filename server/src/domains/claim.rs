//! Whether a name can be an app's: nobody else's, not the panel's, and not one that follows from
//! another app's name.

use homeport_model::{
    domain::Redirect,
    name::DomainName,
    prelude::{Code, Problem},
    time::Timestamp,
};

use super::{Domains, store};
use crate::{apps::AppRecord, db, dns::idna, failure::Failure};

/// The most names that an app has beside its own.
const MOST: usize = 50;

/// What people type in a field, as DNS has it.
pub(crate) fn to_ascii(field: &str, typed: &str) -> Result<DomainName, Problem> {
    idna::to_ascii(typed).map_err(|problem| problem.at(field))
}

/// Gives an app a name.
///
/// # Errors
/// [`Code::Conflict`] that says whose it is, at the field `name`.
pub(crate) async fn take(
    tx: &mut db::Conn,
    domains: &Domains,
    app: &AppRecord,
    name: &DomainName,
    redirect: Option<&Redirect>,
    now: Timestamp,
) -> Result<(), Failure> {
    let taken = |by: String| Problem { code: Code::Conflict, ..Problem::invalid("name", by) };
    if let Some(by) = reserved(domains, app, name) {
        return Err(taken(by).into());
    }
    if below_panel(domains, name) {
        let title = format!("{name} lies below the panel's own name: a page there could ask for the panel's passkeys.");
        return Err(Problem::invalid("name", title).hint("Take a name beside it.").into());
    }
    if app.names.len() >= MOST {
        return Err(Problem::invalid("name", format!("An app has at most {MOST} names beside its own.")).into());
    }
    match store::owner(tx, name).await? {
        Some(owner) if owner == app.spec.name => Err(taken(format!("{name} is this app's already.")).into()),
        Some(owner) => {
            Err(taken(format!("{name} leads to {owner}.")).hint(format!("Remove it from {owner} first.")).into())
        }
        None => Ok(store::insert(tx, &app.id, name, redirect, now).await?),
    }
}

/// Who has a name by its form, if anybody has.
fn reserved(domains: &Domains, app: &AppRecord, name: &DomainName) -> Option<String> {
    let Some(host) = name.host() else {
        let apps = name.base() == domains.apps_domain().as_str();
        return apps.then(|| format!("{name} belongs to the apps: each has its first name there."));
    };
    if domains.is_panel(&host) {
        return Some(format!("{name} is the panel's own name."));
    }
    if host == domains.own_host_name(&app.spec.name) {
        return Some(format!("{name} leads to this app already."));
    }
    domains.app_of(&host).map(|other| format!("{name} belongs to the app of that name, {other}."))
}

fn below_panel(domains: &Domains, name: &DomainName) -> bool {
    let added = domains.names().origins().added_hosts().into_iter().map(String::from);
    std::iter::once(domains.panel_host()).chain(added).any(|panel| {
        let local = panel == "localhost" || panel.ends_with(".localhost");
        !local && (name.base() == panel || name.base().ends_with(&format!(".{panel}")))
    })
}
