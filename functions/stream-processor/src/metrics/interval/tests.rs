//! When data go out, and that none is lost or counted twice on the way.

use chrono::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::metrics::{DelayHistogram, Metric, Value};

/// Remembers what was sent: the counts with their metric and second, request by request.
#[derive(Debug, Default)]
struct Sent(Mutex<Vec<Vec<(Metric, i64, u64)>>>);

impl Sent {
    fn requests(&self) -> Vec<Vec<(Metric, i64, u64)>> {
        self.0.lock().unwrap().clone()
    }

    fn total(&self, wanted: Metric) -> u64 {
        let requests = self.requests();
        let counts = requests.iter().flatten();
        counts
            .filter(|(metric, ..)| *metric == wanted)
            .map(|(.., count)| count)
            .sum()
    }
}

impl Metrics for &Sent {
    async fn send(&self, data: &[Datum<'_>], _: Instant) {
        let data = data.iter().map(|datum| match datum.value {
            Value::Count(count) => (datum.metric, datum.at.timestamp(), count),
            Value::Delays(delays) => {
                let count = delays.buckets().map(|(_, count)| u64::from(count)).sum();
                (datum.metric, datum.at.timestamp(), count)
            }
        });
        self.0.lock().unwrap().push(data.collect());
    }
}

const TEN_SECONDS: Duration = Duration::from_secs(10);

fn at(second: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_795_349_580 + second, 0).unwrap()
}

fn count(metric: Metric, second: i64, count: u64) -> Datum<'static> {
    Datum {
        metric,
        table: "orders",
        dimension: None,
        at: at(second),
        value: Value::Count(count),
    }
}

