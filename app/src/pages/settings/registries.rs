//! Image registries that want a sign-in.

use homeport_model::{access::RegistryRow, event::Topic};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::registries::{ForgetRegistry, KeepRegistry, TryRegistry, list_registries},
    live::version,
    pages::apps::{FormProblem, problem_of},
    ui::{Age, Column, Field, Notice, PageHeader, Panel, PanelSkeleton, Submit, Table, Tone, loaded, toaster},
};

/// The page below Settings.
#[component]
pub fn RegistriesPage() -> impl IntoView {
    let keep = ServerAction::<KeepRegistry>::new();
    let forget = ServerAction::<ForgetRegistry>::new();
    let try_it = ServerAction::<TryRegistry>::new();
    let live = version(Topic::Account);
    let rows = Resource::new(
        move || (live.get(), keep.version().get(), forget.version().get()),
        |_| async move { list_registries().await },
    );
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = keep.value().get() {
            toaster.say("The registry lets it in");
        }
    });
    let kept = problem_of(move || keep.value().get());
    let tried = problem_of(move || try_it.value().get());
    let forgotten = problem_of(move || forget.value().get());
    let of_row = Signal::derive(move || tried.get().or_else(|| forgotten.get()));
    let works = move || {
        let host = try_it.value().get().and_then(Result::ok)?;
        Some(view! { <Notice tone=Tone::Good title=format!("{host} lets it in.") /> })
    };
    let above = vec![("/settings".to_owned(), "Settings".to_owned())];
    view! {
        <PageHeader title="Registries" above=above lead=|| "Who signs in where private images are pulled from" />
        <div class="stack narrow">
            <FormProblem problem=of_row />
            {works}
            {loaded(rows, || view! { <PanelSkeleton rows=2 /> }, move |rows| view! { <List rows=rows forget=forget try_it=try_it /> })}
            <Panel title="Sign in to a registry">
                <ActionForm action=keep>
                    <div class="panel-body form">
                        <FormProblem problem=kept />
                        <Field
                            label="Registry"
                            name="form[host]"
                            key="host"
                            placeholder="ghcr.io"
                            hint="As it stands in images' names; Docker Hub is docker.io."
                            problem=kept
                            mono=true
                        />
                        <div class="split" data-variant="even">
                            <Field label="User" name="form[user]" key="user" placeholder="you" problem=kept mono=true />
                            <Field
                                label="Token"
                                name="form[token]"
                                key="token"
                                hint="One that may only read, where the registry has such."
                                problem=kept
                                mono=true
                                kind="password"
                            />
                        </div>
                    </div>
                    <footer>
                        <Submit label="Try and keep it" busy="Asking…" variant="primary" pending=keep.pending() />
                        <p class="muted">"Kept once the registry lets it in. Every app's images and builds use it, for this registry only."</p>
                    </footer>
                </ActionForm>
            </Panel>
        </div>
    }
    .into_any()
}

#[component]
fn List(
    rows: Vec<RegistryRow>,
    forget: ServerAction<ForgetRegistry>,
    try_it: ServerAction<TryRegistry>,
) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <Panel title="Kept">
                <div class="panel-body">
                    <p class="muted">"None yet. Public images need none."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let rows = rows.into_iter().map(|row| view! { <Row row=row forget=forget try_it=try_it /> }).collect_view();
    view! {
        <Panel title="Kept">
            <Table columns=[
                Column::text("Registry"),
                Column::text("User"),
                Column::text("Since"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(row: RegistryRow, forget: ServerAction<ForgetRegistry>, try_it: ServerAction<TryRegistry>) -> impl IntoView {
    let RegistryRow { host, user, created_at } = row;
    let host = host.to_string();
    let (tried, forgotten) = (host.clone(), host.clone());
    view! {
        <tr>
            <th scope="row" data-cell="name" class="mono">
                {host}
            </th>
            <td data-cell="note">{user.to_string()}</td>
            <td data-cell="end">
                <Age at=created_at />
            </td>
            <td data-cell="act">
                <div class="cluster">
                    <ActionForm action=try_it>
                        <input type="hidden" name="host" value=tried />
                        <Submit label="Try" variant="quiet" size="small" pending=try_it.pending() />
                    </ActionForm>
                    <ActionForm action=forget>
                        <input type="hidden" name="host" value=forgotten />
                        <Submit label="Forget" variant="quiet" size="small" pending=forget.pending() />
                    </ActionForm>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
