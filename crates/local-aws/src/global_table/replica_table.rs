//! One table of a replica: what can be looked at without the replica's gate, and what lies behind it.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use dynoxide::{Database, DynoxideError};

use super::Region;
use super::event::RecordFormat;
use super::item::{Item, expiry};
use super::store::Store;
use crate::shard::Shard;
use crate::streams::{Stream, StreamDescription, StreamViewType, new_shard_id};

/// A table's stream, and what belongs into its records and ARNs.
pub(super) struct ReplicaTable {
    pub(super) stream: Arc<Stream>,
    pub(super) log: Shard,
    pub(super) format: RecordFormat,
    /// The stream's label.
    pub(super) label: String,
    /// What dynoxide has in its place.
    pub(super) dynoxide_label: String,
}

impl ReplicaTable {
    /// A table of this database, whose stream begins now.
    pub(super) fn open(
        database: &Database,
        name: &str,
        region: Region,
        account: &str,
        view_type: StreamViewType,
    ) -> Result<Self, DynoxideError> {
        let metadata = database.get_table_metadata(name)?.ok_or_else(|| {
            DynoxideError::ResourceNotFoundException(format!("there is no table {name}"))
        })?;
        let now: DateTime<Utc> = Utc::now();
        let label = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        let label = label.trim_end_matches('Z').to_owned();
        let format = RecordFormat::new(region, account, name, &label, view_type);
        let log = Shard::new(new_shard_id(), format.arn());
        let description = StreamDescription {
            table_name: name.to_owned(),
            label: label.clone(),
            key_schema: serde_json::from_str(&metadata.key_schema).unwrap_or_default(),
            view_type,
            created_at: now.into(),
        };
        Ok(Self {
            stream: Arc::new(Stream::new(description, log.clone())),
            log,
            format,
            label,
            dynoxide_label: metadata.stream_label.unwrap_or_default(),
        })
    }
}

/// A table behind the gate.
pub(super) struct GatedTable {
    pub(super) store: Store,
    ttl_attribute: Option<String>,
    pub(super) table: Arc<ReplicaTable>,
}

impl GatedTable {
    /// A table of this database, whose stream begins now.
    pub(super) fn open(
        database: &Database,
        name: &str,
        region: Region,
        account: &str,
        view_type: StreamViewType,
    ) -> Result<Self, DynoxideError> {
        let mut gated = Self {
            store: Store::new(database.clone(), name),
            ttl_attribute: None,
            table: Arc::new(ReplicaTable::open(
                database, name, region, account, view_type,
            )?),
        };
        gated.read_ttl(database, name)?;
        Ok(gated)
    }

    /// Takes over the TTL attribute that the table has in the database now.
    pub(super) fn read_ttl(
        &mut self,
        database: &Database,
        name: &str,
    ) -> Result<(), DynoxideError> {
        let metadata = database.get_table_metadata(name)?;
        let ttl = metadata.filter(|table| table.ttl_enabled);
        self.ttl_attribute = ttl.and_then(|table| table.ttl_attribute);
        Ok(())
    }

    pub(super) fn expiry(&self, item: Option<&Item>) -> Option<u64> {
        expiry(item?, self.ttl_attribute.as_deref()?)
    }
}
