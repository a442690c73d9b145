//! What stands around every page of a signed-in person: the rail of a laptop, the bottom bar of a
//! phone, the keys.

use homeport_model::{event::Topic, host::Attention};
use leptos::{ev, html, prelude::*};
use leptos_router::{components::Outlet, hooks::use_location};

use super::{Mark, Toasts, command_field::CommandField, dialog::Dialog, visitor::Visitor};
use crate::{
    api::{WireError, apps::count_attention},
    live,
};

/// A page in the rail and in the bar: address, name, the bar's drawing.
const PLACES: [(&str, &str, &str); 5] = [
    ("/", "Today", "M4 11.5 12 5l8 6.5V20H4Z"),
    ("/apps", "Apps", "M4 4h6.5v6.5H4zM13.5 4H20v6.5h-6.5zM4 13.5h6.5V20H4zM13.5 13.5H20V20h-6.5z"),
    ("/domains", "Domains", "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18"),
    ("/activity", "Activity", "M3 12h4l3-7 4 14 3-7h4"),
    (
        "/settings",
        "Settings",
        "M4 7h8M18 7h2M12 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0M4 17h2M12 17h8M6 17a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    ),
];

/// Whether `path` is the page at `href` or below it.
fn is_at(path: &str, href: &str) -> bool {
    match path.strip_prefix(href) {
        Some(rest) => rest.is_empty() || (href != "/" && rest.starts_with('/')),
        None => href == "/apps" && path == "/new",
    }
}

/// How much needs attention, of which it is known at once; kept up to date by what changes.
#[derive(Clone, Copy)]
struct Counts(Resource<Result<Attention, WireError>>);

impl Counts {
    fn provide() {
        let (apps, host) = (live::version(Topic::Apps), live::version(Topic::Host));
        provide_context(Self(Resource::new(move || (apps.get(), host.get()), |_| count_attention())));
    }

    fn of(self, href: &str) -> usize {
        let counts = self.0.get().and_then(Result::ok).unwrap_or_default();
        match href {
            "/apps" => counts.apps,
            "/domains" => counts.domains,
            _ => 0,
        }
    }
}

/// The count beside a place; nothing where all is well.
#[component]
fn Count(href: &'static str) -> impl IntoView {
    let counts = use_context::<Counts>();
    view! {
        <Transition>
            {move || {
                counts
                    .map(|counts| counts.of(href))
                    .filter(|count| *count > 0)
                    .map(|count| {
                        view! {
                            <span class="attention">
                                {count} <span class="visually-hidden">" need attention"</span>
                            </span>
                        }
                    })
            }}
        </Transition>
    }
    .into_any()
}

/// A link that knows whether it leads to where one is.
#[component]
fn PlaceLink(href: &'static str, children: Children) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || path.with(|path| is_at(path, href)).then_some("page");
    view! {
        <a href=href aria-current=current>
            {children()}
            <Count href=href />
        </a>
    }
    .into_any()
}

/// Rail, page and bottom bar.
#[component]
pub fn Frame() -> impl IntoView {
    let finding = RwSignal::new(false);
    let showing_keys = RwSignal::new(false);
    listen_for_keys(finding, showing_keys);
    Counts::provide();
    let main = NodeRef::<html::Main>::new();
    let path = use_location().pathname;
    // After a navigation without a page load, the keyboard and the screen reader begin at the page.
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now)
            && let Some(main) = main.get_untracked()
        {
            let _ = main.focus();
        }
        now
    });
    view! {
        <a class="skip-link" href="#main">
            "Skip to content"
        </a>
        <div class="frame">
            <Rail finding=finding />
            <main id="main" class="page" tabindex="-1" node_ref=main>
                <Outlet />
            </main>
            <BottomBar />
        </div>
        <CommandField open=finding />
        <Keys open=showing_keys />
        <Toasts />
    }
    .into_any()
}

