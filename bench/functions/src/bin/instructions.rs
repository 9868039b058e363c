//! Reads, judges and counts a fixed batch so many times, for counting instructions:
//! `instructions read|conflicts|split|ignore|twice BATCHES`.
//!
//! `conflicts` is a batch of which one record in a hundred is a conflict, and `split` splits it as well, on purpose. `ignore` steps over the payload of `read` with
//! serde_json and does nothing else: the yardstick, which moves with the compiler and its flags as the reader does.
//! `twice` is a reader slowed on purpose.

use std::fmt::Write;
use std::hint::black_box;

use chrono::DateTime;
use serde::de::IgnoredAny;
use stream_processor::batch::{Batch, Rules};
use stream_processor::envelope;
use stream_processor::metrics::Tally;

const RECORDS: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, batches] = arguments.as_slice() else {
        panic!("usage: instructions MODE BATCHES")
    };
    let conflicts = match mode.as_str() {
        "conflicts" | "split" => RECORDS / 100,
        _ => 0,
    };
    let payload = payload(conflicts > 0);
    let rules = Rules::default();
    let read = || {
        let batch = Batch::judge(payload.as_bytes(), &rules, 0, || false).expect("it is an event");
        assert_eq!(
            (batch.records.len(), batch.pending.len()),
            (RECORDS, conflicts)
        );
        let tally = Tally::new(&batch.records, &batch.names, DateTime::UNIX_EPOCH);
        assert!(!black_box(tally.data()).is_empty());
    };
    for _ in 0..batches.parse::<usize>().expect("BATCHES is a number") {
        match mode.as_str() {
            "read" | "conflicts" => read(),
            "split" => {
                read();
                black_box(envelope::split(payload.as_bytes()).expect("it is an event"));
            }
            "twice" => {
                read();
                read();
            }
            "ignore" => {
                black_box(
                    serde_json::from_str::<IgnoredAny>(black_box(&payload)).expect("it is JSON"),
                );
            }
            _ => panic!("MODE is read, conflicts, split, ignore or twice"),
        }
    }
}

/// Local and replicated writes in turn, of about 2.8 KB a record.
fn payload(with_conflicts: bool) -> String {
    let mut json = String::from(r#"{"Records":["#);
    for record in 0..RECORDS {
        let lines: String = (0..8)
            .map(|line| {
                format!(
                    r#","line{line}":{{"M":{{"sku":{{"S":"BOOK-{record:08}"}},"name":{{"S":"Difference Engine No. 2"}},"quantity":{{"N":"2"}},"gift":{{"BOOL":false}}}}}}"#
                )
            })
            .collect();
        const FOREIGN: &str =
            r#","lw:n:eu-west-1":{"N":"1"},"lw:t:eu-west-1":{"N":"1795349588000000"}"#;
        let (n, foreign) = match (with_conflicts && record % 100 == 50, record % 2) {
            (true, _) => (1, FOREIGN),
            (false, 0) => (3, ""),
            (false, _) => (2, FOREIGN),
        };
        write!(
            json,
            r#"{}{{"eventID":"{record:032x}","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{{"ApproximateCreationDateTime":1795349588,"Keys":{{"PK":{{"S":"ORDER#{record}"}}}},"OldImage":{{"PK":{{"S":"ORDER#{record}"}},"lw:n:us-east-1":{{"N":"2"}},"lw:t:us-east-1":{{"N":"1795349587000002"}}{lines}}},"NewImage":{{"PK":{{"S":"ORDER#{record}"}},"lw:n:us-east-1":{{"N":"{n}"}},"lw:t:us-east-1":{{"N":"179534958700000{n}"}}{foreign}{lines}}},"SequenceNumber":"{record:021}","SizeBytes":2000,"StreamViewType":"NEW_AND_OLD_IMAGES"}},"eventSourceARN":"arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/x"}}"#,
            if record == 0 { "" } else { "," },
        )
        .expect("writing to a String does not fail");
    }
    json + "]}"
}
