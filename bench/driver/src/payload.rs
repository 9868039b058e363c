//! Batches of stream records, the same on every run.

use std::fmt::Write;

use bytes::Bytes;

/// What a batch is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    /// How many records.
    pub(crate) records: usize,
    /// About how many bytes each of the two images of a record has; 0 for the smallest records there can be, of which
    /// 10,000 are within the 6 MB that Lambda takes.
    pub(crate) image_bytes: usize,
    /// How many records in a hundred are conflicts.
    pub(crate) conflicts_percent: usize,
}

impl Batch {
    /// A batch of the issue's size: 1,000 records of about 2.8 KB.
    pub(crate) const STANDARD: Batch = Batch {
        records: 1_000,
        image_bytes: 1_000,
        conflicts_percent: 0,
    };

    /// As many records with images of this size as make about so many bytes of payload.
    pub(crate) fn of_bytes(image_bytes: usize, payload_bytes: usize) -> Batch {
        let one = Batch {
            records: 1,
            image_bytes,
            conflicts_percent: 0,
        };
        Batch {
            records: payload_bytes / one.payload(0).len(),
            ..one
        }
    }

    /// The Lambda event. `number` tells batches apart, so that each conflict has a ledger entry of its own.
    pub(crate) fn payload(self, number: usize) -> Bytes {
        let mut json = String::from(r#"{"Records":["#);
        for record in 0..self.records {
            if record > 0 {
                json.push(',');
            }
            let conflict = record * self.conflicts_percent % 100 + self.conflicts_percent > 99;
            self.record(&mut json, number * 1_000_000 + record, conflict);
        }
        json.push_str("]}");
        Bytes::from(json)
    }

    fn record(self, json: &mut String, id: usize, conflict: bool) {
        const FOREIGN: &str =
            r#","lw:n:eu-west-1":{"N":"1"},"lw:t:eu-west-1":{"N":"1795349588000000"}"#;
        // A foreign write that did not see the item's second write here; or in turn one that did, and a local one.
        let (seen, foreign) = match (conflict, id % 2) {
            (true, _) => (1, FOREIGN),
            (false, 1) => (2, FOREIGN),
            (false, _) => (3, ""),
        };
        if self.image_bytes == 0 {
            return smallest(json, id, seen, foreign);
        }
        let old = self.image(id, "OPEN", 2, "");
        let new = self.image(id, "PAID", seen, foreign);
        write!(
            json,
            r#"{{"eventID":"{id:032x}","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{{"ApproximateCreationDateTime":1795349588,"Keys":{{"PK":{{"S":"ORDER#{id:08}"}},"SK":{{"S":"ORDER#{id:08}"}}}},"NewImage":{new},"OldImage":{old},"SequenceNumber":"{:021}","SizeBytes":{},"StreamViewType":"NEW_AND_OLD_IMAGES"}},"eventSourceARN":"arn:aws:dynamodb:us-east-1:123456789012:table/lastwriter-bench-orders/stream/2026-11-22T00:00:00.000"}}"#,
            id + 1,
            2 * self.image_bytes,
        )
        .expect("writing to a String does not fail");
    }

    /// An order with as many lines as it takes: a large item is made of the same stuff as a small one.
    fn image(self, id: usize, status: &str, writes: usize, foreign: &str) -> String {
        let mut image = format!(
            r#"{{"PK":{{"S":"ORDER#{id:08}"}},"SK":{{"S":"ORDER#{id:08}"}},"GSI1PK":{{"S":"USER#{:06}"}},"GSI1SK":{{"S":"ORDER#2026-11-22T{id:08}"}},"status":{{"S":"{status}"}},"lw:n:us-east-1":{{"N":"{writes}"}},"lw:t:us-east-1":{{"N":"17953495870{writes:05}"}}{foreign}"#,
            id % 100_000,
        );
        let mut line = 0;
        loop {
            let next = format!(
                r#","line{line:04}":{{"M":{{"sku":{{"S":"BOOK-{id:08}"}},"name":{{"S":"Difference Engine No. 2, brass, with \"carry\""}},"quantity":{{"N":"2"}},"gift":{{"BOOL":false}}}}}}"#
            );
            if image.len() + next.len() >= self.image_bytes {
                break;
            }
            image.push_str(&next);
            line += 1;
        }
        image + "}"
    }
}

/// A record with what is required and nothing else.
fn smallest(json: &mut String, id: usize, seen: usize, foreign: &str) {
    write!(
        json,
        r#"{{"eventID":"{id:032x}","eventName":"MODIFY","awsRegion":"us-east-1","dynamodb":{{"Keys":{{"PK":{{"S":"O{id:08}"}}}},"NewImage":{{"PK":{{"S":"O{id:08}"}},"lw:n:us-east-1":{{"N":"{seen}"}},"lw:t:us-east-1":{{"N":"17953495870{seen:05}"}}{foreign}}},"OldImage":{{"PK":{{"S":"O{id:08}"}},"lw:n:us-east-1":{{"N":"2"}},"lw:t:us-east-1":{{"N":"1795349587000002"}}}},"SequenceNumber":"{:021}"}},"eventSourceARN":"arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000"}}"#,
        id + 1,
    )
    .expect("writing to a String does not fail");
}
