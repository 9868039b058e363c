//! Rewrites requests: the stamp of one moment, added to one write after the other.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{
    AttributeAction, AttributeValue, AttributeValueUpdate, Put, TransactWriteItem, Update,
    WriteRequest,
};

use crate::Item;
use crate::call::{Write, WriteKind};
use crate::condition::{expected_not_to_exist, must_not_exist};
use crate::error::StampError;
use crate::expression::{
    MAX_EXPRESSION_BYTES, Section, UpdateExpression, from_additions, placeholder_suffix,
};
use crate::memory::Table;
use crate::part::{MAX_PART, number, read_part};
use crate::settings::Names;
use crate::stamp::Stamp;
use crate::stamps::{Attribute, Stamps, is_stamp};
use crate::written_back::{Knowledge, UpdateText, take_out_of_legacy};

/// The stamps of an item as it is put, to be remembered.
type PutStamps = Result<Option<Stamps>, StampError>;

/// One moment's stamp: what every write of one call gets.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) stamp: &'a Stamp,
    pub(crate) names: &'a Names,
    /// Microseconds since 1970.
    pub(crate) now: u64,
    /// Whether it is a transaction with the caller's token. Another process may send it again, which has seen other items.
    pub(crate) alike: bool,
    /// Whether to add the count alone, as any other process would, whose clock tells another time.
    pub(crate) count_alone: bool,
}

