//! The processes of an app: what each runs, how many of it, what each may use, and a form for one.

use homeport_model::{
    app::{AppDetail, ProcessForm, ProcessRow},
    build::SwitchOrder,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

use super::{ThisApp, new::FormProblem, new::problem_of};
use crate::{
    api::{apps::SetProcess, deploys::Restart},
    ui::{Column, Field, Notice, Panel, PanelSkeleton, Submit, Table, Tag, Tone, figures::count, loaded, toaster},
};

/// In the address in place of a name: a process that there is not yet.
const NEW: &str = "new";

/// The tab.
#[component]
pub fn Processes() -> impl IntoView {
    let this = ThisApp::current();
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.read().get("process"));
    let set = ServerAction::<SetProcess>::new();
    let restart = ServerAction::<Restart>::new();
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = set.value().get() {
            toaster.say("Process saved");
            this.detail.refetch();
        }
    });
    let refused = problem_of(move || restart.value().get());
    view! {
        <FormProblem problem=refused />
        {loaded(
            this.detail,
            || view! { <PanelSkeleton rows=3 /> },
            move |app| view! { <Loaded app=app chosen=chosen set=set restart=restart /> },
        )}
    }
    .into_any()
}

#[component]
fn Loaded(
    app: AppDetail,
    chosen: Memo<Option<String>>,
    set: ServerAction<SetProcess>,
    restart: ServerAction<Restart>,
) -> impl IntoView {
    let name = app.row.name.to_string();
    if app.spec.source.is_static() {
        return view! {
            <Panel title="Processes">
                <div class="empty">
                    <p>"None: nginx serves this app's files itself, so there is nothing to run or to scale."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let waiting = app.processes.iter().filter(|row| row.serving.is_some() && row.is_pending()).count();
    let named = name.clone();
    let notice = (waiting > 0).then(|| {
        let title = format!("{} to be applied.", count(waiting, "process waits", "processes wait"));
        view! {
            <Notice tone=Tone::Warning title=title>
                <p>"The running release keeps what it was started with. A restart builds nothing and loses no request."</p>
                <ActionForm action=restart>
                    <input type="hidden" name="app" value=named />
                    <Submit label="Restart to apply" busy="Restarting…" pending=restart.pending() />
                </ActionForm>
            </Notice>
        }
    });
    let is_fixed = app.processes.iter().any(|row| row.is_fixed);
    let add = view! {
        <a class="button" href=format!("/apps/{name}/processes?process={NEW}")>
            "Add a process"
        </a>
    }
    .into_any();
    let rows = app.processes.iter().map(|row| view! { <Row app=name.clone() row=row.clone() /> }).collect_view();
    let fixed = is_fixed.then(|| {
        view! {
            <footer>
                <p class="muted">"app.json says how many of each there are, and how many start at a time (formation)."</p>
            </footer>
        }
    });
    view! {
        {notice}
        <Panel title="Processes" aside=Some(add)>
            <Table columns=[
                Column::text("Process"),
                Column::text("Runs"),
                Column::text("Containers"),
                Column::text("Each may use").wide(),
                Column::unseen("Actions"),
            ]>{rows}</Table>
            {fixed}
        </Panel>
        {move || chosen.get().map(|process| view! { <Change app=app.clone() process=process set=set /> })}
    }
    .into_any()
}

#[component]
fn Row(app: String, row: ProcessRow) -> impl IntoView {
    let process = &row.process;
    let wanted = process.scale.get();
    let pending =
        (row.serving.is_some() && row.is_pending()).then(|| view! { <Tag tone=Tone::Warning>"pending"</Tag> });
    let command = process.command.as_ref().map_or_else(|| "what the image says".to_owned(), ToString::to_string);
    let has_command = process.command.is_some();
    let serving = row.serving.as_ref().map_or(0, |process| process.scale.get());
    let containers = match (row.running, serving) {
        (0, 0) if wanted == 0 => "none".to_owned(),
        (running, serving) if running == serving && serving == wanted => format!("{running} running"),
        (running, serving) if running == serving => format!("{running} running, {wanted} wanted"),
        (running, serving) => format!("{running} of {serving} running"),
    };
    let memory = format!("{} MiB", process.limits.memory_bytes >> 20);
    let cpu = process.limits.cpu_millis.map(|millis| format!(", {:.2} cores", f64::from(millis) / 1_000.0));
    let order = (process.order == SwitchOrder::StopFirst).then_some(", old one stops first");
    // Of one container there is nothing to say: it starts alone.
    let at_once = (wanted > 1).then(|| format!(", {} at a time at a switch", process.max_parallel.min(wanted)));
    let limits =
        format!("{memory}{}{}{}", cpu.unwrap_or_default(), order.unwrap_or_default(), at_once.unwrap_or_default());
    let name = process.name.to_string();
    view! {
        <tr>
            <th scope="row" class="mono" data-cell="name">
                {name.clone()}
                " "
                {pending}
            </th>
            <td class=has_command.then_some("mono")>
                <span class="clip" title=command.clone()>
                    {command.clone()}
                </span>
            </td>
            <td data-cell="note">{containers}</td>
            <td data-wide class="muted">
                {limits}
            </td>
            <td data-cell="act">
                <a class="button" data-variant="quiet" data-size="small" href=format!("/apps/{app}/processes?process={name}")>
                    "Change"
                    <span class="visually-hidden">{format!(" {name}")}</span>
                </a>
            </td>
        </tr>
    }
    .into_any()
}

/// The form of one process, or of a new one.
#[component]
fn Change(app: AppDetail, process: String, set: ServerAction<SetProcess>) -> impl IntoView {
    let problem = problem_of(move || set.value().get());
    let is_new = process == NEW;
    let known = app.processes.iter().find(|row| row.process.name.as_str() == process).cloned();
    if known.is_none() && !is_new {
        return ().into_any();
    }
    let settings = app.spec.processes.iter().find(|(name, _)| name.as_str() == process);
    let form = match settings {
        Some((name, settings)) => ProcessForm::of(name, settings),
        None => ProcessForm { process: if is_new { String::new() } else { process.clone() }, ..ProcessForm::default() },
    };
    let is_fixed = known.as_ref().is_some_and(|row| row.is_fixed);
    let title = if is_new { "A new process".to_owned() } else { format!("Change {process}") };
    let command_hint = "Empty: what the Procfile or the image says. $PORT is written out.";
    let name_field = match is_new {
        true => view! {
            <Field
                label="Name"
                name="form[process]"
                key="process"
                placeholder="worker"
                hint="Lower-case letters, digits and hyphens."
                problem=problem
                mono=true
            />
        }
        .into_any(),
        false => view! { <input type="hidden" name="form[process]" value=process.clone() /> }.into_any(),
    };
    let scale = (!is_fixed).then(|| {
        view! {
            <Field
                label="Containers"
                name="form[scale]"
                key="scale"
                value=form.scale.clone()
                placeholder="1"
                hint="How many run side by side, 0 to 100."
                problem=problem
                optional=true
                inputmode="numeric"
                size="short"
            />
        }
    });
    let stop_first = form.order == "stop_first";
    view! {
        <Panel title=title>
            <ActionForm action=set>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <input type="hidden" name="name" value=app.row.name.to_string() />
                    {name_field}
                    <Field
                        label="Command"
                        name="form[command]"
                        key="command"
                        value=form.command.clone()
                        hint=command_hint
                        problem=problem
                        mono=true
                        optional=!is_new
                    />
                    <div class="split" data-variant="even">
                        {scale}
                        <Field
                            label="Memory in MiB"
                            name="form[memory]"
                            key="memory"
                            value=form.memory.clone()
                            placeholder="512"
                            hint="More than that ends it."
                            problem=problem
                            optional=true
                            inputmode="numeric"
                            size="short"
                        />
                        <Field
                            label="Cores"
                            name="form[cpu]"
                            key="cpu"
                            value=form.cpu.clone()
                            placeholder="0.5"
                            hint="Empty: all there are."
                            problem=problem
                            optional=true
                            inputmode="decimal"
                            size="short"
                        />
                        <Field
                            label="Processes and threads"
                            name="form[pids]"
                            key="pids"
                            value=form.pids.clone()
                            placeholder="1024"
                            problem=problem
                            optional=true
                            inputmode="numeric"
                            size="short"
                        />
                        <Field
                            label="When it ends by itself"
                            name="form[restart]"
                            key="restart"
                            value=form.restart.clone()
                            placeholder="unless-stopped"
                            hint="no, always, unless-stopped or on-failure:10."
                            problem=problem
                            mono=true
                            optional=true
                        />
                        <Field
                            label="Stop signal"
                            name="form[stop_signal]"
                            key="stop_signal"
                            value=form.stop_signal.clone()
                            placeholder="SIGTERM"
                            problem=problem
                            mono=true
                            optional=true
                            size="short"
                        />
                        <Field
                            label="Seconds to stop"
                            name="form[stop_grace]"
                            key="stop_grace"
                            value=form.stop_grace.clone()
                            placeholder="30"
                            hint="Then it is killed."
                            problem=problem
                            optional=true
                            inputmode="numeric"
                            size="short"
                        />
                    </div>
                    <fieldset class="field">
                        <legend>"At a switch"</legend>
                        <label>
                            <input type="radio" name="form[order]" value="start_first" checked=!stop_first />
                            " The new one starts first: no failed request, and for a while there are two"
                        </label>
                        <label>
                            <input type="radio" name="form[order]" value="stop_first" checked=stop_first />
                            " The old one stops first: there are never two"
                        </label>
                    </fieldset>
                </div>
                <footer>
                    <Submit label="Save process" busy="Saving…" variant="primary" pending=set.pending() />
                    <p class="muted">"Takes effect with the next deploy or restart."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
