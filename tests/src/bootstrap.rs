//! Where the built function is.

use std::env;
use std::path::PathBuf;

/// Names the function to test, where it is not the one that cargo built beside the tests.
pub const BOOTSTRAP_VARIABLE: &str = "LASTWRITER_BOOTSTRAP";

/// The built function: `LASTWRITER_BOOTSTRAP`, or `stream-processor` in the folder above the test's own.
///
/// # Panics
///
/// When there is no such file. Cargo does not build another package's binary for a test, so it may be missing.
pub fn bootstrap() -> PathBuf {
    let path = match env::var_os(BOOTSTRAP_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => beside_the_tests(),
    };
    assert!(
        path.is_file(),
        "no function at {}: run `cargo build -p stream-processor` (with --release for a release test), or name a built \
         one in {BOOTSTRAP_VARIABLE}",
        path.display()
    );
    path
}

/// Tests run from `target/<profile>/deps`, binaries lie in `target/<profile>`.
fn beside_the_tests() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("a test lies two folders deep");
    profile.join("stream-processor")
}
