//! ReportBatchItemFailures and bisecting.

use super::*;

#[tokio::test]
async fn a_partial_answer_is_retried_from_the_lowest_reported_record() {
    let script = Script::new([Act::Report(vec![7, 3, 5])]);
    let counts = run(&shard_of(10), &script, config()).await;
    assert_eq!(script.batches(), [range(0..10), range(3..10)]);
    assert_eq!((counts.polled, counts.invoked, counts.failed), (10, 17, 7));
    assert_eq!((counts.invocations, counts.dropped), (2, 0));
}

#[tokio::test]
async fn a_bad_identifier_retries_the_whole_batch() {
    for bad in [
        json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
        json!({"batchItemFailures": [{"itemIdentifier": null}]}),
        json!({"batchItemFailures": [{"ItemIdentifier": "2"}]}),
        json!({"batchItemFailures": [{"itemIdentifier": "77"}]}),
    ] {
        let script = Script::new([Act::Answer(bad.clone())]);
        run(&shard_of(4), &script, config()).await;
        assert_eq!(script.batches(), [range(0..4), range(0..4)], "{bad}");
    }
}

#[tokio::test]
async fn an_empty_or_null_answer_is_success() {
    for good in [
        json!({"batchItemFailures": []}),
        json!({"batchItemFailures": null}),
        json!({}),
        Value::Null,
        json!(""),
    ] {
        let script = Script::new([Act::Answer(good.clone())]);
        let counts = run(&shard_of(4), &script, config()).await;
        assert_eq!(script.batches(), [range(0..4)], "{good}");
        assert_eq!(counts.failed, 0);
    }
}

#[tokio::test]
async fn without_report_batch_item_failures_any_answer_is_success() {
    let mut config = config();
    config.report_batch_item_failures = false;
    let script = Script::new([Act::Report(vec![0])]);
    run(&shard_of(4), &script, config).await;
    assert_eq!(script.batches(), [range(0..4)]);
}

#[tokio::test]
async fn bisecting_halves_a_batch_after_an_error_until_the_bad_record_is_alone() {
    let mut config = config();
    config.bisect_batch_on_function_error = true;
    config.maximum_retry_attempts = 1;
    let script = Script::with_poison([5]);
    let counts = run(&shard_of(8), &script, config).await;
    let expected = [
        range(0..8),
        range(0..4),
        range(4..8),
        range(4..6),
        range(4..5),
        range(5..6),
        // One retry: the splits before used none up.
        range(5..6),
        range(6..8),
    ];
    assert_eq!(script.batches(), expected);
    assert_eq!(counts.dropped, 1);
}

#[tokio::test]
async fn without_bisecting_the_whole_batch_is_given_up() {
    let mut config = config();
    config.maximum_retry_attempts = 1;
    let script = Script::with_poison([5]);
    let counts = run(&shard_of(8), &script, config).await;
    assert_eq!(script.batches(), [range(0..8), range(0..8)]);
    assert_eq!((counts.dropped, counts.failed), (8, 16));
}

#[tokio::test]
async fn bisecting_at_a_reported_record_uses_up_no_retry() {
    let mut config = config();
    config.maximum_retry_attempts = 0;
    let script = || Script::new([Act::Report(vec![2]), Act::Report(vec![4])]);
    // Off: the first partial answer has used up the quota.
    let plain = script();
    let counts = run(&shard_of(6), &plain, config.clone()).await;
    assert_eq!(plain.batches(), [range(0..6)]);
    assert_eq!(counts.dropped, 4);
    // On: each answer moves on.
    config.bisect_batch_on_function_error = true;
    let bisecting = script();
    let counts = run(&shard_of(6), &bisecting, config).await;
    assert_eq!(bisecting.batches(), [range(0..6), range(2..6), range(4..6)]);
    assert_eq!(counts.dropped, 0);
}

#[tokio::test]
async fn a_function_that_reports_the_first_record_for_ever_ends_by_the_quota() {
    let mut config = config();
    config.bisect_batch_on_function_error = true;
    config.maximum_retry_attempts = 2;
    let script = Script::new(vec![Act::Report(vec![0]); 10]);
    let counts = run(&shard_of(3), &script, config).await;
    assert_eq!(script.batches(), vec![range(0..3); 3]);
    assert_eq!(counts.dropped, 3);
}