#[component]
fn Rail(finding: RwSignal<bool>) -> impl IntoView {
    let visitor = Visitor::current();
    let find = move |event: ev::MouseEvent| {
        event.prevent_default();
        finding.set(true);
    };
    view! {
        <header class="rail">
            <a class="brand" href="/">
                <Mark />
                <b>"Homeport"</b>
                <span>{visitor.host_name}</span>
            </a>
            <a class="find" href="/apps" on:click=find>
                "Find…"
                <kbd>"Ctrl K"</kbd>
            </a>
            <nav aria-label="Main">
                <ul>
                    {PLACES
                        .map(|(href, name, _)| {
                            view! {
                                <li>
                                    <PlaceLink href=href>{name}</PlaceLink>
                                </li>
                            }
                        })
                        .into_iter()
                        .collect_view()}
                </ul>
            </nav>
            <div class="rail-foot">
                <span>{visitor.name}</span>
                <SignOut />
            </div>
        </header>
    }
    .into_any()
}

/// Signs out; a plain form, so that it works without script.
#[component]
pub fn SignOut() -> impl IntoView {
    view! {
        <form method="post" action="/sign-out">
            <button class="button" type="submit" data-variant="quiet" data-size="small">
                "Sign out"
            </button>
        </form>
    }
    .into_any()
}

#[component]
fn BottomBar() -> impl IntoView {
    view! {
        <nav class="bottom-bar" aria-label="Main">
            <ul>
                {PLACES
                    .map(|(href, name, drawing)| {
                        view! {
                            <li>
                                <PlaceLink href=href>
                                    <svg viewBox="0 0 24 24" aria-hidden="true">
                                        <path d=drawing />
                                    </svg>
                                    {name}
                                </PlaceLink>
                            </li>
                        }
                    })
                    .into_iter()
                    .collect_view()}
            </ul>
        </nav>
    }
    .into_any()
}

#[component]
fn Keys(open: RwSignal<bool>) -> impl IntoView {
    let keys = [
        ("Ctrl K", "Find anything"),
        ("/", "Search the list on this page"),
        ("?", "Show these keys"),
        ("Esc", "Close"),
    ]
    .map(|(key, what)| {
        view! {
            <div>
                <dt>
                    <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
            </div>
        }
    })
    .into_iter()
    .collect_view();
    view! {
        <Dialog open=open label="Keys">
            <h2>"Keys"</h2>
            <dl class="facts">{keys}</dl>
            <footer>
                <button class="button" type="button" on:click=move |_| open.set(false)>
                    "Close"
                </button>
            </footer>
        </Dialog>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
fn listen_for_keys(finding: RwSignal<bool>, showing_keys: RwSignal<bool>) {
    use wasm_bindgen::JsCast;
    let handle = window_event_listener(ev::keydown, move |event| {
        let typing = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"));
        match event.key().as_str() {
            "k" | "K" if event.ctrl_key() || event.meta_key() => finding.update(|open| *open = !*open),
            "?" if !typing => showing_keys.set(true),
            "/" if !typing => {
                let search = document().query_selector("input[type=search]").ok().flatten();
                let Some(search) = search.and_then(|search| search.dyn_into::<web_sys::HtmlElement>().ok()) else {
                    return;
                };
                let _ = search.focus();
            }
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || handle.remove());
}

#[cfg(not(feature = "hydrate"))]
const fn listen_for_keys(_finding: RwSignal<bool>, _showing_keys: RwSignal<bool>) {}

#[cfg(test)]
mod tests {
    use super::is_at;

    #[test]
    fn a_page_below_counts_as_there() {
        assert!(is_at("/", "/") && is_at("/apps", "/apps") && is_at("/apps/shop/deploys/3", "/apps"));
        assert!(is_at("/new", "/apps"));
        assert!(!is_at("/apps", "/") && !is_at("/appsy", "/apps") && !is_at("/settings", "/apps"));
    }
}
