//! Retries, age and the on-failure destination.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A clock that a test moves on by hand, from the year 2026 on.
#[derive(Clone, Default)]
struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    fn now(&self) -> SystemTime {
        let seconds = 1_795_349_587 + self.0.load(Ordering::SeqCst);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let hand = self.clone();
        Clock::new(move || hand.now())
    }
}

/// Fails always, and lets time pass with each invocation.
struct SlowFailure {
    hand: ManualClock,
    seconds: u64,
    outcome: InvokeResponse,
    invocations: Arc<AtomicU64>,
}

impl Invoke for SlowFailure {
    async fn invoke(&self, _: Bytes) -> InvokeResponse {
        self.hand.advance(self.seconds);
        self.invocations.fetch_add(1, Ordering::SeqCst);
        self.outcome.clone()
    }
}

fn error() -> InvokeResponse {
    InvokeResponse::FunctionError {
        request_id: "request".to_owned(),
        reason: "always".to_owned(),
    }
}

/// Runs a function that fails for `seconds` at a time; how often it was invoked, and what was counted.
async fn run_failing(
    seconds: u64,
    outcome: InvokeResponse,
    change: impl Fn(&mut MappingConfig),
) -> (u64, MappingCounts) {
    let hand = ManualClock::default();
    let invocations = Arc::new(AtomicU64::new(0));
    let target = SlowFailure {
        hand: hand.clone(),
        seconds,
        outcome,
        invocations: Arc::clone(&invocations),
    };
    let shard = Shard::new("shardId-1", STREAM_ARN);
    append_at(&shard, 0..3, hand.now());
    let mut config = config();
    config.clock = hand.clock();
    change(&mut config);
    let mapping = EventSourceMapping::start(shard, target, config).unwrap();
    mapping.until_caught_up().await;
    (invocations.load(Ordering::SeqCst), mapping.stop().await)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn an_error_is_retried_as_often_as_allowed_and_no_more() {
    for retries in [0, 1, 3] {
        let mut config = config();
        config.maximum_retry_attempts = retries;
        let script = Script::new(vec![Act::Fail; 10]);
        let counts = run(&shard_of(2), &script, config).await;
        assert_eq!(script.batches().len() as i32, retries + 1);
        assert_eq!((counts.dropped, counts.polled), (2, 2));
    }
}

#[tokio::test]
async fn the_mapping_goes_on_after_a_batch_that_was_given_up() {
    let mut config = config();
    config.batch_size = 2;
    config.maximum_retry_attempts = 0;
    let script = Script::new([Act::Fail]);
    run(&shard_of(4), &script, config).await;
    assert_eq!(script.batches(), [range(0..2), range(2..4)]);
}

#[tokio::test]
async fn without_a_quota_an_error_is_retried_until_the_stream_forgets_the_record() {
    // Each attempt takes six hours; the fifth would start after 30 hours.
    let six_hours = 6 * 60 * 60;
    let (invocations, counts) = run_failing(six_hours, error(), |config| {
        config.maximum_retry_attempts = -1
    })
    .await;
    assert_eq!(invocations, 5);
    assert_eq!((counts.expired, counts.dropped), (3, 0));
}

#[tokio::test]
async fn a_record_past_its_maximum_age_is_not_tried_again() {
    let (invocations, counts) = run_failing(50, error(), |config| {
        config.maximum_record_age_seconds = 120
    })
    .await;
    // At 0, 50 and 100 s it is young enough, at 150 s it is not.
    assert_eq!(invocations, 3);
    assert_eq!((counts.dropped, counts.failed), (3, 9));
}

#[tokio::test]
async fn a_record_that_was_too_old_from_the_start_is_never_sent() {
    let hand = ManualClock::default();
    let shard = Shard::new("shardId-1", STREAM_ARN);
    append_at(&shard, [1], hand.now() - Duration::from_secs(61));
    append_at(&shard, [2], hand.now());
    let mut config = config();
    config.maximum_record_age_seconds = 60;
    config.clock = hand.clock();
    let script = Script::new([]);
    let counts = run(&shard, &script, config).await;
    assert_eq!(script.batches(), [vec![2]]);
    assert_eq!((counts.polled, counts.invoked, counts.dropped), (2, 1, 1));
}

#[tokio::test]
async fn what_could_not_be_invoked_uses_up_no_retry() {
    let mut config = config();
    config.maximum_retry_attempts = 0;
    let script = Script::new([Act::Refuse, Act::Refuse, Act::Refuse]);
    let counts = run(&shard_of(2), &script, config).await;
    assert_eq!(script.batches().len(), 4);
    assert_eq!((counts.dropped, counts.invocations), (0, 1));
    assert_eq!((counts.invoked, counts.failed), (2, 6));
}

#[tokio::test]
async fn what_can_never_be_invoked_is_given_up_for_its_age() {
    let refused = InvokeResponse::NotInvoked {
        reason: "throttled".to_owned(),
    };
    let (_, counts) = run_failing(50, refused, |config| {
        config.maximum_record_age_seconds = 60;
        config.maximum_retry_attempts = 0;
    })
    .await;
    assert_eq!((counts.dropped, counts.invocations), (3, 0));
}

#[tokio::test]
async fn the_destination_gets_the_whole_payload_under_lambdas_key() {
    let folder = tempfile::tempdir().unwrap();
    let hand = ManualClock::default();
    let shard = Shard::new("shardId-1", STREAM_ARN);
    append_at(&shard, 0..4, hand.now());
    let mut config = config();
    config.maximum_retry_attempts = 1;
    config.on_failure = Some(folder.path().to_owned());
    config.clock = hand.clock();
    let script = Script::new([Act::Report(vec![1]), Act::Fail]);
    let mapping = EventSourceMapping::start(shard, script, config).unwrap();
    mapping.until_caught_up().await;
    let id = mapping.id().to_owned();
    let counts = mapping.stop().await;
    assert_eq!((counts.sent_to_destination, counts.dropped), (3, 0));

    let written = files(folder.path());
    assert_eq!(written.len(), 1);
    let key = written[0].strip_prefix(folder.path()).unwrap();
    let key = key.to_str().unwrap();
    let prefix = format!("aws/lambda/{id}/shardId-1/2026/11/22/2026-11-22T12.13.07-");
    let uuid = key.strip_prefix(&prefix).unwrap_or_else(|| panic!("{key}"));
    assert_eq!(uuid.len(), 36);

    let text = std::fs::read_to_string(&written[0]).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let expected = json!({
        "requestContext": {
            "requestId": "request",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2026-11-22T12:13:07.000Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-1",
            "startSequenceNumber": "1",
            "endSequenceNumber": "3",
            "approximateArrivalOfFirstRecord": "2026-11-22T12:13:07Z",
            "approximateArrivalOfLastRecord": "2026-11-22T12:13:07Z",
            "batchSize": 3,
            "streamArn": STREAM_ARN,
        },
        "payload": r#"{"Records":[{"n":1},{"n":2},{"n":3}]}"#,
    });
    assert_eq!(record, expected);
}

#[tokio::test]
async fn old_records_go_to_the_destination_too() {
    let folder = tempfile::tempdir().unwrap();
    let (_, counts) = run_failing(100, error(), |config| {
        config.maximum_record_age_seconds = 60;
        config.on_failure = Some(folder.path().to_owned());
    })
    .await;
    assert_eq!((counts.sent_to_destination, counts.dropped), (3, 0));
    let text = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!(record["DDBStreamBatchInfo"]["batchSize"], 3);
}

#[tokio::test]
async fn a_destination_that_cannot_be_written_is_counted_and_stops_nothing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut config = config();
    config.maximum_retry_attempts = 0;
    config.batch_size = 2;
    // A folder below a file cannot be made.
    config.on_failure = Some(file.path().join("folder"));
    let script = Script::new([Act::Fail]);
    let counts = run(&shard_of(4), &script, config).await;
    assert_eq!((counts.destination_failures, counts.dropped), (1, 2));
    assert_eq!(script.batches(), [range(0..2), range(2..4)]);
}

#[tokio::test(start_paused = true)]
async fn retries_wait_longer_and_longer() {
    let mut config = config();
    config.backoff = Backoff {
        base: Duration::from_secs(1),
        max: Duration::from_secs(5),
    };
    let script = Script::new(vec![Act::Fail; 5]);
    let began = tokio::time::Instant::now();
    run(&shard_of(1), &script, config).await;
    // 1 + 2 + 4 + 5 + 5.
    assert_eq!(began.elapsed(), Duration::from_secs(17));
}

#[tokio::test(start_paused = true)]
async fn progress_starts_the_waits_anew() {
    let mut config = config();
    config.backoff = Backoff {
        base: Duration::from_secs(1),
        max: Duration::from_secs(60),
    };
    let script = Script::new([Act::Fail, Act::Fail, Act::Report(vec![1]), Act::Fail]);
    let began = tokio::time::Instant::now();
    run(&shard_of(2), &script, config).await;
    // 1 + 2, then 1 + 2 again.
    assert_eq!(began.elapsed(), Duration::from_secs(6));
}
