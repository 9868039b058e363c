//! Sample events with damage done to them: random bytes alone would never get past the envelope.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use bolero::TypeGenerator;

/// The sample events, and inputs that are hostile in ways that mutation does not find.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the events folder is there")
        .map(|entry| entry.expect("the events folder can be listed").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    let read = |path| fs::read(path).expect("an event can be read");
    let mut seeds: Vec<Vec<u8>> = paths.into_iter().map(read).collect();
    assert!(seeds.len() > 20, "the sample events are the seeds");
    seeds.extend(hostile());
    seeds
});

fn hostile() -> Vec<Vec<u8>> {
    let around = |value: &str| {
        format!(
            r#"{{"Records":[{{"eventName":"MODIFY","awsRegion":"us-east-1","eventID":"e","eventSourceARN":"arn:aws:dynamodb:us-east-1:1:table/t/stream/x","dynamodb":{{"Keys":{{"PK":{{"S":"k"}}}},"SequenceNumber":"1","OldImage":{{"lw:n:us-east-1":{{"N":"2"}},"lw:t:us-east-1":{{"N":"5"}}}},"NewImage":{{"lw:n:eu-west-1":{{"N":"1"}},"x":{value}}}}}}}]}}"#
        )
        .into_bytes()
    };
    let deep = |open: &str, close: &str| {
        around(&format!("{}{}", open.repeat(20_000), close.repeat(20_000)))
    };
    vec![
        deep("[", "]"),
        deep("{\"a\":", "}"),
        deep("{\"L\":[", "]}"),
        deep("{\"M\":{\"a\":", "}}"),
        around(r#"{"N":"1E999999999999999999999"}"#),
        around(r#"{"N":"-0000000000000000000000000000000000000.1e-130"}"#),
        around(r#"{"S":"\ud800"}"#),
        around(r#"{"S":"\u0000"}"#),
        around("1e999999"),
        // What is stepped over in most places, where it is read.
        around(r#"1,"eventID":1e999999"#),
        around(r#"1,"\ud800":1"#),
        around(r#"1,"lw:n:us-east-1":{"N":1e999999}"#),
        around(r#"{"NS":["1","1.0","x"]}"#),
        [r#"{"Records":["#.repeat(5_000), "]}".repeat(5_000)]
            .concat()
            .into_bytes(),
    ]
}

/// A seed and what is done to it.
#[derive(Debug, Clone, TypeGenerator)]
pub(crate) struct Mutant {
    seed: u16,
    #[generator(bolero::generator::produce::<Vec<Mutation>>().with().len(0_usize..24))]
    mutations: Vec<Mutation>,
}

#[derive(Debug, Clone, TypeGenerator)]
enum Mutation {
    /// Replaces a byte.
    Set { at: u32, byte: u8 },
    /// Inserts something that has a meaning in JSON.
    Insert { at: u32, token: u8 },
    /// Cuts a piece out.
    Cut { at: u32, length: u8 },
    /// Copies a piece to another place.
    Copy { from: u32, to: u32, length: u16 },
    /// Ends the input early.
    End { at: u32 },
}

const TOKENS: [&str; 20] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "0",
    "-1",
    "1e9",
    "\\",
    "\\u0000",
    "{\"N\":\"1\"}",
    "{\"S\":\"\"}",
    "\"lw:n:us-east-1\":",
    "\"lw:reset\":",
    "\"lw:deleted\":",
    "\u{fffd}",
];

impl Mutant {
    /// The damaged input.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = SEEDS[usize::from(self.seed) % SEEDS.len()].clone();
        for mutation in &self.mutations {
            mutation.apply(&mut bytes);
        }
        bytes
    }
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: u32, bytes: &Vec<u8>| at as usize % (bytes.len() + 1);
        match *self {
            Mutation::Set { at, byte } => {
                let at = place(at, bytes);
                if let Some(target) = bytes.get_mut(at) {
                    *target = byte;
                }
            }
            Mutation::Insert { at, token } => {
                let at = place(at, bytes);
                bytes.splice(at..at, TOKENS[usize::from(token) % TOKENS.len()].bytes());
            }
            Mutation::Cut { at, length } => {
                let at = place(at, bytes);
                let end = (at + usize::from(length)).min(bytes.len());
                bytes.drain(at..end);
            }
            Mutation::Copy { from, to, length } => {
                let (from, to) = (place(from, bytes), place(to, bytes));
                let end = (from + usize::from(length)).min(bytes.len());
                let piece = bytes[from..end].to_vec();
                bytes.splice(to..to, piece);
            }
            Mutation::End { at } => {
                let at = place(at, bytes);
                bytes.truncate(at);
            }
        }
    }
}
