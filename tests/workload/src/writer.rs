//! One writer: a small application that works on users, their orders and their carts, and on one hot item.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::WorkloadOptions;
use super::client::{Client, RequestError, Response};
use super::item_id::ItemId;
use super::progress::Progress;
use super::request::{Request, RequestBuilder, number};

/// How many orders of one user are worked on: few, so that writers in different Regions meet.
const ORDERS_PER_USER: u64 = 4;
/// How many writes a burst has at most.
const MAX_BURST: usize = 8;

pub(super) struct Writer {
    pub(super) rng: Rng,
    pub(super) options: Arc<WorkloadOptions>,
    pub(super) requests: RequestBuilder,
    pub(super) client: Client,
    /// How far this writer's clock is ahead.
    pub(super) clock_ahead: Duration,
    pub(super) progress: Arc<Progress>,
}

impl Writer {
    /// Does one piece of work and gives the number of its writes.
    pub(super) async fn work(&mut self) -> Result<usize, RequestError> {
        let key = self.pick_item();
        let again = if self.rng.f64() < self.options.burst_share {
            self.rng.usize(2..=MAX_BURST)
        } else {
            1
        };
        for _ in 0..again {
            self.write(&key).await?;
        }
        if self.rng.f64() < self.options.reads_per_write {
            let read = match self.rng.bool() {
                true => self.requests.get(&key),
                false => self.requests.query(&key.pk),
            };
            self.send(&read).await?;
        }
        Ok(again)
    }

    fn pick_item(&mut self) -> ItemId {
        if self.rng.f64() < self.options.hot_share {
            return ItemId::new("PRODUCT#1", "STOCK");
        }
        // The square makes some users busier than others.
        let user = (self.rng.f64().powi(2) * self.options.users as f64) as usize;
        match self.rng.u8(0..10) {
            0..4 => ItemId::new(format!("USER#{user}"), "PROFILE"),
            4..7 => {
                let order = self.rng.u64(0..ORDERS_PER_USER);
                ItemId::new(format!("USER#{user}"), format!("ORDER#{order}"))
            }
            _ => ItemId::new(format!("USER#{user}"), "CART"),
        }
    }

    /// One write of the item, of the sort that fits it.
    async fn write(&mut self, key: &ItemId) -> Result<(), RequestError> {
        let now = self.now();
        let chance = self.rng.f64();
        if (self.options.unstamped_share
            ..self.options.unstamped_share + self.options.blind_put_share)
            .contains(&chance)
        {
            let item = self.new_item(key);
            let request = self.requests.blind_put(key, item, now);
            return self.send(&request).await.map(drop);
        }
        let requests = match chance < self.options.unstamped_share {
            true => self.requests.unstamped(),
            false => self.requests.clone(),
        };
        match key.sk.as_str() {
            "STOCK" => {
                let by = self.rng.i64(-3..=5);
                let request = requests.count(key, "stock", by, now);
                self.send(&request).await.map(drop)
            }
            "PROFILE" => self.write_profile(&requests, key, now).await,
            "CART" => self.write_cart(&requests, key, now).await,
            _ => self.write_order(&requests, key, now).await,
        }
    }

    async fn write_profile(
        &mut self,
        requests: &RequestBuilder,
        key: &ItemId,
        now: u64,
    ) -> Result<(), RequestError> {
        if self.rng.u8(0..5) == 0 {
            return self.read_and_put(requests, key).await;
        }
        let name = ["address", "phone", "mail"][self.rng.usize(0..3)];
        let value = self.text(name);
        let request = requests.update(key, name, value, now);
        self.send(&request).await.map(drop)
    }

    async fn write_order(
        &mut self,
        requests: &RequestBuilder,
        key: &ItemId,
        now: u64,
    ) -> Result<(), RequestError> {
        match self.rng.u8(0..4) {
            0 => self.read_and_put(requests, key).await,
            _ => {
                let states = ["paid", "packed", "sent", "returned"];
                let state = json!({"S": states[self.rng.usize(0..states.len())]});
                let request = requests.update(key, "state", state, now);
                self.send(&request).await.map(drop)
            }
        }
    }

    async fn write_cart(
        &mut self,
        requests: &RequestBuilder,
        key: &ItemId,
        now: u64,
    ) -> Result<(), RequestError> {
        let request = if self.rng.u8(0..10) == 0 {
            let expires = now / 1_000_000 + self.options.purge_after.as_secs();
            requests.soft_delete(key, expires, now)
        } else {
            let name = format!("line{}", self.rng.u8(0..5));
            let quantity = number(self.rng.u8(1..10));
            requests.update_live(key, &name, quantity, now)
        };
        if let Response::ConditionFailed = self.send(&request).await? {
            // The cart is marked as deleted, or not there to be deleted. Only the first can be mended.
            let revive = requests.revive(key, self.now());
            self.send(&revive).await?;
        }
        Ok(())
    }

    /// Reads an item, changes it and puts it back; makes it where it is missing.
    async fn read_and_put(
        &mut self,
        requests: &RequestBuilder,
        key: &ItemId,
    ) -> Result<(), RequestError> {
        let read = self.requests.get(key);
        let Response::Done(answer) = self.send(&read).await? else {
            return Ok(());
        };
        let now = self.now();
        let request = match answer["Item"].as_object() {
            Some(item) => {
                let note = ("note", self.text("note"));
                requests.put_back(item.clone(), note, now)
            }
            None => {
                let item = self.new_item(key);
                requests.create(key, item, now)
            }
        };
        self.send(&request).await.map(drop)
    }

    async fn send(&self, request: &Request) -> Result<Response, RequestError> {
        let answer = self.client.send(request).await;
        self.progress.count(request, &answer);
        answer
    }

    fn new_item(&mut self, key: &ItemId) -> Map<String, Value> {
        let mut item = Map::new();
        item.insert("note".to_owned(), self.text("note"));
        item.insert("GSI1PK".to_owned(), json!({"S": key.sk}));
        item.insert("GSI1SK".to_owned(), json!({"S": key.pk}));
        item
    }

    fn text(&mut self, what: &str) -> Value {
        json!({"S": format!("{what} {:06x}", self.rng.u32(0..1 << 24))})
    }

    /// Microseconds since the epoch, by this writer's clock.
    fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |now| (now + self.clock_ahead).as_micros() as u64)
    }
}
