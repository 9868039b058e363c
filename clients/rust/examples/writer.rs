//! A stamped application in Rust, for the tests of several languages together:
//!
//! ```text
//! writer REGION ENDPOINT TABLE
//! ```
//!
//! Each line of standard input is an UpdateItem in DynamoDB JSON, without TableName; each line of standard output is the item
//! as that write left it, stamps and all.

use std::collections::HashMap;
use std::io::{BufRead, Write};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use lastwriter_client::Stamp;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [region, endpoint, table] = arguments.as_slice() else {
        return Err("usage: writer REGION ENDPOINT TABLE".into());
    };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.clone()))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(2))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .interceptor(Stamp::builder().strict(true).hide(false).build()?);
    let client = Client::from_conf(config.build());
    for line in std::io::stdin().lock().lines() {
        let given: Value = serde_json::from_str(&line?)?;
        let text = |name: &str| given[name].as_str().map(str::to_owned);
        let answer = client
            .update_item()
            .table_name(table)
            .set_key(item(&given["Key"])?)
            .set_update_expression(text("UpdateExpression"))
            .set_condition_expression(text("ConditionExpression"))
            .set_expression_attribute_names(serde_json::from_value(
                given["ExpressionAttributeNames"].clone(),
            )?)
            .set_expression_attribute_values(item(&given["ExpressionAttributeValues"])?)
            .return_values(ReturnValue::AllNew)
            .send()
            .await?;
        let left = serde_dynamo::Item::from(answer.attributes.unwrap_or_default());
        let mut output = std::io::stdout().lock();
        writeln!(output, "{}", serde_json::to_string(&left)?)?;
        output.flush()?;
    }
    Ok(())
}

/// An item, a key or values in DynamoDB JSON.
fn item(plain: &Value) -> Result<Option<HashMap<String, AttributeValue>>, serde_json::Error> {
    let item: Option<serde_dynamo::Item> = serde_json::from_value(plain.clone())?;
    Ok(item.map(Into::into))
}
