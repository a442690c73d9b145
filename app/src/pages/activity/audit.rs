//! The audit log, a hundred rows a page.

use homeport_model::{event::Topic, host::AuditRow, id::PasskeyId, time::short_length};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{ActivityHeader, Tab};
use crate::{
    api::activity::list_audit,
    live,
    ui::{Age, Column, Panel, PanelSkeleton, Table, loaded},
};

/// How many rows the server gives at once.
const PAGE_ROWS: usize = 100;

/// The audit log.
#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map();
    let before = Memo::new(move |_| query.read().get("before").and_then(|before| before.parse::<i64>().ok()));
    let version = live::version(Topic::Activity);
    let answer = Resource::new(move || (before.get(), version.get()), |(before, _)| list_audit(before));
    view! {
        <ActivityHeader tab=Tab::Audit />
        {loaded(answer, || view! { <PanelSkeleton rows=8 /> }, |rows| view! { <Rows rows=rows /> })}
    }
    .into_any()
}

/// What was done, as a person says it.
const ACTIONS: &[(&str, &str)] = &[
    ("panel.claim", "Claimed this server"),
    ("session.sign_in", "Signed in"),
    ("session.sign_out", "Signed out"),
    ("session.recover", "Got back in"),
    ("session.step_up", "Used a passkey once more"),
    ("session.end", "Ended a session"),
    ("session.end_others", "Ended all other sessions"),
    ("passkey.add", "Added a passkey"),
    ("passkey.rename", "Renamed a passkey"),
    ("passkey.remove", "Removed a passkey"),
    ("passkey.suspect", "Froze a passkey that may be copied"),
    ("recovery_codes.renew", "Made new recovery codes"),
    ("link.create", "Made a one-time link"),
    ("app.create", "Created an app"),
    ("app.change", "Changed settings"),
    ("app.set_process", "Changed a process"),
    ("app.delete", "Deleted an app"),
    ("app.deploy", "Deployed"),
    ("app.roll_back", "Rolled back"),
    ("app.restart", "Restarted"),
    ("app.maintenance_on", "Switched maintenance on"),
    ("app.maintenance_off", "Switched maintenance off"),
    ("app.set_proxy", "Changed the proxy"),
    ("app.set_password", "Set a visitor's password"),
    ("app.remove_password", "Removed a visitor's password"),
    ("domain.add", "Added a name"),
    ("domain.remove", "Removed a name"),
    ("domain.primary", "Put a name first"),
    ("domain.redirect", "Led a name to another"),
    ("domain.catch_all", "Changed who answers names that nobody has"),
    ("domain.add_prefix", "Led a part of a host to another app"),
    ("domain.remove_prefix", "Gave a part of a host back"),
    ("nginx.put_back", "Wrote nginx's files anew"),
    ("nginx.forget", "Dropped nginx's files that a hand had changed"),
    ("app.set_needs", "Changed storage, ports or options"),
    ("app.remove_volume", "Removed a volume"),
    ("app.set_environment", "Changed the environment"),
    ("app.unset_variable", "Removed a variable"),
    ("app.show_variable", "Showed a secret"),
    ("app.mask_variable", "Masked a variable"),
    ("environment.generate", "Made a secret"),
    ("environment.bring_back", "Brought an environment back"),
    ("environment.export", "Took an environment away"),
    ("token.create", "Made an API token"),
    ("token.revoke", "Revoked an API token"),
    ("status.set", "Told a Git host of deploys"),
    ("status.unset", "Stopped telling a Git host"),
    ("ssh_key.add", "Added an SSH key"),
    ("ssh_key.remove", "Removed an SSH key"),
    ("webhook.renew", "Made a new webhook secret"),
    ("panel.try_name", "Gave the panel a name to rehearse"),
    ("panel.move", "Moved the panel's links to a new name"),
    ("panel.leave_name", "Gave up a name of the panel"),
    ("session.come_over", "Came over from another name of the panel"),
    ("registry.keep", "Kept a sign-in to a registry"),
    ("registry.forget", "Forgot a sign-in to a registry"),
    ("dns_provider.keep", "Kept a DNS provider"),
    ("dns_provider.forget", "Forgot a DNS provider"),
    ("certificate.keep", "Brought a certificate"),
    ("certificate.self_sign", "Made a self-signed certificate"),
    ("certificates.set_acme", "Agreed to a certificate authority's terms"),
    ("certificate.set_plan", "Changed who sees to a certificate"),
    ("certificate.issue", "Ordered a certificate"),
    ("certificate.try", "Tried an order with staging"),
    ("certificate.revoke", "Revoked a certificate"),
    ("certificate.stop_using", "Stopped using a certificate"),
    ("certificate.use_again", "Went on with a certificate after nginx refused"),
    ("certificate.take_back", "Took a certificate back that nginx refused"),
    ("access.make_key", "Made a deploy key"),
    ("access.remove_key", "Removed a deploy key"),
    ("access.set_sign_in", "Kept a token for a repository"),
    ("access.remove_sign_in", "Forgot a token for a repository"),
    ("access.meet_host", "Met an SSH server"),
    ("access.trust_host", "Accepted an SSH server's new key"),
    ("job.cancel", "Cancelled a job"),
];

