//! Recorded events of 2.8 KB, the same on every run.
//!
//! 200 writes a second, each shown by both Regions, the second time a second later. One write in ten goes to one of a few
//! items that are never quiet, all others go to an item each. One write in 500 is lost: the other Region writes the same
//! item in the same second, and wins.

use fastrand::Rng;

/// The Regions of the table.
pub(crate) const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

const WRITES_A_SECOND: u64 = 200;
const BUSY_ITEMS: usize = 50;
const LOST_OF: u64 = 500;

/// Where the streams begin, in epoch seconds.
const START: u64 = 1_795_349_588;

/// A change of one item in one Region: the numbers of the item and of its versions.
#[derive(Debug, Clone, Copy)]
struct Change {
    region: usize,
    item: u64,
    old: u64,
    new: u64,
}

/// The events, second by second.
pub(crate) struct Traffic {
    rng: Rng,
    second: u64,
    sequence: u64,
    items: u64,
    /// The version of each item that is never quiet.
    busy: [u64; BUSY_ITEMS],
    /// What the second Region shows in the next second.
    under_way: Vec<Change>,
    templates: [Template; 2],
    text: Vec<u8>,
}

impl Traffic {
    pub(crate) fn new() -> Self {
        Self {
            rng: Rng::with_seed(1),
            second: START,
            sequence: 0,
            items: BUSY_ITEMS as u64,
            busy: [0; BUSY_ITEMS],
            under_way: Vec::new(),
            templates: REGIONS.map(Template::new),
            text: Vec::new(),
        }
    }

    /// Gives the records of the next second, each as Lambda hands it out, and says which second it was.
    pub(crate) fn second(&mut self, mut each: impl FnMut(&str)) -> u64 {
        for change in std::mem::take(&mut self.under_way) {
            self.show(change, &mut each);
        }
        for _ in 0..WRITES_A_SECOND {
            let change = self.write();
            self.show(change, &mut each);
            let there = 1 - change.region;
            if change.item >= BUSY_ITEMS as u64 && self.rng.u64(..LOST_OF) == 0 {
                let won = Change {
                    region: there,
                    new: change.new + 1,
                    ..change
                };
                self.show(won, &mut each);
                self.under_way.push(Change {
                    region: change.region,
                    old: change.new,
                    ..won
                });
            } else {
                self.under_way.push(Change {
                    region: there,
                    ..change
                });
            }
        }
        self.second += 1;
        self.second - 1
    }

    fn write(&mut self) -> Change {
        if self.rng.u8(..10) == 0 {
            let item = self.rng.usize(..BUSY_ITEMS);
            self.busy[item] += 1;
            return Change {
                region: item % 2,
                item: item as u64,
                old: self.busy[item] - 1,
                new: self.busy[item],
            };
        }
        self.items += 1;
        Change {
            region: self.rng.usize(..2),
            item: self.items,
            old: 0,
            new: 1,
        }
    }

    fn show(&mut self, change: Change, each: &mut impl FnMut(&str)) {
        self.sequence += 1;
        self.templates[change.region].fill(&mut self.text, change, self.second, self.sequence);
        each(std::str::from_utf8(&self.text).expect("the template is ASCII"));
    }
}

// What stands in the template for what changes, as wide as what takes its place.
const ITEM: &str = "<item number>";
const OLD: &str = "<older value.>";
const NEW: &str = "<newer value.>";
const SECOND: &str = "1234567891";
const SEQUENCE: &str = "<sequence of it>";

/// A record's text, and where something is put into it.
struct Template {
    text: String,
    items: Vec<usize>,
    old: Vec<usize>,
    new: Vec<usize>,
    seconds: Vec<usize>,
    sequences: Vec<usize>,
}

impl Template {
    fn new(region: &str) -> Self {
        let lines: String = (0..8)
            .map(|line| {
                format!(
                    r#","line{line}":{{"M":{{"sku":{{"S":"BOOK-{ITEM}"}},"name":{{"S":"Difference Engine No. 2, new"}},"quantity":{{"N":"2"}},"gift":{{"BOOL":false}}}}}}"#
                )
            })
            .collect();
        let image =
            |value| format!(r#"{{"PK":{{"S":"ORDER#{ITEM}"}},"status":{{"S":"{value}"}}{lines}}}"#);
        let (old, new) = (image(OLD), image(NEW));
        let text = format!(
            r#"{{"eventID":"0000000000000000{SEQUENCE}","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"{region}","dynamodb":{{"ApproximateCreationDateTime":{SECOND},"Keys":{{"PK":{{"S":"ORDER#{ITEM}"}}}},"OldImage":{old},"NewImage":{new},"SequenceNumber":"100000{SEQUENCE}","SizeBytes":2000,"StreamViewType":"NEW_AND_OLD_IMAGES"}},"eventSourceARN":"arn:aws:dynamodb:{region}:123456789012:table/orders/stream/2026-11-22T00:00:00.000"}}"#
        );
        let places = |what: &str| text.match_indices(what).map(|(at, _)| at).collect();
        Self {
            items: places(ITEM),
            old: places(OLD),
            new: places(NEW),
            seconds: places(SECOND),
            sequences: places(SEQUENCE),
            text,
        }
    }

    fn fill(&self, text: &mut Vec<u8>, change: Change, second: u64, sequence: u64) {
        // Values that no other item has.
        let value = |version: u64| {
            let value = (change.item << 20 | version).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            format!("{:014x}", value & 0xFF_FFFF_FFFF_FFFF)
        };
        let puts = [
            (&self.items, format!("{:013}", change.item)),
            (&self.old, value(change.old)),
            (&self.new, value(change.new)),
            (&self.seconds, format!("{second:010}")),
            (&self.sequences, format!("{sequence:016}")),
        ];
        text.clear();
        text.extend_from_slice(self.text.as_bytes());
        for (places, value) in &puts {
            for place in *places {
                text[*place..*place + value.len()].copy_from_slice(value.as_bytes());
            }
        }
    }
}
