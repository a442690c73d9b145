//! nginx's configuration as it is served: its files, its history, and what a hand changed.

use homeport_model::{
    domain::{FileDiff, GenerationRow, NginxFile, NginxView},
    event::Topic,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

use crate::{
    api::domains::{ForgetNginxGeneration, PutNginxBack, load_nginx, nginx_difference},
    live,
    pages::apps::{FormProblem, problem_of},
    ui::{Age, Code, Column, Notice, PageHeader, Panel, PanelSkeleton, State, Submit, Table, Tag, Tone, loaded},
};

/// `/host/nginx`, with `?file=` for one file's text and `?from=&to=` for what differs.
#[component]
pub fn NginxPage() -> impl IntoView {
    let query = use_query_map();
    let file = Memo::new(move |_| query.read().get("file"));
    let number = move |key: &str| query.read().get(key).and_then(|number| number.parse::<u64>().ok());
    let (host, domains) = (live::version(Topic::Host), live::version(Topic::Domains));
    let back = ServerAction::<PutNginxBack>::new();
    let forget = ServerAction::<ForgetNginxGeneration>::new();
    let problem = problem_of(move || back.value().get());
    let not_dropped = problem_of(move || forget.value().get());
    let answer = Resource::new(
        move || (file.get(), host.get(), domains.get(), back.version().get(), forget.version().get()),
        |(file, ..)| async move { load_nginx(file).await },
    );
    let compared = Resource::new(
        move || number("from").zip(number("to")),
        |pair| async move {
            match pair {
                Some((from, to)) => nginx_difference(from, to).await.map(|diffs| Some((from, to, diffs))),
                None => Ok(None),
            }
        },
    );
    let above = vec![("/".to_owned(), "Today".to_owned())];
    view! {
        <PageHeader title="nginx" above=above lead=|| "Its configuration as it is served" />
        <FormProblem problem=problem />
        <FormProblem problem=not_dropped />
        {loaded(compared, || (), |found| found.map(|(from, to, diffs)| view! { <Compared from=from to=to diffs=diffs /> }))}
        {loaded(answer, || view! { <PanelSkeleton rows=6 /> }, move |view| view! { <Loaded view=view back=back forget=forget /> })}
    }
    .into_any()
}

#[component]
fn Loaded(
    view: NginxView,
    back: ServerAction<PutNginxBack>,
    forget: ServerAction<ForgetNginxGeneration>,
) -> impl IntoView {
    let NginxView { version, modules, current, answering, files, history, edits, refusals } = view;
    let answers = match (current, answering) {
        (Some(current), Some(answering)) if current == answering => {
            (Tone::Good, format!("generation {current} answers"))
        }
        (Some(current), Some(answering)) => (Tone::Bad, format!("generation {answering} answers, {current} should")),
        (Some(current), None) => (Tone::Bad, format!("generation {current} should answer, and nothing does")),
        (None, _) => (Tone::Off, "nothing to serve yet".to_owned()),
    };
    let refusals = refusals
        .into_iter()
        .map(|refusal| {
            let app = refusal.app.to_string();
            view! {
                <Notice tone=Tone::Bad title=format!("nginx refused the newest settings of {app}.")>
                    <p><span class="mono">{refusal.words}</span> " Since " <Age at=refusal.since /> ". What served before serves on. "
                    <a href=format!("/apps/{app}/domains")>"Look at the app"</a></p>
                </Notice>
            }
        })
        .collect_view();
    let edited = (!edits.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warning title="Somebody changed these files by hand.">
                <p>
                    "Homeport does not write over them, and does not know who it was. nginx reads them at its next start or reload. The next change of any app writes a new generation from what Homeport knows: the edit is not in it. This page then says so, and keeps it until somebody drops it: the newest five, if there are more."
                </p>
                <ActionForm action=back>
                    <Submit label="Put back as written" busy="Writing…" pending=back.pending() />
                </ActionForm>
            </Notice>
            <Panel title="Changed by hand">
                <Diffs diffs=edits />
            </Panel>
        }
    });
    let left = history
        .iter()
        .filter(|row| !row.edited.is_empty() && current.is_some_and(|current| row.number < current))
        .map(|row| {
            let (number, files) = (row.number, row.edited.join(", "));
            view! {
                <Notice tone=Tone::Warning title=format!("What a hand changed in generation {number} is not served any more.")>
                    <p>
                        "A newer generation was written since. It was in " <span class="mono">{files}</span> ". What apps can set for themselves stands in their proxy settings. "
                        <a href=format!("/host/nginx?from={number}&to={number}")>"What was changed"</a>
                    </p>
                    <ActionForm action=forget>
                        <input type="hidden" name="number" value=number />
                        <Submit label="Drop it" busy="Dropping…" pending=forget.pending() />
                    </ActionForm>
                </Notice>
            }
        })
        .collect_view();
    view! {
        {refusals}
        {edited}
        {left}
        <Panel title="As served">
            <dl class="facts">
                <div>
                    <dt>"Serving"</dt>
                    <dd>
                        <State tone=answers.0 word=answers.1 />
                    </dd>
                </div>
                <div>
                    <dt>"Version"</dt>
                    <dd>{version.unwrap_or_else(|| "not known".into())}</dd>
                </div>
                <div>
                    <dt>"Modules"</dt>
                    <dd class="muted">{modules.join(", ")}</dd>
                </div>
            </dl>
        </Panel>
        <Files files=files />
        <History rows=history current=current />
    }
    .into_any()
}

