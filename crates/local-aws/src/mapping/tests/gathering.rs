//! How batches are put together.

use serde_json::value::RawValue;
use tokio::time::{Instant, advance, sleep};

use super::*;
use crate::lambda::MAX_PAYLOAD_BYTES;

#[tokio::test]
async fn a_batch_has_at_most_the_batch_size() {
    let mut config = config();
    config.batch_size = 4;
    let script = Script::new([]);
    let counts = run(&shard_of(10), &script, config).await;
    assert_eq!(script.batches(), [range(0..4), range(4..8), range(8..10)]);
    assert_eq!((counts.polled, counts.invocations), (10, 3));
}

/// Takes any payload and tells how large it was.
struct Scales(mpsc::UnboundedSender<usize>);

impl Invoke for Scales {
    async fn invoke(&self, payload: Bytes) -> InvokeResponse {
        let _ = self.0.send(payload.len());
        InvokeResponse::Answer {
            request_id: String::new(),
            payload: Bytes::new(),
        }
    }
}

#[tokio::test]
async fn a_batch_has_at_most_6_mb() {
    let shard = Shard::new("shardId-1", STREAM_ARN);
    for number in 0..20 {
        let json = format!("\"{}\"", "x".repeat(800_000));
        let json = RawValue::from_string(json).unwrap();
        shard.append(number.to_string(), SystemTime::now(), json);
    }
    let (sender, mut sizes) = mpsc::unbounded_channel();
    let mapping = EventSourceMapping::start(shard, Scales(sender), config()).unwrap();
    mapping.until_caught_up().await;
    let counts = mapping.stop().await;
    assert_eq!((counts.invocations, counts.invoked), (3, 20));
    while let Some(size) = sizes.recv().await {
        assert!(size <= MAX_PAYLOAD_BYTES, "{size} bytes");
    }
}

#[tokio::test]
async fn trim_horizon_starts_at_the_oldest_record_and_latest_at_the_next() {
    for (position, expected) in [
        (StartingPosition::TrimHorizon, vec![1, 2, 3]),
        (StartingPosition::Latest, vec![3]),
    ] {
        let shard = shard_of(3);
        shard.trim_to(1);
        let mut config = config();
        config.starting_position = position;
        config.batch_size = 1;
        let script = Script::new([]);
        let mapping = EventSourceMapping::start(shard.clone(), script.clone(), config).unwrap();
        append(&shard, [3]);
        mapping.until_caught_up().await;
        assert_eq!(script.batches().concat(), expected);
        assert_eq!(mapping.stop().await.expired, 0);
    }
}

#[tokio::test]
async fn records_that_the_stream_forgot_before_they_were_read_are_counted() {
    let shard = shard_of(5);
    let (script, mut begun) = Script::watched([Act::Wait]);
    let mut config = config();
    config.batch_size = 1;
    let mapping = EventSourceMapping::start(shard.clone(), script.clone(), config).unwrap();
    begun.recv().await.unwrap();
    shard.trim_to(3);
    script.release();
    mapping.until_caught_up().await;
    assert_eq!(script.batches(), [[0], [3], [4]]);
    assert_eq!(mapping.stop().await.expired, 2);
}

#[tokio::test(start_paused = true)]
async fn an_empty_shard_is_polled_four_times_a_second() {
    let mut config = config();
    config.poll_interval = MappingConfig::new("arn").poll_interval;
    let (script, mut begun) = Script::watched([]);
    let shard = shard_of(0);
    let began = Instant::now();
    let _mapping = EventSourceMapping::start(shard.clone(), script.clone(), config).unwrap();
    sleep(Duration::from_millis(610)).await;
    append(&shard, [0]);
    sleep(Duration::from_millis(50)).await;
    append(&shard, [1]);
    begun.recv().await.unwrap();
    // Polls are at 0, 250, 500 and 750 ms; what arrived in between goes out together.
    assert_eq!(began.elapsed(), Duration::from_millis(750));
    assert_eq!(script.batches(), [range(0..2)]);
}

#[tokio::test(start_paused = true)]
async fn a_window_gathers_until_it_ends() {
    let mut config = config();
    config.batching_window = Duration::from_secs(5);
    let (script, mut begun) = Script::watched([]);
    let shard = shard_of(1);
    let began = Instant::now();
    let _mapping = EventSourceMapping::start(shard.clone(), script.clone(), config).unwrap();
    sleep(Duration::from_secs(3)).await;
    append(&shard, [1]);
    sleep(Duration::from_secs(1)).await;
    append(&shard, [2]);
    begun.recv().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert_eq!(script.batches(), [range(0..3)]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_wait_for_its_window() {
    let mut config = config();
    config.batching_window = Duration::from_secs(300);
    config.batch_size = 3;
    let (script, mut begun) = Script::watched([]);
    let shard = shard_of(2);
    let began = Instant::now();
    let _mapping = EventSourceMapping::start(shard.clone(), script.clone(), config).unwrap();
    sleep(Duration::from_secs(7)).await;
    append(&shard, [2]);
    begun.recv().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    assert_eq!(script.batches(), [range(0..3)]);
}

#[tokio::test(start_paused = true)]
async fn without_a_window_a_record_goes_out_at_once() {
    let (script, mut begun) = Script::watched([]);
    let shard = shard_of(0);
    let _mapping = EventSourceMapping::start(shard.clone(), script.clone(), config()).unwrap();
    advance(Duration::from_secs(1)).await;
    let appended = Instant::now();
    append(&shard, [0]);
    begun.recv().await.unwrap();
    assert_eq!(appended.elapsed(), Duration::ZERO);
}
