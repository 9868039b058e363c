//! What makes, changes, describes and deletes tables: an operation at one Region's endpoint is done in every Region.
//!
//! On AWS a table becomes a global table by UpdateTable. Here every table is one from the start, so that an application
//! that only knows CreateTable gets its replicas too.

use std::sync::{Arc, OnceLock};

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use dynoxide::DynoxideError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::notices::Notices;
use super::replica::Replica;
use super::upstream::{Upstream, status};
use super::{Region, TableDefinition};
use crate::amz_json::{refuse, respond};
use crate::fault::Refusal;

/// An operation on a table as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableOperation {
    Create,
    Update,
    Delete,
    UpdateTimeToLive,
    Describe,
    DescribeContinuousBackups,
}

impl TableOperation {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "CreateTable" => Some(Self::Create),
            "UpdateTable" => Some(Self::Update),
            "DeleteTable" => Some(Self::Delete),
            "UpdateTimeToLive" => Some(Self::UpdateTimeToLive),
            "DescribeTable" => Some(Self::Describe),
            "DescribeContinuousBackups" => Some(Self::DescribeContinuousBackups),
            _ => None,
        }
    }
}

/// The replicas of all Regions, for operations that concern them all.
#[derive(Default)]
pub(super) struct TableOperations {
    replicas: OnceLock<Vec<Arc<Replica>>>,
    /// One change at a time: two tables of one name must not be half made in different Regions.
    changing: Mutex<()>,
}

impl TableOperations {
    /// The replicas, once all are open.
    pub(super) fn set_replicas(&self, replicas: Vec<Arc<Replica>>) {
        // It is set once, at the start.
        let _ = self.replicas.set(replicas);
    }

    fn replicas(&self) -> &[Arc<Replica>] {
        self.replicas.get().map_or(&[], Vec::as_slice)
    }

    /// Every Region but this one.
    fn others(&self, region: Region) -> impl Iterator<Item = &Arc<Replica>> {
        let replicas = self.replicas().iter();
        replicas.filter(move |replica| replica.region() != region)
    }

    /// Runs an operation that came to a Region's endpoint.
    pub(super) async fn run(
        &self,
        upstream: &Upstream,
        notices: &Notices,
        operation: TableOperation,
        head: &Parts,
        body: &[u8],
    ) -> Response<Body> {
        let _changing = self.changing.lock().await;
        let Ok(request) = serde_json::from_slice::<Value>(body) else {
            return upstream.send_rewritten(head, body).await;
        };
        let name = request["TableName"].as_str().unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        match operation {
            TableOperation::Create => self.create(upstream, notices, head, request, &name).await,
            TableOperation::Update => self.update(upstream, head, request, &name).await,
            TableOperation::Delete => self.delete(upstream, notices, head, body, &name).await,
            TableOperation::UpdateTimeToLive => {
                self.update_ttl(upstream, head, &request, &name).await
            }
            TableOperation::Describe => self.describe(upstream, head, body).await,
            TableOperation::DescribeContinuousBackups => describe_backups(upstream, &name),
        }
    }

    async fn create(
        &self,
        upstream: &Upstream,
        notices: &Notices,
        head: &Parts,
        request: Value,
        name: &str,
    ) -> Response<Body> {
        let definition = TableDefinition::from_request(request);
        let json = definition.json().to_string();
        // The Region's own dynoxide first: it words the refusal of what is no table.
        let answer = upstream.send(head, Body::from(json)).await;
        if !answer.status().is_success() {
            return answer;
        }
        for replica in self.replicas() {
            let added = async {
                if replica.region() != upstream.replica.region() {
                    replica.database().create_table(definition.request()?)?;
                }
                replica.add_table(name).await
            };
            if let Err(error) = added.await {
                return failed(replica.region(), &error);
            }
        }
        notices.tell(format!(
            "{name} is a global table now, in {}",
            self.region_names().join(", ")
        ));
        upstream.rewritten(answer).await
    }

    async fn delete(
        &self,
        upstream: &Upstream,
        notices: &Notices,
        head: &Parts,
        body: &[u8],
        name: &str,
    ) -> Response<Body> {
        let answer = upstream.send_rewritten(head, body).await;
        if !answer.status().is_success() {
            return answer;
        }
        for replica in self.replicas() {
            replica.remove_table(name).await;
        }
        let request = json!({ "TableName": name });
        for replica in self.others(upstream.replica.region()) {
            let deleted =
                typed(&request).and_then(|request| replica.database().delete_table(request));
            if let Err(error) = deleted {
                return failed(replica.region(), &error);
            }
        }
        notices.tell(format!("{name} is deleted, in every Region"));
        answer
    }

