//! Tables: a head of named columns over rows. On a phone the style sheet makes each row two lines, by
//! the cells' `data-cell`.

use leptos::prelude::*;

/// A column's head.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    name: &'static str,
    figure: bool,
    wide: bool,
    unseen: bool,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self { name, figure: false, wide: false, unseen: false }
    }

    /// A column of figures, which stand below one another at the end.
    #[must_use]
    pub const fn figure(name: &'static str) -> Self {
        Self { figure: true, ..Self::text(name) }
    }

    /// A column whose cells speak for themselves: its name is only read out.
    #[must_use]
    pub const fn unseen(name: &'static str) -> Self {
        Self { unseen: true, ..Self::text(name) }
    }

    /// The same column, left out where there is little room.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }
}

/// A table.
#[component]
pub fn Table(
    /// Its columns, in order.
    #[prop(into)]
    columns: Vec<Column>,
    /// Its rows.
    children: Children,
) -> impl IntoView {
    let heads = columns
        .into_iter()
        .map(|column| {
            let name = if column.unseen {
                view! { <span class="visually-hidden">{column.name}</span> }.into_any()
            } else {
                column.name.into_any()
            };
            view! {
                <th scope="col" class=column.figure.then_some("figure") data-wide=column.wide>
                    {name}
                </th>
            }
        })
        .collect_view();
    view! {
        <table class="table">
            <thead>
                <tr>{heads}</tr>
            </thead>
            <tbody>{children()}</tbody>
        </table>
    }
    .into_any()
}
