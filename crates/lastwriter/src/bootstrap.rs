//! Where the built function is.

use std::path::{Path, PathBuf};

use crate::failure::CommandError;

/// There is no built function.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no built function at {}. Build it with `cargo build -p stream-processor` or `make build`, or name it with --bootstrap PATH", .looked.join(" or ")
)]
pub(crate) struct BootstrapNotFound {
    looked: Vec<String>,
}

impl From<BootstrapNotFound> for CommandError {
    fn from(error: BootstrapNotFound) -> Self {
        Self::failed(error)
    }
}

/// The given bootstrap, or the function's binary beside this program.
pub(crate) fn find(given: Option<PathBuf>) -> Result<PathBuf, BootstrapNotFound> {
    match given {
        Some(path) => first_file(vec![path]),
        None => first_file(beside(std::env::current_exe().ok().as_deref())),
    }
}

/// Cargo names it `stream-processor`; a package for Lambda has it as `bootstrap`.
fn beside(program: Option<&Path>) -> Vec<PathBuf> {
    let folder = program.and_then(Path::parent).unwrap_or(Path::new("."));
    ["stream-processor", "bootstrap"]
        .map(|name| folder.join(name))
        .into()
}

fn first_file(candidates: Vec<PathBuf>) -> Result<PathBuf, BootstrapNotFound> {
    let found = candidates.iter().find(|path| path.is_file()).cloned();
    found.ok_or_else(|| BootstrapNotFound {
        looked: candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_found_beside_the_program_by_either_name() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("lastwriter");
        let find = || first_file(beside(Some(&program)));
        assert!(find().is_err());
        std::fs::write(folder.path().join("bootstrap"), "").unwrap();
        assert_eq!(find().unwrap(), folder.path().join("bootstrap"));
        std::fs::write(folder.path().join("stream-processor"), "").unwrap();
        assert_eq!(find().unwrap(), folder.path().join("stream-processor"));
    }

    #[test]
    fn a_given_path_that_is_no_file_is_told_with_what_to_do() {
        let message = find(Some("none/here".into())).unwrap_err().to_string();
        assert!(message.contains("none/here"), "{message}");
        assert!(
            message.contains("cargo build -p stream-processor"),
            "{message}"
        );
        assert!(message.contains("make build"), "{message}");
    }
}
