//! Tables.

use maud::{Markup, Render, html};

/// A table that scrolls where it is too wide for the page. `rows` are those of [`row`].
pub(crate) fn table(
    class: Option<&str>,
    caption: Option<&str>,
    headings: &[&str],
    rows: impl IntoIterator<Item = Markup>,
) -> Markup {
    html! {
        div.scroll {
            table class=[class] {
                @if let Some(caption) = caption { caption { (caption) } }
                thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                tbody { @for row in rows { (row) } }
            }
        }
    }
}

/// A row: what it is about, and its cells.
pub(crate) fn row(
    class: Option<&str>,
    heading: impl Render,
    cells: impl IntoIterator<Item = impl Render>,
) -> Markup {
    html! {
        tr class=[class] {
            th scope="row" { (heading) }
            @for cell in cells { td { (cell) } }
        }
    }
}

/// A chart's numbers as a table, for who does not see the chart.
pub(super) fn numbers(
    caption: &str,
    headings: &[&str],
    rows: impl IntoIterator<Item = Markup>,
) -> Markup {
    html! {
        details {
            summary { "Numbers" }
            (table(None, Some(caption), headings, rows))
        }
    }
}
