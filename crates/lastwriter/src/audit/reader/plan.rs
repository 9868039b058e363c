//! What an audit is going to read, said before it reads.

use std::fmt::Write as _;
use std::time::Duration;

use super::client::{Description, ReplicaStream, Trouble};
use super::error::ReaderError;
use super::replicas::Replicas;
use super::schedule::{Extent, ListedShard};
use crate::audit::outcome::time;
use crate::format::{decimal, thousands};

/// The only view type that has what an audit needs.
const BOTH_IMAGES: &str = "NEW_AND_OLD_IMAGES";
/// How often a description is asked for, and how long between.
const ATTEMPTS: u32 = 8;
const BETWEEN: Duration = Duration::from_millis(500);

/// Every stream's shards.
#[derive(Debug)]
pub(in crate::audit) struct Plan {
    table: String,
    streams: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    region: String,
    arn: String,
    shards: Vec<ListedShard>,
}

impl Plan {
    /// Describes every stream.
    ///
    /// # Errors
    ///
    /// [`ReaderError::ViewType`] where a stream lacks images, and whatever keeps it from being described.
    pub(in crate::audit) async fn new(replicas: &Replicas) -> Result<Self, ReaderError> {
        let mut streams = Vec::new();
        for stream in &replicas.streams {
            let described = describe(stream).await?;
            if described.view_type != BOTH_IMAGES {
                return Err(ReaderError::ViewType {
                    table: stream.table.clone(),
                    region: stream.region.clone(),
                    view_type: described.view_type,
                });
            }
            streams.push(Planned {
                region: stream.region.clone(),
                arn: stream.arn.clone(),
                shards: described.shards,
            });
        }
        Ok(Self {
            table: replicas.table.clone(),
            streams,
        })
    }

    /// The streams' ARNs, by Region.
    pub(in crate::audit) fn arns(&self) -> impl Iterator<Item = (&str, &str)> {
        let streams = self.streams.iter();
        streams.map(|stream| (stream.region.as_str(), stream.arn.as_str()))
    }

    pub(super) fn into_shards(self) -> Vec<Vec<ListedShard>> {
        self.streams
            .into_iter()
            .map(|stream| stream.shards)
            .collect()
    }

    /// What will be read, and in how many requests.
    pub(in crate::audit) fn text(&self, extent: Extent, since: u64, rate: f64) -> String {
        let mut text = format!("Table {}. Nothing is written to it.\n", self.table);
        let all = || self.streams.iter().flat_map(|stream| &stream.shards);
        let open = all().filter(|shard| !shard.closed).count();
        for Planned { region, shards, .. } in &self.streams {
            let open = shards.iter().filter(|shard| !shard.closed).count();
            let _ = writeln!(
                text,
                "  {region:<15} shards: {}, open: {open}",
                shards.len()
            );
        }
        let _ = match extent {
            Extent::Until(_) => {
                // One iterator, one read of what is there, and for an open one the reads that find nothing more.
                let least = 2 * all().count() + 4 * open;
                writeln!(
                    text,
                    "Reading what the streams hold, from {} on: about {} requests, and one more for each 1,000 records or 1 MB; \
                     at most {} a second and shard (--rate).",
                    time(since),
                    thousands(least as u64),
                    decimal(rate),
                )
            }
            Extent::Live => writeln!(
                text,
                "Reading from now on until Ctrl-C or --for: up to {} requests a second, {} a second and shard (--rate).",
                decimal(rate * open as f64),
                decimal(rate),
            ),
        };
        text
    }
}

async fn describe(stream: &ReplicaStream) -> Result<Description, ReaderError> {
    let mut attempts = 1;
    loop {
        let problem = match stream.describe().await {
            Ok(description) => return Ok(description),
            Err(Trouble::Refused(error)) => return Err(error),
            Err(Trouble::Gone) => {
                return Err(ReaderError::StreamGone {
                    table: stream.table.clone(),
                    region: stream.region.clone(),
                });
            }
            Err(Trouble::Unreachable(problem)) => problem,
            Err(Trouble::Throttled | Trouble::Expired | Trouble::Trimmed) => {
                "DescribeStream stays throttled".to_owned()
            }
        };
        if attempts == ATTEMPTS {
            return Err(ReaderError::Unreachable {
                region: stream.region.clone(),
                problem,
            });
        }
        tokio::time::sleep(BETWEEN * attempts).await;
        attempts += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let shard = |id: &str, closed| ListedShard {
            id: id.to_owned(),
            parent: None,
            closed,
        };
        let planned = |region: &str, shards| Planned {
            region: region.to_owned(),
            arn: format!("arn:aws:dynamodb:{region}:1:table/orders/stream/x"),
            shards,
        };
        Plan {
            table: "orders".to_owned(),
            streams: vec![
                planned("eu-west-1", vec![shard("a", true), shard("b", false)]),
                planned("us-east-1", vec![shard("c", false)]),
            ],
        }
    }

    #[test]
    fn what_will_be_read_is_said_with_the_number_of_requests() {
        insta::assert_snapshot!(plan().text(Extent::Until(1_795_000_000), 1_794_913_600, 2.0), @r"
        Table orders. Nothing is written to it.
          eu-west-1       shards: 2, open: 1
          us-east-1       shards: 1, open: 1
        Reading what the streams hold, from 2026-11-17T11:06:40Z on: about 14 requests, and one more for each 1,000 records or 1 MB; at most 2 a second and shard (--rate).
        ");
        insta::assert_snapshot!(plan().text(Extent::Live, 0, 2.0), @r"
        Table orders. Nothing is written to it.
          eu-west-1       shards: 2, open: 1
          us-east-1       shards: 1, open: 1
        Reading from now on until Ctrl-C or --for: up to 4 requests a second, 2 a second and shard (--rate).
        ");
    }
}
