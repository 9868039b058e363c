//! What `main` does first and last.

use std::process::ExitCode;

use crate::init_error::report_init_error;
use crate::settings::SettingsError;

/// Reads the settings from the environment and runs the function with them until its environment ends.
///
/// Where the settings are wrong, the function does not start, and Lambda is told why.
pub async fn start<S>(
    read: impl FnOnce(fn(&str) -> Option<String>) -> Result<S, SettingsError>,
    run: impl AsyncFnOnce(S) -> Result<(), lambda_runtime::Error>,
) -> ExitCode {
    let settings = match read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => {
            report_init_error("SettingsError", &error).await;
            return ExitCode::FAILURE;
        }
    };
    // On the heap, because the compiler does not follow futures within futures to any depth.
    match Box::pin(run(settings)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the runtime stopped: {error}");
            ExitCode::FAILURE
        }
    }
}
