//! Several invocations at once in one process, as on Lambda Managed Instances.

use futures::future::join_all;
use local_aws::fault::Fault;
use system_tests::ledger_entry::key_of;
use system_tests::records::{conflict, conflict_id, event, local};
use system_tests::system::SystemConfig;

use crate::answers::all_done;

const AT_ONCE: usize = 16;

/// Each invocation's conflict is in the ledger under its own id, although all were in the process together.
#[tokio::test]
async fn sixteen_invocations_at_once_do_not_mix() {
    let system = SystemConfig::new().max_concurrency(AT_ONCE).start().await;
    // No entry is written before all invocations try to: only a process that has them all at once gets that far.
    system.ledger.set_fault(Fault::Hang);
    let batches = (0..AT_ONCE).map(|n| event([local(100 + n), conflict(n)]));
    let answers = join_all(batches.map(|batch| system.answer(batch)));
    let all_in = async {
        while system.ledger.requests().get("PutItem").copied() < Some(AT_ONCE as u64) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        system.ledger.set_fault(Fault::None);
    };
    let (answers, ()) = tokio::join!(answers, all_in);
    assert!(
        answers.iter().all(|answer| *answer == all_done()),
        "{answers:?}"
    );
    let items = system.items().await;
    let mut found: Vec<String> = items.iter().map(|item| key_of(item).1).collect();
    found.sort();
    let mut expected: Vec<String> = (0..AT_ONCE).map(conflict_id).collect();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(system.function.starts(), 1);
    let metrics = system.metrics();
    assert_eq!(metrics.count("Records"), 2 * AT_ONCE);
    assert_eq!(metrics.count("Conflicts"), AT_ONCE);
}