    async fn update(
        &self,
        upstream: &Upstream,
        head: &Parts,
        mut request: Value,
        name: &str,
    ) -> Response<Body> {
        if let Some(refusal) = self.refuse_update(&request) {
            return refuse(&refusal);
        }
        if let Some(members) = request.as_object_mut() {
            members.remove("ReplicaUpdates");
            members.remove("StreamSpecification");
            if members.len() <= 1 {
                return self.unchanged(upstream, name);
            }
        }
        let answer = upstream.send(head, Body::from(request.to_string())).await;
        if !answer.status().is_success() {
            return answer;
        }
        for replica in self.others(upstream.replica.region()) {
            let updated =
                typed(&request).and_then(|request| replica.database().update_table(request));
            if let Err(error) = updated {
                return failed(replica.region(), &error);
            }
        }
        upstream.rewritten(answer).await
    }

    /// What UpdateTable cannot do here: leave a Region, go to one that does not run, or do without the stream.
    fn refuse_update(&self, request: &Value) -> Option<Refusal> {
        let invalid = |message: String| Some(Refusal::new(400, "ValidationException", message));
        if request["StreamSpecification"]["StreamEnabled"] == json!(false) {
            return invalid("A global table's stream cannot be disabled".to_owned());
        }
        let updates = request["ReplicaUpdates"].as_array().into_iter().flatten();
        for update in updates {
            let Some(region) = update["Create"]["RegionName"].as_str() else {
                return invalid("ReplicaUpdates can only create replicas here".to_owned());
            };
            if !self.region_names().contains(&region) {
                return invalid(format!(
                    "There is no replica in {region} here; the Regions are set when the local global table starts: {}",
                    self.region_names().join(", ")
                ));
            }
        }
        None
    }

    /// The answer to an UpdateTable that asks for what is so already.
    fn unchanged(&self, upstream: &Upstream, name: &str) -> Response<Body> {
        let described = typed(&json!({ "TableName": name }))
            .and_then(|request| upstream.replica.database().describe_table(request))
            .and_then(|answer| serde_json::to_value(answer).map_err(internal));
        match described {
            Ok(mut answer) => {
                self.add_replicas(upstream.replica.region(), &mut answer["Table"]);
                let body = json!({ "TableDescription": answer["Table"] }).to_string();
                let body = upstream.arns().outward(&body);
                respond(StatusCode::OK, body.into_bytes())
            }
            Err(_) => refuse(&not_found(name)),
        }
    }

    async fn update_ttl(
        &self,
        upstream: &Upstream,
        head: &Parts,
        request: &Value,
        name: &str,
    ) -> Response<Body> {
        let answer = upstream.send(head, Body::from(request.to_string())).await;
        if !answer.status().is_success() {
            return answer;
        }
        for replica in self.replicas() {
            let updated = async {
                if replica.region() != upstream.replica.region() {
                    replica.database().update_time_to_live(typed(request)?)?;
                }
                replica.update_ttl(name).await
            };
            if let Err(error) = updated.await {
                return failed(replica.region(), &error);
            }
        }
        answer
    }

    async fn describe(&self, upstream: &Upstream, head: &Parts, body: &[u8]) -> Response<Body> {
        let answer = upstream.send_rewritten(head, body).await;
        if !answer.status().is_success() {
            return answer;
        }
        let Ok(body) = to_bytes(answer.into_body(), usize::MAX).await else {
            return status(StatusCode::BAD_GATEWAY);
        };
        let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        self.add_replicas(upstream.replica.region(), &mut answer["Table"]);
        respond(StatusCode::OK, answer.to_string().into_bytes())
    }

    /// The replicas in the other Regions, and the version of global tables that this is.
    fn add_replicas(&self, own: Region, table: &mut Value) {
        let replicas = self.others(own).map(
            |replica| json!({ "RegionName": replica.region().name(), "ReplicaStatus": "ACTIVE" }),
        );
        table["Replicas"] = replicas.collect();
        table["GlobalTableVersion"] = "2019.11.21".into();
    }

    fn region_names(&self) -> Vec<&'static str> {
        let replicas = self.replicas().iter();
        replicas.map(|replica| replica.region().name()).collect()
    }
}

/// No table here has backups. An application that asks gets the answer of a new table.
fn describe_backups(upstream: &Upstream, name: &str) -> Response<Body> {
    if upstream.replica.table(name).is_none() {
        return refuse(&Refusal::new(
            400,
            "TableNotFoundException",
            format!("Table not found: {name}"),
        ));
    }
    let body = json!({ "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": "DISABLED" },
    }});
    respond(StatusCode::OK, body.to_string().into_bytes())
}

fn typed<T: DeserializeOwned>(request: &Value) -> Result<T, DynoxideError> {
    serde_json::from_value(request.clone()).map_err(internal)
}

fn internal(error: serde_json::Error) -> DynoxideError {
    DynoxideError::InternalServerError(error.to_string())
}

/// One Region did, and another did not: nothing that a client could mend.
fn failed(region: Region, error: &DynoxideError) -> Response<Body> {
    tracing::error!(%region, %error, "a table could not be changed in every Region");
    refuse(&Refusal::new(
        500,
        "InternalServerError",
        format!("The table could not be changed in {region}: {error}"),
    ))
}

fn not_found(name: &str) -> Refusal {
    Refusal::new(
        400,
        "ResourceNotFoundException",
        format!("Requested resource not found: Table: {name} not found"),
    )
}
