//! CloudWatch's metrics, as far as a sender can tell: PutMetricData keeps what it accepts and refuses what AWS refuses.
//! ListMetrics and GetMetricData read it back.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use local_aws::cloudwatch::{CloudWatch, dimensions};
//!
//! let cloudwatch = CloudWatch::start().await?;
//! println!("AWS_ENDPOINT_URL_CLOUDWATCH={}", cloudwatch.endpoint());
//! let conflicts = cloudwatch.sum("Conflicts", &dimensions([("TableName", "app")]));
//! # Ok(())
//! # }
//! ```
//!
//! [`parse_emf`] reads the same data points out of a log line in embedded metric format, so that the two ways of
//! sending a metric can be compared.
//!
//! Not simulated: metric math, other operations, signatures, request quotas.

mod emf;
mod limits;
mod point;
mod protocol;
mod query;
mod receiver;
#[cfg(test)]
mod tests;
mod wire;

pub use emf::{EmfError, MAX_EMF_BYTES, MAX_EMF_ENTRIES, parse_emf};
pub use limits::{
    MAX_DIMENSION_VALUE, MAX_DIMENSIONS, MAX_METRICS, MAX_NAME, MAX_REQUEST_BYTES, MAX_VALUES,
};
pub use point::{DataPoint, Dimensions, Samples, dimensions};
pub use receiver::{CloudWatch, sum_of};
