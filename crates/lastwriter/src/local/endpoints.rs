//! Where everything listens: for people, and as a file for scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::LocalError;
use crate::terminal::{Layout, printable};
use crate::world::{World, WorldError};

/// What `--endpoints-file` holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Endpoints {
    /// The table's name; the first one's, where there are several.
    pub(crate) table: String,
    /// The names of all tables that are there at the start.
    pub(super) tables: Vec<String>,
    /// The endpoint of each Region: DynamoDB and DynamoDB Streams.
    pub(crate) replicas: BTreeMap<String, String>,
    /// The endpoint of each Region's ledger.
    pub(crate) ledgers: BTreeMap<String, String>,
    /// The ledger table's name.
    pub(crate) ledger_table: String,
    /// What each Region's function sends its metrics to.
    pub(super) cloudwatch: BTreeMap<String, String>,
}

impl Endpoints {
    pub(super) fn new(world: &World) -> Result<Self, WorldError> {
        let mut endpoints = Self {
            table: world.table.table_name().to_owned(),
            tables: world.table.table_names(),
            replicas: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            ledger_table: world.ledger_table().to_owned(),
            cloudwatch: BTreeMap::new(),
        };
        for (region, stack) in world.stacks() {
            let name = || region.name().to_owned();
            let replica = world.table.endpoint(region)?;
            endpoints.replicas.insert(name(), replica);
            endpoints.ledgers.insert(name(), stack.ledger.endpoint());
            let cloudwatch = stack.cloudwatch.endpoint();
            endpoints.cloudwatch.insert(name(), cloudwatch);
        }
        Ok(endpoints)
    }

    /// Reads the file of a world that runs.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|error| error.to_string())?;
        serde_json::from_slice(&text).map_err(|error| format!("it is no endpoints file: {error}"))
    }

    /// The endpoints and what to export, for people.
    pub(super) fn text(&self, layout: Layout) -> String {
        let mut table = layout.table(&["Region", "table endpoint", "ledger endpoint"]);
        for (region, replica) in &self.replicas {
            let ledger = self.ledgers.get(region).map_or("", String::as_str);
            let cells = [region, replica.as_str(), ledger];
            table.add_row(cells.map(|cell| layout.cell(cell)));
        }
        let name = printable(&self.tables.join(", "));
        let mut text = format!("Table {name}, replicated between these Regions:\n\n{table}\n\n");
        text.push_str("To point an application or the AWS CLI at a Region, export its line:\n\n");
        for (region, replica) in &self.replicas {
            let cloudwatch = self.cloudwatch.get(region).map_or("", String::as_str);
            let _ = writeln!(
                text,
                "export AWS_REGION={region} AWS_DEFAULT_REGION={region} AWS_ENDPOINT_URL_DYNAMODB={replica} \
                 AWS_ENDPOINT_URL_DYNAMODB_STREAMS={replica} AWS_ENDPOINT_URL_CLOUDWATCH={cloudwatch} \
                 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
            );
        }
        text.push_str("\nTo see what was lost in a Region:\n\n");
        for (region, ledger) in &self.ledgers {
            let table = &self.ledger_table;
            let _ = writeln!(
                text,
                "lastwriter ledger list --ledger {table} --region {region} --endpoint-url {ledger}"
            );
        }
        text.push_str(
            "\nTo give a lost write back: `ledger put-back ID` in place of `ledger list`, and --item-endpoint-url with the\n\
             Region's table endpoint.\n",
        );
        text
    }
}

/// The file of `--endpoints-file`: there while the world runs, and removed when this is dropped.
#[derive(Debug)]
pub(super) struct EndpointsFile(PathBuf);

impl EndpointsFile {
    /// Writes the file, whole or not at all: whoever waits for it never sees a part.
    pub(super) fn write(path: PathBuf, endpoints: &Endpoints) -> Result<Self, LocalError> {
        let refused = |source| LocalError::EndpointsFile {
            path: path.clone(),
            source,
        };
        let json = serde_json::to_string_pretty(endpoints)
            .map_err(std::io::Error::from)
            .map_err(refused)?;
        let unfinished = unfinished(&path);
        std::fs::write(&unfinished, json + "\n")
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .map_err(refused)?;
        Ok(Self(path))
    }
}

impl Drop for EndpointsFile {
    fn drop(&mut self) {
        // Somebody else may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Beside the file, because only within one file system a renaming is one step.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}
