//! The fuzz targets.

use std::collections::HashMap;

use chrono::DateTime;
use ledger::{ConflictId, Entry, EntryKind, ItemKey, Side};
use serde_dynamo::AttributeValue;
use serde_json::value::RawValue;
use stream_processor::batch::{Batch, Rules};
use stream_processor::envelope;
use stream_processor::metrics::Metric;
use stream_processor::record::{Attributes, DecodedRecord, Record, sequence_number};

use crate::function;
use crate::mutation::Mutant;

/// How many bytes of memory a byte of payload may take at most, beside a fixed amount: a value of one byte is an
/// attribute with a name in a map when decoded, and a ledger entry holds it once more.
const MULTIPLE: u64 = 64;
const FIXED: u64 = 512 * 1024;

fn within_memory<T>(payload: usize, work: impl FnOnce() -> T) -> T {
    let mut result = None;
    let used = allocation_counter::measure(|| result = Some(work()));
    let most = FIXED + MULTIPLE * payload as u64;
    assert!(
        used.bytes_max <= most,
        "{} bytes for a payload of {payload}",
        used.bytes_max
    );
    result.expect("the work was done")
}

#[test]
fn any_bytes_are_an_event_or_refused() {
    bolero::check!().for_each(|payload: &[u8]| {
        within_memory(payload.len(), || {
            if let Ok(records) = envelope::split(payload) {
                assert!(
                    records
                        .iter()
                        .map(|record| record.get().len())
                        .sum::<usize>()
                        <= payload.len()
                );
            }
        });
    });
}

#[test]
fn a_damaged_record_is_read_or_named_malformed() {
    bolero::check!().with_type::<Mutant>().for_each(|mutated| {
        let payload = mutated.bytes();
        for raw in envelope::split(&payload).unwrap_or_default() {
            within_memory(raw.get().len(), || read_all(raw));
        }
    });
}

fn read_all(raw: &RawValue) {
    let _ = sequence_number(raw);
    let _ = DecodedRecord::read(raw);
    if let Ok(record) = Record::read(raw, &Attributes::default()) {
        assert!(
            record.change(0).is_some(),
            "a record that is read can be judged"
        );
    }
}

#[test]
fn what_is_pending_is_the_text_of_its_record() {
    bolero::check!().with_type::<Mutant>().for_each(|mutated| {
        let payload = mutated.bytes();
        let records = envelope::split(&payload);
        let read = std::str::from_utf8(&payload)
            .is_ok_and(|text| envelope::read(text, &Attributes::default(), |_, _| {}).is_ok());
        assert!(!read || records.is_ok(), "what is read is no event");
        let rules = Rules::default();
        let batch = within_memory(payload.len(), || Batch::judge(&payload, &rules, 0, || true));
        assert_eq!(batch.is_ok(), records.is_ok(), "one takes it as an event");
        let (Ok(batch), Ok(records)) = (batch, records) else {
            return;
        };
        for pending in batch.pending {
            assert_eq!(pending.raw.get(), records[pending.record].get());
        }
    });
}

#[test]
fn every_input_ends_as_an_answer_a_quarantine_entry_or_a_function_error() {
    bolero::check!().with_type::<Mutant>().for_each(|mutated| {
        let payload = mutated.bytes();
        let records = envelope::split(&payload).map(|records| records.len()).ok();
        let outcome = within_memory(payload.len(), || function::process(&payload));
        let Some(outcome) = outcome else {
            assert_eq!(records, None, "an event was refused");
            return;
        };
        assert_eq!(
            Some(outcome.count(Metric::Records)),
            records.map(|records| records as u64),
            "each record is counted once"
        );
        let quarantined = outcome
            .entries
            .iter()
            .filter(|kind| *kind == "malformed_record")
            .count();
        assert_eq!(
            quarantined as u64,
            outcome.count(Metric::QuarantinedRecords),
            "each malformed record is kept"
        );
        let kept = outcome.entries.len() - quarantined;
        assert!(
            kept as u64 >= outcome.count(Metric::Conflicts),
            "each conflict is kept"
        );
    });
}

#[test]
fn a_damaged_ledger_entry_is_read_back_or_refused() {
    bolero::check!()
        .with_type::<(Vec<u8>, u8)>()
        .for_each(|(bytes, form)| {
            let binary = AttributeValue::B(bytes.clone());
            let count = AttributeValue::N(String::from_utf8_lossy(bytes).into_owned());
            let (name, value) = match form % 4 {
                0 => ("ImageGzip", binary),
                1 => ("ImageParts", count),
                2 => ("ImageParts", AttributeValue::N("1".to_owned())),
                _ => ("Image", binary),
            };
            let part = HashMap::from([("Part".to_owned(), AttributeValue::B(bytes.clone()))]);
            let mut conflict = ledger_item(EntryKind::UpdateUpdate);
            if let Some(AttributeValue::M(loser)) = conflict.get_mut("Loser") {
                loser.insert(name.to_owned(), value.clone());
            }
            let mut quarantined = ledger_item(EntryKind::MalformedRecord);
            quarantined.insert(name.replace("Image", "Record"), value);
            for item in [conflict, quarantined] {
                let _ = Entry::read(item, std::slice::from_ref(&part));
            }
        });
}

/// A ledger item without an image or a record.
fn ledger_item(kind: EntryKind) -> HashMap<String, AttributeValue> {
    let id = ConflictId::new(None, "e1");
    let mut entry = Entry::new(
        kind,
        ItemKey::quarantine(),
        id,
        "orders",
        DateTime::UNIX_EPOCH,
        30,
    );
    entry.loser = (kind != EntryKind::MalformedRecord).then(Side::default);
    entry.into_items().main
}
