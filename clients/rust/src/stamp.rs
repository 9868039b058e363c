//! Hooks the stamp into the SDK.
//!
//! The orchestrator calls `modify_before_serialization` once per call: the request is serialised after it, and what the
//! SDK's retries send is that request again. The endpoint is resolved later, once for each attempt, but all that it
//! depends on is in the configuration by then, so it is resolved here too, to learn the Region.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeSerializationInterceptorContextRef,
    FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_smithy_runtime_api::client::endpoint::{EndpointResolverParams, ResolveEndpoint};
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::error::StampError;
use crate::history::{stamps_under, without_stamps_under};
use crate::region::{endpoint_region, is_region_name};
use crate::rewrite::{Moment, OnError, take_back};
use crate::settings::{Builder, Names, Tokens};
use crate::tokens::PROCESS_TOKENS;

/// Endpoints whose Region is remembered. A client has one, or one for each account where endpoints are account-based.
const KNOWN_ENDPOINTS: usize = 64;

/// Stamps every write of the clients that have it as an interceptor. See the [crate's documentation](crate).
///
/// Clones share their settings, and one stamp can serve clients of several Regions.
#[derive(Clone)]
pub struct Stamp {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Builder,
    logged: AtomicBool,
    known: RwLock<Vec<Known>>,
}

/// An endpoint, the Region that its requests are signed for, and the names that follow.
struct Known {
    endpoint: Option<String>,
    signing: Option<String>,
    names: Arc<Names>,
}

/// How a call was stamped, kept in its state until it is answered.
#[derive(Debug)]
struct Stamped {
    names: Arc<Names>,
    now: u64,
    count_alone: bool,
}

impl Storable for Stamped {
    type Storer = StoreReplace<Self>;
}

/// Marks a call that a stamp was meant for, whether it got one or not.
#[derive(Debug)]
pub(crate) struct MeantToBeStamped;

impl Storable for MeantToBeStamped {
    type Storer = StoreReplace<Self>;
}

/// Marks a call whose ClientRequestToken is the caller's and not one that the SDK made up.
#[derive(Debug)]
struct OwnToken;

impl Storable for OwnToken {
    type Storer = StoreReplace<Self>;
}

impl Stamp {
    /// A stamp with the default settings: all tables, the client's own Region, the system's clock, prefix `lw`.
    #[must_use]
    pub fn new() -> Self {
        Self::from_settings(Builder::default())
    }

