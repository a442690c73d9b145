//! The tab Domains of an app: its names, and what else leads to it.

use homeport_model::{
    domain::{AppDomains, DomainRow, Leads},
    event::Topic,
    problem::Problem,
};
use leptos::{form::ActionForm, prelude::*};

use super::{leads_words, maintenance::MaintenancePanel, name_cell, parts::PartsPanel, refusal_notice, served_cell};
use crate::{
    api::domains::{
        AddDomain, AddPrefix, LeadHere, MakePrimary, RemoveDomain, RemovePrefix, SetCatchAll, SetMaintenance,
        domains_of,
    },
    live,
    pages::apps::{FormProblem, ThisApp, app_name, problem_of},
    ui::{Column, Field, Panel, PanelSkeleton, Select, Submit, Table, Tag, loaded, toaster},
};

/// What the tab can do.
#[derive(Clone, Copy)]
pub struct Acts {
    add: ServerAction<AddDomain>,
    remove: ServerAction<RemoveDomain>,
    primary: ServerAction<MakePrimary>,
    lead: ServerAction<LeadHere>,
    catch_all: ServerAction<SetCatchAll>,
    /// Gives a part of a host to another app.
    pub add_prefix: ServerAction<AddPrefix>,
    /// Takes it back.
    pub remove_prefix: ServerAction<RemovePrefix>,
    /// Answers in the app's place.
    pub maintenance: ServerAction<SetMaintenance>,
}

impl Acts {
    fn new() -> Self {
        Self {
            add: ServerAction::new(),
            remove: ServerAction::new(),
            primary: ServerAction::new(),
            lead: ServerAction::new(),
            catch_all: ServerAction::new(),
            add_prefix: ServerAction::new(),
            remove_prefix: ServerAction::new(),
            maintenance: ServerAction::new(),
        }
    }

    fn written(self) -> usize {
        self.add.version().get()
            + self.remove.version().get()
            + self.primary.version().get()
            + self.lead.version().get()
            + self.catch_all.version().get()
            + self.add_prefix.version().get()
            + self.remove_prefix.version().get()
            + self.maintenance.version().get()
    }
}

/// The tab.
#[component]
pub fn AppDomainsPage() -> impl IntoView {
    let (this, acts) = (ThisApp::current(), Acts::new());
    let live = live::version(Topic::Domains);
    let answer = Resource::new(
        move || (this.name.get(), this.version.get(), live.get(), acts.written()),
        |(name, ..)| async move { domains_of(app_name(&name)?).await },
    );
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = acts.add.value().get() {
            toaster.say("Added: nginx answers it now");
            this.detail.refetch();
        }
    });
    let of_rows = problem_of(move || {
        let first = acts.remove.value().get().and_then(Result::err);
        let next = || acts.primary.value().get().and_then(Result::err);
        let then = || acts.lead.value().get().and_then(Result::err);
        let last = || acts.remove_prefix.value().get().and_then(Result::err);
        let all = || acts.catch_all.value().get().and_then(Result::err);
        first.or_else(next).or_else(then).or_else(last).or_else(all).map(Err::<(), _>)
    });
    // A plain problem above the list: its field is on no form of this page.
    let of_rows = Signal::derive(move || of_rows.get().map(|problem: Problem| Problem { field: None, ..problem }));
    view! {
        <FormProblem problem=of_rows />
        {loaded(
            answer,
            || view! { <PanelSkeleton rows=4 /> },
            move |view| {
                let AppDomains { names, prefixes, elsewhere, others, catch_all, maintenance, refusal } = view;
                let hosts = names.iter().filter(|row| row.leads == Leads::App && !row.name.is_wildcard());
                let hosts = hosts.map(|row| row.name.to_string()).collect::<Vec<_>>();
                view! {
                    {refusal_notice(refusal)}
                    <MaintenancePanel maintenance=maintenance acts=acts />
                    <Names names=names acts=acts />
                    <PartsPanel prefixes=prefixes elsewhere=elsewhere others=others hosts=hosts acts=acts />
                    <CatchAll has=catch_all.map(|app| app.to_string()) act=acts.catch_all />
                }
            },
        )}
        <AddName add=acts.add />
    }
    .into_any()
}

