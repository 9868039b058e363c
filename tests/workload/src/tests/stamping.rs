//! That the requests leave the stamps that they should, through a real endpoint.

use serde_json::{Map, Value, json};

use super::hand_made::{EAST, WEST, region};
use crate::ItemId;
use crate::client::{Client, Response};
use crate::request::{Request, RequestBuilder};
use local_aws::global_table::{GlobalTable, GlobalTableConfig, Lag};

struct World {
    table: GlobalTable,
    key: ItemId,
}

impl World {
    async fn start() -> Self {
        let config = GlobalTableConfig {
            lag: Lag::NONE,
            ..GlobalTableConfig::new(vec![region(EAST), region(WEST)])
        };
        Self {
            table: GlobalTable::start(config).await.unwrap(),
            key: ItemId::new("USER#1", "PROFILE"),
        }
    }

    fn requests(&self, name: &str) -> RequestBuilder {
        RequestBuilder {
            table: "App".into(),
            region: region(name),
            regions: vec![region(EAST), region(WEST)],
            prefix: "lw".into(),
            ttl: "ttl".into(),
            stamps: true,
            borrow: false,
        }
    }

    async fn send(&self, name: &str, request: Request) -> Response {
        let endpoint = self.table.endpoint(region(name)).unwrap();
        let answer = Client::new(endpoint, name).send(&request).await.unwrap();
        self.table.wait_until_converged().await;
        answer
    }

    async fn done(&self, name: &str, request: Request) {
        let answer = self.send(name, request).await;
        assert!(matches!(answer, Response::Done(_)), "{answer:?}");
    }

    /// The item as JSON, without its keys.
    async fn item(&self) -> Value {
        let requests = self.requests(EAST);
        let Response::Done(mut answer) = self.send(EAST, requests.get(&self.key)).await else {
            panic!("a read has no condition");
        };
        let mut item = answer["Item"].take();
        if let Some(attributes) = item.as_object_mut() {
            attributes.remove("PK");
            attributes.remove("SK");
        }
        item
    }
}

fn s(text: &str) -> Value {
    json!({"S": text})
}

#[tokio::test]
async fn an_update_counts_up_its_own_regions_pair_and_leaves_the_others_alone() {
    let world = World::start().await;
    let (east, west) = (world.requests(EAST), world.requests(WEST));
    let key = &world.key;
    world.done(EAST, east.update(key, "mail", s("a"), 10)).await;
    world.done(WEST, west.update(key, "mail", s("b"), 20)).await;
    world.done(EAST, east.count(key, "stock", -2, 30)).await;
    assert_eq!(
        world.item().await,
        json!({
            "mail": {"S": "b"}, "stock": {"N": "-2"},
            "lw:n:us-east-1": {"N": "2"}, "lw:t:us-east-1": {"N": "30"},
            "lw:n:us-west-2": {"N": "1"}, "lw:t:us-west-2": {"N": "20"},
        })
    );
}

#[tokio::test]
async fn a_put_carries_the_stamps_that_it_read_and_is_refused_once_they_have_changed() {
    let world = World::start().await;
    let (east, west) = (world.requests(EAST), world.requests(WEST));
    let key = &world.key;
    world.done(EAST, east.update(key, "mail", s("a"), 10)).await;
    let Response::Done(read) = world.send(WEST, west.get(key)).await else {
        panic!("no answer");
    };
    let item: Map<String, Value> = read["Item"].as_object().unwrap().clone();
    let changed = || ("mail", s("b"));
    world
        .done(WEST, west.put_back(item.clone(), changed(), 20))
        .await;
    let after = json!({
        "mail": {"S": "b"},
        "lw:n:us-east-1": {"N": "1"}, "lw:t:us-east-1": {"N": "10"},
        "lw:n:us-west-2": {"N": "1"}, "lw:t:us-west-2": {"N": "20"},
    });
    assert_eq!(world.item().await, after);
    // The same read once more: in between the item has got a stamp of West.
    let stale = world.send(WEST, west.put_back(item, changed(), 30)).await;
    assert!(matches!(stale, Response::ConditionFailed), "{stale:?}");
    assert_eq!(world.item().await, after);
}

