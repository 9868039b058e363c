//! How a stamp is made: its settings, and the attribute names that follow from them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::encrypted::Encrypted;
use crate::error::SettingsError;
use crate::memory::DEFAULT_REMEMBER;
use crate::region::is_region_name;
use crate::{DEFAULT_PREFIX, Stamp};

/// What to do with a transaction that has the caller's own `ClientRequestToken`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tokens {
    /// Add what every process adds alike, so that the transaction can be sent again by another one: updates get the count
    /// without the time, and so does a put that carries stamps or must not exist. Any other put goes out as it is.
    #[default]
    Count,
    /// Stamp it in full, and keep the stamp's time for ten minutes after the token's last use, so that a retry in this process is
    /// the same transaction. A retry from another process cannot be stamped alike: DynamoDB answers
    /// `IdempotentParameterMismatchException`.
    Remember,
    /// Leave such calls alone. Stamp them by hand with a time that you keep beside the token.
    Leave,
}

type TableFilter = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The settings of a [`Stamp`], all of which can be left out. Made by [`Stamp::builder`].
///
/// ```
/// use lastwriter_client::{Stamp, Tokens};
///
/// let stamp = Stamp::builder()
///     .region("eu-west-1")
///     .tables(["orders", "carts"])
///     .keys("orders", ["id"])
///     .tokens(Tokens::Leave)
///     .strict(true)
///     .build()?;
/// # Ok::<(), lastwriter_client::SettingsError>(())
/// ```
#[derive(Clone)]
pub struct Builder {
    pub(crate) region: Option<String>,
    pub(crate) prefix: String,
    pub(crate) clock: Clock,
    tables: Option<TableFilter>,
    keys: HashMap<String, HashSet<String>>,
    pub(crate) tokens: Tokens,
    pub(crate) remember: usize,
    pub(crate) hide: bool,
    pub(crate) encrypted: Encrypted,
    pub(crate) strict: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            region: None,
            prefix: DEFAULT_PREFIX.to_owned(),
            clock: Clock::System,
            tables: None,
            keys: HashMap::new(),
            tokens: Tokens::Count,
            remember: DEFAULT_REMEMBER,
            hide: true,
            encrypted: Encrypted::Refuse,
            strict: false,
        }
    }
}

impl Builder {
    /// The Region to stamp with. By default the Region in the endpoint's host name, and for an endpoint that is not AWS's
    /// the Region of the client. Set it if you reach DynamoDB through a proxy.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The first part of the stamp attributes' names; the stream processor's STAMP_PREFIX. By default `lw`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// A clock that gives microseconds since 1970. By default the system's. A reading smaller than an earlier one is
    /// replaced by that, for all clients that share this stamp.
    #[must_use]
    pub fn clock(mut self, read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Clock::custom(read);
        self
    }

    /// The tables to stamp, by name or ARN. By default all.
    #[must_use]
    pub fn tables<T: Into<String>>(self, tables: impl IntoIterator<Item = T>) -> Self {
        let names: HashSet<String> = tables
            .into_iter()
            .map(|table| table_name(&table.into()).to_owned())
            .collect();
        self.tables_where(move |table| names.contains(table))
    }

    /// The tables to stamp, as a function that is given a table's name. By default all.
    #[must_use]
    pub fn tables_where(mut self, covers: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.tables = Some(Arc::new(covers));
        self
    }

    /// The names of a table's key attributes. By default they are learnt from requests, and each attribute of an item that
    /// is put is taken for a possible key in its condition.
    #[must_use]
    pub fn keys<N: Into<String>>(
        mut self,
        table: impl AsRef<str>,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.keys
            .insert(table_name(table.as_ref()).to_owned(), names);
        self
    }

    /// What to do with a transaction that has your own `ClientRequestToken`.
    #[must_use]
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = tokens;
        self
    }

    /// How many items' stamps are kept, for puts that carry none; 0 for none. By default 10,000, about 10 MB. The clients
    /// that have this stamp share them.
    #[must_use]
    pub fn remember(mut self, items: usize) -> Self {
        self.remember = items;
        self
    }

    /// Whether to take the stamps out of what reads, `ReturnValues` and failed conditions return, unless they are asked for by
    /// name. By default they are.
    #[must_use]
    pub fn hide(mut self, hide: bool) -> Self {
        self.hide = hide;
        self
    }

    /// What to do with items that a client-side encryption library has signed. By default they are not stamped.
    #[must_use]
    pub fn encrypted(mut self, encrypted: Encrypted) -> Self {
        self.encrypted = encrypted;
        self
    }

    /// Whether to fail, and not write, where a write cannot be stamped. By default such a write goes out without a stamp,
    /// and the first one is logged.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The stamp.
    ///
    /// # Errors
    ///
    /// [`SettingsError`]: the stream processor would not take a stamp with this Region or prefix.
    pub fn build(self) -> Result<Stamp, SettingsError> {
        if self.prefix.is_empty() || self.prefix.contains(':') {
            return Err(SettingsError::Prefix(self.prefix));
        }
        match &self.region {
            Some(region) if !is_region_name(region) => Err(SettingsError::Region(region.clone())),
            _ => Ok(Stamp::from_settings(self)),
        }
    }

    /// Whether writes to this table are stamped.
    pub(crate) fn covers(&self, name_or_arn: &str) -> bool {
        let covers = self.tables.as_ref();
        covers.is_none_or(|covers| covers(table_name(name_or_arn)))
    }

    /// The names of a table's key attributes, if they are known.
    pub(crate) fn keys_of(&self, name_or_arn: &str) -> Option<&HashSet<String>> {
        self.keys.get(table_name(name_or_arn))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("region", &self.region)
            .field("prefix", &self.prefix)
            .field("clock", &self.clock)
            .field("all_tables", &self.tables.is_none())
            .field("keys", &self.keys)
            .field("tokens", &self.tokens)
            .field("remember", &self.remember)
            .field("hide", &self.hide)
            .field("encrypted", &self.encrypted)
            .field("strict", &self.strict)
            .finish()
    }
}

/// The bare name: DynamoDB takes an ARN wherever it takes a table's name.
pub(crate) fn table_name(name_or_arn: &str) -> &str {
    match name_or_arn.starts_with("arn:") {
        true => name_or_arn.rsplit('/').next().unwrap_or(name_or_arn),
        false => name_or_arn,
    }
}

/// The attribute names of one Region's stamp.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) region: String,
    pub(crate) prefix: String,
    pub(crate) count: String,
    pub(crate) time: String,
    pub(crate) reset: String,
}

impl Names {
    pub(crate) fn new(prefix: &str, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            prefix: prefix.to_owned(),
            count: format!("{prefix}:n:{region}"),
            time: format!("{prefix}:t:{region}"),
            reset: format!("{prefix}:reset"),
        }
    }
}
