//! Options of `lastwriter ledger page`.

use std::path::PathBuf;

use super::regions::RegionUrl;

const AFTER_HELP: &str = "\
Examples:
  lastwriter ledger page --ledger lastwriter-prod-conflicts --regions us-east-1,eu-west-1 --profile prod
  lastwriter ledger page --regions us-east-1,eu-west-1 --write         it may put back and resolve, too
  lastwriter ledger page --hours 168 --port 8400                       a week; always at the same port
  lastwriter ledger page --endpoints-file ends.json --write            the world of `lastwriter local`

It prints an address. The page shows the conflicts of all these Regions together, live, with charts by time, kind and
Region; of each conflict both versions and the item as it is now side by side, and what a put-back would do. With --write
that plan can be carried out exactly as it is shown, and entries can be resolved with a reason and opened again; what has
changed since it was shown is refused and shown.

It listens on 127.0.0.1 alone, and nobody gets in without the random token in the address: whoever has the address can do
what you can, so do not pass it on. To see it from another machine, forward the same port:
`ssh -L 8400:127.0.0.1:8400 HOST`, with --port 8400.

It keeps the newest --limit conflicts of the last --hours of each Region in memory. While a page is open it asks each
ledger for new ones every --refresh seconds: about 32 to 48 small queries of the index.

It needs, on each ledger: dynamodb:Query (table and index ByTime), GetItem and BatchGetItem; on the items' tables
dynamodb:GetItem, and for deletes DescribeTimeToLive or --ttl-attribute; kms:Decrypt on their keys. --write needs also
dynamodb:UpdateItem on ledgers and items' tables, and PutItem on these to create items again. --print-policy prints it.

Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 failed (no ledger can be read, the port is taken, ...), 2 bad usage.";

/// Options of `lastwriter ledger page`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct PageArgs {
    /// The ledger tables' name, which is the same in every Region
    #[arg(
        long,
        value_name = "TABLE",
        env = "LEDGER_TABLE",
        required_unless_present = "endpoints_file"
    )]
    pub ledger: Option<String>,
    /// The Regions whose ledgers to show [default: AWS_REGION, or the profile's]
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub regions: Vec<String>,
    /// The profile of ~/.aws/config whose credentials (SSO, roles, keys) and Region to use
    #[arg(long, value_name = "NAME", env = "AWS_PROFILE")]
    pub profile: Option<String>,
    /// Another DynamoDB endpoint of the ledgers: URL, or REGION=URL for each Region
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = RegionUrl::parse)]
    pub endpoint_url: Vec<RegionUrl>,
    /// Another DynamoDB endpoint of the items' tables: URL, or REGION=URL for each Region
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = RegionUrl::parse)]
    pub item_endpoint_url: Vec<RegionUrl>,
    /// The world of `lastwriter local --endpoints-file FILE`, in place of AWS
    #[arg(long, value_name = "FILE", conflicts_with_all = ["regions", "endpoint_url", "item_endpoint_url"])]
    pub endpoints_file: Option<PathBuf>,
    /// Let the page put back, resolve and reopen; without it, it only reads
    #[arg(long)]
    pub write: bool,
    /// How many hours to go back
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=9_600))]
    pub hours: u32,
    /// The most conflicts of each Region that are kept in memory, the newest
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How often an open page looks for new conflicts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub refresh: u32,
    /// The port on 127.0.0.1 [default: a free one]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub port: u16,
    /// What stamp attributes begin with
    #[arg(
        long,
        value_name = "PREFIX",
        env = "STAMP_PREFIX",
        default_value = "lw"
    )]
    pub stamp_prefix: String,
    /// The tables' TTL attribute [default: what DescribeTimeToLive says]
    #[arg(long, value_name = "NAME", env = "TTL_ATTRIBUTE")]
    pub ttl_attribute: Option<String>,
    /// Print the IAM policy that the page needs, and end; with --write, what that needs too
    #[arg(long)]
    pub print_policy: bool,
}

impl PageArgs {
    /// The page of a world on this machine, which may write.
    pub(crate) fn of_local(
        ledger: String,
        endpoint_url: Vec<RegionUrl>,
        item_endpoint_url: Vec<RegionUrl>,
    ) -> Self {
        Self {
            ledger: Some(ledger),
            regions: Vec::new(),
            profile: None,
            endpoint_url,
            item_endpoint_url,
            endpoints_file: None,
            write: true,
            hours: 24,
            limit: 20_000,
            refresh: 5,
            port: 0,
            stamp_prefix: "lw".to_owned(),
            ttl_attribute: None,
            print_policy: false,
        }
    }
}
