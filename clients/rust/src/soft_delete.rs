//! Marking an item as deleted, and bringing it back, each in one stamped UpdateItem.
//!
//! A DeleteItem leaves nothing behind that could carry a stamp, so a conflict with it cannot be told. A mark can.

use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::Stamp;
use crate::error::SoftDeleteError;
use crate::expression::{Section, UpdateExpression, from_additions, placeholder_suffix};
use crate::part::number;
use crate::stamp::MeantToBeStamped;

/// A week: longer than a stream's 24 hours, and than most outages that delay replication.
const DEFAULT_EXPIRES_IN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Stamp {
    /// Marks an item as deleted and lets DynamoDB's TTL purge it later, in one stamped UpdateItem.
    ///
    /// `update` is an UpdateItem of a client that has this stamp, with the table and the key, and whatever else is to be
    /// in the same write: a condition, an update expression of your own, return values. `ttl_attribute` is the table's
    /// TTL attribute.
    ///
    /// The item stays until TTL removes it: reads return it, with `lw:deleted`, and conditional creates on its key fail.
    /// Without a condition a mark is also left where there was no item, as UpdateItem does.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let config = aws_sdk_dynamodb::Config::builder();
    /// use aws_sdk_dynamodb::types::AttributeValue;
    ///
    /// let stamp = lastwriter_client::Stamp::new();
    /// let client = aws_sdk_dynamodb::Client::from_conf(config.interceptor(stamp.clone()).build());
    /// let which = client
    ///     .update_item()
    ///     .table_name("orders")
    ///     .key("id", AttributeValue::S("o-17".into()))
    ///     .condition_expression("attribute_exists(id)");
    /// stamp.soft_delete(which, "expires").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn soft_delete(
        &self,
        update: UpdateItemFluentBuilder,
        ttl_attribute: impl Into<String>,
    ) -> SoftDelete {
        SoftDelete {
            stamp: self.clone(),
            update,
            ttl_attribute: ttl_attribute.into(),
            expires_in: DEFAULT_EXPIRES_IN,
        }
    }

    /// Brings back an item that [`soft_delete`](Self::soft_delete) marked: removes the mark and the TTL attribute in one
    /// stamped UpdateItem.
    ///
    /// Give `update` an update expression for new contents in the same write, which is how an item is created again. It
    /// fails with `ConditionalCheckFailedException` where the item is not marked, so that nothing is made of an item that
    /// TTL has purged; this comes on top of a condition of your own.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let config = aws_sdk_dynamodb::Config::builder();
    /// use aws_sdk_dynamodb::types::AttributeValue;
    ///
    /// let stamp = lastwriter_client::Stamp::new();
    /// let client = aws_sdk_dynamodb::Client::from_conf(config.interceptor(stamp.clone()).build());
    /// let which = client
    ///     .update_item()
    ///     .table_name("orders")
    ///     .key("id", AttributeValue::S("o-17".into()));
    /// stamp.revive(which, "expires").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn revive(
        &self,
        update: UpdateItemFluentBuilder,
        ttl_attribute: impl Into<String>,
    ) -> Revive {
        Revive {
            stamp: self.clone(),
            update,
            ttl_attribute: ttl_attribute.into(),
            only_deleted: true,
        }
    }

    fn deleted_name(&self) -> String {
        format!("{}:deleted", self.settings().prefix)
    }
}

/// A soft delete that is not sent yet. Made by [`Stamp::soft_delete`].
#[derive(Debug, Clone)]
pub struct SoftDelete {
    stamp: Stamp,
    update: UpdateItemFluentBuilder,
    ttl_attribute: String,
    expires_in: Duration,
}

impl SoftDelete {
    /// How long until TTL may purge the item, in whole seconds. By default a week: longer than a stream's 24 hours, and
    /// than most outages that delay replication.
    #[must_use]
    pub fn expires_in(mut self, expires_in: Duration) -> Self {
        self.expires_in = expires_in;
        self
    }

