//! Plans as JSON, and the write that they come to.

use conflict::StampNames;
use serde_json::json;

use super::*;
use crate::{ItemWrite, Stamp, UpdateExpression, WriteError};

fn usual() -> Plan {
    let entry = update_update(
        json!({"a": {"B": "AQI="}, "b": 1}),
        json!({"a": {"SS": ["x"]}, "c": 1}),
        &["a", "b", "c"],
    );
    planned(
        &entry,
        &won(json!({"a": {"SS": ["x"]}, "c": 1})),
        &Request::default(),
    )
}

fn write(plan: &Plan) -> Result<Option<ItemWrite>, WriteError> {
    ItemWrite::new(plan, &StampNames::default())
}

fn expression(plan: &Plan) -> Result<UpdateExpression, WriteError> {
    let Some(ItemWrite::Update {
        key,
        set,
        remove,
        expected,
    }) = write(plan)?
    else {
        panic!("the plan updates");
    };
    let stamp = Stamp {
        names: &StampNames::default(),
        region: LOSER,
        micros: 1_795_000_001_000_000,
    };
    UpdateExpression::new(&key, &set, &remove, &expected, stamp)
}

#[test]
fn a_plan_comes_back_from_its_file() {
    let plan = usual();
    let text = serde_json::to_string_pretty(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["attributes"][0]["action"],
        json!({"set": {"B": "AQI="}})
    );
    assert_eq!(value["attributes"][2]["action"], json!("remove"));
    assert_eq!(value["key"], json!({"PK": {"S": "O#1"}}));
}

#[test]
fn the_update_is_stamped_and_holds_only_while_each_touched_attribute_is_as_it_was_read() {
    let update = expression(&usual()).unwrap();
    assert_eq!(
        update.update,
        "SET #0 = :0, #2 = :2, #3 = :3 REMOVE #4 ADD #1 :1"
    );
    assert_eq!(
        update.condition,
        "attribute_exists(#5) AND #2 = :4 AND attribute_not_exists(#3) AND #4 = :5"
    );
    let names = ["#0", "#1", "#2", "#3", "#4", "#5"].map(|name| update.names[name].as_str());
    assert_eq!(
        names,
        ["lw:t:us-east-1", "lw:n:us-east-1", "a", "b", "c", "PK"]
    );
    let values = json!({
        ":0": {"N": "1795000001000000"}, ":1": {"N": "1"},
        ":2": {"B": "AQI="}, ":3": {"N": "1"}, ":4": {"SS": ["x"]}, ":5": {"N": "1"},
    });
    assert_eq!(serde_json::to_value(&update.values).unwrap(), values);
}

#[test]
fn a_file_that_somebody_changed_writes_no_key_and_no_stamp() {
    for name in ["PK", "lw:n:eu-west-1", "lw:deleted"] {
        let mut plan = usual();
        plan.attributes[0].name = name.to_owned();
        assert_eq!(
            write(&plan),
            Err(WriteError::NotAnAttribute(name.to_owned()))
        );
    }
    let mut plan = usual();
    plan.item = crate::ItemState::Gone;
    assert!(matches!(write(&plan), Err(WriteError::Contradiction(_))));
    plan.step = crate::Step::Create;
    plan.item = crate::ItemState::Present;
    assert!(matches!(write(&plan), Err(WriteError::Contradiction(_))));
}

#[test]
fn more_attributes_than_an_update_item_takes_are_told() {
    let many = |count: usize, value: u64| {
        let all = (0..count).map(|at| (format!("a{at:03}"), json!(value)));
        Value::from(all.collect::<Map<String, Value>>())
    };
    let planned = |count: usize| {
        let entry = entry(EntryKind::UpdateUpdate, many(count, 1), many(count, 2));
        let request = Request {
            untouched: true,
            ..Request::default()
        };
        planned(&entry, &won(many(count, 2)), &request)
    };
    assert!(expression(&planned(140)).is_ok());
    let error = expression(&planned(160)).unwrap_err();
    assert_eq!(error, WriteError::TooManyAttributes(160));
}