    /// A builder, for other settings.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn from_settings(settings: Builder) -> Self {
        Self {
            shared: Arc::new(Shared {
                settings,
                logged: AtomicBool::new(false),
                known: RwLock::default(),
            }),
        }
    }

    pub(crate) fn settings(&self) -> &Builder {
        &self.shared.settings
    }

    /// [`stamps`](crate::stamps) under this stamp's own prefix.
    pub fn stamps<V: Clone>(&self, item: &HashMap<String, V>) -> HashMap<String, V> {
        stamps_under(&self.settings().prefix, item)
    }

    /// [`without_stamps`](crate::without_stamps) under this stamp's own prefix.
    pub fn without_stamps<V>(&self, item: HashMap<String, V>) -> HashMap<String, V> {
        without_stamps_under(&self.settings().prefix, item)
    }

    /// Stamps a request, if it is a write to a table that is to be stamped.
    fn stamp(
        &self,
        input: &mut Input,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> Result<Option<Stamped>, StampError> {
        let settings = self.settings();
        let covers =
            |table: &Option<String>| table.as_deref().is_some_and(|table| settings.covers(table));
        let names = || self.names(components, cfg);
        let moment = |names: Arc<Names>| {
            let now = settings.clock.now()?;
            Ok(Stamped {
                names,
                now,
                count_alone: false,
            })
        };
        if let Some(update) = input.downcast_mut::<UpdateItemInput>() {
            if !covers(&update.table_name) {
                return Ok(None);
            }
            let stamped = moment(names()?)?;
            self.at(&stamped).update(update)?;
            Ok(Some(stamped))
        } else if let Some(put) = input.downcast_mut::<PutItemInput>() {
            if !covers(&put.table_name) {
                return Ok(None);
            }
            let stamped = moment(names()?)?;
            self.at(&stamped).put(put);
            Ok(Some(stamped))
        } else if let Some(batch) = input.downcast_mut::<BatchWriteItemInput>() {
            let Some(tables) = &mut batch.request_items else {
                return Ok(None);
            };
            let stamped = moment(names()?)?;
            self.at(&stamped).batch(tables);
            Ok(Some(stamped))
        } else if let Some(transaction) = input.downcast_mut::<TransactWriteItemsInput>() {
            let token = transaction.client_request_token.as_deref();
            let token = token.filter(|_| cfg.load::<OwnToken>().is_some());
            let Some(entries) = &mut transaction.transact_items else {
                return Ok(None);
            };
            let stamped = match (token, settings.tokens) {
                (Some(_), Tokens::Leave) => return Ok(None),
                (Some(token), Tokens::Remember) => {
                    let names = names()?;
                    let read = || settings.clock.now();
                    let now = PROCESS_TOKENS.recall(&names.region, token, Instant::now(), read)?;
                    Stamped {
                        names,
                        now,
                        count_alone: false,
                    }
                }
                (Some(_), Tokens::Count) => Stamped {
                    count_alone: true,
                    ..moment(names()?)?
                },
                (None, _) => moment(names()?)?,
            };
            let on_error: OnError<'_> = &|error| self.failed(error);
            self.at(&stamped).transaction(entries, on_error)?;
            Ok(Some(stamped))
        } else {
            Ok(None)
        }
    }

    fn at<'a>(&'a self, stamped: &'a Stamped) -> Moment<'a> {
        Moment {
            settings: self.settings(),
            names: &stamped.names,
            now: stamped.now,
            count_alone: stamped.count_alone,
        }
    }

    /// The attribute names for the Region that this call goes to.
    fn names(
        &self,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> Result<Arc<Names>, StampError> {
        let own = self.settings().region.as_deref();
        let endpoint = match own {
            Some(_) => None,
            None => endpoint(components, cfg)?,
        };
        let signing = own.or_else(|| cfg.load::<Region>().map(AsRef::as_ref));
        let is_known = |known: &&Known| {
            known.endpoint.as_deref() == endpoint.as_deref() && known.signing.as_deref() == signing
        };
        let known = self.shared.known.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(is_known) {
            return Ok(known.names.clone());
        }
        drop(known);
        let region = endpoint_region(endpoint.as_deref(), signing);
        let region = region.ok_or(StampError::UnknownRegion)?;
        if !is_region_name(&region) {
            return Err(StampError::NotARegion(region));
        }
        let names = Arc::new(Names::new(&self.settings().prefix, &region));
        let known = self.shared.known.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_ENDPOINTS {
            known.clear();
        }
        known.push(Known {
            endpoint,
            signing: signing.map(str::to_owned),
            names: names.clone(),
        });
        Ok(names)
    }

    /// A write must not fail for its stamp, unless that was asked for.
    fn failed(&self, error: StampError) -> Result<(), StampError> {
        if self.settings().strict {
            return Err(error);
        }
        if !self.shared.logged.swap(true, Ordering::Relaxed) {
            tracing::error!(target: "lastwriter", "a write went out without its stamp (told once): {error}");
        }
        Ok(())
    }
}

/// The URL that the SDK will send the call to; `None` where its own resolver cannot tell yet either, as where that needs
/// the account of the credentials, which are looked up later.
fn endpoint(components: &RuntimeComponents, cfg: &ConfigBag) -> Result<Option<String>, StampError> {
    let Some(params) = cfg.load::<EndpointResolverParams>() else {
        return Ok(None);
    };
    let resolver = components.endpoint_resolver();
    let mut resolved = pin!(resolver.resolve_endpoint(params));
    // The SDK's own resolver answers at once, and a hook cannot wait for another one.
    match resolved
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(endpoint) => Ok(endpoint.ok().map(|endpoint| endpoint.url().to_owned())),
        Poll::Pending => Err(StampError::AsynchronousEndpoint),
    }
}

impl Intercept for Stamp {
    fn name(&self) -> &'static str {
        "LastwriterStamp"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The SDK makes up a token in `modify_before_serialization`, perhaps before this interceptor's turn.
        let transaction = context.input().downcast_ref::<TransactWriteItemsInput>();
        if transaction.is_some_and(|input| input.client_request_token.is_some()) {
            cfg.interceptor_state().store_put(OwnToken);
        }
        Ok(())
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        // The clock and the table filter are the caller's. Each write is changed only once its stamp is complete, so
        // that a panic leaves the request whole.
        let stamped = catch_unwind(AssertUnwindSafe(|| self.stamp(input, components, cfg)));
        match stamped.unwrap_or(Err(StampError::Panicked)) {
            Ok(Some(stamped)) => {
                cfg.interceptor_state().store_put(stamped);
                cfg.interceptor_state().store_put(MeantToBeStamped);
            }
            Ok(None) => {}
            Err(error) => {
                self.failed(error)?;
                cfg.interceptor_state().store_put(MeantToBeStamped);
            }
        }
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(stamped) = cfg.load::<Stamped>() else {
            return Ok(());
        };
        if let Some(Ok(output)) = context.output_or_error_mut()
            && let Some(batch) = output.downcast_mut::<BatchWriteItemOutput>()
            && let Some(unprocessed) = &mut batch.unprocessed_items
        {
            take_back(unprocessed, &stamped.names, stamped.now);
        }
        Ok(())
    }
}

impl Default for Stamp {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stamp").field(self.settings()).finish()
    }
}
