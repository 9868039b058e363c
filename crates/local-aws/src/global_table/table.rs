//! The global table: its replicas, their endpoints, and what a test or a demo may ask of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::gateway::Gateway;
use super::network::Network;
use super::notices::Notices;
use super::replica::{Replica, ReplicaContext};
use super::replica_table::ReplicaTable;
use super::replication::replicate;
use super::stats::ReplicaCounts;
use super::table_operations::TableOperations;
use super::upstream::Upstream;
use super::{GlobalTableConfig, GlobalTableError, Region, TableDefinition};
use crate::http::{HttpClient, Server, http_client};
use crate::shard::Shard;
use crate::streams::Stream;

/// A running global table, and others beside it. They stop when it is dropped.
pub struct GlobalTable {
    name: String,
    members: BTreeMap<Region, ReplicaEndpoint>,
    network: Arc<Network>,
    notices: Arc<Notices>,
    /// The links and the TTL sweeps.
    _tasks: JoinSet<()>,
}

struct ReplicaEndpoint {
    replica: Arc<Replica>,
    endpoint: Server,
    /// dynoxide's own endpoint, behind the gateway.
    _dynoxide: JoinSet<()>,
}

impl GlobalTable {
    /// Starts a global table. Returns when every endpoint answers.
    ///
    /// # Errors
    ///
    /// A setting that is wrong, a port that is taken, a folder or a database that fails.
    pub async fn start(config: GlobalTableConfig) -> Result<Self, GlobalTableError> {
        config.check()?;
        if let Some(folder) = &config.persist {
            std::fs::create_dir_all(folder).map_err(|source| GlobalTableError::Folder {
                path: folder.clone(),
                source,
            })?;
        }
        let network = Arc::new(Network::new(
            &config.regions,
            config.lag,
            config.combine,
            config.seed,
        ));
        let context = Arc::new(ReplicaContext {
            clock: Arc::clone(&config.clock),
            network: Arc::clone(&network),
            observer: config.observer.clone(),
        });
        let mut replicas = Vec::new();
        for &region in &config.regions {
            let replica = Replica::open(region, &config, Arc::clone(&context))?;
            replicas.push(Arc::new(replica));
        }
        let shared = Shared {
            tables: Arc::default(),
            notices: Arc::default(),
            client: http_client(),
        };
        shared.tables.set_replicas(replicas.clone());
        let mut members = BTreeMap::new();
        for (at, replica) in replicas.into_iter().enumerate() {
            let port = config.ports.get(at).copied().unwrap_or(0);
            let region = replica.region();
            members.insert(region, serve(replica, port, &shared).await?);
        }
        let mut tasks = JoinSet::new();
        for link in network.links() {
            let (Some(to), link) = (members.get(&link.to), Arc::clone(link)) else {
                continue;
            };
            let (network, to) = (Arc::clone(&network), Arc::clone(&to.replica));
            tasks.spawn(async move { replicate(&network, &link, &to).await });
        }
        for member in members.values() {
            if config.persist.is_some() {
                let resent = member.replica.resend().await;
                resent.map_err(database_error(member.replica.region()))?;
            }
            if let Some(every) = config.ttl_sweep {
                tasks.spawn(sweep_for_ever(Arc::clone(&member.replica), every));
            }
        }
        let first = config.tables.first().map(TableDefinition::table_name);
        Ok(Self {
            name: first.unwrap_or_default().to_owned(),
            members,
            network,
            notices: shared.notices,
            _tasks: tasks,
        })
    }

    /// The table's name.
    pub fn table_name(&self) -> &str {
        &self.name
    }

    /// The Regions, in the order of their names.
    pub fn regions(&self) -> Vec<Region> {
        self.members.keys().copied().collect()
    }

    /// The URL of a Region's endpoint, for `AWS_ENDPOINT_URL_DYNAMODB`.
    ///
    /// # Errors
    ///
    /// There is no replica in that Region, as with every method here that takes one.
    pub fn endpoint(&self, region: Region) -> Result<String, GlobalTableError> {
        Ok(format!(
            "http://{}",
            self.member(region)?.endpoint.address()
        ))
    }

    /// The names of all tables that are there now, those too that were created through an endpoint.
    pub fn table_names(&self) -> Vec<String> {
        let first = self.members.values().next();
        let tables = first.map(|member| member.replica.tables());
        tables.unwrap_or_default().into_keys().collect()
    }

    /// The shard of a Region's stream.
    pub fn shard(&self, region: Region) -> Result<Shard, GlobalTableError> {
        self.shard_of(region, &self.name)
    }

