//! A global table on this machine with everything around it: in each Region a replica, the built function behind an
//! event source mapping, the function's ledger and its CloudWatch.
//!
//! `demo` and `local` share it. Nothing in it listens on anything but loopback.

mod error;
mod lookup;
pub mod options;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use local_aws::cloudwatch::CloudWatch;
use local_aws::global_table::{GlobalTable, GlobalTableConfig, Region};
use local_aws::lambda::{Function, FunctionConfig};
use local_aws::ledger::{Ledger, Storage};
use local_aws::mapping::{EventSourceMapping, MappingConfig, MappingCounts};
use local_aws::shard::Shard;

pub use error::WorldError;
pub use lookup::Lookup;

use crate::function_log::FunctionLog;
use crate::settings::{LEDGER_TABLE, Setting};

/// The records of each stream that are kept for readers: DynamoDB keeps 24 hours, which would not fit into memory.
const STREAM_RECORDS_KEPT: u64 = 50_000;

/// What a world is made of.
pub struct WorldConfig {
    /// The global table. Its `persist` folder holds the ledgers as well.
    pub table: GlobalTableConfig,
    /// The built function.
    pub bootstrap: PathBuf,
    /// The port of each Region's ledger, in the order of the table's Regions; empty: ports of the system's choice.
    pub ledger_ports: Vec<u16>,
    /// Settings of the functions beside those that the world makes; what stands last counts.
    pub settings: Vec<Setting>,
    /// A folder for batches that the function failed on for good; `None`: they are dropped, and counted.
    pub failed: Option<PathBuf>,
}

/// A running world. Dropping it kills its processes; [`World::stop`] ends it in order.
pub struct World {
    /// The global table.
    pub table: GlobalTable,
    stacks: BTreeMap<Region, Stack>,
}

/// What is around one replica.
pub struct Stack {
    /// The ledger that the Region's function writes.
    pub ledger: Ledger,
    /// What the Region's function sends its metrics to.
    pub cloudwatch: CloudWatch,
    function: Arc<Function>,
    /// One for each table.
    mappings: BTreeMap<String, EventSourceMapping>,
    failed: Option<PathBuf>,
}

impl World {
    /// Starts everything. Returns when every endpoint answers and every function waits for work.
    ///
    /// # Errors
    ///
    /// The first part that does not start.
    pub async fn start(config: WorldConfig) -> Result<Self, WorldError> {
        let table = GlobalTable::start(config.table.clone()).await?;
        let regions = config.table.regions.iter().enumerate();
        let starting = regions.map(|(at, &region)| {
            let (table, config) = (&table, &config);
            let port = config.ledger_ports.get(at).copied().unwrap_or(0);
            async move {
                Ok::<_, WorldError>((region, Stack::start(region, port, table, config).await?))
            }
        });
        let stacks = try_join_all(starting).await?.into_iter().collect();
        Ok(Self { table, stacks })
    }

    /// The Regions, in the order of their names.
    pub fn regions(&self) -> Vec<Region> {
        self.stacks.keys().copied().collect()
    }

    /// What is around each replica.
    pub fn stacks(&self) -> impl Iterator<Item = (Region, &Stack)> {
        self.stacks.iter().map(|(region, stack)| (*region, stack))
    }

    /// The name of the ledger table, the same in every Region.
    pub fn ledger_table(&self) -> &'static str {
        LEDGER_TABLE
    }

    /// Forgets old stream records that the function is done with. The newest stay, for whatever reads the streams over
    /// HTTP.
    pub fn trim(&self) {
        for (region, stack) in &self.stacks {
            for (table, mapping) in &stack.mappings {
                if let Ok(shard) = self.table.shard_of(*region, table) {
                    let oldest_kept = shard.end().saturating_sub(STREAM_RECORDS_KEPT);
                    shard.trim_to(mapping.checkpoint().min(oldest_kept));
                }
            }
        }
    }

    /// Lets the functions read the streams of tables that were created since the last call, and no longer those of
    /// tables that were deleted.
    ///
    /// # Errors
    ///
    /// A mapping that does not start.
    pub fn follow_tables(&mut self) -> Result<(), WorldError> {
        let tables = self.table.table_names();
        for (region, stack) in &mut self.stacks {
            stack.mappings.retain(|table, _| tables.contains(table));
            for table in &tables {
                // A table that was deleted and made anew has another stream.
                let shard = self.table.shard_of(*region, table)?;
                let followed = stack.mappings.get(table);
                if followed.is_none_or(|mapping| mapping.shard().shard_id() != shard.shard_id()) {
                    stack.follow(table, shard)?;
                }
            }
        }
        Ok(())
    }

    /// Waits until every write has arrived in every Region and every function has dealt with what its stream then
    /// held. While a Region is cut off that may be never.
    pub async fn settle(&self) {
        self.table.wait_until_converged().await;
        let mappings = self
            .stacks
            .values()
            .flat_map(|stack| stack.mappings.values());
        join_all(mappings.map(EventSourceMapping::until_caught_up)).await;
    }

    /// Ends the mappings after their running invocation, then the functions.
    ///
    /// Gives what each Region's mapping counted, and keeps the rest of the world, so that ledgers and metrics can be
    /// read when nothing changes them any more.
    pub async fn stop(self) -> StoppedWorld {
        let stopping = self.stacks.into_iter().map(|(region, stack)| async move {
            let stopping = stack.mappings.into_values().map(EventSourceMapping::stop);
            let counts = join_all(stopping).await.into_iter().sum();
            stack.function.stop().await;
            let rest = StoppedStack {
                counts,
                ledger: stack.ledger,
                cloudwatch: stack.cloudwatch,
            };
            (region, rest)
        });
        StoppedWorld {
            table: self.table,
            stacks: join_all(stopping).await.into_iter().collect(),
        }
    }
}

