//! The report: one HTML file that asks nothing of any network, with charts as inline SVG and a table to search.

mod page;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::Path;

use super::comparison::Comparison;
use crate::failure::CommandError;

/// Makes the report's folder, so that a path that cannot be used is told before a minute has gone by.
///
/// # Errors
///
/// [`CommandError::BadInput`] where the folder cannot be made, or the path is a folder.
pub(super) fn writable(path: &Path) -> Result<(), CommandError> {
    let refused = |error: &dyn std::fmt::Display| {
        let message = format!("--report {} cannot be written: {error}", path.display());
        CommandError::BadInput(message)
    };
    if path.is_dir() {
        return Err(refused(&"it is a folder; name a file"));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            fs::create_dir_all(folder).map_err(|error| refused(&error))
        }
        _ => Ok(()),
    }
}

/// Writes the report.
///
/// # Errors
///
/// [`CommandError::Failed`] where the file cannot be written.
pub(super) fn write(path: &Path, comparison: &Comparison) -> Result<(), CommandError> {
    let page = page::render(comparison).map_err(io::Error::from);
    page.and_then(|page| fs::write(path, page))
        .map_err(|error| {
            let message = format!("the report {} cannot be written: {error}", path.display());
            CommandError::Failed(message)
        })
}
