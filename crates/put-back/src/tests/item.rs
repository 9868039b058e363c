//! An item that takes writes as DynamoDB does: all of one or nothing, by its condition.

use conflict::StampNames;
use ledger::Image;

use crate::evidence::equal;
use crate::{ItemWrite, Plan, Stamp};

/// What becomes of the item; none where the condition fails.
pub(super) fn written(item: Option<&Image>, write: &ItemWrite, micros: u64) -> Option<Image> {
    let names = StampNames::default();
    let stamp = Stamp {
        names: &names,
        region: "us-east-1",
        micros,
    };
    match write {
        ItemWrite::Create { item: new, .. } => {
            let created = new.clone().into_iter().chain(stamp.first());
            item.is_none().then(|| created.collect())
        }
        ItemWrite::Update {
            set,
            remove,
            expected,
            ..
        } => {
            let mut item = item?.clone();
            let holds = expected
                .iter()
                .all(|expectation| equal(item.get(&expectation.name), expectation.value.as_ref()));
            if !holds {
                return None;
            }
            item.extend(set.iter().cloned());
            item.retain(|name, _| !remove.contains(name));
            let count = names.count("us-east-1");
            let before = match item.get(&count) {
                Some(serde_dynamo::AttributeValue::N(count)) => count.parse().unwrap(),
                _ => 0_u64,
            };
            let number = |number: u64| serde_dynamo::AttributeValue::N(number.to_string());
            item.insert(count, number(before + 1));
            item.insert(names.time("us-east-1"), number(micros));
            Some(item)
        }
    }
}

/// What becomes of the item when a plan that writes is carried out.
pub(super) fn carried_out(item: Option<&Image>, plan: &Plan) -> Option<Image> {
    let write = ItemWrite::new(plan, &StampNames::default()).unwrap();
    written(
        item,
        &write.expect("the plan writes"),
        1_795_000_001_000_000,
    )
}
