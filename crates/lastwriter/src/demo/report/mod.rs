//! The report: one HTML file that asks nothing of any network, with charts as inline SVG and a table to search.

mod page;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::comparison::Comparison;
use crate::failure::CommandError;

/// A report that cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    #[error("--report {} cannot be written: {source}", .path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("--report {} cannot be written: it is a folder; name a file", .0.display())]
    IsAFolder(PathBuf),
    #[error("the report {} cannot be written: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl From<ReportError> for CommandError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Folder { .. } | ReportError::IsAFolder(_) => Self::bad_input(error),
            ReportError::Write { .. } => Self::failed(error),
        }
    }
}

/// Makes the report's folder, so that a path that cannot be used is told before a minute has gone by.
///
/// # Errors
///
/// Where the folder cannot be made, or the path is a folder.
pub(super) fn writable(path: &Path) -> Result<(), ReportError> {
    let path = path.to_owned();
    if path.is_dir() {
        return Err(ReportError::IsAFolder(path));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            fs::create_dir_all(folder).map_err(|source| ReportError::Folder { path, source })
        }
        _ => Ok(()),
    }
}

/// Writes the report.
///
/// # Errors
///
/// Where the file cannot be written.
pub(super) fn write(path: &Path, comparison: &Comparison) -> Result<(), ReportError> {
    let page = page::render(comparison).map_err(io::Error::from);
    page.and_then(|page| fs::write(path, page))
        .map_err(|source| ReportError::Write {
            path: path.to_owned(),
            source,
        })
}
