//! One attribute of a plan: what is known of it, and what is done with it.

use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;

use crate::merge::Misfit;
use crate::rule::Rule;

/// How an attribute stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has the winner's value: nobody wrote it since.
    Untouched,
    /// It has the lost write's value.
    AlreadyThere,
    /// It has neither: somebody wrote it since. The same is said where the ledger does not have the winner's value.
    ChangedSince,
}

/// Whether the lost write changed an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedByLostWrite {
    /// It did, and nothing says that the winner did too.
    Yes,
    /// It did, and so did the winner.
    AndByWinner,
    /// It did not: the two versions differ by what the winner did.
    No,
    /// The entry does not know.
    Unknown,
}

/// Why an attribute is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftBecause {
    /// It has the value that it is to have.
    AlreadyThere,
    /// The lost write did not change it.
    NotOfTheLostWrite,
    /// Others were named.
    NotNamed,
    /// Its rule says so.
    Kept,
    /// Only the winner has it, and nothing says that the lost write removed it.
    OnlyWinnerHasIt,
    /// Somebody wrote it since.
    ChangedSince,
    /// The winner changed it too, and its write is the later one.
    WinnerChangedItToo,
    /// The entry does not know whether the lost write changed it or the winner.
    UnknownWhoChangedIt,
    /// Its rule does not fit its values.
    RuleDoesNotFit(Misfit),
    /// The ledger could not decode the lost value.
    Undecodable,
    /// The item is gone, or was deleted since.
    ItemDeleted,
    /// A sum was begun, and it cannot be told whether it took effect.
    SumMayHaveTakenEffect,
}

impl LeftBecause {
    /// Whether it is settled, so that nothing of the lost write is left for somebody to decide.
    pub fn is_settled(self) -> bool {
        match self {
            Self::AlreadyThere
            | Self::NotOfTheLostWrite
            | Self::NotNamed
            | Self::Kept
            | Self::OnlyWinnerHasIt => true,
            Self::ChangedSince
            | Self::WinnerChangedItToo
            | Self::UnknownWhoChangedIt
            | Self::RuleDoesNotFit(_)
            | Self::Undecodable
            | Self::ItemDeleted
            | Self::SumMayHaveTakenEffect => false,
        }
    }

    /// Why, in a few words.
    pub fn reason(self) -> String {
        match self {
            Self::AlreadyThere => "already there".to_owned(),
            Self::NotOfTheLostWrite => "the lost write did not change it".to_owned(),
            Self::NotNamed => "not named".to_owned(),
            Self::Kept => "kept by its rule".to_owned(),
            Self::OnlyWinnerHasIt => "only the winner has it; --attribute removes it".to_owned(),
            Self::ChangedSince => "changed since; --attribute or --rule decides".to_owned(),
            Self::WinnerChangedItToo => {
                "the winner changed it too, later; --attribute or --rule decides".to_owned()
            }
            Self::UnknownWhoChangedIt => {
                "may be the winner's own change; --attribute puts it back".to_owned()
            }
            Self::RuleDoesNotFit(misfit) => format!("its rule does not fit: {misfit}"),
            Self::Undecodable => {
                "the lost value is of a type that this version does not know".to_owned()
            }
            Self::ItemDeleted => "the item was deleted since; --recreate brings it back".to_owned(),
            Self::SumMayHaveTakenEffect => {
                "a sum was begun and may have taken effect; --rule NAME=keep leaves it so"
                    .to_owned()
            }
        }
    }
}

/// What is done with an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It gets this value.
    Set(AttributeValue),
    /// It is removed.
    Remove,
    /// It is left as it is.
    Leave(LeftBecause),
}

/// One attribute of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributePlan {
    /// Its name.
    pub name: String,
    /// How it stands now.
    pub state: State,
    /// Whether the lost write changed it.
    pub changed: ChangedByLostWrite,
    /// The rule that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// What is done with it.
    pub action: Action,
    /// The lost write's value; none where it had none.
    pub lost: Option<AttributeValue>,
    /// The winner's value; none where it had none or the ledger does not have it.
    pub won: Option<AttributeValue>,
    /// Its value as it was read; none where the item has none.
    pub now: Option<AttributeValue>,
}

impl AttributePlan {
    /// Whether the plan writes it.
    pub fn is_written(&self) -> bool {
        match self.action {
            Action::Set(_) | Action::Remove => true,
            Action::Leave(_) => false,
        }
    }

    /// Whether something is left for somebody to decide.
    pub fn is_settled(&self) -> bool {
        match self.action {
            Action::Set(_) | Action::Remove => true,
            Action::Leave(because) => because.is_settled(),
        }
    }

    /// What it is after the plan.
    pub fn after(&self) -> Option<&AttributeValue> {
        match &self.action {
            Action::Set(value) => Some(value),
            Action::Remove => None,
            Action::Leave(_) => self.now.as_ref(),
        }
    }
}
