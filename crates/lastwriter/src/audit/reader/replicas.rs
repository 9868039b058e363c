//! Which streams an audit reads: those of all of the table's replicas, and no fewer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{MultiRegionConsistency, TableDescription};
use aws_sdk_dynamodbstreams::config::retry::RetryConfig;

use super::client::ReplicaStream;
use super::error::ReaderError;
use crate::aws::{self, Whom, innermost};
use crate::local::Endpoints;

/// Where the table is.
#[derive(Debug, Clone, Default)]
pub(in crate::audit) struct Source {
    /// The table; that of the endpoints' file, if none is named.
    pub(in crate::audit) table: Option<String>,
    /// All of its Regions; those of its replicas, if none is named.
    pub(in crate::audit) regions: Vec<String>,
    pub(in crate::audit) profile: Option<String>,
    /// What `lastwriter local` wrote, in place of AWS.
    pub(in crate::audit) endpoints_file: Option<PathBuf>,
}

/// A table's streams, sorted by Region.
#[derive(Debug)]
pub(in crate::audit) struct Replicas {
    pub(in crate::audit) table: String,
    pub(super) streams: Vec<ReplicaStream>,
}

impl Replicas {
    /// The Regions, sorted.
    pub(in crate::audit) fn regions(&self) -> Vec<String> {
        let regions = self.streams.iter();
        regions.map(|stream| stream.region.clone()).collect()
    }
}

/// Finds the table's replicas and their streams.
pub(in crate::audit) async fn find(source: &Source) -> Result<Replicas, ReaderError> {
    let world = world(source.endpoints_file.as_deref())?;
    let table = source.table.clone();
    let table = table.or_else(|| world.as_ref().map(|world| world.table.clone()));
    let finder = Finder {
        table: table.unwrap_or_default(),
        profile: source.profile.clone(),
        endpoints: world.map(|world| world.replicas),
    };
    finder.find(&source.regions).await
}

/// The endpoints of the ledgers by Region, where a file of `lastwriter local` stands for AWS.
pub(in crate::audit) fn ledger_endpoints(
    file: Option<&Path>,
) -> Result<Option<BTreeMap<String, String>>, ReaderError> {
    Ok(world(file)?.map(|world| world.ledgers))
}

/// What `lastwriter local` wrote, if it is to be read.
fn world(file: Option<&Path>) -> Result<Option<Endpoints>, ReaderError> {
    let world = file.map(|path| {
        Endpoints::read(path).map_err(|problem| ReaderError::EndpointsFile {
            path: path.to_owned(),
            problem,
        })
    });
    world.transpose()
}

struct Finder {
    table: String,
    profile: Option<String>,
    /// By Region, in place of AWS.
    endpoints: Option<BTreeMap<String, String>>,
}

impl Finder {
    async fn find(&self, named: &[String]) -> Result<Replicas, ReaderError> {
        let first = named.first().cloned();
        let first = first.or_else(|| self.endpoints.as_ref()?.keys().next().cloned());
        let config = self.config(first.as_deref()).await?;
        // There always is one: without it there is no configuration.
        let first = config.region().map(ToString::to_string).unwrap_or_default();
        let description = self.describe(&config, &first).await?;
        let regions = self.regions(&first, &description, named)?;
        let mut streams = Vec::new();
        for region in regions {
            let config = self.config(Some(&region)).await?;
            let description = match region == first {
                true => description.clone(),
                false => self.describe(&config, &region).await?,
            };
            let arn = description.latest_stream_arn.filter(|arn| !arn.is_empty());
            let specification = description.stream_specification;
            if !specification.is_none_or(|stream| stream.stream_enabled) {
                return Err(self.no_stream(&region));
            }
            // Throttling is met with more patience than the SDK has, and is shown.
            let client = aws_sdk_dynamodbstreams::config::Builder::from(&config)
                .retry_config(RetryConfig::disabled())
                .build();
            streams.push(ReplicaStream {
                arn: arn.ok_or_else(|| self.no_stream(&region))?,
                table: self.table.clone(),
                client: aws_sdk_dynamodbstreams::Client::from_conf(client),
                region,
            });
        }
        Ok(Replicas {
            table: self.table.clone(),
            streams,
        })
    }

    fn no_stream(&self, region: &str) -> ReaderError {
        ReaderError::NoStream {
            table: self.table.clone(),
            region: region.to_owned(),
        }
    }

