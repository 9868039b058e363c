//! Finds the writes that a DynamoDB global table lost by reading all replicas' streams as one. No writer has to stamp.
//!
//! Pure: no I/O, no clock, no AWS client. Two steps, which can run on different machines:
//!
//! 1. A stream record becomes a [`Sighting`]: digests of both images, the attributes that changed, and when.
//!    [`Sighting::from_json`] reads a record as Lambda hands it out, [`Sighting::new`] one that a client decoded.
//! 2. Sightings of all Regions become [`Finding`]s: [`Join`].
//!
//! # Memory
//!
//! A join holds digests, and of each item only what is not decided: a window of time ([`Options::window`]), whatever the
//! size of the streams. It holds no image. A finding names the two records whose images show it ([`RecordReference`],
//! both in one Region's stream): a caller that wants to show them keeps or spills each record's NewImage by Region and
//! sequence number, and lets go of what is older than [`Join::oldest_held`].
//!
//! # Order
//!
//! Each Region's records are added in the order of its stream, per item; [`Join::advance`] says how far a Region has been
//! read. Nothing is judged before every Region has been read far enough, so what is found does not depend on which Region
//! was read first. Read the one that is [`Join::furthest_behind`], or the window grows by what it lags.
//!
//! ```
//! use conflict::StampNames;
//! use join::{Join, Options, Sighting};
//!
//! let record = |region: &str, number: u32, second: u32, old: &str, new: &str| {
//!     format!(
//!         r#"{{"eventName": "MODIFY", "awsRegion": "{region}",
//!             "eventSourceARN": "arn:aws:dynamodb:{region}:123456789012:table/orders/stream/2026-11-22T00:00:00.000",
//!             "dynamodb": {{"Keys": {{"id": {{"S": "7"}}}}, "SequenceNumber": "{number}",
//!                 "ApproximateCreationDateTime": {second},
//!                 "OldImage": {{"id": {{"S": "7"}}, "name": {{"S": "{old}"}}}},
//!                 "NewImage": {{"id": {{"S": "7"}}, "name": {{"S": "{new}"}}}}}}}}"#
//!     )
//! };
//! let options = Options { whole: true, ..Options::default() };
//! let regions = vec!["us-east-1".to_owned(), "eu-west-1".to_owned()];
//! let mut join = Join::new("orders", regions, options).unwrap();
//! // Both Regions change Ada's name. us-east-1 then shows its own write replaced by one that never saw it.
//! for text in [
//!     record("us-east-1", 1, 100, "Ada", "Grace"),
//!     record("us-east-1", 2, 101, "Grace", "Edith"),
//!     record("eu-west-1", 1, 100, "Ada", "Edith"),
//! ] {
//!     join.add(&Sighting::from_json(&text, &StampNames::default()).unwrap()).unwrap();
//! }
//! let (findings, _) = join.finish();
//! assert_eq!(findings.len(), 1);
//! assert_eq!((findings[0].lost_in.as_str(), findings[0].won_in.as_str()), ("us-east-1", "eu-west-1"));
//! assert_eq!(findings[0].lost.sequence_number, "1");
//! assert_eq!(findings[0].differing_attributes, ["name"]);
//! ```

mod attributes;
mod clocks;
mod digest;
mod entry;
mod evidence;
mod finding;
mod groups;
mod join;
mod judgement;
mod ratio;
mod record;
mod regions;
mod segment;
mod sighting;
mod stale;
mod time;

pub use attributes::{AttributeClass, AttributeReport, Candidate, MAX_NAMES};
pub use clocks::ClockCheck;
pub use digest::{Digest, NotADigest};
pub use finding::{Class, Confidence, Finding, RecordReference};
pub use join::{Join, JoinError, Options, RegionSummary, Summary};
pub use record::ReadError;
pub use regions::MAX_REGIONS;
pub use sighting::{
    AttributeChange, EventName, Image, LatestStamp, MissingImage, Reading, Sighting, StreamRecord,
    Value,
};

#[cfg(test)]
mod tests;
