//! What operators did to an entry.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{Name, time};

/// What an operator does to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OperatorAction {
    /// Put the lost write back, or a part of it.
    PutBack,
    /// Decided that nothing is to be put back.
    Resolve,
    /// Opened the entry again.
    Reopen,
}

impl OperatorAction {
    /// Every action.
    pub const ALL: &[OperatorAction] = OperatorAction::VARIANTS;
}

/// One thing that an operator did to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HistoryEvent {
    /// What was done.
    pub action: Name<OperatorAction>,
    /// When. Milliseconds are kept.
    #[serde(with = "time::millis")]
    pub at: DateTime<Utc>,
    /// Who did it: the caller's ARN, or why it is not known.
    pub by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The attributes that were put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<String>>,
    /// The Region in which they were put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl HistoryEvent {
    /// When, as the ledger writes it.
    pub fn at_text(&self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// A sum that is being put back. Numbers are as DynamoDB writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PendingSum {
    /// The attribute.
    pub name: String,
    /// The number before; none where the item had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The number that it becomes.
    pub after: String,
}