    /// All of the table's Regions; those that are named have to be these.
    fn regions(
        &self,
        first: &str,
        description: &TableDescription,
        named: &[String],
    ) -> Result<BTreeSet<String>, ReaderError> {
        let table = self.table.clone();
        if description.multi_region_consistency() == Some(&MultiRegionConsistency::Strong) {
            return Err(ReaderError::StronglyConsistent { table });
        }
        let replicas = description.replicas().iter();
        let replicas = replicas.filter_map(|replica| replica.region_name.clone());
        let mut all: BTreeSet<String> = replicas.collect();
        all.insert(first.to_owned());
        if all.len() == 1 {
            let region = first.to_owned();
            return Err(ReaderError::NotGlobal { table, region });
        }
        check(&table, &all, named)?;
        Ok(all)
    }

    async fn config(&self, region: Option<&str>) -> Result<aws_config::SdkConfig, ReaderError> {
        let endpoint = match (&self.endpoints, region) {
            (Some(endpoints), Some(region)) => match endpoints.get(region) {
                Some(endpoint) => Some(endpoint.as_str()),
                None => {
                    let all: Vec<&str> = endpoints.keys().map(String::as_str).collect();
                    return Err(ReaderError::NoReplica {
                        table: self.table.clone(),
                        unknown: region.to_owned(),
                        all: all.join(","),
                    });
                }
            },
            (Some(_) | None, _) => None,
        };
        let whom = Whom {
            profile: self.profile.as_deref(),
            region,
            endpoint_url: endpoint,
        };
        Ok(aws::config(whom).await?)
    }

    async fn describe(
        &self,
        config: &aws_config::SdkConfig,
        region: &str,
    ) -> Result<TableDescription, ReaderError> {
        let client = aws_sdk_dynamodb::Client::new(config);
        let described = client.describe_table().table_name(&self.table).send().await;
        let table = match described {
            Ok(described) => described.table,
            Err(error) => {
                return Err(match error.code() {
                    Some(code) => ReaderError::refused(code, error.message(), &self.table, region),
                    None => ReaderError::Unreachable {
                        region: region.to_owned(),
                        problem: match &error {
                            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
                            other => innermost(other),
                        },
                    },
                });
            }
        };
        table.ok_or_else(|| ReaderError::NoTable {
            table: self.table.clone(),
            region: region.to_owned(),
        })
    }
}

/// Compares the Regions that are named with those that there are.
fn check(table: &str, all: &BTreeSet<String>, named: &[String]) -> Result<(), ReaderError> {
    if named.is_empty() {
        return Ok(());
    }
    let list = |regions: Vec<&String>| {
        let regions: Vec<&str> = regions.into_iter().map(String::as_str).collect();
        regions.join(",")
    };
    let every = list(all.iter().collect());
    let unknown: Vec<&String> = named.iter().filter(|name| !all.contains(*name)).collect();
    if !unknown.is_empty() {
        return Err(ReaderError::NoReplica {
            table: table.to_owned(),
            unknown: list(unknown),
            all: every,
        });
    }
    let left_out: Vec<&String> = all.iter().filter(|name| !named.contains(name)).collect();
    if !left_out.is_empty() {
        return Err(ReaderError::ReplicaLeftOut {
            table: table.to_owned(),
            left_out: list(left_out),
            all: every,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(regions: &[&str]) -> Vec<String> {
        regions.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn all_of_a_table_s_regions_have_to_be_named_or_none() {
        let all: BTreeSet<String> = named(&["us-east-1", "eu-west-1", "sa-east-1"])
            .into_iter()
            .collect();
        let check = |regions: &[&str]| check("orders", &all, &named(regions));
        assert!(check(&[]).is_ok());
        assert!(check(&["us-east-1", "sa-east-1", "eu-west-1"]).is_ok());
        let message = check(&["us-east-1", "sa-east-1"]).unwrap_err().to_string();
        assert!(
            message.contains("replicas in eu-west-1 too")
                && message.contains("--regions eu-west-1,sa-east-1,us-east-1"),
            "{message}"
        );
        let message = check(&["us-east-1", "eu-west-1", "sa-east-1", "us-west-2"])
            .unwrap_err()
            .to_string();
        assert!(message.contains("no replica in us-west-2"), "{message}");
    }
}
