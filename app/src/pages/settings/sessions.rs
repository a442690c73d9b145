//! Where one is signed in.

use homeport_model::account::{SessionRow, SignInMethod};
use leptos::prelude::*;

use super::Doing;
use crate::{
    api::accounts::{end_other_sessions, end_session},
    passkeys::with_fresh_passkey,
    ui::{Age, Column, Panel, Table, Tag, Tone},
};

/// The list, with ends.
#[component]
pub fn Sessions(
    /// What is live.
    sessions: Vec<SessionRow>,
    /// What the page does.
    doing: Doing,
) -> impl IntoView {
    let others = sessions.len() > 1;
    let end_others = move |_| {
        doing.run("All other sessions ended", with_fresh_passkey(async || end_other_sessions().await), |()| ())
    };
    let rows = sessions.into_iter().map(|session| view! { <Row session=session doing=doing /> }).collect_view();
    view! {
        <Panel title="Sessions">
            <Table columns=[
                Column::text("Signed in with"),
                Column::text("From"),
                Column::text("Last used"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
            {others
                .then(|| {
                    view! {
                        <footer>
                            <button class="button" type="button" on:click=end_others>
                                "End all other sessions"
                            </button>
                        </footer>
                    }
                })}
        </Panel>
    }
}

#[component]
fn Row(session: SessionRow, doing: Doing) -> impl IntoView {
    let SessionRow { id, method, passkey, created_at: _, seen_at, address, agent, current } = session;
    let with = match method {
        SignInMethod::Passkey => passkey.unwrap_or_else(|| "a passkey".into()),
        SignInMethod::Recovery => "recovery".into(),
    };
    let from =
        [agent.map(|agent| browser_name(&agent)), address].into_iter().flatten().collect::<Vec<_>>().join(" at ");
    let end = move |_| {
        let id = id.clone();
        doing.run("Session ended", with_fresh_passkey(async move || end_session(id.clone()).await), |()| ());
    };
    let spoken = from.clone();
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {with} " " {current.then(|| view! { <Tag tone=Tone::Good>"this session"</Tag> })}
            </th>
            <td data-cell="note">{from}</td>
            <td data-cell="end">
                <Age at=seen_at />
            </td>
            <td data-cell="act">
                {(!current)
                    .then(|| {
                        view! {
                            <button class="button" type="button" data-variant="quiet" data-size="small" on:click=end>
                                "End"
                                <span class="visually-hidden">" the session of " {spoken}</span>
                            </button>
                        }
                    })}
            </td>
        </tr>
    }
}

/// "Firefox on Linux" from what a browser calls itself; a hint for a person, nothing else.
fn browser_name(agent: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let browser = first(&[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn browsers_have_names() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        assert_eq!(browser_name(chrome), "Chrome on Linux");
        assert_eq!(browser_name("curl/8"), "curl/8");
    }
}
