//! Order, stopping and what can be seen from outside.

use super::*;

#[tokio::test]
async fn there_is_one_batch_in_flight_at_a_time() {
    let mut config = config();
    config.batch_size = 1;
    let (script, mut begun) = Script::watched([Act::Wait]);
    let shard = shard_of(3);
    let mapping = EventSourceMapping::start(shard, script.clone(), config).unwrap();
    begun.recv().await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(script.batches(), [[0]]);
    assert_eq!(mapping.checkpoint(), 0);
    script.release();
    mapping.until_caught_up().await;
    assert_eq!(script.batches(), [[0], [1], [2]]);
}

#[tokio::test]
async fn records_that_arrive_later_are_read_too() {
    let shard = shard_of(1);
    let script = Script::new([]);
    let mapping = EventSourceMapping::start(shard.clone(), script.clone(), config()).unwrap();
    mapping.until_caught_up().await;
    assert_eq!((mapping.checkpoint(), mapping.backlog()), (1, 0));
    append(&shard, [1, 2]);
    mapping.until_caught_up().await;
    assert_eq!(script.batches().concat(), range(0..3));
}

#[tokio::test]
async fn caught_up_means_that_the_last_batch_is_done_and_not_only_sent() {
    let (script, mut begun) = Script::watched([Act::Wait]);
    let mapping = EventSourceMapping::start(shard_of(2), script.clone(), config()).unwrap();
    begun.recv().await.unwrap();
    let caught_up = mapping.until_caught_up();
    tokio::pin!(caught_up);
    assert!(futures::poll!(&mut caught_up).is_pending());
    script.release();
    caught_up.await;
    assert_eq!(mapping.backlog(), 0);
}

#[tokio::test]
async fn a_stop_lets_the_running_batch_finish_and_starts_no_other() {
    let mut config = config();
    config.batch_size = 1;
    let (script, mut begun) = Script::watched([Act::Wait]);
    let mapping = EventSourceMapping::start(shard_of(3), script.clone(), config).unwrap();
    begun.recv().await.unwrap();
    let stopped = mapping.stop();
    tokio::pin!(stopped);
    assert!(futures::poll!(&mut stopped).is_pending());
    script.release();
    let counts = stopped.await;
    assert_eq!((counts.invocations, counts.invoked), (1, 1));
    assert_eq!(script.batches(), [[0]]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_retry() {
    let mut config = config();
    config.backoff = Backoff {
        base: Duration::from_secs(3_600),
        max: Duration::from_secs(3_600),
    };
    let (script, mut begun) = Script::watched([Act::Fail]);
    let mapping = EventSourceMapping::start(shard_of(1), script.clone(), config).unwrap();
    begun.recv().await.unwrap();
    let stopping = tokio::time::Instant::now();
    let counts = mapping.stop().await;
    assert_eq!(stopping.elapsed(), Duration::ZERO);
    assert_eq!((counts.failed, counts.dropped), (1, 0));
    assert_eq!(script.batches().len(), 1);
}

#[tokio::test]
async fn a_setting_that_lambda_refuses_is_refused() {
    let mut config = config();
    config.batch_size = 0;
    let error = EventSourceMapping::start(shard_of(0), Script::new([]), config).unwrap_err();
    assert_eq!(error.to_string(), "BatchSize is 0; it must be 1 to 10000");
}

#[tokio::test]
async fn a_real_function_is_invoked_retried_after_a_crash_and_gets_everything() {
    use crate::lambda::{Function, FunctionConfig};
    let bootstrap = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/bootstrap.py");
    let path = std::env::var("PATH").unwrap_or_default();
    let function = FunctionConfig::new(bootstrap, "f", "us-east-1")
        .env("PATH", format!("/usr/bin:/usr/local/bin:/bin:{path}"));
    let function = Arc::new(Function::start(function).await.unwrap());
    let shard = shard_of(3);
    let mut config = config();
    // The fixture echoes the event, which has no batchItemFailures: success.
    config.batch_size = 2;
    let mapping = EventSourceMapping::start(shard.clone(), Arc::clone(&function), config).unwrap();
    mapping.until_caught_up().await;
    function.kill().await;
    append(&shard, [3]);
    mapping.until_caught_up().await;
    let counts = mapping.stop().await;
    assert_eq!((counts.polled, counts.dropped), (4, 0));
    assert_eq!(function.starts(), 2);
}
