//! The Region of a stamp is that of the endpoint that the client talks to.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_dynamodb::config::{Builder as ConfigBuilder, Region};
use aws_sdk_dynamodb::error::{BoxError, DisplayErrorContext};
use serde_json::{Value, json};

use super::inputs::send;
use super::support::{Wire, config};
use crate::Stamp;

/// The names of the stamp of an update that this client sends.
async fn stamp_of(config: ConfigBuilder, stamp: Stamp) -> Result<Value, BoxError> {
    let wire = Wire::default();
    let config = config.http_client(wire.clone()).interceptor(stamp);
    let client = Client::from_conf(config.build());
    let update = json!({"TableName": "orders", "Key": {"id": {"S": "o-1"}}});
    send(&client, "UpdateItem", &update).await?;
    Ok(wire.sent()[0]["ExpressionAttributeNames"].clone())
}

fn strict() -> Stamp {
    Stamp::builder().strict(true).build().unwrap()
}

fn names(region: &str) -> Value {
    json!({"#lwt": format!("lw:t:{region}"), "#lwn": format!("lw:n:{region}")})
}

#[tokio::test]
async fn it_is_the_clients_own_where_it_has_no_other_endpoint() {
    for region in ["us-east-1", "cn-north-1", "eusc-de-east-1"] {
        let stamp = stamp_of(config(Some(region)), strict()).await.unwrap();
        assert_eq!(stamp, names(region));
        let fips = config(Some(region)).use_fips(true);
        assert_eq!(stamp_of(fips, strict()).await.unwrap(), names(region));
    }
}

#[tokio::test]
async fn it_is_the_endpoints_and_not_the_callers() {
    let config = config(Some("us-east-1")).endpoint_url("https://dynamodb.eu-west-1.amazonaws.com");
    assert_eq!(
        stamp_of(config, strict()).await.unwrap(),
        names("eu-west-1")
    );
}

#[tokio::test]
async fn it_is_the_clients_for_an_endpoint_that_is_not_of_aws() {
    let config = config(Some("eu-west-1")).endpoint_url("http://127.0.0.1:8000");
    assert_eq!(
        stamp_of(config, strict()).await.unwrap(),
        names("eu-west-1")
    );
}

#[tokio::test]
async fn it_can_be_set() {
    let stamp = Stamp::builder().region("eu-west-1").build().unwrap();
    let config = config(Some("us-east-1"));
    assert_eq!(stamp_of(config, stamp).await.unwrap(), names("eu-west-1"));
}

#[tokio::test]
async fn one_stamp_serves_clients_of_several_regions() {
    let stamp = strict();
    for region in ["us-east-1", "eu-west-1", "us-east-1"] {
        let found = stamp_of(config(Some(region)), stamp.clone()).await.unwrap();
        assert_eq!(found, names(region));
    }
}

#[tokio::test]
async fn more_endpoints_than_are_remembered_do_no_harm() {
    let stamp = strict();
    for port in 8000..8100 {
        let config = config(Some("us-east-1")).endpoint_url(format!("http://127.0.0.1:{port}"));
        let found = stamp_of(config, stamp.clone()).await.unwrap();
        assert_eq!(found, names("us-east-1"));
    }
}

#[tokio::test]
async fn a_call_with_another_region_gets_that_ones() {
    let wire = Wire::default();
    let config = config(Some("us-east-1")).http_client(wire.clone());
    let client = Client::from_conf(config.interceptor(strict()).build());
    let elsewhere = ConfigBuilder::new().region(Region::new("eu-west-1"));
    let call = client.update_item().table_name("orders");
    let call = call.customize().config_override(elsewhere);
    call.send().await.unwrap();
    let names_sent = &wire.sent()[0]["ExpressionAttributeNames"];
    assert_eq!(names_sent, &names("eu-west-1"));
}

/// A resolver of the application's own, which may need another look before it answers.
#[derive(Debug)]
struct Own {
    at_once: bool,
}

impl ResolveEndpoint for Own {
    fn resolve_endpoint<'a>(&'a self, _params: &'a Params) -> EndpointFuture<'a> {
        let endpoint = Endpoint::builder().url("https://dynamodb.ap-south-1.amazonaws.com");
        let answer = Ok(endpoint.build());
        match self.at_once {
            true => EndpointFuture::ready(answer),
            false => EndpointFuture::new(async {
                tokio::task::yield_now().await;
                answer
            }),
        }
    }
}

#[tokio::test]
async fn an_endpoint_resolver_of_the_applications_own_is_asked() {
    let config = config(Some("us-east-1")).endpoint_resolver(Own { at_once: true });
    assert_eq!(
        stamp_of(config, strict()).await.unwrap(),
        names("ap-south-1")
    );
}

#[tokio::test]
async fn an_asynchronous_endpoint_resolver_needs_the_region_to_be_set() {
    let asynchronous = || config(Some("us-east-1")).endpoint_resolver(Own { at_once: false });
    let error = stamp_of(asynchronous(), strict()).await.unwrap_err();
    let shown = DisplayErrorContext(error.as_ref()).to_string();
    assert!(
        shown.contains("endpoint resolver is asynchronous"),
        "{shown}"
    );
    let set = Stamp::builder().region("ap-south-1").build().unwrap();
    let stamp = stamp_of(asynchronous(), set).await.unwrap();
    assert_eq!(stamp, names("ap-south-1"));
    // A stamp with a wrong Region is worse than none.
    assert_eq!(
        stamp_of(asynchronous(), Stamp::new()).await.unwrap(),
        Value::Null
    );
}

#[tokio::test]
async fn a_client_without_a_region_is_told() {
    let nowhere = config(None).endpoint_url("http://127.0.0.1:8000");
    let error = stamp_of(nowhere, strict()).await.unwrap_err();
    let shown = DisplayErrorContext(error.as_ref()).to_string();
    assert!(shown.contains("the client's Region is unknown"), "{shown}");
}

#[tokio::test]
async fn a_client_of_a_region_that_no_stamp_may_name_is_told() {
    for region in ["local", "EU-WEST-1"] {
        let local = || config(Some(region)).endpoint_url("http://127.0.0.1:8000");
        let error = stamp_of(local(), strict()).await.unwrap_err();
        let shown = DisplayErrorContext(error.as_ref()).to_string();
        let told = format!("\"{region}\" is not a Region to stamp with");
        assert!(shown.contains(&told), "{shown}");
        // The stream processor would take it for unstamped, and so it is.
        let sent = stamp_of(local(), Stamp::new()).await.unwrap();
        assert_eq!(sent, Value::Null);
        let named = Stamp::builder().region("eu-west-1").strict(true);
        let sent = stamp_of(local(), named.build().unwrap()).await.unwrap();
        assert_eq!(sent, names("eu-west-1"));
    }
}
