//! Rewrites requests: the stamp of one moment, added to one write after the other.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{
    AttributeAction, AttributeValue, AttributeValueUpdate, Put, TransactWriteItem, Update,
    WriteRequest,
};

use crate::condition::{expected_not_to_exist, must_not_exist};
use crate::error::StampError;
use crate::expression::{
    MAX_EXPRESSION_BYTES, Section, UpdateExpression, from_additions, placeholder_suffix,
};
use crate::part::{MAX_PART, number, read_part};
use crate::settings::{Builder, Names};
use crate::stamps::Attribute;

type Item = HashMap<String, AttributeValue>;

/// What to do with a write of many that cannot be stamped: go on without its stamp, or fail the call.
pub(crate) type OnError<'a> = &'a dyn Fn(StampError) -> Result<(), StampError>;

/// One moment's stamp: what every write of one call gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) settings: &'a Builder,
    pub(crate) names: &'a Names,
    /// Microseconds since 1970.
    pub(crate) now: u64,
    /// Whether to add the count alone, as any other process would, whose clock tells another time.
    pub(crate) count_alone: bool,
}

impl Moment<'_> {
    pub(crate) fn update(self, request: &mut UpdateItemInput) -> Result<(), StampError> {
        // DynamoDB does not take expressions and the parameters that they replaced in one request.
        let legacy = request.attribute_updates.is_some()
            || request.expected.is_some()
            || request.conditional_operator.is_some();
        if request.update_expression.is_none() && legacy {
            self.legacy_update(request);
            return Ok(());
        }
        let extended = self.expression(
            request.update_expression.as_deref(),
            request.condition_expression.as_deref(),
            &mut request.expression_attribute_names,
            &mut request.expression_attribute_values,
        )?;
        if extended.is_some() {
            request.update_expression = extended;
        }
        Ok(())
    }

    fn update_in_transaction(self, request: &mut Update) -> Result<(), StampError> {
        let extended = self.expression(
            Some(&request.update_expression),
            request.condition_expression.as_deref(),
            &mut request.expression_attribute_names,
            &mut request.expression_attribute_values,
        )?;
        if let Some(extended) = extended {
            request.update_expression = extended;
        }
        Ok(())
    }

    /// The update expression with the stamp's two clauses, and their names and values. `None`, with nothing changed, for
    /// an expression that stamps by hand or that DynamoDB rejects.
    fn expression(
        self,
        expression: Option<&str>,
        condition: Option<&str>,
        names: &mut Option<HashMap<String, String>>,
        values: &mut Option<Item>,
    ) -> Result<Option<String>, StampError> {
        let parsed = match expression.map(UpdateExpression::parse) {
            Some(None) => return Ok(None),
            Some(parsed) => parsed,
            None => None,
        };
        if names.as_ref().is_some_and(HashMap::is_empty)
            || values.as_ref().is_some_and(HashMap::is_empty)
        {
            return Ok(None); // DynamoDB rejects an empty map, and must go on to do so.
        }
        // A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
        let written = |attribute: &str| {
            let (Some(parsed), Some(names)) = (&parsed, &*names) else {
                return false;
            };
            let mut targets = parsed.targets.iter();
            targets.any(|target| names.get(*target).is_some_and(|name| name == attribute))
        };
        let time = !self.count_alone && !written(&self.names.time);
        let count = !written(&self.names.count);
        if !time && !count {
            return Ok(None);
        }
        let texts = [expression.unwrap_or(""), condition.unwrap_or("")];
        let suffix = placeholder_suffix(["lwt", "lwn"], texts, names.as_ref(), values.as_ref());
        let mut additions = Vec::with_capacity(2);
        if time {
            let action = format!("#lwt{suffix} = :lwt{suffix}");
            additions.push((Section::Set, action));
        }
        if count {
            additions.push((Section::Add, format!("#lwn{suffix} :lwn{suffix}")));
        }
        let extended = match &parsed {
            Some(parsed) => parsed.extend(&additions),
            None => from_additions(&additions),
        };
        if extended.len() > MAX_EXPRESSION_BYTES {
            return Err(StampError::ExpressionTooLong);
        }
        let names = names.get_or_insert_default();
        let values = values.get_or_insert_default();
        if time {
            names.insert(format!("#lwt{suffix}"), self.names.time.clone());
            values.insert(format!(":lwt{suffix}"), number(self.now));
        }
        if count {
            names.insert(format!("#lwn{suffix}"), self.names.count.clone());
            values.insert(format!(":lwn{suffix}"), number(1));
        }
        Ok(Some(extended))
    }

    fn legacy_update(self, request: &mut UpdateItemInput) {
        let stamp = [
            (&self.names.time, AttributeAction::Put, self.now),
            (&self.names.count, AttributeAction::Add, 1),
        ];
        let updates = request.attribute_updates.get_or_insert_default();
        for (name, action, value) in stamp {
            updates.entry(name.clone()).or_insert_with(|| {
                AttributeValueUpdate::builder()
                    .action(action)
                    .value(number(value))
                    .build()
            });
        }
    }

    pub(crate) fn put(self, request: &mut PutItemInput) {
        let Some(item) = &mut request.item else {
            return;
        };
        let table = request.table_name.as_deref().unwrap_or("");
        self.item(item, |item| {
            let is_key = self.is_key(table, item);
            match (&request.condition_expression, &request.expected) {
                (Some(condition), _) => {
                    let names = request.expression_attribute_names.as_ref();
                    must_not_exist(condition, names, &is_key)
                }
                (None, Some(expected)) => {
                    let operator = request.conditional_operator.as_ref();
                    expected_not_to_exist(expected, operator, &is_key)
                }
                (None, None) => false,
            }
        });
    }

    fn put_in_transaction(self, request: &mut Put) -> Result<(), StampError> {
        let creates = |item: &Item| {
            let is_key = self.is_key(&request.table_name, item);
            let names = request.expression_attribute_names.as_ref();
            let condition = request.condition_expression.as_deref();
            condition.is_some_and(|condition| must_not_exist(condition, names, &is_key))
        };
        if self.count_alone {
            return self.count_item(&mut request.item, creates);
        }
        self.item(&mut request.item, creates);
        Ok(())
    }

    fn is_key<'a>(&'a self, table: &str, item: &'a Item) -> impl Fn(&str) -> bool + use<'a> {
        let keys = self.settings.keys_of(table);
        move |name| keys.map_or_else(|| item.contains_key(name), |keys| keys.contains(name))
    }

    /// Stamps an item that is put. `creates` tells whether the put can only succeed where there is no item.
    fn item(self, item: &mut Item, creates: impl FnOnce(&Item) -> bool) {
        let count = if self.carries_history(item) {
            self.next_count(item)
        } else {
            if !creates(item) {
                item.insert(self.names.reset.clone(), number(self.now));
            }
            1
        };
        item.insert(self.names.count.clone(), number(count));
        item.insert(self.names.time.clone(), number(self.now));
    }

    /// Gives an item that is put the count alone: what every process would.
    fn count_item(
        self,
        item: &mut Item,
        creates: impl FnOnce(&Item) -> bool,
    ) -> Result<(), StampError> {
        let count = if self.carries_history(item) {
            self.next_count(item)
        } else if creates(item) {
            1
        } else {
            return Err(StampError::PutWithToken);
        };
        item.insert(self.names.count.clone(), number(count));
        Ok(())
    }

    /// Whether an item carries a count or a time itself. A reset alone is no history.
    fn carries_history(self, item: &Item) -> bool {
        item.iter().any(|(name, value)| {
            let attribute = Attribute::parse(name, &self.names.prefix);
            matches!(attribute, Some(Attribute::Count(_) | Attribute::Time(_)))
                && read_part(Some(value)).is_some()
        })
    }

    fn next_count(self, item: &Item) -> u64 {
        let count = read_part(item.get(&self.names.count)).unwrap_or(0);
        (count + 1).min(MAX_PART)
    }

    pub(crate) fn transaction(
        self,
        entries: &mut [TransactWriteItem],
        on_error: OnError<'_>,
    ) -> Result<(), StampError> {
        for entry in entries {
            if let Some(update) = &mut entry.update
                && self.settings.covers(&update.table_name)
                && let Err(error) = self.update_in_transaction(update)
            {
                on_error(error)?;
            }
            if let Some(put) = &mut entry.put
                && self.settings.covers(&put.table_name)
                && let Err(error) = self.put_in_transaction(put)
            {
                on_error(error)?;
            }
        }
        Ok(())
    }

    pub(crate) fn batch(self, tables: &mut HashMap<String, Vec<WriteRequest>>) {
        let covered = tables
            .iter_mut()
            .filter(|(table, _)| self.settings.covers(table));
        for entry in covered.flat_map(|(_, entries)| entries) {
            if let Some(put) = &mut entry.put_request {
                self.item(&mut put.item, |_| false);
            }
        }
    }
}

/// Undoes the stamps of puts that a BatchWriteItem answer gives back as not written.
///
/// The caller will send them again, as another call that is stamped anew: the write that never happened must not count.
/// `now` is the time that the batch was stamped with.
pub(crate) fn take_back(
    unprocessed: &mut HashMap<String, Vec<WriteRequest>>,
    names: &Names,
    now: u64,
) {
    let puts = unprocessed
        .values_mut()
        .flatten()
        .filter_map(|entry| entry.put_request.as_mut());
    for put in puts {
        let item = &mut put.item;
        if read_part(item.get(&names.time)) != Some(now) {
            continue;
        }
        let count = read_part(item.get(&names.count)).unwrap_or(0);
        if count > 1 {
            item.insert(names.count.clone(), number(count - 1));
            continue;
        }
        item.remove(&names.count);
        item.remove(&names.time);
        if read_part(item.get(&names.reset)) == Some(now) {
            item.remove(&names.reset);
        }
    }
}
