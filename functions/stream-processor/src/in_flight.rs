//! Several requests at once, until the time is up.

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, timeout_at};

/// The time was up before all requests were answered.
#[derive(Debug)]
pub(crate) struct TimeUp;

/// Makes requests in their order, so many at a time, and hands each answer on as it comes. What is not answered `until` then is
/// dropped.
///
/// Kept full by hand: the future of a stream that maps by a closure is not known to be Send, and several invocations at
/// once need that it is.
pub(crate) async fn answer_all<T>(
    mut requests: impl Iterator<Item = impl Future<Output = T>>,
    concurrency: usize,
    until: Instant,
    mut each: impl FnMut(T),
) -> Result<(), TimeUp> {
    let mut running = FuturesUnordered::new();
    let all = async {
        loop {
            while running.len() < concurrency
                && let Some(request) = requests.next()
            {
                running.push(request);
            }
            let Some(answer) = running.next().await else {
                break;
            };
            each(answer);
        }
    };
    timeout_at(until, all).await.map_err(|_| TimeUp)
}
