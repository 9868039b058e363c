//! Hooks the stamp into the SDK.
//!
//! The orchestrator calls `modify_before_serialization` once per call: the request is serialised after it, and what the
//! SDK's retries send is that request again. The endpoint is resolved later, once for each attempt, but all that it
//! depends on is in the configuration by then, so it is resolved here too, to learn the Region.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeSerializationInterceptorContextRef,
    FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_smithy_runtime_api::client::endpoint::{EndpointResolverParams, ResolveEndpoint};
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::call::{Asked, Asking, Call, SingleWrite, WriteKind, is_stamped_operation};
use crate::encrypted::{Encrypted, SignedTables};
use crate::error::StampError;
use crate::history::{stamps_under, without_stamps_under};
use crate::memory::{Memory, Table};
use crate::region::{endpoint_region, is_region_name, without_account};
use crate::rewrite::Moment;
use crate::settings::{Builder, Names, Tokens, table_name};
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
    memory: Memory,
    signed: SignedTables,
    /// What was logged of: of a table whose items are signed its name, and nothing of all else.
    told: Mutex<HashSet<String>>,
    known: RwLock<Vec<Known>>,
}

/// An endpoint, the Region that its requests are signed for, and what follows.
struct Known {
    endpoint: Option<String>,
    signing: Option<String>,
    replica: Arc<Replica>,
}

