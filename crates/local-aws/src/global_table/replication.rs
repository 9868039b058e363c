//! The replicator of one link: takes what is due from the network and applies it in the receiving replica.

use super::network::{Link, Network};
use super::replica::Replica;

/// How many changes a link applies before others may pass the receiver's gate.
const MAX_CHANGES_PER_GATE: usize = 8;

/// Carries changes over one link, for ever.
pub(super) async fn replicate(network: &Network, link: &Link, to: &Replica) {
    loop {
        network.wait_until_due(link).await;
        deliver(network, link, to).await;
    }
}

/// Applies the changes that are due, a few at a time, so that the application's writes get their turn. A change
/// leaves the queue only behind the receiver's gate: once a Region is cut off and the gates have been passed, nothing
/// more arrives.
async fn deliver(network: &Network, link: &Link, to: &Replica) {
    let mut state = to.gate().await;
    for _ in 0..MAX_CHANGES_PER_GATE {
        let Some(change) = network.pop_due(link) else {
            return;
        };
        to.apply(&mut state, change);
        network.delivered();
    }
}
