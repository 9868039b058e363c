//! The conflict ledger's DynamoDB endpoint: dynoxide in this process, with a gateway in front that can have faults.
//!
//! ```no_run
//! # async fn example() -> Result<(), local_aws::ledger::LedgerError> {
//! use local_aws::fault::{Fault, Refusal};
//! use local_aws::ledger::{Ledger, Storage};
//!
//! let table = serde_json::json!({
//!     "TableName": "ledger",
//!     "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
//!     "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
//!     "BillingMode": "PAY_PER_REQUEST",
//! });
//! let ledger = Ledger::start(table, "expires_at", Storage::Memory).await?;
//! println!("AWS_ENDPOINT_URL_DYNAMODB={}", ledger.endpoint());
//! ledger.set_fault(Fault::Refuse(Refusal::throughput_exceeded()));
//! for item in ledger.items().await? {
//!     println!("{item}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Ledger::items`] and [`Ledger::clear`] go to the database directly: they meet no fault and count as no request.

mod gateway;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use dynoxide::{Database, DynoxideError};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinError;

use crate::fault::Fault;
use crate::http::Server;
use gateway::Gateway;
pub use table::Storage;
use table::Table;

/// What can go wrong with a ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database did not open.
    #[error("the ledger's database ({storage:?}) did not open: {source}")]
    Open {
        /// Where it was to be kept.
        storage: Storage,
        /// What the database said.
        source: DynoxideError,
    },
    /// The path of the database file is not UTF-8, which SQLite needs.
    #[error("the path {} is not UTF-8; choose another one for the ledger", .0.display())]
    Path(PathBuf),
    /// The table could not be made, read or emptied.
    #[error("the ledger table {table_name}: {source}")]
    Table {
        /// The table.
        table_name: String,
        /// What the database said.
        source: DynoxideError,
    },
    /// A request or an answer was not what the database's interface says.
    #[error("the ledger's database spoke unexpectedly: {0}")]
    Json(serde_json::Error),
    /// The ledger's port could not be opened.
    #[error("the ledger cannot listen on port {port}: {source}; free the port, or choose another")]
    Port {
        /// The port; 0 for one of the system's choice.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// No loopback port could be opened.
    #[error("no loopback port for the ledger: {0}")]
    Endpoint(#[from] std::io::Error),
    /// The work in the background was cut off.
    #[error("reading the ledger was cut off: {0}")]
    Interrupted(#[from] JoinError),
}

/// A ledger table behind a loopback endpoint. Dropping it ends the endpoint.
pub struct Ledger {
    table: Table,
    database: Database,
    gateway: Gateway,
    front: Server,
    /// Dropped with the ledger, which lets the database's server finish what runs and end.
    _stop: oneshot::Sender<()>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("table", &self.table)
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the database, makes the table where it is missing, and serves it on a port of the system's choice.
    ///
    /// `create_table` is a CreateTable request, whose keys are texts: what the table holds is its user's to know.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database or a port cannot be opened.
    pub async fn start(
        create_table: Value,
        ttl_attribute: impl Into<String>,
        storage: Storage,
    ) -> Result<Self, LedgerError> {
        Self::start_on(0, create_table, ttl_attribute, storage).await
    }

    /// The same on a given port; 0 is one of the system's choice.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database or the port cannot be opened.
    pub async fn start_on(
        port: u16,
        create_table: Value,
        ttl_attribute: impl Into<String>,
        storage: Storage,
    ) -> Result<Self, LedgerError> {
        let table = Table::from_request(&create_table);
        let ttl_attribute = ttl_attribute.into();
        let open = move || table::open(create_table, &ttl_attribute, &storage);
        let database = tokio::task::spawn_blocking(open).await??;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let upstream = listener.local_addr()?;
        let gateway = Gateway::new(upstream).map_err(std::io::Error::other)?;
        let front = Server::start(gateway.router(), port)
            .await
            .map_err(|source| LedgerError::Port { port, source })?;
        let (stop, stopped) = oneshot::channel::<()>();
        let served = database.clone();
        tokio::spawn(async move {
            let stopped = async {
                // Sent or dropped: either way the ledger is at its end.
                let _ = stopped.await;
            };
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(listener, served, stopped).await
            {
                tracing::warn!(%error, "the ledger's database stopped");
            }
        });
        Ok(Self {
            table,
            database,
            gateway,
            front,
            _stop: stop,
        })
    }

    /// The endpoint's URL, for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.front.address())
    }

    /// The table's name, for `LEDGER_TABLE`.
    pub fn table_name(&self) -> &str {
        &self.table.name
    }

    /// The database itself, past the gateway. Its calls block: use them in `spawn_blocking`.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// All items in DynamoDB JSON, in key order.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Table`] when the database cannot be read.
    pub async fn items(&self) -> Result<Vec<Value>, LedgerError> {
        self.with_table(table::items).await
    }

    /// Deletes all items. Returns how many there were.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Table`] when the database cannot be read or written.
    pub async fn clear(&self) -> Result<usize, LedgerError> {
        self.with_table(table::clear).await
    }

    /// From now on, have this fault.
    pub fn set_fault(&self, fault: Fault) {
        self.gateway.fault().set(fault);
    }

    /// How many requests came in, by operation (`PutItem`), those that met a fault too.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.gateway.requests()
    }

    /// Starts counting anew.
    pub fn clear_requests(&self) {
        self.gateway.clear_requests();
    }

    async fn with_table<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database, &Table) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (database, table) = (self.database.clone(), self.table.clone());
        tokio::task::spawn_blocking(move || work(&database, &table)).await?
    }
}
