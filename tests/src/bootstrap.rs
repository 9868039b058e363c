//! Where the built function is.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs};

/// Names the function to test, where it is not the one that cargo built beside the tests.
pub const BOOTSTRAP_VARIABLE: &str = "LASTWRITER_BOOTSTRAP";

/// The same for the table reporter.
pub const TABLE_REPORTER_VARIABLE: &str = "LASTWRITER_TABLE_REPORTER";

/// The built function: `LASTWRITER_BOOTSTRAP`, or `stream-processor` in the folder above the test's own.
///
/// # Panics
///
/// When there is no such file, or one that is older than its sources: cargo does not build another package's binary for
/// a test, and a test of yesterday's function proves nothing. A function that was named is taken as it is.
pub fn bootstrap() -> PathBuf {
    named(BOOTSTRAP_VARIABLE).unwrap_or_else(|| {
        built(
            "stream-processor",
            &["crates/conflict/src", "crates/ledger/src"],
            BOOTSTRAP_VARIABLE,
        )
    })
}

/// The built table reporter: `LASTWRITER_TABLE_REPORTER`, or `table-reporter` in the folder above the test's own.
///
/// # Panics
///
/// As [`bootstrap`] does.
pub fn table_reporter() -> PathBuf {
    named(TABLE_REPORTER_VARIABLE)
        .unwrap_or_else(|| built("table-reporter", &[], TABLE_REPORTER_VARIABLE))
}

/// Names the command-line tool to test, where it is not the one that cargo built beside the tests.
pub const TOOL_VARIABLE: &str = "LASTWRITER_TOOL";

/// The built command-line tool: `LASTWRITER_TOOL`, or `lastwriter` in the folder above the test's own.
///
/// # Panics
///
/// As [`bootstrap`] does.
pub fn tool() -> PathBuf {
    named(TOOL_VARIABLE).unwrap_or_else(|| {
        let sources = [
            "crates/lastwriter/src",
            "crates/conflict/src",
            "crates/join/src",
            "crates/ledger/src",
            "crates/local-aws/src",
            "crates/put-back/src",
        ];
        built("lastwriter", &sources, TOOL_VARIABLE)
    })
}

fn named(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os(variable)?);
    assert!(path.is_file(), "no function at {}", path.display());
    Some(path)
}

fn built(package: &str, further_sources: &[&str], variable: &str) -> PathBuf {
    let path = beside_the_tests().join(package);
    assert!(
        path.is_file(),
        "no function at {}: run `cargo build -p {package}` (with --release for a release test), or name a built one in {variable}",
        path.display()
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let own = root.join(format!("functions/{package}/src"));
    let mut sources = vec![root.join("crates/function-support/src")];
    sources.extend(own.is_dir().then_some(own));
    sources.extend(further_sources.iter().map(|folder| root.join(folder)));
    if let Some(newer) = newer_source(&path, &sources) {
        panic!(
            "the function at {} is older than {}: run `cargo build -p {package}`",
            path.display(),
            newer.display()
        );
    }
    path
}

/// A source in one of the folders that was changed after the function was built.
fn newer_source(built: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
    let built = modified(built)?;
    let mut folders = folders.to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            // Tests are no part of the function.
            let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if !is_test && modified(&path)? > built {
                return Some(path);
            }
        }
    }
    None
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// Tests run from `target/<profile>/deps`, binaries lie in `target/<profile>`.
fn beside_the_tests() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("a test lies two folders deep");
    profile.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::Duration;

    #[test]
    fn a_source_that_is_newer_than_the_function_is_found() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let sources = folder.path().join("src");
        fs::create_dir_all(sources.join("entry/tests")).expect("folders can be made");
        let made = SystemTime::now();
        let write = |name: &str, seconds: u64| {
            let path = folder.path().join(name);
            let file = File::create(&path).expect("a file can be made");
            let time = made + Duration::from_secs(seconds);
            file.set_modified(time).expect("its time can be set");
            path
        };
        let built = write("function", 10);
        write("src/lib.rs", 5);
        write("src/tests.rs", 20);
        write("src/entry/tests/fit.rs", 20);
        let sources = [sources];
        assert_eq!(newer_source(&built, &sources), None);
        let newer = write("src/entry/fit.rs", 11);
        assert_eq!(newer_source(&built, &sources), Some(newer));
    }
}
