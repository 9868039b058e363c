//! What a stamp costs in time: `cargo run --release -p lastwriter-client --example overhead`. With `-- --check` it fails if
//! a shape takes more than 20 us a write. What is printed is the time of the whole call, with all its writes.
//!
//! It measures the interceptor's hooks as the SDK calls them, in whole calls of a real client whose requests go no further
//! than this process: the median of many calls.

use std::collections::HashMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeSerializationInterceptorContextRef,
    FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, HttpClient, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, PutRequest, TransactWriteItem, Update, WriteRequest,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use lastwriter_client::Stamp;

const LIMIT_US: f64 = 20.0;
const WARM_UP: usize = 100;
const CALLS: usize = 2000;

/// The stamp, and how long its hooks took for the call under way.
#[derive(Debug)]
struct Timed {
    stamp: Stamp,
    spent: Arc<AtomicU64>,
}

impl Timed {
    fn time<T>(&self, hook: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let outcome = black_box(hook());
        let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.spent.fetch_add(spent, Ordering::Relaxed);
        outcome
    }
}

impl Intercept for Timed {
    fn name(&self) -> &'static str {
        "Timed"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.time(|| self.stamp.read_before_execution(context, cfg))
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.time(|| {
            self.stamp
                .modify_before_serialization(context, components, cfg)
        })
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.time(|| {
            self.stamp
                .modify_before_completion(context, components, cfg)
        })
    }
}

/// In place of the network: a stamped item for a read, else an empty answer.
#[derive(Debug, Clone)]
struct Nowhere {
    item: Arc<str>,
}

impl Nowhere {
    fn new() -> Self {
        let attributes = (0..30).map(|number| format!(r#""attribute{number}":{{"S":"value"}},"#));
        let attributes: String = attributes.collect();
        let [count, time] = HISTORY.map(|(name, part)| format!(r#""{name}":{{"N":"{part}"}}"#));
        let item = format!(r#"{{"Item":{{{attributes}"id":{{"S":"o-1"}},{count},{time}}}}}"#);
        Self { item: item.into() }
    }
}

impl HttpConnector for Nowhere {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let status = StatusCode::try_from(200).expect("200 is a status");
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = match target.ends_with(".GetItem") {
            true => SdkBody::from(&*self.item),
            false => SdkBody::from("{}"),
        };
        let answer = HttpResponse::new(status, body);
        HttpConnectorFuture::ready(Ok(answer))
    }
}

impl HttpClient for Nowhere {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn item() -> HashMap<String, AttributeValue> {
    let attributes = (0..30).map(|number| (format!("attribute{number}"), text("value")));
    attributes.chain([("id".to_owned(), text("o-1"))]).collect()
}

const HISTORY: [(&str, &str); 2] = [
    ("lw:n:us-east-1", "5"),
    ("lw:t:us-east-1", "1795349587051000"),
];

const EXPRESSION: &str = "SET address = :a, #s = :s REMOVE draft ADD revision :one";
const CONDITION: &str = "#s <> :s";

fn names() -> HashMap<String, String> {
    [("#s".to_owned(), "state".to_owned())].into()
}

fn values() -> HashMap<String, AttributeValue> {
    [
        (":a".to_owned(), text("Main St")),
        (":s".to_owned(), text("sent")),
        (":one".to_owned(), AttributeValue::N("1".to_owned())),
    ]
    .into()
}

fn update(client: &Client) -> UpdateItemFluentBuilder {
    let update = client.update_item().table_name("orders");
    update.key("id", text("o-1"))
}

fn put(client: &Client, item: HashMap<String, AttributeValue>) -> PutItemFluentBuilder {
    let put = client.put_item().table_name("orders");
    put.set_item(Some(item))
}

/// Prints the median microseconds of a call's hooks, and gives them.
async fn measure<F: Future<Output = Result<(), BoxError>>>(
    name: &str,
    spent: &AtomicU64,
    call: impl Fn() -> F,
) -> Result<f64, BoxError> {
    let mut rounds = Vec::with_capacity(CALLS);
    for number in 0..WARM_UP + CALLS {
        spent.store(0, Ordering::Relaxed);
        call().await?;
        if number >= WARM_UP {
            rounds.push(spent.load(Ordering::Relaxed));
        }
    }
    rounds.sort_unstable();
    let median = rounds[CALLS / 2] as f64 / 1000.0;
    say(&format!("{median:8.2} us  {name}"));
    Ok(median)
}

#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
fn say(line: &str) {
    println!("{line}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, BoxError> {
    let spent = Arc::new(AtomicU64::new(0));
    let timed = Timed {
        stamp: Stamp::builder().strict(true).build()?,
        spent: spent.clone(),
    };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("none", "none", None, None, "none"))
        .http_client(Nowhere::new())
        .interceptor(timed);
    let client = &Client::from_conf(config.build());
    let mut history = item();
    for (name, part) in HISTORY {
        history.insert(name.to_owned(), AttributeValue::N(part.to_owned()));
    }
    let history = &history;

    let figures = [
        measure("UpdateItem", &spent, || async {
            let call = update(client).update_expression(EXPRESSION);
            let call = call.condition_expression(CONDITION);
            let call = call.set_expression_attribute_names(Some(names()));
            call.set_expression_attribute_values(Some(values()))
                .send()
                .await?;
            Ok(())
        })
        .await?,
        measure("UpdateItem, no expression", &spent, || async {
            update(client).send().await?;
            Ok(())
        })
        .await?,
        measure("PutItem, 30 attributes", &spent, || async {
            put(client, item()).send().await?;
            Ok(())
        })
        .await?,
        measure("PutItem, 30 attributes and history", &spent, || async {
            put(client, history.clone()).send().await?;
            Ok(())
        })
        .await?,
        measure("PutItem, must not exist", &spent, || async {
            let call = put(client, item()).condition_expression("attribute_not_exists(id)");
            call.send().await?;
            Ok(())
        })
        .await?,
        measure("GetItem, 30 attributes", &spent, || async {
            let call = client.get_item().table_name("orders");
            call.key("id", text("o-1")).send().await?;
            Ok(())
        })
        .await?,
        measure("TransactWriteItems, 10 updates", &spent, || async {
            let update = Update::builder()
                .table_name("orders")
                .key("id", text("o-1"))
                .update_expression(EXPRESSION)
                .condition_expression(CONDITION)
                .set_expression_attribute_names(Some(names()))
                .set_expression_attribute_values(Some(values()))
                .build()?;
            let entry = TransactWriteItem::builder().update(update).build();
            let call = client.transact_write_items();
            call.set_transact_items(Some(vec![entry; 10]))
                .send()
                .await?;
            Ok(())
        })
        .await?
            / 10.0,
        measure(
            "BatchWriteItem, 25 puts of 30 attributes",
            &spent,
            || async {
                let put = PutRequest::builder().set_item(Some(item())).build()?;
                let entry = WriteRequest::builder().put_request(put).build();
                let call = client.batch_write_item();
                call.request_items("orders", vec![entry; 25]).send().await?;
                Ok(())
            },
        )
        .await?
            / 25.0,
    ];
    let slow = figures.iter().any(|median| *median > LIMIT_US);
    let check = std::env::args().any(|argument| argument == "--check");
    Ok(ExitCode::from(u8::from(check && slow)))
}
