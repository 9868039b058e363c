//! The one conditional, stamped write that a plan comes to, as data and as DynamoDB's expressions.

use std::collections::HashMap;
use std::fmt::Write as _;

use conflict::StampNames;
use ledger::{Image, Key};
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;

use crate::attribute::Action;
use crate::plan::{ItemState, Plan, Step};

/// The longest expression. Source: Amazon DynamoDB Developer Guide, "Constraints in Amazon DynamoDB".
const MAX_EXPRESSION_BYTES: usize = 4_096;

/// The most operators and functions in an expression, by the same page.
const MAX_OPERATORS: usize = 300;

/// What an attribute has to be for the write to take effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The attribute.
    pub name: String,
    /// Its value; none if it has to be absent.
    pub value: Option<AttributeValue>,
}

/// A plan that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// It touches what it must not touch.
    #[error("{0} is a part of the key or a stamp: a plan cannot write it")]
    NotAnAttribute(String),
    /// It is not the plan of any entry.
    #[error("the plan of {0} contradicts itself: its step does not go with its attributes")]
    Contradiction(String),
    /// An UpdateItem takes no more.
    #[error(
        "{0} attributes are too many for one UpdateItem: put some back at a time with --attribute"
    )]
    TooManyAttributes(usize),
}

/// One conditional write of one item.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemWrite {
    /// An UpdateItem of an item that exists.
    Update {
        /// The item.
        key: Key,
        /// What is set.
        set: Vec<(String, AttributeValue)>,
        /// What is removed.
        remove: Vec<String>,
        /// The condition, beside that the item exists.
        expected: Vec<Expectation>,
    },
    /// A PutItem of an item that does not exist.
    Create {
        /// All of the item but its stamps.
        item: Image,
        /// The name of an attribute of the key: the condition is that it does not exist.
        key_attribute: String,
    },
}

/// An UpdateItem's expressions, with the names and values that stand in them.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateExpression {
    /// The update.
    pub update: String,
    /// The condition.
    pub condition: String,
    /// The names.
    pub names: HashMap<String, String>,
    /// The values.
    pub values: Image,
}

impl ItemWrite {
    /// What a plan writes; none if nothing.
    ///
    /// A plan may come from a file that somebody changed, so it is checked again.
    ///
    /// # Errors
    ///
    /// [`WriteError`]
    pub fn new(plan: &Plan, stamps: &StampNames) -> Result<Option<Self>, WriteError> {
        if !plan.writes() {
            return Ok(None);
        }
        let mark = stamps.deleted();
        let written = || {
            plan.attributes
                .iter()
                .filter(|attribute| attribute.is_written())
        };
        let is_mark = |name: &str| name == mark && matches!(plan.step, Step::Revive | Step::Delete);
        for attribute in written() {
            let name = &attribute.name;
            if plan.key.contains_key(name) || (stamps.contains(name) && !is_mark(name)) {
                return Err(WriteError::NotAnAttribute(name.clone()));
            }
        }
        let contradiction = || WriteError::Contradiction(plan.conflict_id.to_string());
        let key_attribute = plan.key.keys().next().cloned().ok_or_else(contradiction)?;
        let set = written().filter_map(|attribute| match &attribute.action {
            Action::Set(value) => Some((attribute.name.clone(), value.clone())),
            Action::Remove | Action::Leave(_) => None,
        });
        match (plan.step, plan.item) {
            (Step::Create, ItemState::Gone) => Ok(Some(Self::Create {
                item: set.chain(plan.key.clone()).collect(),
                key_attribute,
            })),
            (
                Step::Update | Step::Revive | Step::Delete,
                ItemState::Present | ItemState::MarkedDeleted,
            ) => {
                let read = written().map(|attribute| Expectation {
                    name: attribute.name.clone(),
                    value: attribute.now.clone(),
                });
                let remove = written().filter(|attribute| attribute.action == Action::Remove);
                Ok(Some(Self::Update {
                    key: plan.key.clone(),
                    set: set.collect(),
                    remove: remove.map(|attribute| attribute.name.clone()).collect(),
                    expected: read.chain(plan.unchanged.iter().cloned()).collect(),
                }))
            }
            (Step::Create | Step::Update | Step::Revive | Step::Delete | Step::Nothing, _) => {
                Err(contradiction())
            }
        }
    }
}

/// Collects placeholders for an UpdateItem.
#[derive(Debug, Default)]
struct Placeholders {
    names: HashMap<String, String>,
    values: Image,
}

impl Placeholders {
    fn name(&mut self, name: &str) -> String {
        let known = self.names.iter().find(|(_, other)| *other == name);
        if let Some((placeholder, _)) = known {
            return placeholder.clone();
        }
        let placeholder = format!("#{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}

impl UpdateExpression {
    /// The expressions of an update, stamped as a write made in `region` at `micros` since 1970.
    ///
    /// # Errors
    ///
    /// [`WriteError::TooManyAttributes`]
    pub fn new(
        key: &Key,
        set: &[(String, AttributeValue)],
        remove: &[String],
        expected: &[Expectation],
        stamp: Stamp<'_>,
    ) -> Result<Self, WriteError> {
        let mut placeholders = Placeholders::default();
        let time = placeholders.name(&stamp.names.time(stamp.region));
        let count = placeholders.name(&stamp.names.count(stamp.region));
        let now = placeholders.value(AttributeValue::N(stamp.micros.to_string()));
        let one = placeholders.value(AttributeValue::N("1".to_owned()));
        let mut update = format!("SET {time} = {now}");
        for (name, value) in set {
            let (name, value) = (placeholders.name(name), placeholders.value(value.clone()));
            let _ = write!(update, ", {name} = {value}");
        }
        for (at, name) in remove.iter().enumerate() {
            let name = placeholders.name(name);
            let _ = write!(update, "{}{name}", if at == 0 { " REMOVE " } else { ", " });
        }
        let _ = write!(update, " ADD {count} {one}");
        let key_attribute = key.keys().next().map_or("", String::as_str);
        let mut condition = format!("attribute_exists({})", placeholders.name(key_attribute));
        for Expectation { name, value } in expected {
            let name = placeholders.name(name);
            match value {
                Some(value) => {
                    let value = placeholders.value(value.clone());
                    let _ = write!(condition, " AND {name} = {value}");
                }
                None => {
                    let _ = write!(condition, " AND attribute_not_exists({name})");
                }
            }
        }
        let touched = set.len() + remove.len();
        let operators = 2 * (expected.len() + 1).max(touched + 2);
        if update.len().max(condition.len()) > MAX_EXPRESSION_BYTES || operators > MAX_OPERATORS {
            return Err(WriteError::TooManyAttributes(touched));
        }
        Ok(Self {
            update,
            condition,
            names: placeholders.names,
            values: placeholders.values,
        })
    }
}

/// The stamp of a write.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// How stamps are named.
    pub names: &'a StampNames,
    /// The Region that the request goes to.
    pub region: &'a str,
    /// The time, in epoch microseconds.
    pub micros: u64,
}

impl Stamp<'_> {
    /// The attributes of an item that this write begins.
    pub fn first(&self) -> [(String, AttributeValue); 2] {
        let number = |number: u64| AttributeValue::N(number.to_string());
        [
            (self.names.count(self.region), number(1)),
            (self.names.time(self.region), number(self.micros)),
        ]
    }
}