#[component]
fn Names(names: Vec<DomainRow>, acts: Acts) -> impl IntoView {
    let all: Vec<String> = names.iter().map(|row| row.name.to_string()).collect();
    let rows = names
        .into_iter()
        .map(|row| {
            let counterpart = counterpart(&row, &all);
            view! { <Row row=row counterpart=counterpart acts=acts /> }
        })
        .collect_view();
    view! {
        <Panel title="Names">
            <Table columns=[
                Column::text("Name"),
                Column::text("Leads to"),
                Column::text("Way in"),
                Column::text("Served by"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

/// The name with or without `www.` that one press would lead here.
fn counterpart(row: &DomainRow, all: &[String]) -> Option<String> {
    let name = row.name.as_str();
    if row.name.is_wildcard() || row.derived {
        return None;
    }
    let other = match name.strip_prefix("www.") {
        Some(bare) => bare.to_owned(),
        None => format!("www.{name}"),
    };
    let is_led = matches!(&row.leads, Leads::Redirect { to, .. } if to.starts_with(&other));
    // Turning round what leads the other way makes sense for a pair only.
    (row.leads == Leads::App || (is_led && all.contains(&other))).then_some(other)
}

#[component]
fn Row(row: DomainRow, counterpart: Option<String>, acts: Acts) -> impl IntoView {
    let app = ThisApp::current().name;
    let name = row.name.to_string();
    let hidden = {
        let name = name.clone();
        move || {
            view! {
                <input type="hidden" name="app" value=move || app.get() />
                <input type="hidden" name="domain" value=name.clone() />
            }
        }
    };
    let lead = counterpart.map(|other| {
        let hidden = hidden.clone();
        view! {
            <ActionForm action=acts.lead>
                {hidden()}
                <Submit label=format!("Lead {other} here") variant="quiet" size="small" pending=acts.lead.pending() />
            </ActionForm>
        }
    });
    let is_first = row.primary;
    let can_be_first = !is_first && row.leads == Leads::App && !row.name.is_wildcard();
    let first = can_be_first.then(|| {
        let hidden = hidden.clone();
        view! {
            <ActionForm action=acts.primary>
                {hidden()}
                <Submit label="Make first" variant="quiet" size="small" pending=acts.primary.pending() />
            </ActionForm>
        }
    });
    let remove = (!row.derived).then(|| {
        view! {
            <ActionForm action=acts.remove>
                {hidden()}
                <button class="button" type="submit" data-variant="quiet" data-size="small">
                    "Remove"
                    <span class="visually-hidden">" " {name.clone()}</span>
                </button>
            </ActionForm>
        }
    });
    let derived = row.derived.then(|| view! { " " <Tag>"from the app's name"</Tag> });
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {name_cell(&row)}
                {derived}
            </th>
            <td data-cell="note">{leads_words(&row.leads)}</td>
            <td class="muted">{row.way.words()}</td>
            <td data-cell="end">{served_cell(&row)}</td>
            <td data-cell="acts">
                <div class="cluster">{lead} {first} {remove}</div>
            </td>
        </tr>
    }
    .into_any()
}

const LEADS: [(&str, &str); 2] = [("app", "This app"), ("redirect", "Another address (redirect)")];
/// The ways in that can be chosen.
pub const WAYS: [(&str, &str); 2] = [("direct", "Directly"), ("tunnel", "Through the tunnel only")];
const STATUSES: [(&str, &str); 4] = [
    ("301", "301: moved for good"),
    ("302", "302: for now"),
    ("307", "307: for now, same method and body"),
    ("308", "308: for good, same method and body"),
];
const SCHEMES: [(&str, &str); 3] = [("same", "As the visitor came"), ("https", "https"), ("http", "http")];

#[component]
fn AddName(add: ServerAction<AddDomain>) -> impl IntoView {
    let app = ThisApp::current().name;
    let problem = problem_of(move || add.value().get());
    let way = RwSignal::new("direct".to_owned());
    let (leads, status, scheme) =
        (RwSignal::new("app".to_owned()), RwSignal::new("301".to_owned()), RwSignal::new("same".to_owned()));
    view! {
        <Panel title="Add a name">
            <ActionForm action=add>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <input type="hidden" name="app" value=move || app.get() />
                    <Field
                        label="Name"
                        name="form[name]"
                        key="name"
                        placeholder="www.example.com"
                        hint="It must point at this server. *.example.com stands for every name below that nobody else has."
                        problem=problem
                        mono=true
                    />
                    <div class="split" data-variant="even">
                        <Select label="Leads to" name="form[leads]" options=LEADS.into() chosen=leads />
                        <Select label="Way in" name="form[way]" options=WAYS.into() chosen=way />
                    </div>
                    <details class="disclosure" open=move || leads.get() == "redirect">
                        <summary>"Where a redirect leads"</summary>
                        <div class="form">
                            <Field
                                label="Host"
                                name="form[to]"
                                key="to"
                                placeholder="example.com"
                                hint="Path and query are kept."
                                problem=problem
                                mono=true
                                optional=true
                            />
                            <Field
                                label="One path for everything"
                                name="form[path]"
                                key="path"
                                placeholder="/moved"
                                hint="Empty: path and query are kept."
                                problem=problem
                                mono=true
                                optional=true
                            />
                            <div class="split" data-variant="even">
                                <Select label="By" name="form[scheme]" options=SCHEMES.into() chosen=scheme />
                                <Select label="Told as" name="form[status]" options=STATUSES.into() chosen=status />
                            </div>
                        </div>
                    </details>
                </div>
                <footer>
                    <Submit label="Add name" busy="Adding…" variant="primary" pending=add.pending() />
                    <p class="muted">"Names change at once. They are no part of a release: rolling back keeps them."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

#[component]
fn CatchAll(has: Option<String>, act: ServerAction<SetCatchAll>) -> impl IntoView {
    let app = ThisApp::current().name;
    let here = has.as_deref() == Some(app.get_untracked().as_str());
    let words = match &has {
        _ if here => "This app answers names that nobody has, by http.".to_owned(),
        Some(other) => format!("{other} answers names that nobody has. Only one app can."),
        None => "Names that nobody has get no answer at all.".to_owned(),
    };
    let button = (here || has.is_none()).then(|| {
        let (label, on) =
            if here { ("Leave them unanswered", None) } else { ("Answer names that nobody has", Some("on")) };
        view! {
            <ActionForm action=act>
                <input type="hidden" name="app" value=move || app.get() />
                {on.map(|on| view! { <input type="hidden" name="on" value=on /> })}
                <Submit label=label pending=act.pending() />
            </ActionForm>
        }
    });
    view! {
        <Panel title="Names that nobody has">
            <div class="panel-body stack">
                <p>{words}</p>
                <p class="muted">"By https they are refused in any case: there is no certificate for a name that nobody has."</p>
                {button}
            </div>
        </Panel>
    }
    .into_any()
}