#[component]
fn Files(files: Vec<NginxFile>) -> impl IntoView {
    if files.is_empty() {
        return view! {
            <Panel title="Files">
                <div class="empty">
                    <p>"None yet. The first app writes them."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let shown = files.iter().find_map(|file| Some((file.name.clone(), file.text.clone()?)));
    let shown = shown.map(|(name, text)| {
        view! {
            <Panel title=name.clone()>
                <div class="panel-body">
                    <Code text=text what=name />
                </div>
            </Panel>
        }
    });
    let rows = files
        .into_iter()
        .map(|file| {
            let app = file.app.map(|app| view! { <a href=format!("/apps/{app}/proxy")>{app.to_string()}</a> });
            view! {
                <tr>
                    <th scope="row" data-cell="name">
                        <a class="mono" href=format!("/host/nginx?file={}", file.name)>
                            {file.name.clone()}
                        </a>
                    </th>
                    <td data-cell="note">{app}</td>
                    <td class="figure" data-cell="end">
                        {file.lines}
                        " lines"
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        {shown}
        <Panel title="Files">
            <Table columns=[Column::text("File"), Column::text("App"), Column::figure("Length")]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

#[component]
fn History(rows: Vec<GenerationRow>, current: Option<u64>) -> impl IntoView {
    if rows.is_empty() {
        return ().into_any();
    }
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    let rows = rows
        .into_iter()
        .enumerate()
        .map(|(at, row)| {
            let number = row.number;
            let words = match &row.changed {
                Some(files) if files.is_empty() => "its number only".to_owned(),
                Some(files) => files.join(", "),
                None => "the oldest that is kept".to_owned(),
            };
            let before = numbers.get(at + 1).filter(|_| row.changed.as_ref().is_some_and(|files| !files.is_empty()));
            let compare = before.map(|before| {
                view! { <a href=format!("/host/nginx?from={before}&to={number}")>"What changed"</a> }
            });
            let edited = (!row.edited.is_empty()).then(|| {
                view! {
                    " "
                    <a href=format!("/host/nginx?from={number}&to={number}")>
                        <Tag tone=Tone::Warning>"edited by hand"</Tag>
                    </a>
                }
            });
            let serving = (current == Some(number)).then(|| view! { " " <Tag tone=Tone::Good>"current"</Tag> });
            view! {
                <tr>
                    <th scope="row" data-cell="name">
                        {number}
                        {serving}
                        {edited}
                    </th>
                    <td data-cell="note">{words}</td>
                    <td data-cell="side">{compare}</td>
                    <td class="figure" data-cell="end">
                        <Age at=row.at />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="History">
            <Table columns=[
                Column::text("Generation"),
                Column::text("Changed against the one before"),
                Column::unseen("Difference"),
                Column::figure("Written"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Compared(from: u64, to: u64, diffs: Vec<FileDiff>) -> impl IntoView {
    let title = if from == to {
        format!("What a hand changed in generation {to}")
    } else {
        format!("Generation {to} against {from}")
    };
    let all = view! { <a href="/host/nginx">"Close"</a> }.into_any();
    view! {
        <Panel title=title aside=Some(all)>
            {if diffs.is_empty() {
                view! {
                    <div class="empty">
                        <p>"Nothing differs."</p>
                    </div>
                }
                .into_any()
            } else {
                view! { <Diffs diffs=diffs /> }.into_any()
            }}
        </Panel>
    }
    .into_any()
}

#[component]
fn Diffs(diffs: Vec<FileDiff>) -> impl IntoView {
    diffs
        .into_iter()
        .map(|diff| {
            let lines = diff
                .lines
                .into_iter()
                .map(|(change, line)| {
                    view! {
                        <li data-change=change.as_str()>
                            <span class="mono">{line}</span>
                        </li>
                    }
                })
                .collect_view();
            view! {
                <h3 class="panel-body mono">{diff.file}</h3>
                <ul class="diff">{lines}</ul>
            }
        })
        .collect_view()
        .into_any()
}
