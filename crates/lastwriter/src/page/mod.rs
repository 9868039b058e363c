//! Pages that a browser shows: the frame, tables and charts that the tool's pages are put together from.
//!
//! A partial is a function that gives [`maud::Markup`], so what comes from an item is escaped wherever it is put. No
//! page asks anything of any network, and no inline code may run but the page's own ([`Page`] writes the policy).

mod axis;
mod bar_chart;
mod layout;
mod quantile_chart;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use axis::{TimeLabels, Timeline};
pub(crate) use bar_chart::BarChart;
#[cfg(test)]
pub(crate) use layout::csp_hash;
pub(crate) use layout::{Page, ServedPage, json};
pub(crate) use quantile_chart::QuantileChart;
pub(crate) use table::{row, table};

/// Fills the table of conflicts from the page's data, and lets it be searched.
pub(crate) const CONFLICTS_SCRIPT: &str = include_str!("conflicts.js");

/// Gives the class that a name's colour hangs on.
pub(crate) type ClassOf<'a> = &'a dyn Fn(&str) -> String;
