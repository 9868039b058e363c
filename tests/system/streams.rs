//! The streams of the local global table, read over HTTP with the AWS SDK as a consumer reads them on AWS.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue as Value;
use aws_sdk_dynamodbstreams::Client as Streams;
use aws_sdk_dynamodbstreams::config::retry::RetryConfig;
use aws_sdk_dynamodbstreams::config::{BehaviorVersion, Credentials, Region as SdkRegion};
use aws_sdk_dynamodbstreams::types::{
    OperationType, Record, Shard, ShardIteratorType, StreamViewType as SdkViewType,
};
use local_aws::fault::{Fault, Refusal};
use local_aws::global_table::{GlobalTable, GlobalTableConfig, Lag, Region};
use local_aws::streams::{StreamOperation, StreamViewType};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

struct World {
    table: GlobalTable,
}

/// The streams client of one Region, which retries a throttled request at once.
fn streams(table: &GlobalTable, region: &str) -> Streams {
    let config = aws_sdk_dynamodbstreams::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .region(SdkRegion::new(region.to_owned()))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::ZERO))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(table.endpoint(Region::parse(region).unwrap()).unwrap());
    Streams::from_conf(config.build())
}

impl World {
    async fn start(view_type: StreamViewType) -> Self {
        let regions = [EAST, WEST].map(|name| Region::parse(name).unwrap());
        let config = GlobalTableConfig {
            lag: Lag::NONE,
            combine: 0.0,
            stream_view_type: view_type,
            ..GlobalTableConfig::new(regions.into())
        };
        Self {
            table: GlobalTable::start(config).await.unwrap(),
        }
    }

    fn stream(&self, region: &str) -> std::sync::Arc<local_aws::streams::Stream> {
        self.table.stream(Region::parse(region).unwrap()).unwrap()
    }

    /// Puts version `n` of the items 0 to 9 in the first Region, and waits until both have it.
    async fn put(&self, n: u32) {
        let endpoint = self.table.endpoint(Region::parse(EAST).unwrap()).unwrap();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .region(aws_sdk_dynamodb::config::Region::new(EAST))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(endpoint);
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        for item in 0..10 {
            let put = client
                .put_item()
                .table_name("App")
                .item("PK", Value::S(format!("ITEM#{item}")))
                .item("SK", Value::S("x".to_owned()))
                .item("n", Value::N(n.to_string()));
            put.send().await.unwrap();
        }
        self.table.wait_until_converged().await;
    }
}

/// Every shard of the table's stream, page by page.
async fn shards(client: &Streams) -> (String, Vec<Shard>) {
    let listed = client
        .list_streams()
        .table_name("App")
        .send()
        .await
        .unwrap();
    let arn = listed.streams()[0].stream_arn().unwrap().to_owned();
    let (mut shards, mut from) = (Vec::new(), None);
    loop {
        let page = client
            .describe_stream()
            .stream_arn(&arn)
            .limit(2)
            .set_exclusive_start_shard_id(from);
        let page = page.send().await.unwrap().stream_description.unwrap();
        shards.extend(page.shards.unwrap_or_default());
        from = page.last_evaluated_shard_id;
        if from.is_none() {
            return (arn, shards);
        }
    }
}

async fn iterator(client: &Streams, arn: &str, shard: &str) -> String {
    let iterator = client
        .get_shard_iterator()
        .stream_arn(arn)
        .shard_id(shard)
        .shard_iterator_type(ShardIteratorType::TrimHorizon);
    iterator.send().await.unwrap().shard_iterator.unwrap()
}

/// All records of one shard that are there now.
async fn records(client: &Streams, arn: &str, shard: &str) -> Vec<Record> {
    let mut all = Vec::new();
    let mut next = Some(iterator(client, arn, shard).await);
    while let Some(iterator) = next {
        let read = client.get_records().shard_iterator(iterator).limit(7);
        let read = read.send().await.unwrap();
        let records = read.records.unwrap_or_default();
        next = read.next_shard_iterator.filter(|_| !records.is_empty());
        all.extend(records);
    }
    all
}

