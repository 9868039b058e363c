//! Counters: what a lost write added is added again, once.

use futures::future::join_all;
use serde_json::{Value, json};
use system_tests::proxy::Intervention;

use super::{Tables, entry, first_writes, kill_at, run, won};

fn stock(number: u32) -> Value {
    json!({ "stock": { "N": number.to_string() } })
}

/// 3 of 10 were sold and lost; since then the stock went down to 4 elsewhere.
async fn counter() -> (Tables, String) {
    let tables = Tables::start().await;
    let mut lost = entry("o-1", stock(7), stock(9), &["stock"]);
    lost.changed_by_both = Some(vec!["stock".to_owned()]);
    lost.ancestor_numbers = Some([("stock".to_owned(), "10".to_owned())].into());
    let id = tables.put_entry(lost).await;
    tables.put_item(won("o-1", stock(4))).await;
    (tables, id)
}

#[tokio::test]
async fn what_was_added_and_lost_is_added_again_by_two_operators_once() {
    for _ in 0..3 {
        let (tables, id) = counter().await;
        let arguments = [id.as_str(), "--rule", "stock=sum"];
        let both = join_all([0, 1].map(|_| tables.put_back(&arguments))).await;
        assert!(both.iter().any(|run| run.code == Some(0)), "{both:?}");
        // Who comes second may find the other's put-back under way, and is told so.
        let third = tables.put_back(&[&id, "--rule", "stock=sum"]).await;
        assert_eq!(third.code, Some(0), "{both:?} {third:?}");
        assert_eq!(tables.item("o-1").await["stock"], json!({ "N": "1" }));
        let entry = tables.entry_with(&id).await;
        assert_eq!(entry["Status"], json!({ "S": "restored" }));
        assert_eq!(entry.get("PendingSums"), None);
    }
}

/// Runs a put-back until its write of `table` meets the intervention, and kills it there.
async fn killed(tables: &Tables, id: &str, intervention: Intervention) {
    let items = first_writes(tables.items.endpoint(), 1, intervention).await;
    let arguments = [id, "--rule", "stock=sum"];
    let program = tables.put_back_at(&tables.ledger.endpoint(), items.endpoint(), &arguments);
    kill_at(program, &items).await;
    let pending = tables.entry_with(id).await["PendingSums"].clone();
    let sum = json!({ "L": [{ "M": { "Name": { "S": "stock" }, "Before": { "S": "4" }, "After": { "S": "1" } } }] });
    assert_eq!(pending, sum);
}

#[tokio::test]
async fn killed_after_the_item_was_written_the_next_run_adds_nothing() {
    let (tables, id) = counter().await;
    killed(&tables, &id, Intervention::KeepAnswer).await;
    let again = tables.put_back(&[&id, "--rule", "stock=sum"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(tables.item("o-1").await["stock"], json!({ "N": "1" }));
}

#[tokio::test]
async fn killed_before_the_item_was_written_the_next_run_adds_it() {
    let (tables, id) = counter().await;
    killed(&tables, &id, Intervention::Hold).await;
    assert_eq!(tables.item("o-1").await["stock"], json!({ "N": "4" }));
    let again = tables.put_back(&[&id, "--rule", "stock=sum"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(tables.item("o-1").await["stock"], json!({ "N": "1" }));
}

#[tokio::test]
async fn where_nobody_can_tell_whether_it_was_added_an_operator_decides() {
    let (tables, id) = counter().await;
    killed(&tables, &id, Intervention::KeepAnswer).await;
    tables.put_item(won("o-1", stock(0))).await;
    let again = tables.put_back(&[&id, "--rule", "stock=sum"]).await;
    assert_eq!(
        (again.code, again.outcome()["undecided"].clone()),
        (Some(1), json!(["stock"]))
    );
    assert_eq!(tables.item("o-1").await["stock"], json!({ "N": "0" }));
    let kept = tables.put_back(&[&id, "--rule", "stock=keep"]).await;
    assert_eq!(kept.code, Some(0), "{kept:?}");
}

#[tokio::test]
async fn a_sum_that_did_not_take_effect_for_certain_can_be_planned_anew() {
    let (tables, id) = counter().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    let file = path.to_str().unwrap();
    tables
        .run("put-back", &[&id, "--rule", "stock=sum", "--plan", file])
        .await;
    tables.put_item(won("o-1", stock(8))).await;
    let run_ = run(&mut tables.tool("put-back", &["--apply", file, "--json"])).await;
    assert_eq!(run_.outcome()["outcome"], "changed_meanwhile");
    assert_eq!(tables.entry_with(&id).await.get("PendingSums"), None);
    let anew = tables.put_back(&[&id, "--rule", "stock=sum"]).await;
    assert_eq!(anew.code, Some(0), "{anew:?}");
    assert_eq!(tables.item("o-1").await["stock"], json!({ "N": "5" }));
}
