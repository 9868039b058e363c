//! dynoxide puts its own Region, account and stream label into every ARN. This puts the right ones there.

use dynoxide::streams;

use super::Region;

/// The operations whose requests or answers hold ARNs. Items are in none of them.
const WITH_ARNS: &[&str] = &[
    "CreateTable",
    "DeleteTable",
    "DescribeStream",
    "DescribeTable",
    "GetShardIterator",
    "ListStreams",
    "ListTagsOfResource",
    "TagResource",
    "UntagResource",
    "UpdateTable",
];

/// The names of one Region, and what dynoxide has in their place.
#[derive(Debug)]
pub(super) struct ArnRewriter {
    /// Pairs of dynoxide's text and the right one.
    pairs: Vec<(String, String)>,
}

impl ArnRewriter {
    /// The names of the Region with this stream ARN, for a table whose stream dynoxide has labelled so.
    pub(super) fn new(stream_arn: &str, dynoxide_label: &str) -> Self {
        let (prefix, _) = stream_arn.split_once("table/").unwrap_or_default();
        let (_, label) = stream_arn.rsplit_once('/').unwrap_or_default();
        let pairs = [
            (streams::table_arn("").replace("table/", ""), prefix),
            (dynoxide_label.to_owned(), label),
        ];
        Self {
            pairs: pairs
                .into_iter()
                .filter(|(theirs, right)| !theirs.is_empty() && !right.is_empty())
                .map(|(theirs, right)| (theirs, right.to_owned()))
                .collect(),
        }
    }

    /// Whether an operation's bodies need to be rewritten.
    pub(super) fn concern(operation: &str) -> bool {
        WITH_ARNS.contains(&operation)
    }

    /// A request as dynoxide has to see it.
    pub(super) fn inward(&self, body: &str) -> String {
        self.pairs
            .iter()
            .fold(body.to_owned(), |body, (theirs, right)| {
                body.replace(right, theirs)
            })
    }

    /// An answer as the client has to see it.
    pub(super) fn outward(&self, body: &str) -> String {
        self.pairs
            .iter()
            .fold(body.to_owned(), |body, (theirs, right)| {
                body.replace(theirs, right)
            })
    }
}

/// An answer to GetRecords with the replica's own Region in each record.
pub(super) fn with_region(body: &[u8], region: Region) -> Option<Vec<u8>> {
    let mut answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    for record in answer.get_mut("Records")?.as_array_mut()? {
        record["awsRegion"] = region.name().into();
    }
    serde_json::to_vec(&answer).ok()
}