/// The value of `n` after each change of each item, in the order of the stream. Parents are read before their children.
async fn history(client: &Streams) -> BTreeMap<String, Vec<u32>> {
    let (arn, shards) = shards(client).await;
    let mut read = HashSet::new();
    let mut history: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for shard in shards {
        let id = shard.shard_id.unwrap();
        if let Some(parent) = shard.parent_shard_id {
            assert!(read.contains(&parent), "{id} comes before its parent");
        }
        for record in records(client, &arn, &id).await {
            let change = record.dynamodb.unwrap();
            let part = |image: &std::collections::HashMap<String, _>, name: &str| match &image[name]
            {
                aws_sdk_dynamodbstreams::types::AttributeValue::S(text)
                | aws_sdk_dynamodbstreams::types::AttributeValue::N(text) => text.clone(),
                other => panic!("{other:?}"),
            };
            let n = part(&change.new_image.unwrap(), "n").parse().unwrap();
            let item = part(&change.keys.unwrap(), "PK");
            history.entry(item).or_default().push(n);
        }
        read.insert(id);
    }
    history
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_reads_every_change_in_order_across_shards_that_split() {
    let world = World::start(StreamViewType::NewAndOldImages).await;
    for n in 0..8 {
        world.put(n).await;
        match n {
            2 => world.stream(WEST).split(2),
            4 => world.stream(WEST).split(1),
            5 => world.stream(WEST).split(2),
            _ => {}
        }
    }
    let client = streams(&world.table, WEST);
    assert_eq!(shards(&client).await.1.len(), 1 + 2 + 2 + 4);
    let history = history(&client).await;
    assert_eq!(history.len(), 10);
    for (item, versions) in history {
        assert_eq!(versions, (0..8).collect::<Vec<_>>(), "{item}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_names_its_own_region_and_has_both_images_and_no_write_without_a_change() {
    let world = World::start(StreamViewType::NewAndOldImages).await;
    for n in [1, 1, 2] {
        world.put(n).await;
    }
    for region in [EAST, WEST] {
        let client = streams(&world.table, region);
        let (arn, shards) = shards(&client).await;
        assert!(
            arn.starts_with(&format!("arn:aws:dynamodb:{region}:")),
            "{arn}"
        );
        let id = shards[0].shard_id().unwrap();
        assert!(id.len() >= 28, "{id}");
        let records = records(&client, &arn, id).await;
        assert_eq!(records.len(), 20);
        for record in &records[10..] {
            assert_eq!(record.aws_region(), Some(region));
            assert_eq!(record.event_name(), Some(&OperationType::Modify));
            let change = record.dynamodb().unwrap();
            assert!(change.old_image().is_some() && change.new_image().is_some());
            assert_eq!(
                change.stream_view_type(),
                Some(&SdkViewType::NewAndOldImages)
            );
            assert!(change.approximate_creation_date_time().is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_consumer_that_tries_again_loses_nothing() {
    let world = World::start(StreamViewType::NewAndOldImages).await;
    world.put(1).await;
    let client = streams(&world.table, EAST);
    let limit_exceeded = Refusal::new(400, "LimitExceededException", "Subscriber limit exceeded");
    for (operation, refusal) in [
        (StreamOperation::DescribeStream, limit_exceeded),
        (StreamOperation::GetRecords, Refusal::throughput_exceeded()),
    ] {
        let fault = Fault::RefuseNext { count: 2, refusal };
        world.stream(EAST).set_fault(operation, fault);
    }
    let history = history(&client).await;
    assert_eq!(history.len(), 10);

    let fault = Fault::Refuse(Refusal::new(
        400,
        "LimitExceededException",
        "Too many readers",
    ));
    world
        .stream(EAST)
        .set_fault(StreamOperation::GetRecords, fault);
    let (arn, shards) = shards(&client).await;
    let iterator = iterator(&client, &arn, shards[0].shard_id().unwrap()).await;
    let refused = client.get_records().shard_iterator(iterator).send().await;
    let refused = refused.unwrap_err().into_service_error();
    assert!(refused.is_limit_exceeded_exception(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_iterator_and_trimmed_records_are_told_apart() {
    let world = World::start(StreamViewType::NewAndOldImages).await;
    world.put(1).await;
    let client = streams(&world.table, EAST);
    let (arn, shards) = shards(&client).await;
    let id = shards[0].shard_id().unwrap();
    let read = async |iterator: String| {
        let read = client.get_records().shard_iterator(iterator).send().await;
        read.map_err(aws_sdk_dynamodbstreams::error::SdkError::into_service_error)
    };
    let expired = iterator(&client, &arn, id).await;
    world.stream(EAST).expire_iterators();
    let refused = read(expired).await.unwrap_err();
    assert!(refused.is_expired_iterator_exception(), "{refused:?}");

    let trimmed = iterator(&client, &arn, id).await;
    world.stream(EAST).trim_all();
    let refused = read(trimmed).await.unwrap_err();
    assert!(refused.is_trimmed_data_access_exception(), "{refused:?}");
    world.put(2).await;
    let read = read(iterator(&client, &arn, id).await).await.unwrap();
    assert_eq!(read.records().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_keys_only_says_so_and_has_no_images() {
    let world = World::start(StreamViewType::KeysOnly).await;
    world.put(1).await;
    let client = streams(&world.table, WEST);
    let (arn, shards) = shards(&client).await;
    let described = client
        .describe_stream()
        .stream_arn(&arn)
        .send()
        .await
        .unwrap();
    let described = described.stream_description.unwrap();
    assert_eq!(described.stream_view_type(), Some(&SdkViewType::KeysOnly));
    for record in records(&client, &arn, shards[0].shard_id().unwrap()).await {
        let change = record.dynamodb().unwrap();
        assert!(change.new_image().is_none() && change.old_image().is_none());
        assert_eq!(change.keys().unwrap().len(), 2);
    }
}
