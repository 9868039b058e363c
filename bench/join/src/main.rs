//! Reads so many recorded stream events of two Regions and joins them, for measuring: `join-events RECORDS`. With `--print` it
//! prints the events instead, as JSON lines, for whatever else is to read the same.
//!
//! Prints one JSON object with the most records that were held at a time, and the most memory that was allocated beyond
//! what there was at the start, in bytes. How long it takes is measured from outside: making the events is a copy of a
//! text with some digits changed, and counts as the join's.

mod events;

use std::io::Write;
use std::process::ExitCode;

use conflict::StampNames;
use join::{Join, Options, Sighting};

use events::{REGIONS, Traffic};

/// What joining took.
#[derive(Debug, Default)]
struct Figures {
    records: u64,
    findings: u64,
    most_held: u64,
}

#[expect(clippy::print_stdout, reason = "it is the program's result")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (print, records) = match arguments.as_slice() {
        [records] => (false, records),
        [print, records] if print == "--print" => (true, records),
        _ => {
            eprintln!("usage: join-events [--print] RECORDS");
            return ExitCode::from(2);
        }
    };
    let Ok(records) = records.parse() else {
        eprintln!("RECORDS is a number, such as 1000000");
        return ExitCode::from(2);
    };
    if print {
        return print_events(records);
    }
    let mut figures = Figures::default();
    let options = Options {
        whole: true,
        ..Options::default()
    };
    let memory = allocation_counter::measure(|| figures = join(records, options));
    println!(
        "{}",
        serde_json::json!({
            "records": figures.records, "findings": figures.findings,
            "most_held": figures.most_held, "most_bytes": memory.bytes_max,
        })
    );
    ExitCode::SUCCESS
}

/// Prints about so many records, second by second.
fn print_events(records: u64) -> ExitCode {
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut traffic = Traffic::new();
    let mut printed = 0;
    let mut result = Ok(());
    while printed < records && result.is_ok() {
        traffic.second(|text| {
            if result.is_ok() {
                result = writeln!(output, "{text}");
            }
            printed += 1;
        });
    }
    match result.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the events cannot be printed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Joins about so many records, second by second.
fn join(records: u64, options: Options) -> Figures {
    let names = StampNames::default();
    let regions = REGIONS.map(str::to_owned).to_vec();
    let mut join = Join::new("orders", regions, options).expect("two Regions");
    let mut traffic = Traffic::new();
    let mut figures = Figures::default();
    while figures.records < records {
        let second = traffic.second(|text| {
            let sighting = Sighting::from_json(text, &names).expect("the events are whole");
            join.add(&sighting).expect("the events are of this table");
            figures.records += 1;
        });
        for region in REGIONS {
            join.advance(region, second).expect("one of the Regions");
        }
        figures.findings += join.take_findings().len() as u64;
        figures.most_held = figures.most_held.max(join.records_held());
    }
    figures.findings += join.finish().0.len() as u64;
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The streams are a few windows long.
    const SHORT: Options = Options {
        window: 10,
        whole: true,
    };

    #[test]
    fn the_events_are_of_the_size_and_lose_writes() {
        let mut traffic = Traffic::new();
        let mut sizes = std::collections::BTreeSet::new();
        for _ in 0..10 {
            traffic.second(|text| {
                sizes.insert(text.len());
            });
        }
        let are_so = sizes.iter().all(|size| (2_700..2_900).contains(size));
        assert!(are_so, "{sizes:?}");
        let figures = join(20_000, SHORT);
        assert!(figures.findings > 10, "{figures:?}");
    }

    #[test]
    fn a_record_in_the_window_takes_no_more_than_300_bytes() {
        let options = Options {
            window: 60,
            whole: true,
        };
        let mut figures = Figures::default();
        let memory = allocation_counter::measure(|| figures = join(60_000, options));
        let bytes = memory.bytes_max / figures.most_held;
        assert!((100..=300).contains(&bytes), "{bytes}: {figures:?}");
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_streams() {
        let (short, long) = (join(20_000, SHORT), join(60_000, SHORT));
        assert!(
            long.most_held <= short.most_held * 11 / 10,
            "{short:?} {long:?}"
        );
    }
}
