//! The end of an environment: what a function still holds goes out before Lambda ends the process.
//!
//! Lambda sends SIGTERM only to a function with an extension, and kills it 500 ms later. Source: AWS Lambda Developer
//! Guide, "Understanding the Lambda execution environment lifecycle", "Shutdown phase".

use std::future::Future;
use std::time::Duration;

use http::{HeaderValue, Request, StatusCode};
use lambda_runtime_api_client::PooledClient as Client;
use lambda_runtime_api_client::body::Body;
use tokio::signal::unix::{SignalKind, signal};

/// How long the last work may take: less than Lambda's 500 ms, so that time is left to say in the log what failed.
pub const LAST_WORK: Duration = Duration::from_millis(300);

/// The extension's name: no other of a function's extensions may have it.
const NAME: &str = "lastwriter-shutdown";

/// Asks Lambda for a SIGTERM at the environment's end, and says whether it will come.
///
/// To be called before the first invocation is asked for: afterwards Lambda takes no extension. What asks is an internal
/// extension that wants no events. `lambda-extension` would do it too, with a second log library and a server that nothing here
/// needs.
///
/// Source: AWS Lambda Developer Guide, "Using the Lambda Extensions API to create extensions".
pub async fn ask_for_notice() -> bool {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return false;
    }
    let client = Client::builder().build();
    let Some(id) = register(&client).await else {
        return false;
    };
    // Lambda holds the init phase until each extension asks for its next event. None ever comes.
    tokio::spawn(async move {
        let next = Request::get("/2020-01-01/extension/event/next")
            .header("Lambda-Extension-Identifier", id)
            .body(Body::empty());
        if let Ok(next) = next {
            drop(client.call(next).await);
        }
    });
    true
}

/// Gives the extension's identifier.
async fn register(client: &Client) -> Option<HeaderValue> {
    let request = Request::post("/2020-01-01/extension/register")
        .header("Lambda-Extension-Name", NAME)
        .header("Content-Type", "application/json")
        .body(Body::from(r#"{"events":[]}"#))
        .ok()?;
    let mut answer = client.call(request).await.ok()?;
    let id = answer.headers_mut().remove("Lambda-Extension-Identifier");
    id.filter(|_| answer.status() == StatusCode::OK)
}

/// Does the last work on SIGTERM, and then ends the process.
pub fn before_end(last_work: impl Future<Output = ()> + Send + 'static) {
    // Listened for at once, and not when the task first runs: the signal may come in between.
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::spawn(async move {
        terminate.recv().await;
        last_work.await;
        std::process::exit(0);
    });
}
