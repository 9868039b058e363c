//! Several operators at once, and others who write the item.

use futures::future::join_all;
use serde_json::json;
use system_tests::proxy::{Intervention, Proxy};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{Run, Tables, count, history, run, won};

#[tokio::test]
async fn of_two_operators_at_once_one_writes_and_both_are_told_that_it_is_back() {
    for round in 0..5 {
        let (tables, id) = Tables::usual().await;
        let arguments = [id.as_str()];
        let both = join_all([0, 1].map(|_| tables.put_back(&arguments))).await;
        for run in &both {
            let outcome = &run.outcome()["outcome"];
            assert!(
                run.code == Some(0) && (outcome == "restored" || outcome == "closed"),
                "{round}: {run:?}"
            );
        }
        assert_eq!(count(&tables.item("o-1").await), "2", "{round}");
        assert_eq!(history(&tables.entry_with(&id).await).len(), 1, "{round}");
    }
}

/// Runs the tool until it is about to write the item, does something, and lets it go on.
async fn write_in_between(tables: &Tables, id: &str, meanwhile: impl AsyncFnOnce()) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    let file = path.to_str().unwrap();
    let planned = tables.run("put-back", &[id, "--plan", file]).await;
    assert_eq!(planned.code, Some(0), "{planned:?}");
    meanwhile().await;
    tables.run("put-back", &["--apply", file, "--json"]).await
}

#[tokio::test]
async fn what_somebody_wrote_in_between_stays_and_is_shown() {
    let (tables, id) = Tables::usual().await;
    let elm = won("o-1", json!({ "address": { "S": "Elm St" } }));
    let run = write_in_between(&tables, &id, async || tables.put_item(elm).await).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.outcome()["outcome"], "changed_meanwhile");
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Elm St" })
    );
    // What is not touched does not matter: only the address is compared.
    let (tables, id) = Tables::usual().await;
    let other = won(
        "o-1",
        json!({ "address": { "S": "Marlowe Rd" }, "phone": { "S": "1" } }),
    );
    let run = write_in_between(&tables, &id, async || tables.put_item(other).await).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let item = tables.item("o-1").await;
    assert_eq!(
        (&item["address"], &item["phone"]),
        (&json!({ "S": "Harbor St" }), &json!({ "S": "1" }))
    );
}

#[tokio::test]
async fn an_entry_that_was_resolved_in_between_is_left_alone() {
    let (tables, id) = Tables::usual().await;
    let resolve = async || {
        tables.run("resolve", &[&id, "--why", "test data"]).await;
    };
    let run = write_in_between(&tables, &id, resolve).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.outcome()["status"], "dismissed");
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Marlowe Rd" })
    );
}

#[tokio::test]
async fn an_item_that_somebody_else_put_right_in_between_is_found_as_it_should_be() {
    let (tables, id) = Tables::usual().await;
    let right = won("o-1", json!({ "address": { "S": "Harbor St" } }));
    let run = write_in_between(&tables, &id, async || tables.put_item(right).await).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.outcome()["outcome"], "restored");
    assert_eq!(count(&tables.item("o-1").await), "1");
}

#[tokio::test]
async fn ctrl_c_finishes_what_has_begun_and_the_next_run_goes_on() {
    let tables = Tables::start().await;
    for number in 0..40 {
        tables.lose(&format!("o-{number:02}")).await;
    }
    // The writes of items are held until the signal has come.
    let items = Proxy::start(
        tables.items.endpoint(),
        |body| match String::from_utf8_lossy(body).contains("UpdateExpression") {
            true => Intervention::Hold,
            false => Intervention::Pass,
        },
    )
    .await;
    let arguments = ["--hours", "1", "--yes", "--json"];
    let mut program = tables.tool_at(
        &tables.ledger.endpoint(),
        items.endpoint(),
        "put-back",
        &arguments,
    );
    program
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = program.spawn().unwrap();
    items.wait_until_struck(8).await;
    let pid = child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.await.unwrap().success());
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    while !stderr
        .next_line()
        .await
        .unwrap()
        .unwrap()
        .contains("Stopping")
    {}
    drop(items);
    let stopped = Run::new(&child.wait_with_output().await.unwrap());
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    let not_reached = stopped
        .outcomes()
        .iter()
        .filter(|outcome| outcome["outcome"] == "not_reached")
        .count();
    assert_eq!(not_reached, 32, "{stopped:?}");
    let rest = run(&mut tables.tool("put-back", &arguments)).await;
    assert_eq!(
        (rest.code, rest.outcomes().len()),
        (Some(0), 40),
        "{rest:?}"
    );
    for number in 0..40 {
        assert_eq!(count(&tables.item(&format!("o-{number:02}")).await), "2");
    }
}
