//! The Regions of a page: the ledger of each, and its items' tables.

use std::collections::BTreeMap;

use tokio::sync::Mutex;

use super::super::connect::{Caller, Place};
use super::super::operator::Operator;
use super::super::put_back::ItemRegion;
use super::super::{Connection, LedgerReadError, LedgerTable};
use super::args::PageArgs;
use crate::failure::CommandError;
use crate::local::Endpoints;

/// An endpoint, of one Region or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionUrl {
    region: Option<String>,
    url: String,
}

/// An endpoint that is none.
#[derive(Debug, thiserror::Error)]
#[error("give a URL, or REGION=URL, as in us-east-1=http://127.0.0.1:8000")]
pub struct NotARegionUrl;

impl RegionUrl {
    /// The endpoint of one Region.
    pub(crate) fn new(region: &str, url: String) -> Self {
        Self {
            region: Some(region.to_owned()),
            url,
        }
    }

    /// Reads `http://...` or `us-east-1=http://...`.
    ///
    /// # Errors
    ///
    /// [`NotARegionUrl`] names the forms.
    pub fn parse(text: &str) -> Result<Self, NotARegionUrl> {
        let is_url = |text: &str| text.starts_with("http://") || text.starts_with("https://");
        let (region, url) = match text.split_once('=') {
            _ if is_url(text) => (None, text),
            Some((region, url)) if !region.is_empty() && is_url(url) => {
                (Some(region.to_owned()), url)
            }
            _ => return Err(NotARegionUrl),
        };
        Ok(Self {
            region,
            url: url.to_owned(),
        })
    }

    /// The endpoint of a Region: its own, else the one of all.
    fn of(all: &[Self], region: &str) -> Option<String> {
        let own = all
            .iter()
            .find(|other| other.region.as_deref() == Some(region));
        let of_all = || all.iter().find(|other| other.region.is_none());
        own.or_else(of_all).map(|found| found.url.clone())
    }
}

/// Options that cannot be used together.
#[derive(Debug, thiserror::Error)]
enum RegionsError {
    #[error("the endpoints file {path}: {problem}")]
    EndpointsFile { path: String, problem: String },
    #[error("{0} is named in an endpoint and is none of --regions")]
    Unknown(String),
    #[error("{0} is named twice")]
    Twice(String),
}

/// The ledger of a Region.
#[derive(Debug)]
pub(super) struct RegionLedger {
    pub(super) region: String,
    pub(super) connection: Connection,
    pub(super) table: LedgerTable,
    /// Who is noted in the entries that are changed; none where nothing is written.
    pub(super) operator: Option<Operator>,
}

/// All Regions of a page.
#[derive(Debug)]
pub(super) struct Regions {
    pub(super) ledgers: Vec<RegionLedger>,
    item_endpoints: Vec<RegionUrl>,
    /// The items' tables of the Regions in which one was looked at.
    items: Mutex<BTreeMap<String, ItemRegion>>,
}

impl Regions {
    /// Looks for credentials and Regions. No table is looked at yet.
    pub(super) async fn open(args: &PageArgs) -> Result<Self, CommandError> {
        let places = Places::of(args)?;
        let mut ledgers: Vec<RegionLedger> = Vec::new();
        for region in places.regions {
            let mut connection = Connection {
                ledger: places.ledger.clone(),
                profile: args.profile.clone(),
                endpoint_url: region.as_deref().map_or_else(
                    || {
                        places
                            .ledger_endpoints
                            .first()
                            .map(|first| first.url.clone())
                    },
                    |region| RegionUrl::of(&places.ledger_endpoints, region),
                ),
                region,
            };
            let caller = Caller::new(&connection, Place::of_ledger(&connection)).await?;
            let region = caller.region();
            if ledgers.iter().any(|other| other.region == region) {
                return Err(CommandError::bad_input(RegionsError::Twice(region)));
            }
            connection.region = Some(region.clone());
            let operator = match args.write {
                true => Some(Operator::of(&caller).await),
                false => None,
            };
            ledgers.push(RegionLedger {
                table: caller.ledger(&connection),
                region,
                connection,
                operator,
            });
        }
        Ok(Self {
            ledgers,
            item_endpoints: places.item_endpoints,
            items: Mutex::default(),
        })
    }