fn action_words(action: &str) -> String {
    let known = ACTIONS.iter().find(|(known, _)| *known == action);
    known.map_or_else(|| action.replace(['.', '_'], " "), |(_, words)| (*words).to_owned())
}

/// The row's detail in words: `{"to":3}` as "to 3".
fn detail_words(detail: &str) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(detail) else { return detail.to_owned() };
    if let (Some(before), Some(after)) = (fields.get("before"), fields.get("after")) {
        return changed_words(before, after);
    }
    fields
        .iter()
        .filter(|(name, value)| name.as_str() != "job" && !value.is_null())
        .map(|(name, value)| match (name.strip_suffix("_s"), value.as_i64()) {
            (Some(name), Some(seconds)) => format!("{} {}", spaced(name), short_length(seconds * 1_000)),
            _ => format!("{} {}", spaced(name), word(value)),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// A value as a person writes it.
fn word(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What was acted on, unless it has no name but its id.
fn object_words(object: String) -> String {
    // Ids begin with their time; an app of that name would be odd.
    if object.starts_with("01") && object.parse::<PasskeyId>().is_ok() { String::new() } else { object }
}

/// Of two forms, what differs: "image shop:1 → shop:2".
fn changed_words(before: &serde_json::Value, after: &serde_json::Value) -> String {
    let word = |value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => "nothing".to_owned(),
        Some(serde_json::Value::String(text)) if text.trim().is_empty() => "nothing".to_owned(),
        Some(serde_json::Value::String(text)) => text.split_whitespace().collect::<Vec<_>>().join(", "),
        Some(value) => value.to_string(),
    };
    let names = after.as_object().into_iter().flat_map(|fields| fields.keys());
    let changed = names.filter(|name| before.get(name) != after.get(name));
    let words = changed
        .map(|name| format!("{}: {} → {}", name.replace('_', " "), word(before.get(name)), word(after.get(name))));
    let words = words.collect::<Vec<_>>().join("; ");
    if words.is_empty() { "nothing changed".to_owned() } else { words }
}

#[component]
fn Rows(rows: Vec<AuditRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <Panel title="Audit log">
                <div class="empty">
                    <p>"Nothing further. Every sign-in and every change is written down here."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let earlier = (rows.len() >= PAGE_ROWS).then(|| rows.last().map(|row| row.number)).flatten().map(|number| {
        view! {
            <footer>
                <a class="button" href=format!("/activity?before={number}")>
                    "Earlier"
                </a>
            </footer>
        }
    });
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <th scope="row" data-cell="name" title=row.action.clone()>
                        {action_words(&row.action)}
                    </th>
                    <td data-cell="note">{object_words(row.object)} " " <span class="muted">{detail_words(&row.result)}</span></td>
                    <td data-cell="side">{row.actor}</td>
                    <td class="muted mono">{row.address}</td>
                    <td class="figure" data-cell="end">
                        <Age at=row.at />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel" aria-label="Audit log">
            <Table columns=[
                Column::text("What"),
                Column::text("On"),
                Column::text("Who"),
                Column::text("From"),
                Column::figure("When"),
            ]>{rows}</Table>
            {earlier}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_details_read_as_words() {
        assert_eq!([action_words("app.roll_back"), action_words("volume.grow")], ["Rolled back", "volume grow"]);
        assert_eq!(
            detail_words(r#"{"release":41,"to_release":"40","job":"x","app":null}"#),
            "release 41, to release 40"
        );
        assert_eq!(detail_words(r#"{"keys":["A","B"],"expires_in_s":1800}"#), "expires in 30 min, keys A, B");
        assert_eq!([object_words("shop".into()), object_words("01m7ypbhvta61f60".into())], ["shop", ""]);
        assert_eq!(detail_words("as it is"), "as it is");
        let change = r#"{"before":{"image":"shop:1","host_names":"","port":"80"},"after":{"image":"shop:2","host_names":"a.example\nb.example","port":"80"}}"#;
        assert_eq!(detail_words(change), "host names: nothing → a.example, b.example; image: shop:1 → shop:2");
        assert_eq!(detail_words(r#"{"before":{"port":"80"},"after":{"port":"80"}}"#), "nothing changed");
    }
}
