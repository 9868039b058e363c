//! What is done with the item as a whole, by what the two writes did and how the item stands now.

use std::collections::BTreeSet;

use ledger::{Image, Key};
use serde_dynamo::AttributeValue;

use crate::attribute::{Action, AttributePlan, LeftBecause};
use crate::evidence::{Evidence, WinnerValue, equal, has_winners_stamps};
use crate::plan::{ItemState, Step};
use crate::planner::Request;
use crate::rule::Rule;
use crate::write::Expectation;

/// How long TTL leaves an item that is marked as deleted again: a week, as the clients' own soft delete.
const DELETED_FOR_SECONDS: u64 = 7 * 24 * 60 * 60;

pub(crate) type Steps = (Step, Vec<AttributePlan>, Vec<Expectation>);

/// An entry, its item, and what was asked for.
pub(crate) struct Planner<'a> {
    pub(crate) mark: &'a str,
    pub(crate) evidence: Evidence<'a>,
    pub(crate) key: &'a Key,
    pub(crate) item: Option<&'a Image>,
    pub(crate) state: ItemState,
    pub(crate) request: &'a Request,
}

impl Planner<'_> {
    pub(crate) fn now(&self, name: &str) -> Option<&AttributeValue> {
        self.item.and_then(|item| item.get(name))
    }

    /// Whether an attribute was asked for by its name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.request.named.contains(name) || self.request.forced.contains(name)
    }

    /// What is known of an attribute, with what is done with it.
    fn attribute(&self, name: &str, action: Action) -> AttributePlan {
        let won = match self.evidence.won(name) {
            WinnerValue::Known(won) => won.cloned(),
            WinnerValue::LeftOut => None,
        };
        let now = self.now(name);
        AttributePlan {
            name: name.to_owned(),
            state: self.evidence.state(name, now),
            changed: self.evidence.changed(name),
            rule: self.request.rules.get(name),
            action,
            lost: self.evidence.lost.get(name).cloned(),
            won,
            now: now.cloned(),
        }
    }

    /// The names to look at: those that differ, those that were named, and those that have a rule of their own.
    fn names(&self) -> BTreeSet<String> {
        let mut names = self.evidence.names(&self.request.stamps);
        let named = self.request.named.iter().chain(&self.request.forced);
        names.extend(named.filter(|name| **name != self.mark).cloned());
        // Two equal changes of a counter leave no difference.
        let sums = self
            .request
            .rules
            .named()
            .filter(|(_, rule)| *rule == Rule::Sum);
        let sums = sums.map(|(name, _)| name.to_owned());
        names.extend(sums.filter(|name| self.evidence.ancestor(name).is_some()));
        names.retain(|name| self.evidence.is_in_images(name));
        names
    }

    fn ttl_attribute(&self) -> Option<&str> {
        self.request.ttl_attribute.as_deref()
    }

    /// The item is there: each attribute by itself.
    pub(crate) fn update(&self) -> Steps {
        let names = self.names();
        let attributes = names
            .iter()
            .map(|name| self.attribute(name, self.action(name)));
        (Step::Update, attributes.collect(), Vec::new())
    }

    /// The winner marked the item as deleted, and it still is: the mark and the expiry that came with it go.
    pub(crate) fn revive(&self) -> Steps {
        let mark = self.mark;
        let untouched = self.item.is_some_and(|item| {
            has_winners_stamps(self.evidence.winner, item, &self.request.stamps)
        });
        if !untouched && !self.request.recreate && !self.is_named(mark) {
            // It was brought back and deleted again, or changed while it was deleted.
            return self.deleted_since();
        }
        self.unmarked()
    }

    /// The item was deleted after the conflict.
    pub(crate) fn deleted_since(&self) -> Steps {
        if self.request.recreate || self.is_named(self.mark) {
            return self.unmarked();
        }
        let left = || Action::Leave(LeftBecause::ItemDeleted);
        let names = self.names();
        let attributes = [self.mark]
            .into_iter()
            .chain(names.iter().map(String::as_str));
        let attributes = attributes
            .map(|name| self.attribute(name, left()))
            .collect();
        (Step::Nothing, attributes, Vec::new())
    }

    /// Takes mark and expiry away, and sorts the other attributes as in an item that is there.
    fn unmarked(&self) -> Steps {
        let mark = self.mark;
        let mut attributes = vec![self.attribute(mark, Action::Remove)];
        let ttl = self.ttl_attribute();
        if let Some(ttl) = ttl {
            let lost = self.evidence.lost.get(ttl);
            let action = match lost {
                _ if equal(lost, self.now(ttl)) => Action::Leave(LeftBecause::AlreadyThere),
                Some(lost) => Action::Set(lost.clone()),
                None => Action::Remove,
            };
            attributes.push(self.attribute(ttl, action));
        }
        let others = self.names();
        let others = others.iter().filter(|name| ttl != Some(name.as_str()));
        attributes.extend(others.map(|name| self.attribute(name, self.action(name))));
        (Step::Revive, attributes, Vec::new())
    }

    /// The lost write deleted the item: it is marked again, if nobody wrote it since.
    pub(crate) fn delete(&self) -> Steps {
        let mark = self.mark;
        let leave = |because| {
            let attribute = self.attribute(mark, Action::Leave(because));
            (Step::Nothing, vec![attribute], Vec::new())
        };
        let Some(item) = self.item else {
            return leave(LeftBecause::AlreadyThere);
        };
        if self.state == ItemState::MarkedDeleted {
            return leave(LeftBecause::AlreadyThere);
        }
        let named = self.is_named(mark);
        if !self.request.named.is_empty() && !named {
            return leave(LeftBecause::NotNamed);
        }
        if matches!(self.request.rules.get(mark), Some(Rule::Keep | Rule::Won)) {
            return leave(LeftBecause::Kept);
        }
        let untouched = has_winners_stamps(self.evidence.winner, item, &self.request.stamps);
        if !untouched && !named {
            return leave(LeftBecause::ChangedSince);
        }
        let value = self.evidence.lost.get(mark).cloned();
        let value = value.unwrap_or(AttributeValue::Bool(true));
        let mut attributes = vec![self.attribute(mark, Action::Set(value))];
        if let Some(ttl) = self.ttl_attribute() {
            let expires = self.request.now.saturating_add(DELETED_FOR_SECONDS);
            let expires = AttributeValue::N(expires.to_string());
            attributes.push(self.attribute(ttl, Action::Set(expires)));
        }
        // A delete concerns the whole item: a write that comes in between must not disappear with it.
        let stamps = item
            .iter()
            .filter(|(name, _)| self.request.stamps.contains(name) && *name != mark);
        let mut unchanged: Vec<Expectation> = stamps
            .map(|(name, value)| Expectation {
                name: name.clone(),
                value: Some(value.clone()),
            })
            .collect();
        unchanged.sort_by(|a, b| a.name.cmp(&b.name));
        (Step::Delete, attributes, unchanged)
    }

    /// The item is gone: all of the losing image, if that was asked for. None where the ledger does not have all of it.
    pub(crate) fn create(&self) -> Option<Steps> {
        let lost = self.evidence.lost.keys().cloned();
        let is_attribute =
            |name: &String| !self.key.contains_key(name) && !self.request.stamps.contains(name);
        let mut names: BTreeSet<String> = lost.filter(is_attribute).collect();
        let is_won = |name: &String| self.request.rules.get(name) == Some(Rule::Won);
        names.extend(self.names().into_iter().filter(is_won));
        if !self.request.recreate {
            let left = || Action::Leave(LeftBecause::ItemDeleted);
            let attributes = names.iter().map(|name| self.attribute(name, left()));
            return Some((Step::Nothing, attributes.collect(), Vec::new()));
        }
        if self.evidence.is_difference() || !self.evidence.loser.undecoded.is_empty() {
            return None;
        }
        let action = |name: &String| {
            let is_named = self.request.named.is_empty() || self.is_named(name);
            let won = match self.evidence.won(name) {
                WinnerValue::Known(won) => won,
                WinnerValue::LeftOut => None,
            };
            let value = match self.request.rules.get(name) {
                Some(Rule::Won) => won,
                Some(Rule::Keep) => None,
                Some(
                    Rule::Lost
                    | Rule::Union
                    | Rule::Intersection
                    | Rule::Max
                    | Rule::Min
                    | Rule::Sum,
                )
                | None => self.evidence.lost.get(name),
            };
            match value {
                _ if !is_named => Action::Leave(LeftBecause::NotNamed),
                None => Action::Leave(LeftBecause::Kept),
                Some(value) => Action::Set(value.clone()),
            }
        };
        let attributes = names.iter().map(|name| self.attribute(name, action(name)));
        Some((Step::Create, attributes.collect(), Vec::new()))
    }
}