    /// Sends it, and gives the answer of UpdateItem.
    ///
    /// # Errors
    ///
    /// What UpdateItem fails with, `ConditionalCheckFailedException` among it, and `SdkError::ConstructionFailure` with a
    /// [`SoftDeleteError`] where the request makes no sense, or the client is not stamped.
    pub async fn send(self) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
        let update = self.prepare().map_err(SdkError::construction_failure)?;
        send(update).await
    }

    fn prepare(self) -> Result<UpdateItemFluentBuilder, BoxError> {
        let seconds = self.stamp.settings().clock.now()? / 1_000_000;
        let expires = seconds.saturating_add(self.expires_in.as_secs());
        let suffix = suffix(&self.update)?;
        let action = format!("#lwd{suffix} = :lwd{suffix}, #lwx{suffix} = :lwx{suffix}");
        let update = add(self.update, Section::Set, action)?;
        Ok(update
            .expression_attribute_names(format!("#lwd{suffix}"), self.stamp.deleted_name())
            .expression_attribute_names(format!("#lwx{suffix}"), self.ttl_attribute)
            .expression_attribute_values(format!(":lwd{suffix}"), AttributeValue::Bool(true))
            .expression_attribute_values(format!(":lwx{suffix}"), number(expires)))
    }
}

/// The undoing of a soft delete that is not sent yet. Made by [`Stamp::revive`].
#[derive(Debug, Clone)]
pub struct Revive {
    stamp: Stamp,
    update: UpdateItemFluentBuilder,
    ttl_attribute: String,
    only_deleted: bool,
}

impl Revive {
    /// Whether to fail where the item is not marked, which is the default. `false` writes in any case, so that it also
    /// creates.
    #[must_use]
    pub fn only_deleted(mut self, only_deleted: bool) -> Self {
        self.only_deleted = only_deleted;
        self
    }

    /// Sends it, and gives the answer of UpdateItem.
    ///
    /// # Errors
    ///
    /// As [`SoftDelete::send`].
    pub async fn send(self) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
        let update = self.prepare().map_err(SdkError::construction_failure)?;
        send(update).await
    }

    fn prepare(self) -> Result<UpdateItemFluentBuilder, BoxError> {
        let suffix = suffix(&self.update)?;
        let action = format!("#lwd{suffix}, #lwx{suffix}");
        let mut update = add(self.update, Section::Remove, action)?;
        if self.only_deleted {
            let marked = format!("attribute_exists(#lwd{suffix})");
            let both = match update.get_condition_expression() {
                Some(own) => format!("{marked} AND ({own})"),
                None => marked,
            };
            update = update.condition_expression(both);
        }
        Ok(update
            .expression_attribute_names(format!("#lwd{suffix}"), self.stamp.deleted_name())
            .expression_attribute_names(format!("#lwx{suffix}"), self.ttl_attribute))
    }
}

/// What keeps the placeholders apart from the caller's.
fn suffix(update: &UpdateItemFluentBuilder) -> Result<String, SoftDeleteError> {
    if update.get_attribute_updates().is_some()
        || update.get_expected().is_some()
        || update.get_conditional_operator().is_some()
    {
        return Err(SoftDeleteError::LegacyParameters);
    }
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let texts = [
        text(update.get_update_expression()),
        text(update.get_condition_expression()),
    ];
    Ok(placeholder_suffix(
        ["lwd", "lwx"],
        [&texts[0], &texts[1]],
        update.get_expression_attribute_names().as_ref(),
        update.get_expression_attribute_values().as_ref(),
    ))
}

/// Adds actions to the request's update expression.
fn add(
    update: UpdateItemFluentBuilder,
    section: Section,
    actions: String,
) -> Result<UpdateItemFluentBuilder, SoftDeleteError> {
    let additions = [(section, actions)];
    let extended = match update.get_update_expression() {
        // An expression that cannot be extended is one that DynamoDB rejects: it must not pass for a delete.
        Some(own) => UpdateExpression::parse(own)
            .ok_or(SoftDeleteError::Expression)?
            .extend(&additions),
        None => from_additions(&additions),
    };
    Ok(update.update_expression(extended))
}

async fn send(
    update: UpdateItemFluentBuilder,
) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
    update.customize().interceptor(MustBeStamped).send().await
}

/// Fails a call that no stamp's interceptor has seen: a mark without a stamp would be lost like any other write.
#[derive(Debug)]
struct MustBeStamped;

impl Intercept for MustBeStamped {
    fn name(&self) -> &'static str {
        "LastwriterMustBeStamped"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match cfg.load::<MeantToBeStamped>() {
            Some(_) => Ok(()),
            None => Err(SoftDeleteError::NotStamped.into()),
        }
    }
}
