//! The global table: its replicas, their endpoints, and what a test or a demo may ask of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::arn_rewriter::ArnRewriter;
use super::event::RecordFormat;
use super::gateway::Gateway;
use super::item::Item;
use super::network::Network;
use super::notices::Notices;
use super::replica::{Replica, ReplicaContext};
use super::replication::replicate;
use super::stats::ReplicaCounts;
use super::{GlobalTableConfig, GlobalTableError, ItemKey, Region};
use crate::http::{HttpClient, Server, http_client};
use crate::shard::Shard;
use crate::streams::{Stream, StreamDescription};

/// A running global table. It stops when it is dropped.
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
    stream: Arc<Stream>,
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
            ttl_attribute: config.ttl_attribute.clone(),
        });
        let client = http_client();
        let notices = Arc::default();
        let mut members = BTreeMap::new();
        for (at, &region) in config.regions.iter().enumerate() {
            let port = config.ports.get(at).copied().unwrap_or(0);
            let member = open(&config, region, port, &context, &notices, client.clone()).await?;
            members.insert(region, member);
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
        Ok(Self {
            name: config.table_name,
            members,
            network,
            notices,
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

    /// The shard of a Region's stream.
    pub fn shard(&self, region: Region) -> Result<Shard, GlobalTableError> {
        Ok(self.member(region)?.replica.shard().clone())
    }

    /// A Region's stream as the endpoint serves it, to make it split, trim, expire and refuse.
    pub fn stream(&self, region: Region) -> Result<Arc<Stream>, GlobalTableError> {
        Ok(Arc::clone(&self.member(region)?.stream))
    }

    /// The ARN of a Region's stream.
    pub fn stream_arn(&self, region: Region) -> Result<String, GlobalTableError> {
        Ok(self.stream(region)?.arn().to_owned())
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

    /// Reads an item in one Region.
    pub async fn read(
        &self,
        region: Region,
        key: &ItemKey,
    ) -> Result<Option<Item>, GlobalTableError> {
        let replica = &self.member(region)?.replica;
        let state = replica.gate().await;
        replica.get(&state, key).map_err(database_error(region))
    }

    /// What a Region has done since the start.
    pub fn counts(&self, region: Region) -> Result<ReplicaCounts, GlobalTableError> {
        Ok(self.member(region)?.replica.counts())
    }

    #[cfg(test)]
    pub(super) fn replica(&self, region: Region) -> Arc<Replica> {
        Arc::clone(&self.members[&region].replica)
    }

    fn member(&self, region: Region) -> Result<&ReplicaEndpoint, GlobalTableError> {
        self.members
            .get(&region)
            .ok_or(GlobalTableError::NoReplica(region))
    }
}

/// Opens one Region: its database, dynoxide's endpoint for it, and the gateway in front.
async fn open(
    config: &GlobalTableConfig,
    region: Region,
    port: u16,
    context: &Arc<ReplicaContext>,
    notices: &Arc<Notices>,
    client: HttpClient,
) -> Result<ReplicaEndpoint, GlobalTableError> {
    let listening = |source| GlobalTableError::Listen {
        region,
        port,
        source,
    };
    let now: DateTime<Utc> = Utc::now();
    let label = now
        .to_rfc3339_opts(SecondsFormat::Millis, true)
        .trim_end_matches('Z')
        .to_owned();
    let form = RecordFormat::new(
        region,
        &config.account,
        &config.table_name,
        &label,
        config.stream_view_type,
    );
    let stream_arn = form.arn().to_owned();
    let replica = Replica::open(
        region,
        &config.table_name,
        form,
        config.persist.as_deref(),
        Arc::clone(context),
    )?;
    let database = replica.database();
    let metadata = database
        .get_table_metadata(&config.table_name)
        .map_err(database_error(region))?;
    let (key_schema, dynoxide_label) = metadata
        .map(|table| (table.key_schema, table.stream_label.unwrap_or_default()))
        .unwrap_or_default();
    let arns = ArnRewriter::new(&stream_arn, &dynoxide_label, config.stream_view_type);
    let description = StreamDescription {
        table_name: config.table_name.clone(),
        label,
        key_schema: serde_json::from_str(&key_schema).unwrap_or_default(),
        view_type: config.stream_view_type,
        created_at: now.into(),
    };
    let stream = Arc::new(Stream::new(description, replica.shard().clone()));

    let inner = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(listening)?;
    let inner_address = inner.local_addr().map_err(listening)?;
    let mut dynoxide = JoinSet::new();
    dynoxide.spawn(dynoxide::server::serve_on(inner, database));

    let replica = Arc::new(replica);
    let router = Gateway {
        replica: Arc::clone(&replica),
        table: config.table_name.clone(),
        stream: Arc::clone(&stream),
        notices: Arc::clone(notices),
        arns,
        database: replica.database(),
        dynoxide: inner_address,
        client,
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
        stream,
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