#[tokio::test]
async fn a_create_starts_the_stamps_and_is_refused_where_the_item_exists() {
    let world = World::start().await;
    let east = world.requests(EAST);
    let item = Map::from_iter([("mail".to_owned(), s("a"))]);
    world
        .done(EAST, east.create(&world.key, item.clone(), 10))
        .await;
    let again = world.send(EAST, east.create(&world.key, item, 20)).await;
    assert!(matches!(again, Response::ConditionFailed));
    assert_eq!(
        world.item().await,
        json!({"mail": {"S": "a"}, "lw:n:us-east-1": {"N": "1"}, "lw:t:us-east-1": {"N": "10"}})
    );
}

#[tokio::test]
async fn a_blind_put_starts_afresh_and_says_so() {
    let world = World::start().await;
    let east = world.requests(EAST);
    let key = &world.key;
    world.done(EAST, east.update(key, "mail", s("a"), 10)).await;
    let item = Map::from_iter([("mail".to_owned(), s("b"))]);
    world.done(EAST, east.blind_put(key, item, 20)).await;
    assert_eq!(
        world.item().await,
        json!({
            "mail": {"S": "b"}, "lw:reset": {"N": "20"},
            "lw:n:us-east-1": {"N": "1"}, "lw:t:us-east-1": {"N": "20"},
        })
    );
}

#[tokio::test]
async fn a_soft_delete_marks_the_item_a_revival_unmarks_it_and_both_are_stamped() {
    let world = World::start().await;
    let east = world.requests(EAST);
    let key = &world.key;
    let nothing = world.send(EAST, east.soft_delete(key, 99, 5)).await;
    assert!(matches!(nothing, Response::ConditionFailed));
    world.done(EAST, east.update(key, "mail", s("a"), 10)).await;
    let alive = world.send(EAST, east.revive(key, 15)).await;
    assert!(matches!(alive, Response::ConditionFailed));
    world.done(EAST, east.soft_delete(key, 99, 20)).await;
    let marked = world.item().await;
    assert_eq!(marked["lw:deleted"], json!({"BOOL": true}));
    assert_eq!(marked["ttl"], json!({"N": "99"}));
    let update = world
        .send(EAST, east.update_live(key, "mail", s("b"), 25))
        .await;
    assert!(matches!(update, Response::ConditionFailed));
    world.done(EAST, east.revive(key, 30)).await;
    assert_eq!(
        world.item().await,
        json!({"mail": {"S": "a"}, "lw:n:us-east-1": {"N": "3"}, "lw:t:us-east-1": {"N": "30"}})
    );
}

#[tokio::test]
async fn an_unstamped_put_is_refused_once_anything_that_it_read_has_changed() {
    let world = World::start().await;
    let east = world.requests(EAST).unstamped();
    let key = &world.key;
    world.done(EAST, east.create(key, Map::new(), 10)).await;
    world.done(EAST, east.update(key, "mail", s("a"), 10)).await;
    let Response::Done(read) = world.send(EAST, east.get(key)).await else {
        panic!("no answer");
    };
    let item: Map<String, Value> = read["Item"].as_object().unwrap().clone();
    let put = || east.put_back(item.clone(), ("note", s("n")), 20);
    world.done(EAST, east.update(key, "mail", s("b"), 10)).await;
    let stale = world.send(EAST, put()).await;
    assert!(matches!(stale, Response::ConditionFailed), "{stale:?}");
    world.done(EAST, east.update(key, "mail", s("a"), 10)).await;
    world.done(EAST, put()).await;
    let after = json!({"mail": {"S": "a"}, "note": {"S": "n"}});
    assert_eq!(world.item().await, after);
    // The note, too, has to be as it was read.
    let stale = world.send(EAST, put()).await;
    assert!(matches!(stale, Response::ConditionFailed), "{stale:?}");
}

#[tokio::test]
async fn an_unstamped_update_leaves_the_stamps_as_they_are() {
    let world = World::start().await;
    let east = world.requests(EAST);
    let key = &world.key;
    world.done(EAST, east.update(key, "mail", s("a"), 10)).await;
    let east = east.unstamped();
    world.done(EAST, east.update(key, "note", s("n"), 20)).await;
    assert_eq!(
        world.item().await,
        json!({
            "mail": {"S": "a"}, "note": {"S": "n"},
            "lw:n:us-east-1": {"N": "1"}, "lw:t:us-east-1": {"N": "10"},
        })
    );
}