    /// The names of the Regions.
    pub(super) fn names(&self) -> Vec<&str> {
        self.ledgers
            .iter()
            .map(|ledger| ledger.region.as_str())
            .collect()
    }

    /// The items' tables of a Region; opened once.
    pub(super) async fn items(
        &self,
        ledger: &RegionLedger,
        region: &str,
    ) -> Result<ItemRegion, LedgerReadError> {
        let mut open = self.items.lock().await;
        if let Some(items) = open.get(region) {
            return Ok(items.clone());
        }
        let items = ItemRegion::open(
            &ledger.connection,
            region,
            self.item_endpoint(region).as_deref(),
        )
        .await?;
        open.insert(region.to_owned(), items.clone());
        Ok(items)
    }

    /// The endpoint of a Region's items' tables, where it is not AWS's own.
    pub(super) fn item_endpoint(&self, region: &str) -> Option<String> {
        RegionUrl::of(&self.item_endpoints, region)
    }
}

/// Where everything is, as the options say it.
struct Places {
    ledger: String,
    /// None is the environment's or the profile's.
    regions: Vec<Option<String>>,
    ledger_endpoints: Vec<RegionUrl>,
    item_endpoints: Vec<RegionUrl>,
}

impl Places {
    fn of(args: &PageArgs) -> Result<Self, CommandError> {
        if let Some(path) = &args.endpoints_file {
            let endpoints = Endpoints::read(path).map_err(|problem| {
                let path = path.display().to_string();
                CommandError::bad_input(RegionsError::EndpointsFile { path, problem })
            })?;
            let urls = |urls: BTreeMap<String, String>| {
                let url = |(region, url)| RegionUrl {
                    region: Some(region),
                    url,
                };
                urls.into_iter().map(url).collect()
            };
            return Ok(Self {
                ledger: endpoints.ledger_table,
                regions: endpoints.ledgers.keys().cloned().map(Some).collect(),
                ledger_endpoints: urls(endpoints.ledgers),
                item_endpoints: urls(endpoints.replicas),
            });
        }
        let named = args
            .endpoint_url
            .iter()
            .filter_map(|url| url.region.as_ref());
        if let Some(unknown) = named
            .clone()
            .find(|region| !args.regions.is_empty() && !args.regions.contains(region))
        {
            return Err(CommandError::bad_input(RegionsError::Unknown(
                unknown.clone(),
            )));
        }
        let mut regions: Vec<Option<String>> = match args.regions[..] {
            [] => named.cloned().map(Some).collect(),
            [..] => args.regions.iter().cloned().map(Some).collect(),
        };
        if regions.is_empty() {
            regions.push(None);
        }
        Ok(Self {
            // Clap asks for one of the two.
            ledger: args.ledger.clone().unwrap_or_default(),
            regions,
            ledger_endpoints: args.endpoint_url.clone(),
            item_endpoints: args.item_endpoint_url.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_of_one_region_or_of_all() {
        let all: Vec<RegionUrl> = ["http://127.0.0.1:1", "us-east-1=http://127.0.0.1:2?a=b"]
            .iter()
            .map(|text| RegionUrl::parse(text).unwrap())
            .collect();
        assert_eq!(
            RegionUrl::of(&all, "us-east-1").unwrap(),
            "http://127.0.0.1:2?a=b"
        );
        assert_eq!(
            RegionUrl::of(&all, "eu-west-1").unwrap(),
            "http://127.0.0.1:1"
        );
        assert_eq!(RegionUrl::of(&all[1..], "eu-west-1"), None);
        for text in ["", "us-east-1", "=http://127.0.0.1:1", "us-east-1=ftp://x"] {
            assert!(RegionUrl::parse(text).is_err(), "{text}");
        }
    }
}
