//! dynoxide puts its own Region, account and stream labels into every ARN, and its own view type beside them. This puts the
//! right ones there.

use dynoxide::streams;

use super::replica::Replica;
use crate::streams::StreamViewType;

/// The operations whose requests or answers hold ARNs, those on tables as a whole left out. Items are in none of them.
const WITH_ARNS: &[&str] = &["ListTagsOfResource", "TagResource", "UntagResource"];

/// The names of one Region and its tables, and what dynoxide has in their place.
#[derive(Debug)]
pub(super) struct ArnRewriter {
    /// Pairs of dynoxide's text and the right one.
    pairs: Vec<(String, String)>,
}

impl ArnRewriter {
    /// The names of a replica and its tables as they are now.
    pub(super) fn new(replica: &Replica) -> Self {
        let view_type_member =
            |view_type: StreamViewType| format!("\"StreamViewType\":\"{}\"", view_type.name());
        let mut pairs = vec![
            (
                streams::table_arn("").replace("table/", ""),
                replica.arn_prefix(),
            ),
            // The replicator needs both images, whatever the streams show.
            (
                view_type_member(StreamViewType::NewAndOldImages),
                view_type_member(replica.view_type()),
            ),
        ];
        let labels = replica.tables().into_values();
        pairs.extend(labels.map(|table| (table.dynoxide_label.clone(), table.label.clone())));
        pairs.retain(|(theirs, right)| !theirs.is_empty() && theirs != right);
        Self { pairs }
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
