//! `lastwriter local`: a global table on this machine for an application of one's own, until Ctrl-C.

mod conflicts;
mod endpoints;
mod error;
mod input;
mod run;
mod tables;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use local_aws::global_table::{GlobalTableConfig, Lag, Region};

use crate::bootstrap;
use crate::failure::CommandError;
use crate::settings::{self, Setting};
use crate::world::options::{Regions, parse_lag, parse_region, parse_regions};
use crate::world::{World, WorldConfig};
pub(crate) use endpoints::Endpoints;
use error::LocalError;

const AFTER_HELP: &str = "\
Each Region has an endpoint for DynamoDB and its streams that any SDK can talk to. Writes replicate between them as in a
global table, with the last writer winning, and the built function reads each Region's stream and keeps what was lost in
that Region's ledger. Without --key the table has the keys PK and SK (strings) and the indexes GSI1 and GSI2; TTL is on
`ttl`. A table that is created through any endpoint is a global table in all Regions, and its streams are read too.
Everything listens on loopback only.

While it runs, a line on standard input steers it:
  (empty)            cut the Region of --cut off, or join it again; SIGUSR1 does the same
  us-west-2          the same for any Region

Examples:
  lastwriter local
  lastwriter local --regions us-east-1,eu-west-1 --ports 8001,8002 --table Orders
  lastwriter local --regions 5 --lag 2s --cut eu-west-1
  lastwriter local --table Users --key id:N --table-file orders.json
  lastwriter local --set VERSION_ATTRIBUTE=version      writers that do not stamp, but count
  lastwriter local --ports 8000 --ledger-ports 8100 --persist data --endpoints-file endpoints.json

--endpoints-file is written when everything is ready, and removed at the end:
  {\"table\", \"tables\": [name], \"replicas\": {region: url}, \"ledgers\": {region: url}, \"ledger_table\", \"cloudwatch\": {region: url}}

Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 failed, 2 bad usage, a port that is taken, a folder that cannot be used.";

/// Options of `lastwriter local`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Regions, two to five: names, or how many
    #[arg(long, value_name = "REGIONS", default_value = "3", value_parser = parse_regions)]
    pub regions: Regions,
    /// The table's name [default: App]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// The table's partition key, and once more its sort key, with the type S, N or B, as in --key id:N --key sort:S
    /// [default: PK and SK, strings, with the indexes GSI1 and GSI2]
    #[arg(long = "key", value_name = "NAME:TYPE", value_parser = tables::parse_key)]
    pub keys: Vec<(String, String)>,
    /// A table from a CreateTable request in JSON; may be given again
    #[arg(long = "table-file", value_name = "FILE")]
    pub table_files: Vec<PathBuf>,
    /// How long replication takes: a median, or a median and a spread as in 2s:0.9; 0 is no delay
    #[arg(long, value_name = "LAG", default_value = "800ms", value_parser = parse_lag)]
    pub lag: Lag,
    /// Start with this Region cut off; Enter or SIGUSR1 joins it and cuts it off again
    #[arg(long, value_name = "REGION", value_parser = parse_region)]
    pub cut: Option<Region>,
    /// Keep tables and ledgers in this folder, and go on from what is there
    #[arg(long, value_name = "DIR")]
    pub persist: Option<PathBuf>,
    /// A port for each Region, in the order of --regions, or the first of consecutive ones [default: free ports]
    #[arg(long, value_name = "PORTS", value_delimiter = ',')]
    pub ports: Vec<u16>,
    /// A port for each Region's ledger, given as for --ports [default: free ports]
    #[arg(long, value_name = "PORTS", value_delimiter = ',')]
    pub ledger_ports: Vec<u16>,
    /// Write the endpoints to this file, as JSON, once everything is ready
    #[arg(long, value_name = "FILE")]
    pub endpoints_file: Option<PathBuf>,
    /// A setting of the functions; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = settings::parse)]
    pub set: Vec<Setting>,
    /// The built function [default: stream-processor or bootstrap beside this program]
    #[arg(long, value_name = "PATH", env = "LASTWRITER_BOOTSTRAP")]
    pub bootstrap: Option<PathBuf>,
}

/// Runs `lastwriter local`.
///
/// # Errors
///
/// [`CommandError::BadInput`] for options that cannot be used, [`CommandError::Failed`] if a part does not start.
pub async fn command(args: Args) -> Result<(), CommandError> {
    // First of all, so that no signal from here on ends it in the middle.
    let signals = input::Signals::listen()?;
    let regions = args.regions.0;
    if let Some(cut) = args.cut
        && !regions.contains(&cut)
    {
        return Err(LocalError::NoReplica(cut).into());
    }
    let bootstrap = bootstrap::find(args.bootstrap)?;
    let ledger_ports = ports("--ledger-ports", args.ledger_ports, regions.len())?;
    let ports = ports("--ports", args.ports, regions.len())?;
    let failed = args.persist.as_ref().map(|folder| folder.join("failed"));
    let config = WorldConfig {
        table: GlobalTableConfig {
            tables: tables::definitions(args.table.as_deref(), &args.keys, &args.table_files)?,
            lag: args.lag,
            ports,
            persist: args.persist,
            seed: fastrand::u64(..),
            ttl_sweep: Some(Duration::from_secs(1)),
            ..GlobalTableConfig::new(regions)
        },
        bootstrap,
        ledger_ports,
        settings: args.set,
        failed,
    };
    let world = World::start(config).await?;
    run::until_stopped(world, args.cut, args.endpoints_file, signals).await
}

/// One port stands for itself and those that follow it.
fn ports(option: &'static str, given: Vec<u16>, regions: usize) -> Result<Vec<u16>, LocalError> {
    let [first] = given[..] else {
        if given.is_empty() || given.len() == regions {
            return Ok(given);
        }
        return Err(LocalError::PortCount {
            option,
            ports: given.len(),
            regions,
        });
    };
    let port = |at: usize| u16::try_from(at).ok().and_then(|at| first.checked_add(at));
    let ports: Option<_> = (0..regions).map(port).collect();
    ports.ok_or(LocalError::TooFewPorts {
        option,
        first,
        regions,
    })
}