/// What a client talks to, as one stamp sees it.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) names: Names,
    /// What tells its tables from those of the same name elsewhere.
    pub(crate) endpoint: String,
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
                memory: Memory::new(settings.remember),
                settings,
                signed: SignedTables::default(),
                told: Mutex::default(),
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

    /// The tables whose items are signed, unless the settings allow for that.
    pub(crate) fn signed(&self) -> Option<&SignedTables> {
        let refuses = self.settings().encrypted == Encrypted::Refuse;
        refuses.then_some(&self.shared.signed)
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.shared.memory
    }

    /// A table of a replica in the memory.
    pub(crate) fn table(&self, at: &Replica, name_or_arn: &str) -> Arc<Table> {
        let name = table_name(name_or_arn);
        let keys = || Some(self.settings().keys_of(name)?.iter().collect());
        self.memory().table(&at.endpoint, name, keys)
    }

    /// Whether both are one stamp: clones are.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// What this stamp keeps of the call under way.
    pub(crate) fn call<'a>(&self, cfg: &'a ConfigBag) -> Option<&'a Call> {
        cfg.load::<Call>().find(|call| call.stamp.is(self))
    }

    /// Stamps a request, if it is a write to a table that is to be stamped. What is given is to be told of the answer;
    /// `None` for a call that is no matter of stamps.
    fn stamp(
        &self,
        input: &mut Input,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> Result<Option<Call>, StampError> {
        let found = OnceCell::new();
        let to = || {
            if let Some(replica) = found.get() {
                return Ok(Arc::clone(replica));
            }
            let replica = self.replica(components, cfg)?;
            Ok(Arc::clone(found.get_or_init(|| replica)))
        };
        let asking = Asking {
            stamp: self,
            to: &to,
            own_token: cfg.load::<OwnToken>().is_some(),
        };
        let Some(asked) = asking.asked(input)? else {
            return Ok(None);
        };
        let mut call = Call::new(self.clone(), to()?, asked);
        if let Err(error) = self.rewrite(input, &mut call)
            && let Err(error) = self.failed(error)
        {
            call.close(); // It is not sent.
            return Err(error);
        }
        Ok(Some(call))
    }

    fn rewrite(&self, input: &mut Input, call: &mut Call) -> Result<(), StampError> {
        if !is_stamped_operation(input) {
            return Ok(());
        }
        let settings = self.settings();
        let to = Arc::clone(&call.to);
        let alike = matches!(
            call.asked,
            Asked::Transaction {
                own_token: true,
                ..
            }
        );
        let transaction = input.downcast_ref::<TransactWriteItemsInput>();
        let token = transaction.and_then(|input| input.client_request_token.as_deref());
        call.now = match (token.filter(|_| alike), settings.tokens) {
            (Some(_), Tokens::Leave) => return Ok(()),
            (Some(token), Tokens::Remember) => {
                let read = || settings.clock.now();
                PROCESS_TOKENS.recall(&to.names.region, token, Instant::now(), read)?
            }
            _ => settings.clock.now()?,
        };
        let moment = Moment {
            stamp: self,
            names: &to.names,
            now: call.now,
            alike,
            count_alone: alike && settings.tokens == Tokens::Count,
        };
        match &mut call.asked {
            Asked::Write(SingleWrite { write, .. }) => {
                if let Some(update) = input.downcast_mut::<UpdateItemInput>() {
                    moment.update(update, write)?;
                    write.kind = WriteKind::Update(true);
                } else if let Some(put) = input.downcast_mut::<PutItemInput>() {
                    write.kind = WriteKind::Put(moment.put(put, &write.table)?);
                }
                Ok(())
            }
            Asked::Transaction { writes, .. } => {
                let input = input.downcast_mut::<TransactWriteItemsInput>();
                let entries = input.and_then(|input| input.transact_items.as_mut());
                entries.map_or(Ok(()), |entries| moment.transaction(entries, writes))
            }
            Asked::Batch(writes) => {
                let input = input.downcast_mut::<BatchWriteItemInput>();
                let tables = input.and_then(|input| input.request_items.as_mut());
                tables.map_or(Ok(()), |tables| moment.batch(tables, writes))
            }
            _ => Ok(()),
        }
    }

    /// What this call goes to.
    fn replica(
        &self,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> Result<Arc<Replica>, StampError> {
        let own = self.settings().region.as_deref();
        let endpoint = match (own, endpoint(components, cfg)) {
            (Some(_), endpoint) => endpoint.unwrap_or_default(),
            (None, endpoint) => endpoint?,
        };
        let signing = own.or_else(|| cfg.load::<Region>().map(AsRef::as_ref));
        let is_known = |known: &&Known| {
            known.endpoint.as_deref() == endpoint.as_deref() && known.signing.as_deref() == signing
        };
        let known = self.shared.known.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(is_known) {
            return Ok(known.replica.clone());
        }
        drop(known);
        let region = match own {
            Some(own) => Some(own.to_owned()),
            None => endpoint_region(endpoint.as_deref(), signing),
        };
        let region = region.ok_or(StampError::UnknownRegion)?;
        if !is_region_name(&region) {
            return Err(StampError::NotARegion(region));
        }
        let replica = Arc::new(Replica {
            endpoint: match &endpoint {
                Some(endpoint) => without_account(endpoint),
                None => region.clone(),
            },
            names: Names::new(&self.settings().prefix, &region),
        });
        let known = self.shared.known.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_ENDPOINTS {
            known.clear();
        }
        known.push(Known {
            endpoint,
            signing: signing.map(str::to_owned),
            replica: replica.clone(),
        });
        Ok(replica)
    }

    /// A write must not fail for its stamp, unless that was asked for.
    pub(crate) fn failed(&self, error: StampError) -> Result<(), StampError> {
        if self.settings().strict {
            return Err(error);
        }
        // Each table whose items are signed is told: its writes stay without stamps until something is done.
        let about = match &error {
            StampError::Encrypted { table, .. } => table.clone(),
            _ => String::new(),
        };
        let told = self.shared.told.lock();
        if told.unwrap_or_else(PoisonError::into_inner).insert(about) {
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
        if self.call(cfg).is_some() {
            return Ok(()); // The client has this stamp twice.
        }
        let input = context.input_mut();
        let is_write = is_stamped_operation(input);
        // The clock and the table filter are the caller's. Each write is changed only once its stamp is complete, so
        // that a panic leaves the request whole.
        let stamped = catch_unwind(AssertUnwindSafe(|| self.stamp(input, components, cfg)));
        match stamped.unwrap_or(Err(StampError::Panicked)) {
            Ok(Some(call)) => {
                cfg.interceptor_state().store_append(call);
            }
            Ok(None) => return Ok(()),
            Err(error) if is_write => self.failed(error)?,
            Err(_) => {} // Nothing is learnt from this read. What is wrong is told of the writes.
        }
        if is_write {
            cfg.interceptor_state().store_put(MeantToBeStamped);
        }
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = self.call(cfg).filter(|call| call.close()) else {
            return Ok(());
        };
        // The call was made: its answer must reach the caller.
        if catch_unwind(AssertUnwindSafe(|| call.answered(context))).is_err() {
            tracing::error!(target: "lastwriter", "an answer could not be read for its stamps");
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
