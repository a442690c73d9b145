//! `Ctrl K`: finds pages, apps and what can be done with them.

use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_navigate;

use crate::api::apps::list_apps;

/// Something that can be gone to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    name: String,
    kind: &'static str,
    href: String,
}

fn pages() -> Vec<Place> {
    [
        ("Today", "/"),
        ("Apps", "/apps"),
        ("Deploy an app", "/new"),
        ("Activity", "/activity"),
        ("Jobs", "/activity/jobs"),
        ("Deliveries", "/activity/deliveries"),
        ("Settings", "/settings"),
    ]
    .map(|(name, href)| Place { name: name.into(), kind: "page", href: href.into() })
    .into()
}

fn places_of(app: &str) -> Vec<Place> {
    [
        ("", ""),
        (" deploys", "/deploys"),
        (" environment", "/environment"),
        (" logs", "/logs"),
        (" settings", "/settings"),
    ]
    .map(|(what, path)| Place { name: format!("{app}{what}"), kind: "app", href: format!("/apps/{app}{path}") })
    .into()
}

/// The places whose names have every word that was typed; at most twelve.
fn matching(places: &[Place], typed: &str) -> Vec<Place> {
    let typed = typed.to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let fits = |place: &&Place| words.iter().all(|word| place.name.to_lowercase().contains(word));
    places.iter().filter(fits).take(12).cloned().collect()
}

/// The field; `open` shows it.
#[component]
pub fn CommandField(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let input = NodeRef::<html::Input>::new();
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let places = RwSignal::new(pages());
    let found = Memo::new(move |_| places.with(|places| matching(places, &typed.read())));
    let load = Action::new(move |(): &()| async move {
        if let Ok(apps) = list_apps().await {
            let of_apps = apps.iter().flat_map(|app| places_of(app.name.as_str()));
            places.set(pages().into_iter().chain(of_apps).collect());
        }
    });
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => {
                typed.set(String::new());
                chosen.set(0);
                load.dispatch(());
                let _ = dialog.show_modal();
                if let Some(input) = input.get_untracked() {
                    input.set_value("");
                    let _ = input.focus();
                }
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let navigate = use_navigate();
    let go = Callback::new(move |href: String| {
        open.set(false);
        navigate(&href, leptos_router::NavigateOptions::default());
    });
    let on_key = move |event: ev::KeyboardEvent| {
        let count = found.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|chosen| *chosen = (*chosen + 1) % count),
            "ArrowUp" => chosen.update(|chosen| *chosen = (*chosen + count - 1) % count),
            "Enter" => {
                if let Some(place) = found.with_untracked(|found| found.get(chosen.get_untracked()).cloned()) {
                    go.run(place.href);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let options = move || {
        found
            .get()
            .into_iter()
            .enumerate()
            .map(|(at, place)| {
                let href = place.href.clone();
                view! {
                    <li
                        role="option"
                        id=format!("place-{at}")
                        aria-selected=move || (chosen.get() == at).to_string()
                        on:click=move |_| go.run(href.clone())
                    >
                        {place.name}
                        <small>{place.kind}</small>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <dialog class="dialog command-field" node_ref=dialog aria-label="Find" on:close=move |_| open.set(false)>
            <input
                node_ref=input
                role="combobox"
                aria-label="Find an app, a page or an action"
                aria-expanded="true"
                aria-controls="places"
                aria-activedescendant=move || format!("place-{}", chosen.get())
                placeholder="Find an app, a page or an action"
                autocomplete="off"
                spellcheck="false"
                on:input=move |event| {
                    typed.set(event_target_value(&event));
                    chosen.set(0);
                }
                on:keydown=on_key
            />
            <ul id="places" role="listbox" aria-label="Found">
                {options}
            </ul>
            <Show when=move || found.with(Vec::is_empty)>
                <p>"Nothing of that name."</p>
            </Show>
        </dialog>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_fit() {
        let mut places = pages();
        places.extend(places_of("shop"));
        let names = |typed: &str| matching(&places, typed).into_iter().map(|place| place.href).collect::<Vec<_>>();
        assert_eq!(names("shop env"), ["/apps/shop/environment"]);
        assert_eq!(names("Deploy AN"), ["/new"]);
        assert!(names("nothing like it").is_empty());
    }
}
