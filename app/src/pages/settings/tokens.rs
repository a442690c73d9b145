//! API tokens: what programs may do in one's name.

use homeport_model::{
    account::{TokenForm, TokenRow, TokenScope},
    time::Timestamp,
};
use leptos::{ev, prelude::*};

use super::Doing;
use crate::{
    api::tokens::{create_token, revoke_token},
    pages::claim::field_of,
    passkeys::with_fresh_passkey,
    ui::{Age, Code, Column, Field, Notice, Panel, Submit, Table, Tag, Tone},
};

/// The list, a form for one more, and a new one while it is shown.
#[component]
pub fn Tokens(
    /// What is there.
    tokens: Vec<TokenRow>,
    /// The server's time.
    now: Timestamp,
    /// What the page does.
    doing: Doing,
    /// A new token, while it is shown.
    fresh: RwSignal<Option<String>>,
) -> impl IntoView {
    let add = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let typed = |name: &str| field_of(&event, name).unwrap_or_default();
        let form = TokenForm {
            name: typed("token_name"),
            scope: TokenScope::Deploy.as_str().to_owned(),
            app: typed("app"),
            days: typed("days"),
        };
        let work = with_fresh_passkey(async move || create_token(form.clone()).await);
        doing.run("API token made", work, move |token| fresh.set(Some(token)));
    };
    let shown = move || {
        fresh.get().map(|token| {
            view! {
                <Notice tone=Tone::Good title="Keep this token now; it is not shown again.">
                    <Code text=token what="the token" />
                </Notice>
            }
        })
    };
    view! {
        <Panel title="API tokens">
            <List tokens=tokens now=now doing=doing />
            <form class="panel-body form" on:submit=add>
                {shown}
                <div class="cluster" data-align="foot">
                    <Field label="What the token is for" name="token_name" placeholder="CI" problem=doing.problem />
                    <Field label="Only for the app" name="app" optional=true mono=true problem=doing.problem />
                    <Field label="Days it lives" name="days" value="90" problem=doing.problem />
                    <Submit label="Make a token" busy="Waiting…" variant="primary" pending=doing.pending />
                </div>
                <p class="muted">
                    "It may look, deploy and roll back, by the address /api/v1; openapi.json there describes it. Nothing else opens with it."
                </p>
            </form>
        </Panel>
    }
}

#[component]
fn List(tokens: Vec<TokenRow>, now: Timestamp, doing: Doing) -> impl IntoView {
    if tokens.is_empty() {
        return view! {
            <div class="panel-body">
                <p class="muted">"No token yet. A CI job deploys with one."</p>
            </div>
        }
        .into_any();
    }
    let rows = tokens.into_iter().map(|token| view! { <Row token=token now=now doing=doing /> }).collect_view();
    view! {
        <Table columns=[
            Column::text("For"),
            Column::text("May"),
            Column::text("Last used"),
            Column::text("Ends"),
            Column::unseen("Actions"),
        ]>{rows}</Table>
    }
    .into_any()
}

#[component]
fn Row(token: TokenRow, now: Timestamp, doing: Doing) -> impl IntoView {
    let may = match token.scope {
        TokenScope::Read => "look",
        TokenScope::Deploy => "deploy",
    };
    let may = token.app.map_or_else(|| format!("{may}, every app"), |app| format!("{may}, only {app}"));
    let id = token.id;
    let revoke = move |_| {
        let id = id.clone();
        doing.run("API token revoked", async move { revoke_token(id).await.map_err(|error| error.0) }, |()| ());
    };
    let spoken = token.name.clone();
    let over = token.expires_at <= now;
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {token.name} " " {over.then(|| view! { <Tag tone=Tone::Bad>"ended"</Tag> })}
            </th>
            <td data-cell="side">{may}</td>
            <td data-cell="note">
                {match token.last_used_at {
                    Some(at) => view! { <Age at=at /> " " {token.last_address} }.into_any(),
                    None => "never".into_any(),
                }}
            </td>
            <td data-cell="end">
                <Age at=token.expires_at />
            </td>
            <td data-cell="act">
                <button class="button" type="button" data-variant="quiet" data-size="small" on:click=revoke>
                    "Revoke"
                    <span class="visually-hidden">" the token " {spoken}</span>
                </button>
            </td>
        </tr>
    }
    .into_any()
}