    /// The shard of another table's stream.
    pub fn shard_of(&self, region: Region, table: &str) -> Result<Shard, GlobalTableError> {
        Ok(self.replica_table(region, table)?.log.clone())
    }

    /// The ARN of a Region's stream.
    pub fn stream_arn(&self, region: Region) -> Result<String, GlobalTableError> {
        let table = self.replica_table(region, &self.name)?;
        Ok(table.stream.arn().to_owned())
    }

    /// A Region's stream as the endpoint serves it, to make it split, trim, expire and refuse.
    pub fn stream(&self, region: Region) -> Result<Arc<Stream>, GlobalTableError> {
        let table = self.replica_table(region, &self.name)?;
        Ok(Arc::clone(&table.stream))
    }

    /// A Region's database, to add other tables to it. What is written to the replicated table this way is taken
    /// note of with the next write through the endpoint.
    pub fn database(&self, region: Region) -> Result<dynoxide::Database, GlobalTableError> {
        Ok(self.member(region)?.replica.database())
    }

    /// What whoever runs the table should be told and was not told yet, such as a client that signs for another Region
    /// than the one it talks to.
    pub fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }

    /// Cuts a Region off: nothing leaves it and nothing arrives there, from the moment this returns.
    pub async fn cut(&self, region: Region) -> Result<(), GlobalTableError> {
        self.member(region)?;
        self.network.set_cut(region, true);
        // A change that was being applied is done once each gate has been passed.
        for member in self.members.values() {
            drop(member.replica.gate().await);
        }
        Ok(())
    }

    /// Ends a cut: what was queued meanwhile, both ways, arrives now.
    pub fn join(&self, region: Region) -> Result<(), GlobalTableError> {
        self.member(region)?;
        self.network.set_cut(region, false);
        Ok(())
    }

    /// Whether a Region is cut off.
    pub fn is_cut(&self, region: Region) -> bool {
        self.network.is_cut(region)
    }

    /// Waits until every change has arrived everywhere. While a Region is cut off, that is never, if there are changes
    /// from or for it.
    pub async fn wait_until_converged(&self) {
        self.network.settled().await;
    }

    /// What a Region has done since the start.
    pub fn counts(&self, region: Region) -> Result<ReplicaCounts, GlobalTableError> {
        Ok(self.member(region)?.replica.counts())
    }

    #[cfg(test)]
    pub(super) fn replica(&self, region: Region) -> Arc<Replica> {
        Arc::clone(&self.members[&region].replica)
    }

    fn replica_table(
        &self,
        region: Region,
        table: &str,
    ) -> Result<Arc<ReplicaTable>, GlobalTableError> {
        let replica = &self.member(region)?.replica;
        replica
            .table(table)
            .ok_or_else(|| GlobalTableError::NoTableNamed(table.to_owned()))
    }

    fn member(&self, region: Region) -> Result<&ReplicaEndpoint, GlobalTableError> {
        self.members
            .get(&region)
            .ok_or(GlobalTableError::NoReplica(region))
    }
}

/// What the endpoints of all Regions share.
struct Shared {
    tables: Arc<TableOperations>,
    notices: Arc<Notices>,
    client: HttpClient,
}

/// Serves one Region: dynoxide's endpoint for its database, and the gateway in front.
async fn serve(
    replica: Arc<Replica>,
    port: u16,
    shared: &Shared,
) -> Result<ReplicaEndpoint, GlobalTableError> {
    let region = replica.region();
    let listening = |source| GlobalTableError::Listen {
        region,
        port,
        source,
    };
    let inner = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(listening)?;
    let inner_address = inner.local_addr().map_err(listening)?;
    let mut dynoxide = JoinSet::new();
    dynoxide.spawn(dynoxide::server::serve_on(inner, replica.database()));
    let router = Gateway {
        tables: Arc::clone(&shared.tables),
        notices: Arc::clone(&shared.notices),
        database: replica.database(),
        upstream: Upstream {
            replica: Arc::clone(&replica),
            dynoxide: inner_address,
            client: shared.client.clone(),
        },
    }
    .router();
    let endpoint = Server::start(router, port)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => GlobalTableError::PortTaken { region, port },
            _ => listening(source),
        })?;
    Ok(ReplicaEndpoint {
        replica,
        endpoint,
        _dynoxide: dynoxide,
    })
}

async fn sweep_for_ever(replica: Arc<Replica>, every: std::time::Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = replica.sweep().await {
            tracing::error!(region = %replica.region(), %error, "the TTL sweep failed");
        }
    }
}

fn database_error(region: Region) -> impl Fn(dynoxide::DynoxideError) -> GlobalTableError {
    move |source| GlobalTableError::Database { region, source }
}
