//! When metrics are sent: at most once in an interval, and at once where there is news.
//!
//! A request to CloudWatch for each batch would be nearly all that the function costs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::held::HeldData;
use super::{Datum, Metrics};

/// Holds back what can wait, and hands it to a sink together with what is sent next.
#[derive(Debug)]
pub struct MetricsInterval<M> {
    sink: M,
    interval: TimeDelta,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// As of which time something was sent last.
    sent_at: Option<DateTime<Utc>>,
    held: HeldData,
}

/// What is to be done with a batch's data.
enum Due {
    Nothing,
    /// Nothing else is held.
    TheseAlone,
    All(HeldData),
}

impl<M: Metrics> MetricsInterval<M> {
    /// Sends to a sink once in `interval`. Zero holds nothing back.
    pub fn new(sink: M, interval: Duration) -> Self {
        Self {
            sink,
            interval: TimeDelta::from_std(interval).unwrap_or(TimeDelta::MAX),
            state: Mutex::default(),
        }
    }

    fn due(&self, data: &[Datum<'_>]) -> Due {
        let Some(now) = data.iter().map(|datum| datum.at).max() else {
            return Due::Nothing;
        };
        let mut state = self.state();
        // A clock that was set back must not hold metrics until it has caught up.
        let waits = state
            .sent_at
            .is_some_and(|sent_at| (now - sent_at).abs() < self.interval);
        if waits && !data.iter().any(Datum::is_news) {
            state.held.add(data);
            return Due::Nothing;
        }
        state.sent_at = Some(now);
        if state.held.is_empty() {
            return Due::TheseAlone;
        }
        state.held.add(data);
        Due::All(std::mem::take(&mut state.held))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Metrics + Send> Metrics for MetricsInterval<M> {
    async fn send(&self, data: &[Datum<'_>], until: Instant) {
        match self.due(data) {
            Due::Nothing => {}
            Due::TheseAlone => self.sink.send(data, until).await,
            Due::All(held) => self.sink.send(&held.data(), until).await,
        }
    }

    async fn flush(&self, until: Instant) {
        let held = std::mem::take(&mut self.state().held);
        if !held.is_empty() {
            self.sink.send(&held.data(), until).await;
        }
    }
}

#[cfg(test)]
mod tests;