impl Moment<'_> {
    pub(crate) fn update(
        self,
        request: &mut UpdateItemInput,
        write: &Write,
    ) -> Result<(), StampError> {
        self.refuse_signed(&write.table, None)?;
        // DynamoDB does not take expressions and the parameters that they replaced in one request.
        let legacy = request.attribute_updates.is_some()
            || request.expected.is_some()
            || request.conditional_operator.is_some();
        if request.update_expression.is_none() && legacy {
            return self.legacy_update(request, write);
        }
        let extended = self.expression(
            write,
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

    fn update_in_transaction(self, request: &mut Update, write: &Write) -> Result<(), StampError> {
        self.refuse_signed(&write.table, None)?;
        let extended = self.expression(
            write,
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

    /// The update expression with the stamp's two clauses, and their names and values; without the stamps that it writes
    /// back. `None`, with nothing changed, for an expression that stamps by hand or that DynamoDB rejects.
    fn expression(
        self,
        write: &Write,
        expression: Option<&str>,
        condition: Option<&str>,
        names: &mut Option<HashMap<String, String>>,
        values: &mut Option<Item>,
    ) -> Result<Option<String>, StampError> {
        let writes_stamps = names.as_ref().is_some_and(|names| {
            let mut names = names.values();
            names.any(|name| is_stamp(name, &self.names.prefix))
        });
        // What every process has to send alike cannot hang on what this one has seen, nor on its clock.
        if let (Some(expression), Some(given), true, false) =
            (expression, &*names, writes_stamps, self.count_alone)
        {
            let text = UpdateText {
                expression,
                condition: condition.unwrap_or(""),
                names: given,
                values,
            };
            if let Some(mut rest) = text.without_written_back(&self.knowledge(write))? {
                let left = rest.expression.as_deref();
                let extended = self.extended(left, condition, &mut rest.names, &mut rest.values)?;
                (*names, *values) = (rest.names, rest.values);
                return Ok(extended.or(rest.expression));
            }
        }
        self.extended(expression, condition, names, values)
    }

    /// What tells stamps that were read from those that are made by hand.
    fn knowledge(&self, write: &Write) -> Knowledge<'_> {
        let memory = self.stamp.memory();
        Knowledge {
            prefix: &self.names.prefix,
            known: match self.alike {
                true => Stamps::default(), // Another process has seen other items.
                false => memory.find(&write.table, &write.key).unwrap_or_default(),
            },
            now: self.now,
        }
    }

    fn extended(
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
            let mut actions = parsed.actions.iter();
            actions.any(|action| {
                names
                    .get(action.target)
                    .is_some_and(|name| name == attribute)
            })
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

    fn legacy_update(self, request: &mut UpdateItemInput, write: &Write) -> Result<(), StampError> {
        if let Some(updates) = &mut request.attribute_updates {
            let knowledge = || self.knowledge(write);
            take_out_of_legacy(updates, &self.names.prefix, knowledge)?;
        }
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
        Ok(())
    }

    /// Stamps a put, and gives the stamps of its item.
    pub(crate) fn put(self, request: &mut PutItemInput, table: &Table) -> PutStamps {
        let Some(item) = &mut request.item else {
            return Ok(None);
        };
        self.item(table, item, |item| {
            let is_key = self.is_key(&table.name, item);
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
        })
    }

    fn put_in_transaction(self, request: &mut Put, table: &Table) -> PutStamps {
        self.item(table, &mut request.item, |item| {
            let is_key = self.is_key(&table.name, item);
            let names = request.expression_attribute_names.as_ref();
            let condition = request.condition_expression.as_deref();
            condition.is_some_and(|condition| must_not_exist(condition, names, &is_key))
        })
    }

    fn is_key<'a>(&'a self, table: &str, item: &'a Item) -> impl Fn(&str) -> bool + use<'a> {
        let keys = self.stamp.settings().keys_of(table);
        move |name| keys.map_or_else(|| item.contains_key(name), |keys| keys.contains(name))
    }

    /// Stamps an item that is put, and gives the stamps that it has then.
    fn item(
        self,
        table: &Table,
        item: &mut Item,
        creates: impl FnOnce(&Item) -> bool,
    ) -> PutStamps {
        item.extend(self.put_stamp(table, item, creates)?);
        // What a transaction with a token wrote to is forgotten.
        Ok((!self.count_alone).then(|| Stamps::read(item, &self.names.prefix)))
    }

    /// What an item that is put is stamped with: the history that it carries, that its process has seen, or word that it has
    /// none. `creates` tells whether the put can only succeed where there is no item.
    fn put_stamp(
        self,
        table: &Table,
        item: &Item,
        creates: impl FnOnce(&Item) -> bool,
    ) -> Result<Vec<(String, AttributeValue)>, StampError> {
        self.refuse_signed(table, Some(item))?;
        let names = self.names;
        if self.count_alone {
            let count = self.count_alone(item, creates)?;
            return Ok(vec![(names.count.clone(), number(count))]);
        }
        let mut count = 1;
        let mut stamp = Vec::with_capacity(3);
        if self.carries_history(item) {
            count = next(read_part(item.get(&names.count)));
        } else if !creates(item) {
            // A transaction with the caller's token may be sent again by a process that has seen other items.
            let known = self.stamp.memory().find(table, item);
            match known.filter(|known| !known.pairs.is_empty() && !self.alike) {
                Some(known) => {
                    count = next(known.pair(&names.region).and_then(|own| own.count));
                    stamp = known.attributes(&names.prefix);
                    // This Region's own are advanced below.
                    stamp.retain(|(name, _)| *name != names.count && *name != names.time);
                }
                None => stamp.push((names.reset.clone(), number(self.now))),
            }
        }
        stamp.push((names.count.clone(), number(count)));
        stamp.push((names.time.clone(), number(self.now)));
        Ok(stamp)
    }

    fn refuse_signed(self, table: &Table, item: Option<&Item>) -> Result<(), StampError> {
        let signed = self.stamp.signed();
        signed.map_or(Ok(()), |signed| signed.refuse(&table.name, item))
    }

    /// The count that every process would give an item that is put.
    fn count_alone(
        self,
        item: &Item,
        creates: impl FnOnce(&Item) -> bool,
    ) -> Result<u64, StampError> {
        if self.carries_history(item) {
            Ok(next(read_part(item.get(&self.names.count))))
        } else if creates(item) {
            Ok(1)
        } else {
            Err(StampError::PutWithToken)
        }
    }

    /// Whether an item carries a count or a time itself. A reset alone is no history.
    fn carries_history(self, item: &Item) -> bool {
        item.iter().any(|(name, value)| {
            let attribute = Attribute::parse(name, &self.names.prefix);
            matches!(attribute, Some(Attribute::Count(_) | Attribute::Time(_)))
                && read_part(Some(value)).is_some()
        })
    }

    /// Stamps each write of a transaction on its own; one that cannot be goes on as it was.
    pub(crate) fn transaction(
        self,
        entries: &mut [TransactWriteItem],
        writes: &mut [Option<Write>],
    ) -> Result<(), StampError> {
        for (entry, write) in entries.iter_mut().zip(writes) {
            let Some(write) = write else {
                continue;
            };
            let stamped = if let Some(update) = &mut entry.update {
                let stamped = self.update_in_transaction(update, write);
                stamped.map(|()| WriteKind::Update(true))
            } else if let Some(put) = &mut entry.put {
                let stamped = self.put_in_transaction(put, &write.table);
                stamped.map(WriteKind::Put)
            } else {
                continue;
            };
            match stamped {
                Ok(kind) => write.kind = kind,
                Err(error) => self.stamp.failed(error)?,
            }
        }
        Ok(())
    }

    /// Stamps each put of a batch on its own, like `transaction`.
    pub(crate) fn batch(
        self,
        tables: &mut HashMap<String, Vec<WriteRequest>>,
        writes: &mut HashMap<String, Vec<Option<Write>>>,
    ) -> Result<(), StampError> {
        for (name, entries) in tables {
            let writes = writes.get_mut(name).into_iter().flatten();
            for (entry, write) in entries.iter_mut().zip(writes) {
                if let (Some(put), Some(write)) = (&mut entry.put_request, write) {
                    match self.put_stamp(&write.table, &put.item, |_| false) {
                        Ok(stamp) => {
                            // It may come back, and is given back as it was.
                            let names = stamp.iter().map(|(name, _)| name);
                            let before =
                                names.map(|name| (name.clone(), put.item.get(name).cloned()));
                            write.before = before.collect();
                            put.item.extend(stamp);
                            let stamps = Stamps::read(&put.item, &self.names.prefix);
                            write.kind = WriteKind::Put(Some(stamps));
                        }
                        Err(error) => self.stamp.failed(error)?,
                    }
                }
            }
        }
        Ok(())
    }
}

fn next(count: Option<u64>) -> u64 {
    (count.unwrap_or(0) + 1).min(MAX_PART)
}
