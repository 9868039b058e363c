//! The form of every table that is printed.

use comfy_table::{CellAlignment, Table, presets};

/// A table in Markdown whose columns of numbers, all but the first, are aligned to the right.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
