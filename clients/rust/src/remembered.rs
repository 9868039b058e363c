//! Handing over what a process remembers of an item to another one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::call::Asked;
use crate::error::NotStamped;
use crate::{Item, Stamp};

impl Stamp {
    /// The stamps that this process remembers of an item, to hand to another process, which puts the item back there. None
    /// if nothing is remembered.
    ///
    /// `get` is a GetItem of a client that has this stamp, with the table and the key. It is not sent.
    ///
    /// ```no_run
    /// # async fn example(config: aws_sdk_dynamodb::config::Builder) -> Result<(), Box<dyn std::error::Error>> {
    /// use aws_sdk_dynamodb::types::AttributeValue;
    ///
    /// let stamp = lastwriter_client::Stamp::new();
    /// let client = aws_sdk_dynamodb::Client::from_conf(config.interceptor(stamp.clone()).build());
    /// let which = client
    ///     .get_item()
    ///     .table_name("orders")
    ///     .key("id", AttributeValue::S("o-17".into()));
    /// let history = stamp.remembered(which).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `SdkError::ConstructionFailure` with [`NotStamped`] among its sources, where the client, or this table of it, is not
    /// stamped.
    pub async fn remembered(
        &self,
        get: GetItemFluentBuilder,
    ) -> Result<HashMap<String, AttributeValue>, SdkError<GetItemError>> {
        let found = Arc::default();
        let asking = AskMemory {
            stamp: self.clone(),
            found: Arc::clone(&found),
        };
        let answer = get.customize().interceptor(asking).send().await;
        let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (found, answer) {
            (Some(found), _) => Ok(found),
            (None, answer) => Ok(answer?.item.unwrap_or_default()),
        }
    }
}

/// Ends a call where the stamp has looked at it, with what is remembered of its item.
#[derive(Debug)]
struct AskMemory {
    stamp: Stamp,
    found: Arc<Mutex<Option<Item>>>,
}

/// Ends a call that has its answer.
#[derive(Debug, thiserror::Error)]
#[error("the call is answered by what is remembered")]
struct Answered;

impl Intercept for AskMemory {
    fn name(&self) -> &'static str {
        "LastwriterAskMemory"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = self.stamp.call(cfg).ok_or(NotStamped)?;
        let Asked::Get(read) = &call.asked else {
            return Err(NotStamped.into());
        };
        let known = self.stamp.memory().find(&read.table, &read.key);
        let attributes = known.map(|known| known.attributes(&self.stamp.settings().prefix));
        let item = attributes.into_iter().flatten().collect();
        let found = self.found.lock();
        *found.unwrap_or_else(PoisonError::into_inner) = Some(item);
        Err(Answered.into())
    }
}
