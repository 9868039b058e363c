//! Reads and judges a fixed batch so many times, for counting instructions: `instructions read|ignore|twice BATCHES`.
//!
//! `ignore` steps over the same payload with serde_json and does nothing else: the yardstick, which moves with the
//! compiler and its flags as the reader does. `twice` is a reader slowed on purpose.

use std::fmt::Write;
use std::hint::black_box;

use serde::de::IgnoredAny;
use stream_processor::batch::{Batch, Rules};

const RECORDS: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, batches] = arguments.as_slice() else {
        panic!("usage: instructions MODE BATCHES")
    };
    let payload = payload();
    let rules = Rules::default();
    let read = || {
        let batch = Batch::judge(payload.as_bytes(), &rules, 0, || false).expect("it is an event");
        assert_eq!((batch.facts.len(), batch.due.len()), (RECORDS, 0));
    };
    for _ in 0..batches.parse::<usize>().expect("BATCHES is a number") {
        match mode.as_str() {
            "read" => read(),
            "twice" => {
                read();
                read();
            }
            "ignore" => {
                black_box(
                    serde_json::from_str::<IgnoredAny>(black_box(&payload)).expect("it is JSON"),
                );
            }
            _ => panic!("MODE is read, ignore or twice"),
        }
    }
}

/// Local and replicated writes in turn, of about 2.8 KB a record.
fn payload() -> String {
    let mut json = String::from(r#"{"Records":["#);
    for record in 0..RECORDS {
        let lines: String = (0..8)
            .map(|line| {
                format!(
                    r#","line{line}":{{"M":{{"sku":{{"S":"BOOK-{record:08}"}},"name":{{"S":"Difference Engine No. 2"}},"quantity":{{"N":"2"}},"gift":{{"BOOL":false}}}}}}"#
                )
            })
            .collect();
        let (n, foreign) = match record % 2 {
            0 => (3, ""),
            _ => (
                2,
                r#","lw:n:eu-west-1":{"N":"1"},"lw:t:eu-west-1":{"N":"1795349588000000"}"#,
            ),
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
