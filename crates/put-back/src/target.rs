//! What an attribute of an item that is there becomes, and why it is left where it is left.

use ledger::PendingSum;
use serde_dynamo::AttributeValue;

use crate::attribute::{Action, ChangedByLostWrite, LeftBecause, State};
use crate::evidence::{WinnerValue, equal};
use crate::merge::{self, Misfit};
use crate::rule::Rule;
use crate::steps::Planner;

impl Planner<'_> {
    /// What is done with an attribute of an item that is there.
    pub(crate) fn action(&self, name: &str) -> Action {
        self.target(name).unwrap_or_else(Action::Leave)
    }

    fn target(&self, name: &str) -> Result<Action, LeftBecause> {
        use ChangedByLostWrite::{AndByWinner, No, Unknown, Yes};
        let named = self.is_named(name);
        if !self.request.named.is_empty() && !named {
            return Err(LeftBecause::NotNamed);
        }
        let rule = self.request.rules.get(name);
        if rule == Some(Rule::Keep) {
            return Err(LeftBecause::Kept);
        }
        if self.evidence.loser.undecoded.contains_key(name) {
            return Err(LeftBecause::Undecodable);
        }
        let (now, changed) = (self.now(name), self.evidence.changed(name));
        if changed == No && !named {
            return Err(LeftBecause::NotOfTheLostWrite);
        }
        let is_merge = !matches!(rule, None | Some(Rule::Lost | Rule::Won | Rule::Keep));
        let becomes = self.value(name, rule)?;
        if equal(now, becomes.as_ref()) {
            return Err(LeftBecause::AlreadyThere);
        }
        // A merge keeps what others wrote since; any other value takes its place.
        if !is_merge && !named {
            let may_be_replaced = match rule {
                Some(Rule::Won) => equal(now, self.evidence.lost.get(name)),
                _ => self.evidence.state(name, now) == State::Untouched,
            };
            if !may_be_replaced {
                return Err(LeftBecause::ChangedSince);
            }
        }
        if !named && rule.is_none() {
            match changed {
                Yes => {}
                No => return Err(LeftBecause::NotOfTheLostWrite),
                AndByWinner => return Err(LeftBecause::WinnerChangedItToo),
                Unknown if becomes.is_none() => return Err(LeftBecause::OnlyWinnerHasIt),
                Unknown if self.request.untouched => {}
                Unknown => return Err(LeftBecause::UnknownWhoChangedIt),
            }
        }
        Ok(becomes.map_or(Action::Remove, Action::Set))
    }

    /// The value that an attribute is to have.
    fn value(&self, name: &str, rule: Option<Rule>) -> Result<Option<AttributeValue>, LeftBecause> {
        let lost = self.evidence.lost.get(name).cloned();
        let now = self.now(name).cloned();
        let merged = match rule {
            None | Some(Rule::Lost) => Ok(lost),
            Some(Rule::Keep) => Ok(now),
            Some(Rule::Won) => match self.evidence.won(name) {
                WinnerValue::Known(won) => Ok(won.cloned()),
                WinnerValue::LeftOut => Err(Misfit::WinnerUnknown),
            },
            Some(Rule::Union) => merge::union(&lost, &now),
            Some(Rule::Intersection) => merge::intersection(&lost, &now),
            Some(Rule::Max) => merge::extreme(&lost, &now, true),
            Some(Rule::Min) => merge::extreme(&lost, &now, false),
            Some(Rule::Sum) => {
                if let Some(begun) = self.pending_sum(name) {
                    return begun_sum(begun, now);
                }
                merge::sum(&lost, &now, self.evidence.ancestor(name))
            }
        };
        merged.map_err(LeftBecause::RuleDoesNotFit)
    }

    fn pending_sum(&self, name: &str) -> Option<&PendingSum> {
        let mut sums = self.evidence.entry.pending_sums.iter().flatten();
        sums.find(|sum| sum.name == name)
    }
}

/// What a sum comes to that was begun before: the number says whether it took effect, unless somebody wrote it since.
fn begun_sum(
    begun: &PendingSum,
    now: Option<AttributeValue>,
) -> Result<Option<AttributeValue>, LeftBecause> {
    let number = |text: &String| AttributeValue::N(text.clone());
    let (before, after) = (begun.before.as_ref().map(number), number(&begun.after));
    if equal(now.as_ref(), Some(&after)) {
        return Err(LeftBecause::AlreadyThere);
    }
    match equal(now.as_ref(), before.as_ref()) {
        true => Ok(Some(after)),
        false => Err(LeftBecause::SumMayHaveTakenEffect),
    }
}
