//! Why a function does not start.

use lambda_runtime_api_client::PooledClient as Client;
use lambda_runtime_api_client::body::Body;

/// Says why the function does not start: in the log, and to Lambda, which shows it to whoever invokes the function.
///
/// Source: AWS Lambda Developer Guide, "Using the Lambda runtime API", initialization error.
pub(crate) async fn report_init_error(error_type: &str, error: &impl std::fmt::Display) {
    let message = error.to_string();
    tracing::error!(error_type, "{message}");
    let body = serde_json::json!({"errorType": error_type, "errorMessage": message});
    let request = http::Request::post("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", error_type)
        .body(Body::from(body.to_string()));
    // Where there is no Runtime API, the log has said it.
    if let Ok(request) = request
        && std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
        && let Err(error) = Client::builder().build().call(request).await
    {
        tracing::error!(%error, "the Runtime API did not take the initialization error");
    }
}
