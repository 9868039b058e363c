//! Measures the stream processor beside a function that does nothing, and a typed one, in one run.

mod cost;
mod measure;
mod payload;
mod process;
mod report;
mod scenarios;
mod stats;
mod table;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

use measure::Candidate;

/// Measures the stream processor beside a function that does nothing, and a typed one.
///
/// All are driven through the same Runtime API on loopback and take turns, so that noise hits each. Time is CPU time
/// of the process, unless it says wall clock; the spread given leaves out a tenth at either end. Build what is measured
/// first: `make bench` does both.
#[derive(Debug, Parser)]
struct Options {
    /// The folder with a folder per function, each with its bootstrap.
    #[arg(long, default_value = "target/lambda")]
    functions: PathBuf,
    /// The stream processor's zip, whose size is reported.
    #[arg(long, default_value = "target/lambda/stream-processor/bootstrap.zip")]
    zip: PathBuf,
    /// How often each function is started for its start-up time.
    #[arg(long, default_value_t = 40, value_parser = at_least_one)]
    starts: usize,
    /// How many batches of each kind each function gets.
    #[arg(long, default_value_t = 120, value_parser = at_least_one)]
    batches: usize,
    /// Prices for the cost per million records.
    #[arg(long, default_value = "infra/dashboard/prices.json")]
    prices: PathBuf,
    /// A further function to measure, as NAME=PATH of an executable; may be given again.
    #[arg(long = "peer", value_parser = peer)]
    peers: Vec<(String, PathBuf)>,
    /// Where the results go as JSON.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
    /// Exit with 1 if a target is missed.
    #[arg(long)]
    check: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("expected at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(format!("expected a number: {error}")),
    }
}

fn peer(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected NAME=PATH")?;
    Ok((name.to_owned(), PathBuf::from(path)))
}

#[tokio::main]
async fn main() -> Result<std::process::ExitCode> {
    let options = Options::parse();
    let built = |name: &'static str| {
        let bootstrap = options.functions.join(name).join("bootstrap");
        let bootstrap = bootstrap.canonicalize().with_context(|| {
            format!(
                "no {}: run `make bench`, which builds it",
                bootstrap.display()
            )
        })?;
        Ok::<_, anyhow::Error>(Candidate {
            name,
            bootstrap,
            environment: Vec::new(),
        })
    };
    let candidates = scenarios::Candidates {
        bare: built("bare-function")?,
        floor: built("dropping-function")?,
        emf: Candidate {
            name: "stream-processor, EMF",
            environment: vec![("METRICS_SINK".to_owned(), "emf".to_owned())],
            ..built("stream-processor")?
        },
        ours: built("stream-processor")?,
        typed: built("typed-function")?,
        peers: options
            .peers
            .iter()
            .map(|(name, path)| Candidate {
                name: name.clone().leak(),
                bootstrap: path.clone(),
                environment: Vec::new(),
            })
            .collect(),
    };
    let zip_bytes = std::fs::metadata(&options.zip)
        .with_context(|| format!("no {}: run `make build`", options.zip.display()))?
        .len();
    let prices = cost::Prices::read(&options.prices)?;
    let repeats = scenarios::Repeats {
        starts: options.starts,
        batches: options.batches,
    };
    let results = scenarios::run(&candidates, repeats, zip_bytes).await?;
    let costs = cost::Costs::new(&results, &prices);
    let report = report::Report::new(results, costs);
    std::fs::write(&options.json, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("writing {}", options.json.display()))?;
    report.print();
    let missed = options.check && !report.all_met();
    Ok(if missed {
        std::process::ExitCode::FAILURE
    } else {
        std::process::ExitCode::SUCCESS
    })
}
