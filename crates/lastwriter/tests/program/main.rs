//! The built program, run as a user runs it.

mod cli;
mod deep;
mod local;
mod page;
mod put_back;
mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program, with nothing of this machine's AWS settings.
fn lastwriter(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastwriter"));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("AWS_") || text.starts_with("LASTWRITER_") || text == "LEDGER_TABLE" {
            command.env_remove(name);
        }
    }
    // No profile files, no instance metadata: whoever runs this may have credentials.
    command.env("HOME", "/nonexistent");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The function's binary: the one that `LASTWRITER_BOOTSTRAP` names, or the one that cargo puts beside the program.
fn bootstrap() -> PathBuf {
    let beside = || Path::new(env!("CARGO_BIN_EXE_lastwriter")).with_file_name("stream-processor");
    let path = std::env::var_os("LASTWRITER_BOOTSTRAP").map_or_else(beside, PathBuf::from);
    assert!(
        path.is_file(),
        "no function at {}: run `cargo build -p stream-processor`",
        path.display()
    );
    path
}

/// The program with that function behind it.
fn with_function(arguments: &[&str]) -> Command {
    let mut command = lastwriter(arguments);
    command
        .env("LASTWRITER_BOOTSTRAP", bootstrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
