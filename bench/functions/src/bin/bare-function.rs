//! The bare function: the official runtime, the payload taken as raw JSON, nothing done with it.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        std::hint::black_box(event.payload.get().len());
        Ok::<_, Error>(serde_json::json!({"batchItemFailures": []}))
    }))
    .await
}