/// What is left of a world that was stopped.
pub struct StoppedWorld {
    /// The global table, which still answers.
    pub table: GlobalTable,
    /// What is left of each Region.
    pub stacks: BTreeMap<Region, StoppedStack>,
}

/// What is left of one Region.
pub struct StoppedStack {
    /// What the mapping counted.
    pub counts: MappingCounts,
    /// The ledger.
    pub ledger: Ledger,
    /// The metrics.
    pub cloudwatch: CloudWatch,
}

impl Stack {
    async fn start(
        region: Region,
        ledger_port: u16,
        table: &GlobalTable,
        config: &WorldConfig,
    ) -> Result<Self, WorldError> {
        let storage = match &config.table.persist {
            Some(folder) => Storage::File(folder.join(format!("{region}.ledger.sqlite"))),
            None => Storage::Memory,
        };
        let ledger = Ledger::start_on(
            ledger_port,
            ledger::create_table_request(LEDGER_TABLE),
            ledger::EXPIRES_AT,
            storage,
        )
        .await?;
        let cloudwatch = CloudWatch::start().await.map_err(WorldError::CloudWatch)?;
        let function = FunctionConfig::new(&config.bootstrap, "stream-processor", region.name())
            .env("LEDGER_TABLE", LEDGER_TABLE)
            .env("TTL_ATTRIBUTE", &config.table.ttl_attribute)
            .env("REPLICAS", table.regions().len().to_string())
            // Whoever looks at the metrics of this machine wants those of the last write, and no request costs anything here.
            .env("METRICS_INTERVAL_SECONDS", "0")
            .env("AWS_ENDPOINT_URL_DYNAMODB", ledger.endpoint())
            .env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.endpoint());
        let settings = config.settings.iter();
        let function = settings.fold(function, |function, Setting { name, value }| {
            function.env(name, value)
        });
        let function = Arc::new(Function::start(function).await?);
        let mut stack = Self {
            ledger,
            cloudwatch,
            function,
            mappings: BTreeMap::new(),
            failed: config.failed.clone(),
        };
        for name in table.table_names() {
            stack.follow(&name, table.shard_of(region, &name)?)?;
        }
        Ok(stack)
    }

    /// Lets the function read a table's stream.
    fn follow(&mut self, table: &str, shard: Shard) -> Result<(), WorldError> {
        let config = mapping(self.function.config().arn(), self.failed.clone());
        let mapping = EventSourceMapping::start(shard, Arc::clone(&self.function), config)?;
        self.mappings.insert(table.to_owned(), mapping);
        Ok(())
    }

    /// What the function has logged since this was last called.
    pub fn read_log(&self) -> FunctionLog {
        FunctionLog::from_lines(&self.function.log_store().drain())
    }

    /// Stream records that the function has not dealt with yet.
    pub fn backlog(&self) -> u64 {
        let mappings = self.mappings.values();
        mappings.map(EventSourceMapping::backlog).sum()
    }

    /// What the mapping has counted so far.
    pub fn counts(&self) -> MappingCounts {
        let mappings = self.mappings.values();
        mappings.map(EventSourceMapping::counts).sum()
    }
}

/// The mapping that `infra/templates/stream-processor.yaml` deploys, by its defaults.
fn mapping(function_arn: String, failed: Option<PathBuf>) -> MappingConfig {
    MappingConfig {
        batch_size: 1_000,
        batching_window: Duration::from_secs(1),
        report_batch_item_failures: true,
        bisect_batch_on_function_error: true,
        maximum_retry_attempts: 100,
        maximum_record_age_seconds: 79_200,
        on_failure: failed,
        ..MappingConfig::new(function_arn)
    }
}
