//! A client whose requests go no further than this process, and the shared vectors.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder as ConfigBuilder, Credentials, HttpClient, Region, RuntimeComponents,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::{Builder, Encrypted, Stamp, Tokens};

pub(super) const NOW: u64 = 1_795_349_587_051_000;
pub(super) const TIME: &str = "lw:t:us-east-1";
pub(super) const COUNT: &str = "lw:n:us-east-1";
pub(super) const RESET: &str = "lw:reset";

#[derive(Debug)]
enum Answer {
    Body(u16, Value),
    /// The connection is lost.
    Lost,
    /// Nothing comes, ever.
    Never,
}

/// In place of the network: keeps what would be sent, and answers what it was told to, or nothing much.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire {
    sent: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Wire {
    pub(super) fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }

    pub(super) fn answer(&self, status: u16, body: Value) {
        self.next(Answer::Body(status, body));
    }

    /// The next request loses its connection.
    pub(super) fn lose(&self) {
        self.next(Answer::Lost);
    }

    /// The next request waits for an answer for ever.
    pub(super) fn hang(&self) {
        self.next(Answer::Never);
    }

    fn next(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap();
        let body = serde_json::from_slice(body).unwrap();
        self.sent.lock().unwrap().push(body);
        let next = self.answers.lock().unwrap().pop_front();
        match next.unwrap_or(Answer::Body(200, json!({}))) {
            Answer::Body(status, body) => {
                let body = SdkBody::from(body.to_string());
                let status = status.try_into().unwrap();
                HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body)))
            }
            Answer::Lost => {
                let lost = ConnectorError::io("the connection was lost".into());
                HttpConnectorFuture::ready(Err(lost))
            }
            Answer::Never => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// What every client here has: a Region, credentials that no one checks, and quick retries.
pub(super) fn config(region: Option<&str>) -> ConfigBuilder {
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let mut config = ConfigBuilder::new()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(retries);
    config.set_region(region.map(|region| Region::new(region.to_owned())));
    config
}

/// A client that sends nothing, with or without a stamp.
pub(super) fn offline(stamp: Option<Stamp>) -> (Client, Wire) {
    let wire = Wire::default();
    let mut config = config(Some("us-east-1")).http_client(wire.clone());
    config.set_interceptors(
        stamp
            .into_iter()
            .map(aws_sdk_dynamodb::config::SharedInterceptor::new),
    );
    (Client::from_conf(config.build()), wire)
}

/// A clock that is one microsecond later at each reading.
pub(super) fn ticking(from: u64) -> impl Fn() -> u64 + Send + Sync + 'static {
    let next = std::sync::atomic::AtomicU64::new(from);
    move || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// A file of the shared vectors.
pub(super) fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The vectors of a file, each with the file's clock.
pub(super) fn vectors(name: &str) -> Vec<Value> {
    let file = file(name);
    let mut vectors = file["vectors"].as_array().unwrap().clone();
    assert!(!vectors.is_empty());
    for vector in &mut vectors {
        vector["clock"] = file["clock"].clone();
        if vector["output"] == "input" {
            vector["output"] = vector["input"].clone();
        }
    }
    vectors
}

/// The settings that a vector asks for.
pub(super) fn settings(vector: &Value) -> Builder {
    let clock = vector["clock"].as_u64().unwrap();
    settings_of(&vector["options"], move || clock)
}

/// The settings with these options.
pub(super) fn settings_of(
    options: &Value,
    clock: impl Fn() -> u64 + Send + Sync + 'static,
) -> Builder {
    let mut settings = Stamp::builder()
        .region(options["region"].as_str().unwrap_or("us-east-1"))
        .prefix(options["prefix"].as_str().unwrap_or("lw"))
        .clock(clock)
        .tokens(match options["tokens"].as_str() {
            Some("remember") => Tokens::Remember,
            Some("leave") => Tokens::Leave,
            _ => Tokens::Count,
        });
    if let Some(hide) = options["hide"].as_bool() {
        settings = settings.hide(hide);
    }
    if options["encrypted"] == "stamp" {
        settings = settings.encrypted(Encrypted::Stamp);
    }
    if let Some(items) = options["remember"].as_u64() {
        settings = settings.remember(items.try_into().unwrap());
    }
    if let Some(tables) = options["tables"].as_array() {
        settings = settings.tables(tables.iter().map(|table| table.as_str().unwrap()));
    }
    for (table, names) in options["keys"].as_object().into_iter().flatten() {
        let names = names.as_array().unwrap();
        settings = settings.keys(table, names.iter().map(|name| name.as_str().unwrap()));
    }
    settings
}
