//! Time for stamps: integer microseconds since 1970, never going back within a process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::StampError;
use crate::part::MAX_PART;

/// The latest reading of the system's clock: one for the process, so that two clients of it agree.
static LATEST: AtomicU64 = AtomicU64::new(0);

/// A source of microseconds whose later readings are never smaller than earlier ones.
#[derive(Clone)]
pub(crate) enum Clock {
    System,
    Custom {
        read: Arc<dyn Fn() -> u64 + Send + Sync>,
        latest: Arc<AtomicU64>,
    },
}

impl Clock {
    pub(crate) fn custom(read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self::Custom {
            read: Arc::new(read),
            latest: Arc::default(),
        }
    }

    /// Microseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`StampError::Clock`] for a time that a stamp cannot hold.
    pub(crate) fn now(&self) -> Result<u64, StampError> {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                let micros = since.map_err(|_| StampError::Clock)?.as_micros();
                later(&LATEST, u64::try_from(micros).unwrap_or(u64::MAX))
            }
            Self::Custom { read, latest } => later(latest, read()),
        }
    }
}

fn later(latest: &AtomicU64, now: u64) -> Result<u64, StampError> {
    if now > MAX_PART {
        return Err(StampError::Clock);
    }
    // Only the number itself is shared, so no other memory has to be ordered with it.
    Ok(latest.fetch_max(now, Ordering::Relaxed).max(now))
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Custom { .. } => "Custom",
        })
    }
}
