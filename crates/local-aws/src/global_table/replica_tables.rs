//! The tables of a replica: how they are opened, and how they come and go.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use dynoxide::DynoxideError;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use tokio::sync::Mutex;

use super::clock::HybridClock;
use super::journal::Journal;
use super::replica::{Replica, ReplicaContext, ReplicaState};
use super::replica_table::{GatedTable, ReplicaTable};
use super::stats::ReplicaCounters;
use super::store::open_database;
use super::versions::Versions;
use super::{GlobalTableConfig, GlobalTableError, Region, TableDefinition};

impl Replica {
    /// Opens a Region's database with every table that is in it or in the configuration.
    pub(super) fn open(
        region: Region,
        config: &GlobalTableConfig,
        context: Arc<ReplicaContext>,
    ) -> Result<Self, GlobalTableError> {
        let failed = |source| GlobalTableError::Database { region, source };
        let directory = config.persist.as_deref();
        let database = open_database(region, directory).map_err(failed)?;
        let mut replica = Self {
            region,
            account: config.account.clone(),
            view_type: config.stream_view_type,
            gate: Mutex::new(ReplicaState {
                tables: BTreeMap::new(),
                versions: Versions::default(),
                clock: HybridClock::new(region),
                journal: None,
            }),
            database,
            tables: RwLock::default(),
            counters: ReplicaCounters::default(),
            context,
        };
        for definition in &config.tables {
            replica.create_missing(definition, &config.ttl_attribute)?;
        }
        for name in replica.stored_tables().map_err(failed)? {
            replica.open_table(&name).map_err(failed)?;
        }
        if let Some(directory) = directory {
            let (journal, entries) = Journal::open(&directory.join(format!("{region}.versions")))?;
            let state = replica.gate.get_mut();
            state.journal = Some(journal);
            for entry in entries {
                let Some(table) = state.tables.get_mut(entry.key.table()) else {
                    continue;
                };
                let item = table.store.get(&entry.key).map_err(failed)?;
                let expiry = table.expiry(item.as_ref());
                let position = table.store.position().max(entry.position);
                table.store.resume(position);
                state.versions.set(&entry.key, entry.version, expiry);
                state.clock.observe(entry.version);
            }
        }
        Ok(replica)
    }

    /// Makes a table of the configuration that the database does not have.
    fn create_missing(
        &self,
        definition: &TableDefinition,
        ttl_attribute: &str,
    ) -> Result<(), GlobalTableError> {
        let failed = |source| GlobalTableError::Definition {
            table: definition.table_name().to_owned(),
            source,
        };
        let name = definition.table_name();
        if self
            .database
            .get_table_metadata(name)
            .map_err(failed)?
            .is_some()
        {
            return Ok(());
        }
        let request = definition.request().map_err(failed)?;
        self.database.create_table(request).map_err(failed)?;
        let ttl = UpdateTimeToLiveRequest {
            table_name: name.to_owned(),
            time_to_live_specification: TimeToLiveSpecification {
                attribute_name: ttl_attribute.to_owned(),
                enabled: true,
            },
        };
        self.database.update_time_to_live(ttl).map_err(failed)?;
        Ok(())
    }

    /// The tables in the database, those without a stream left out: nothing could be learnt of what changes in them.
    fn stored_tables(&self) -> Result<Vec<String>, DynoxideError> {
        let mut names = self.database.table_stats()?;
        names.retain(|table| {
            let metadata = self.database.get_table_metadata(&table.table_name);
            metadata.is_ok_and(|metadata| metadata.is_some_and(|table| table.stream_enabled))
        });
        Ok(names.into_iter().map(|table| table.table_name).collect())
    }

    fn open_table(&mut self, name: &str) -> Result<(), DynoxideError> {
        let table = self.gated_table(name)?;
        let tables = self
            .tables
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        tables.insert(name.to_owned(), Arc::clone(&table.table));
        self.gate.get_mut().tables.insert(name.to_owned(), table);
        Ok(())
    }

    fn gated_table(&self, name: &str) -> Result<GatedTable, DynoxideError> {
        GatedTable::open(
            &self.database,
            name,
            self.region,
            &self.account,
            self.view_type,
        )
    }

    /// Begins to replicate a table that was just created in the database.
    pub(super) async fn add_table(&self, name: &str) -> Result<(), DynoxideError> {
        let mut state = self.gate().await;
        let table = self.gated_table(name)?;
        self.tables_mut()
            .insert(name.to_owned(), Arc::clone(&table.table));
        state.tables.insert(name.to_owned(), table);
        Ok(())
    }

    /// Forgets a table that was deleted from the database.
    pub(super) async fn remove_table(&self, name: &str) {
        let mut state = self.gate().await;
        state.tables.remove(name);
        state.versions.forget_table(name);
        self.tables_mut().remove(name);
    }

    /// Takes over the TTL attribute that a table has in the database now.
    pub(super) async fn update_ttl(&self, name: &str) -> Result<(), DynoxideError> {
        let mut state = self.gate().await;
        let ReplicaState {
            tables, versions, ..
        } = &mut *state;
        let Some(table) = tables.get_mut(name) else {
            return Ok(());
        };
        table.read_ttl(&self.database, name)?;
        let of_table = versions.iter().map(|(key, _)| key);
        let of_table: Vec<_> = of_table
            .filter(|key| key.table() == name)
            .cloned()
            .collect();
        for key in of_table {
            let item = table.store.get(&key)?;
            versions.set_expiry(&key, table.expiry(item.as_ref()));
        }
        Ok(())
    }

    /// The tables, by name.
    pub(super) fn tables(&self) -> BTreeMap<String, Arc<ReplicaTable>> {
        let tables = self.tables.read();
        tables.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One table.
    pub(super) fn table(&self, name: &str) -> Option<Arc<ReplicaTable>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.get(name).cloned()
    }

    fn tables_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<ReplicaTable>>> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}
