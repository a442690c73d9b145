//! A list with a search field above it. Without script the field asks the server with `?q=`; with it,
//! the list follows the typing.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::figures::count;

/// What somebody searches for.
#[derive(Clone, Copy)]
pub struct Search(RwSignal<String>);

impl Search {
    /// What the address asks for, to begin with.
    #[must_use]
    pub fn from_address() -> Self {
        Self(RwSignal::new(use_query_map().read_untracked().get("q").unwrap_or_default()))
    }
}

/// The field.
#[component]
pub fn SearchField(
    /// What is typed into it.
    search: Search,
    /// The address of the page.
    page: &'static str,
    /// What it searches, for those who do not see it.
    label: &'static str,
    /// What may be typed.
    placeholder: &'static str,
) -> impl IntoView {
    let Search(typed) = search;
    view! {
        <form class="search" role="search" method="get" action=page>
            <input
                type="search"
                name="q"
                value=typed.get_untracked()
                aria-label=label
                placeholder=placeholder
                autocomplete="off"
                on:input=move |event| typed.set(event_target_value(&event))
            />
            <button class="button" type="submit">
                "Search"
            </button>
        </form>
    }
    .into_any()
}

/// The words of a list.
#[derive(Clone, Copy)]
pub struct ListWords {
    /// Its name.
    pub label: &'static str,
    /// One row, and several.
    pub rows: (&'static str, &'static str),
    /// What is said when nothing has what was typed in it.
    pub none: &'static str,
}

/// The rows that have what was typed in them, drawn by `table`; `fits` is asked with small letters.
pub fn listing<T, V>(
    rows: Vec<T>,
    search: Search,
    words: ListWords,
    fits: fn(&T, &str) -> bool,
    table: impl Fn(Vec<T>) -> V + Send + 'static,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let Search(typed) = search;
    let ListWords { label, rows: (one, many), none } = words;
    let all = rows.len();
    let found = Memo::new(move |_| {
        let typed = typed.read().trim().to_lowercase();
        rows.iter().filter(|row| fits(row, &typed)).cloned().collect::<Vec<_>>()
    });
    let shown = move || match found.get() {
        rows if rows.is_empty() => view! {
            <div class="empty">
                <p>{none}</p>
            </div>
        }
        .into_any(),
        rows => table(rows).into_any(),
    };
    let counted = move || {
        let found = found.with(Vec::len);
        let all_rows = count(all, one, many);
        if found == all { all_rows } else { format!("{found} of {all_rows}") }
    };
    view! {
        <section class="panel" aria-label=label>
            {shown}
            <footer>
                <p class="muted" role="status">
                    {counted}
                </p>
            </footer>
        </section>
    }
    .into_any()
}
