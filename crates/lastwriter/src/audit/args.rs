//! The options of `lastwriter audit`.

use std::path::PathBuf;
use std::time::Duration;

use join::Options;

use super::error::AuditError;
use super::options;
use super::recorded::RecordedStream;

const AFTER_HELP: &str = "\
Last writer wins drops a write where another Region wrote the item before it arrived. The streams of all replicas, read as
one, show it: which version was made where, on top of what, and which never reached the version on which all Regions
settled. No writer has to stamp, nothing is deployed, and nothing is written to the table; --ledger writes to a ledger.

Examples:
  lastwriter audit --table orders --regions us-east-1,eu-west-1            the last 24 hours, from the streams
  lastwriter audit --table orders --profile prod --report audit.html       all of its Regions, and a page to pass on
  lastwriter audit --table orders --regions us-east-1,eu-west-1 --live     from now on, until Ctrl-C or --for 10m
  lastwriter audit --events us.jsonl eu.jsonl                              recorded stream events of all Regions
  lastwriter audit --events us-east-1=us.json eu-west-1=eu.json            of files that name no Region
  lastwriter audit --endpoints-file ends.json                              the world of `lastwriter local`
  lastwriter audit --table orders --ledger lastwriter-prod-orders-ledger   and keep what was lost, to put it back

Every Region of the table has to be read: with one of two unread nothing is found, with one of three a third is missed.
The first and the last --window are not judged, because what was under way then is seen in part; --whole judges them.
Ctrl-C gives what there is.

It needs dynamodb:DescribeTable, DescribeStream, GetShardIterator and GetRecords; --print-policy prints a policy to paste. A
shard of a global table's stream is best read by one reader at a time, so it reads gently (--rate), the shard that is
furthest behind first.

An event file is what `lastwriter judge` takes: Lambda events, the objects of a failure bucket, what `aws dynamodbstreams
get-records` prints (with --table), JSON lines. Files in the order of time are judged as they are read, in little memory.

--json prints one object: table, read and judged {from, to}, regions and total {region, records, writes, lost_writes and
stale_puts {certain, likely, possible}, lost_per_million}, kinds, items, attributes, hours, attribute_classes, clocks,
incomplete, and findings: in each table, key (DynamoDB JSON), lost_in, won_in, confidence, kind, class (lost_write or
stale_put), second, stamped, lost and won {region, sequence_number, event_id} of the stream records whose NewImages are the
two versions (of a REMOVE: none), and differing_attributes.

--ledger keeps findings as the function does, with Evidence `join`: `lastwriter ledger` lists, shows and puts back, in each
Region. An entry that is there stays as it is, so the same audit may run again. Stamped losses are left to the function, and
possible ones to nobody. It needs dynamodb:PutItem on each ledger, and has 30 days until the entry goes.

Exit codes: 0 done, whether or not something was lost; 1 failed; 2 bad usage, or input that cannot be audited.";

/// Options of `lastwriter audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The table; of recorded events, where they name several or none
    #[arg(long, value_name = "NAME", required_unless_present_any = ["events", "endpoints_file", "print_policy"])]
    pub table: Option<String>,
    /// All of the table's Regions [default: those of its replicas, or of the records]
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', value_parser = options::parse_region)]
    pub regions: Vec<String>,
    /// Read from now on, and not what the streams hold
    #[arg(long, conflicts_with = "events")]
    pub live: bool,
    /// End after this time, as in 10m; without it, Ctrl-C does
    #[arg(long = "for", value_name = "TIME", requires = "live", value_parser = options::parse_time)]
    pub length: Option<Duration>,
    /// How far to go back; streams hold 24 hours
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = options::parse_time, conflicts_with_all = ["live", "events"])]
    pub since: Duration,
    /// Reads of each shard a second, at most [default: 2; 50 of the world of `lastwriter local`]
    #[arg(long, value_name = "RATE", value_parser = options::parse_rate, conflicts_with = "events")]
    pub rate: Option<f64>,
    /// The profile of ~/.aws/config whose credentials (SSO, roles, keys) and Region to use
    #[arg(long, value_name = "NAME", env = "AWS_PROFILE")]
    pub profile: Option<String>,
    /// Recorded stream events of every Region, in place of the streams: files, folders of *.json, or - for standard input;
    /// REGION=FILE for a file that names no Region
    #[arg(long, value_name = "FILE", num_args = 1.., value_parser = RecordedStream::parse, conflicts_with = "endpoints_file")]
    pub events: Vec<RecordedStream>,
    /// The world of `lastwriter local --endpoints-file FILE`, in place of AWS; implies --whole
    #[arg(long, value_name = "FILE")]
    pub endpoints_file: Option<PathBuf>,
    /// How long a write may take to reach every Region
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = options::parse_window)]
    pub window: u32,
    /// Judge the first and the last --window too: the streams begin with the table, and all Regions hold the same at the
    /// end
    #[arg(long, conflicts_with = "live")]
    pub whole: bool,
    /// How much of the images that findings may need is kept in memory; the rest is in a temporary file
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = options::parse_bytes)]
    pub memory: u64,
    /// What stamp attributes begin with: of stamped writes the stamps tell where they were made
    #[arg(
        long,
        value_name = "PREFIX",
        env = "STAMP_PREFIX",
        default_value = "lw"
    )]
    pub stamp_prefix: String,
    /// Write what was found as a page to this file, too
    #[arg(long, value_name = "PAGE.html")]
    pub report: Option<PathBuf>,
    /// Write certain and likely findings that the function cannot have, of writers that do not stamp, into the table of this
    /// name in the Region of each, where the function keeps its own
    #[arg(long, value_name = "NAME")]
    pub ledger: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print the IAM policy that an audit needs, and end
    #[arg(long)]
    pub print_policy: bool,
}

impl Args {
    /// How it is judged.
    pub(super) fn options(&self) -> Options {
        Options {
            window: self.window,
            // The local world's streams begin with its tables.
            whole: self.whole || self.endpoints_file.is_some() && !self.live,
        }
    }

    /// How much memory there is for images; none where nothing shows them.
    pub(super) fn images(&self) -> Option<u64> {
        let shown = !self.json || self.report.is_some() || self.ledger.is_some();
        shown.then_some(self.memory)
    }

    /// What clap cannot see.
    ///
    /// # Errors
    ///
    /// [`AuditError::Options`]
    pub(super) fn check(&self) -> Result<(), AuditError> {
        let empty = |name: &Option<String>| name.as_deref() == Some("");
        if empty(&self.table) {
            return Err(AuditError::Options(
                "--table is empty: give the table's name",
            ));
        }
        if empty(&self.ledger) {
            return Err(AuditError::Options(
                "--ledger is empty: give the ledger table's name",
            ));
        }
        Ok(())
    }
}
