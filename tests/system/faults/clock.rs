//! The clock of the machine an hour off, seen from Lambda's deadlines and from the stamps.
//!
//! The function's own clock cannot be moved here, so Lambda's is: a proxy of the Runtime API shifts the deadlines. What a
//! wrong clock does to the times in ledger entries is not tested, as nothing decides by them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use stream_processor::log_contract::Message;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_aws::fault::Fault;
use local_aws::lambda::{Function, FunctionConfig};
use serde_json::json;
use system_tests::bootstrap::bootstrap;
use system_tests::records::{ELSEWHERE, HERE, event, image, key, record};
use system_tests::stream::{StreamFixture, mapping_config};
use system_tests::system::{System, endpoints};
use tokio::net::TcpListener;

use super::{RecordPlan, setup};

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DEADLINE: &str = "lambda-runtime-deadline-ms";

/// The Runtime API with shifted deadlines. Where the real one listens is in a file, which the bootstrap writes.
struct ShiftedRuntimeApi {
    upstream: PathBuf,
    by_ms: i64,
    client: Client<HttpConnector, Body>,
}

async fn pass(State(shifted): State<Arc<ShiftedRuntimeApi>>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let upstream = fs::read_to_string(&shifted.upstream).unwrap_or_default();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("http://{upstream}{path}").parse::<Uri>() else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    parts.uri = uri;
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let request = Request::from_parts(parts, Body::from(body));
    let Ok(mut answer) = shifted.client.request(request).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let deadline = answer
        .headers()
        .get(DEADLINE)
        .and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
    if let Some(deadline) = deadline {
        let moved = HeaderValue::from(deadline + shifted.by_ms);
        answer.headers_mut().insert(DEADLINE, moved);
    }
    answer.map(Body::new)
}

/// Starts the Runtime API's proxy, and makes a bootstrap in `folder` that goes through it.
async fn shifted_bootstrap(folder: &Path, by_ms: i64) -> PathBuf {
    let upstream = folder.join("runtime-api");
    let shifted = Arc::new(ShiftedRuntimeApi {
        upstream: upstream.clone(),
        by_ms,
        client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
    });
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a loopback port is free");
    let address = listener.local_addr().expect("a bound port has an address");
    let router = Router::new().fallback(pass).with_state(shifted);
    // It ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, router).await });
    let script = format!(
        "#!/bin/sh\nprintf %s \"$AWS_LAMBDA_RUNTIME_API\" > '{}'\nAWS_LAMBDA_RUNTIME_API={address} exec '{}'\n",
        upstream.display(),
        bootstrap().display()
    );
    let path = folder.join("bootstrap");
    fs::write(&path, script).expect("the folder can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .expect("it can be made executable");
    path
}

/// A system whose Lambda has a clock that is so far from the function's.
async fn with_clocks_apart(folder: &Path, by_ms: i64) -> System {
    let (ledger, cloudwatch) = endpoints().await;
    // More than the 3 s that the function assumes when a deadline makes no sense.
    let setup = setup().timeout(Duration::from_secs(5));
    let config = FunctionConfig {
        bootstrap: shifted_bootstrap(folder, by_ms).await,
        ..setup.config(&ledger, &cloudwatch)
    };
    let function = Function::start(config).await.expect("the function starts");
    System {
        function: Arc::new(function),
        ledger,
        cloudwatch,
    }
}

#[tokio::test]
async fn clock_of_the_machine_an_hour_off() {
    for by_ms in [HOUR_MS, -HOUR_MS] {
        let planted = RecordPlan::mixed(12);
        let folder = tempfile::tempdir().expect("a folder can be made");
        let system = with_clocks_apart(folder.path(), by_ms).await;
        // Also when the time runs out: the function is not killed, it answers.
        system.ledger.set_fault(Fault::Hang);
        let stream = StreamFixture::start(&system, &planted.records, mapping_config());
        stream.wait_for_invocations(1).await;
        system.ledger.set_fault(Fault::None);
        stream.drain().await;
        planted.assert_kept_once(&system).await;
        planted.assert_counted_once(&system.metrics());
        assert_eq!(
            system.function.starts(),
            1,
            "{by_ms} ms off: the deadline was passed"
        );
        let said = system
            .log()
            .with_message(Message::DeadlineNotBelieved)
            .count() as u64;
        assert_eq!(said, stream.mapping.counts().invocations);
    }
}

/// What becomes of a write whose stamp is so far ahead of this machine's clock.
async fn replicated_from_ahead(by: Duration) -> System {
    let system = setup().start().await;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let ahead = u64::try_from((now + by).as_micros()).unwrap_or_default();
    let key = key(1);
    let old = image(&key, json!({"visits": {"N": "1"}}), &[(HERE, 1, 1_000)]);
    let new = image(
        &key,
        json!({"visits": {"N": "2"}}),
        &[(HERE, 1, 1_000), (ELSEWHERE, 1, ahead)],
    );
    let mut record = record(1, "MODIFY", &key, old, new);
    record["dynamodb"]["ApproximateCreationDateTime"] = json!(now.as_secs());
    system.answer(event([record])).await;
    system
}

#[tokio::test]
async fn writers_an_hour_ahead_are_counted_and_give_no_delay() {
    let system = replicated_from_ahead(Duration::from_secs(3_600)).await;
    let metrics = system.metrics();
    assert_eq!(metrics.samples("PropagationDelay"), 0);
    assert_eq!(metrics.count("OddStamps"), 1);
}

#[tokio::test]
async fn writers_a_minute_ahead_give_no_delay_below_zero() {
    let system = replicated_from_ahead(Duration::from_secs(60)).await;
    let metrics = system.metrics();
    assert_eq!(metrics.samples("PropagationDelay"), 1);
    assert_eq!(metrics.count("OddStamps"), 0);
    let points = system.cloudwatch.points();
    let delays = points
        .iter()
        .filter(|point| point.metric == "PropagationDelay");
    assert!(delays.clone().count() > 0);
    for delay in delays {
        assert!((0.0..=2.0).contains(&delay.samples.sum()), "{delay:?}");
    }
}
