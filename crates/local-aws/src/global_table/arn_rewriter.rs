//! dynoxide puts its own Region, account and stream label into every ARN, and its own view type beside them. This puts
//! the right ones there.

use dynoxide::streams;

use crate::streams::StreamViewType;

/// The operations whose requests or answers hold ARNs. Items are in none of them.
const WITH_ARNS: &[&str] = &[
    "CreateTable",
    "DeleteTable",
    "DescribeTable",
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
    pub(super) fn new(stream_arn: &str, dynoxide_label: &str, view_type: StreamViewType) -> Self {
        let (prefix, _) = stream_arn.split_once("table/").unwrap_or_default();
        let (_, label) = stream_arn.rsplit_once('/').unwrap_or_default();
        let view_type_member =
            |view_type: StreamViewType| format!("\"StreamViewType\":\"{}\"", view_type.name());
        let (both, own) = (
            view_type_member(StreamViewType::NewAndOldImages),
            view_type_member(view_type),
        );
        let pairs = [
            (streams::table_arn("").replace("table/", ""), prefix),
            (dynoxide_label.to_owned(), label),
            // The replicator needs both images, whatever the table's stream shows.
            (both, &own),
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
