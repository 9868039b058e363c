//! What reading costs: a record that is no conflict allocates nothing, neither for its attributes nor for itself.

use std::fmt::Write;

use chrono::DateTime;
use stream_processor::batch::{Batch, Rules};
use stream_processor::metrics::Tally;

/// Local and replicated writes in turn, with so many attributes an image.
fn payload(records: usize, attributes: usize) -> String {
    let mut json = String::from(r#"{"Records":["#);
    for record in 0..records {
        let mut plain = String::new();
        for attribute in 0..attributes {
            write!(
                plain,
                r#","a{attribute}":{{"M":{{"deep":{{"L":[{{"S":"text"}},{{"N":"1"}}]}}}}}}"#
            )
            .expect("writing to a String does not fail");
        }
        let (n, foreign) = match record % 2 {
            0 => (3, ""),
            _ => (
                2,
                r#","lw:n:eu-west-1":{"N":"1"},"lw:t:eu-west-1":{"N":"1795349588000000"}"#,
            ),
        };
        write!(
            json,
            r#"{}{{"eventName":"MODIFY","awsRegion":"us-east-1","eventID":"e{record}","eventSourceARN":"arn:aws:dynamodb:us-east-1:1:table/orders/stream/x","dynamodb":{{"Keys":{{"PK":{{"S":"k"}}}},"SequenceNumber":"{record}","OldImage":{{"lw:n:us-east-1":{{"N":"2"}},"lw:t:us-east-1":{{"N":"1795349587000002"}}{plain}}},"NewImage":{{"lw:n:us-east-1":{{"N":"{n}"}},"lw:t:us-east-1":{{"N":"179534958700000{n}"}}{foreign}{plain}}}}}}}"#,
            if record == 0 { "" } else { "," },
        )
        .expect("writing to a String does not fail");
    }
    json + "]}"
}

/// How often reading, judging and counting a payload allocates.
fn allocations(records: usize, attributes: usize) -> u64 {
    let payload = payload(records, attributes);
    let rules = Rules::default();
    let mut found = None;
    let used = allocation_counter::measure(|| {
        let batch = Batch::judge(payload.as_bytes(), &rules, 1_795_349_590, || false)
            .expect("it is an event");
        std::hint::black_box(Tally::new(
            &batch.records,
            &batch.names,
            DateTime::UNIX_EPOCH,
        ));
        found = Some((batch.records.len(), batch.pending.len()));
    });
    assert_eq!(found, Some((records, 0)));
    used.count_total
}

#[test]
fn attributes_cost_no_allocation() {
    let few = allocations(100, 1);
    for attributes in [10, 100] {
        assert_eq!(allocations(100, attributes), few, "{attributes} attributes");
    }
}

#[test]
fn records_cost_no_allocation() {
    // The list of records and the list of judged records are all that grows.
    let (ten, thousand) = (allocations(10, 3), allocations(1_000, 3));
    assert!(
        thousand - ten <= 16,
        "{ten} allocations for 10 records, {thousand} for 1,000"
    );
}

#[test]
fn the_counter_bites() {
    let used = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8])));
    assert_eq!(used.count_total, 1);
}
