//! The floor, below the bare function: the official runtime, the payload dropped before it is deserialised into anything.

use bytes::Bytes;
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use tower::util::MapRequestLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let drop_the_payload = MapRequestLayer::new(|mut invocation: LambdaInvocation| {
        invocation.body = Bytes::from_static(b"null");
        invocation
    });
    let answer = service_fn(|_: LambdaEvent<()>| async {
        Ok::<_, Error>(serde_json::json!({"batchItemFailures": []}))
    });
    Runtime::new(answer).layer(drop_the_payload).run().await
}
