//! The smallest plan that still shows a failure.

use crate::plan::{Plan, WriteAction};

/// Takes away and evens out whatever the failure does not need, until nothing more can go.
///
/// `fails` has to be a pure function of the plan. The result fails too, if the plan did.
pub fn shrink(plan: &Plan, fails: impl Fn(&Plan) -> bool) -> Plan {
    let mut smallest = plan.clone();
    loop {
        let before = smallest.clone();
        drop_writes(&mut smallest, &fails);
        for at in (0..smallest.partitions.len()).rev() {
            attempt(&mut smallest, &fails, |plan| {
                plan.partitions.remove(at);
            });
        }
        attempt(&mut smallest, &fails, |plan| {
            plan.private_clocks = Default::default()
        });
        for at in 0..smallest.writes.len() {
            simplify(&mut smallest, &fails, at);
        }
        attempt(&mut smallest, &fails, |plan| {
            let highest = plan.writes.iter().map(|write| write.region).max();
            plan.regions = highest.map_or(2, |highest| (highest + 1).max(2));
        });
        if smallest == before {
            return smallest;
        }
    }
}

/// Takes writes away, many at once while that goes well.
fn drop_writes(smallest: &mut Plan, fails: &impl Fn(&Plan) -> bool) {
    let mut size = smallest.writes.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < smallest.writes.len() {
            let end = (at + size).min(smallest.writes.len());
            if !attempt(smallest, fails, |plan| {
                plan.writes.drain(at..end);
            }) {
                at += size;
            }
        }
        size /= 2;
    }
}

fn simplify(smallest: &mut Plan, fails: &impl Fn(&Plan) -> bool, at: usize) {
    attempt(smallest, fails, |plan| plan.writes[at].again = None);
    attempt(smallest, fails, |plan| plan.writes[at].clock = 0);
    attempt(smallest, fails, |plan| plan.writes[at].combined = false);
    attempt(smallest, fails, |plan| plan.writes[at].stamps_of = None);
    attempt(smallest, fails, |plan| {
        plan.writes[at].action = WriteAction::Update
    });
    attempt(smallest, fails, |plan| plan.writes[at].flight = 1_000);
    for to in 0..smallest.regions {
        attempt(smallest, fails, |plan| plan.writes[at].lags[to] = 100_000);
    }
    attempt(smallest, fails, |plan| {
        let write = &mut plan.writes[at];
        write.at = write.at / 10_000 * 10_000;
    });
}

/// Keeps a change if it changes anything and the plan still fails.
fn attempt(
    smallest: &mut Plan,
    fails: &impl Fn(&Plan) -> bool,
    change: impl Fn(&mut Plan),
) -> bool {
    let mut candidate = smallest.clone();
    change(&mut candidate);
    let better = candidate != *smallest && fails(&candidate);
    if better {
        *smallest = candidate;
    }
    better
}