async fn send(metrics: &impl Metrics, data: &[Datum<'_>]) {
    metrics.send(data, Instant::now()).await;
}

/// Seconds of the test's clock, as the sink remembers them.
fn second(second: i64) -> i64 {
    at(second).timestamp()
}

#[tokio::test]
async fn the_first_batch_goes_out_at_once_and_the_next_ones_wait() {
    let sent = Sent::default();
    let metrics = MetricsInterval::new(&sent, TEN_SECONDS);
    for batch in [0, 3, 9] {
        send(&metrics, &[count(Metric::Records, batch, 100)]).await;
    }
    assert_eq!(sent.requests(), [[(Metric::Records, second(0), 100)]]);
    send(&metrics, &[count(Metric::Records, 10, 1)]).await;
    assert_eq!(
        sent.requests()[1..],
        [[(Metric::Records, second(10), 201)]],
        "one request with all that was held"
    );
}

#[tokio::test]
async fn news_goes_out_at_once_and_takes_along_what_is_held() {
    let sent = Sent::default();
    let metrics = MetricsInterval::new(&sent, TEN_SECONDS);
    send(&metrics, &[count(Metric::Records, 0, 1)]).await;
    send(
        &metrics,
        &[count(Metric::Records, 1, 2), count(Metric::Conflicts, 1, 0)],
    )
    .await;
    assert_eq!(sent.requests().len(), 1, "no conflict is no news");
    send(
        &metrics,
        &[count(Metric::Records, 2, 3), count(Metric::Conflicts, 2, 1)],
    )
    .await;
    assert_eq!(
        sent.requests()[1..],
        [[
            (Metric::Records, second(2), 5),
            (Metric::Conflicts, second(2), 1)
        ]]
    );
}

#[tokio::test]
async fn each_count_carries_the_minute_in_which_it_was_counted() {
    let sent = Sent::default();
    let metrics = MetricsInterval::new(&sent, TEN_SECONDS);
    send(&metrics, &[count(Metric::Records, 55, 1)]).await;
    send(&metrics, &[count(Metric::Records, 58, 2)]).await;
    send(&metrics, &[count(Metric::Records, 59, 4)]).await;
    send(&metrics, &[count(Metric::Records, 65, 8)]).await;
    assert_eq!(
        sent.requests()[1..],
        [[
            (Metric::Records, second(59), 6),
            (Metric::Records, second(65), 8)
        ]]
    );
}

#[tokio::test]
async fn delays_are_added_up_too() {
    let sent = Sent::default();
    let metrics = MetricsInterval::new(&sent, TEN_SECONDS);
    let mut delays = DelayHistogram::default();
    delays.record(800.0);
    for batch in 0..3 {
        let datum = Datum {
            value: Value::Delays(&delays),
            ..count(Metric::PropagationDelay, batch, 0)
        };
        send(&metrics, &[datum]).await;
    }
    metrics.flush(Instant::now()).await;
    assert_eq!(sent.total(Metric::PropagationDelay), 3);
    assert_eq!(sent.requests().len(), 2);
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_nothing_up() {
    let sent = Sent::default();
    let metrics = MetricsInterval::new(&sent, TEN_SECONDS);
    send(&metrics, &[count(Metric::Records, 3_600, 1)]).await;
    send(&metrics, &[count(Metric::Records, 0, 1)]).await;
    assert_eq!(sent.requests().len(), 2);
}

#[tokio::test]
async fn an_interval_of_zero_sends_each_batch() {
    let sent = Sent::default();
    let metrics = MetricsInterval::new(&sent, Duration::ZERO);
    for _ in 0..3 {
        send(&metrics, &[count(Metric::Records, 0, 1)]).await;
    }
    assert_eq!(sent.requests().len(), 3);
}

#[tokio::test]
async fn there_is_nothing_to_flush_after_nothing_was_held() {
    let sent = Sent::default();
    let metrics = MetricsInterval::new(&sent, TEN_SECONDS);
    send(&metrics, &[]).await;
    metrics.flush(Instant::now()).await;
    assert!(sent.requests().is_empty());
}

/// What an alarm counts must not wait. What it divides by may, and so may a share over minutes.
#[test]
fn what_an_alarm_watches_is_news_or_known_to_wait() {
    const MAY_WAIT: [Metric; 3] = [
        // Denominators.
        Metric::LocalWrites,
        Metric::ReplicatedWrites,
        // A writer that stamps nothing goes on doing so: over a quarter of an hour, ten seconds do not matter.
        Metric::UnstampedWrites,
    ];
    let alarms = include_str!("../../../../../infra/templates/alarms.yaml");
    let watched = |metric: &&Metric| {
        let name = format!("MetricName: {}\n", metric.name());
        alarms.contains(&name)
    };
    let watched: Vec<Metric> = Metric::ALL.iter().filter(watched).copied().collect();
    assert!(watched.len() >= 7, "{watched:?}");
    for metric in watched {
        assert!(
            metric.is_news() != MAY_WAIT.contains(&metric),
            "an alarm watches {metric:?}: say whether it is news"
        );
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_counted_twice(
        batches in prop::collection::vec((0i64..200, 0u64..5, 0u64..2, any::<bool>()), 1..40),
        interval in 0u64..30,
    ) {
        let sent = Sent::default();
        let metrics = MetricsInterval::new(&sent, Duration::from_secs(interval));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for (second, records, conflicts, flush) in &batches {
                let data = [
                    count(Metric::Records, *second, *records),
                    count(Metric::Conflicts, *second, *conflicts),
                ];
                send(&metrics, &data).await;
                if *flush {
                    metrics.flush(Instant::now()).await;
                }
            }
            metrics.flush(Instant::now()).await;
        });
        let sum = |number: fn(&(i64, u64, u64, bool)) -> u64| batches.iter().map(number).sum::<u64>();
        prop_assert_eq!(sent.total(Metric::Records), sum(|batch| batch.1));
        prop_assert_eq!(sent.total(Metric::Conflicts), sum(|batch| batch.2));
        let minute = |second: i64| second.div_euclid(60);
        for request in sent.requests() {
            for (_, at, _) in request {
                let of_a_batch = |batch: &(i64, u64, u64, bool)| minute(second(batch.0)) == minute(at);
                prop_assert!(batches.iter().any(of_a_batch));
            }
        }
    }
}
