//! What the join of the streams found in a demo, held against the truth.

use std::collections::BTreeMap;

use join::{Class, Confidence, Finding};
use local_aws::global_table::Region;
use serde::Serialize;
use serde_dynamo::AttributeValue;
use workload::{ItemId, StreamFinding, Truth, Write};

use crate::audit::{Outcome, class_in_words};

/// What the join of the streams found, held against the truth.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct JoinResult {
    /// Stream records that were read.
    pub records: u64,
    /// Seconds in which a write has to have reached every Region.
    pub window_seconds: u32,
    /// Findings by class and confidence.
    pub classes: Vec<JoinClass>,
    /// Lost writes by what the items hold, and how many of them certain and likely findings name.
    pub items: Vec<JoinItems>,
    /// Certain and likely findings.
    pub findings: u64,
    /// Those of them that name no write that was lost.
    pub false_findings: u64,
    /// The share of the lost writes that a certain or likely finding names; none if nothing was lost.
    pub recall: Option<f64>,
    /// The same of findings of any confidence.
    pub recall_with_possible: Option<f64>,
    /// The share of the certain and likely findings that name a lost write; none without a finding.
    pub precision: Option<f64>,
}

/// Findings of one class and confidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct JoinClass {
    /// `lost_write` or `stale_put`.
    pub class: Class,
    /// `certain`, `likely` or `possible`, which does not count.
    pub confidence: Confidence,
    /// How many there are.
    pub findings: u64,
    /// Those of them that name a write that was lost.
    pub lost: u64,
}

/// The lost writes of one sort of item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct JoinItems {
    /// What the items are, and what is written to them.
    pub items: &'static str,
    /// How many of their writes were lost.
    pub lost: u64,
    /// How many of these a certain or likely finding names.
    pub found: u64,
}

/// The workload's sorts of items, by the beginning of their sort key. How much a value tells decides what the join can tell.
const ITEMS: [(&str, &str); 4] = [
    ("PROFILE", "profiles: texts of their own"),
    ("ORDER", "orders: one of four states"),
    ("CART", "carts: small numbers"),
    ("STOCK", "one hot item: a counter"),
];

/// The lost writes by sort of item, and how many of them are among these findings.
fn by_items(findings: &[Finding], truth: &Truth) -> Vec<JoinItems> {
    let counted = findings.iter().filter(|finding| counts(finding.confidence));
    let named: Vec<StreamFinding> = counted.filter_map(named).collect();
    let found = truth.lost_among(&named);
    ITEMS
        .into_iter()
        .map(|(prefix, items)| {
            let is_such = |write: &&Write| write.key.sk.starts_with(prefix);
            JoinItems {
                items,
                lost: truth.lost().filter(is_such).count() as u64,
                found: found.iter().copied().filter(is_such).count() as u64,
            }
        })
        .filter(|items| items.lost > 0)
        .collect()
}

impl JoinClass {
    /// A few words for a table.
    pub(super) fn name(&self) -> String {
        let class = class_in_words(self.class);
        let counted = if counts(self.confidence) {
            ""
        } else {
            ", not counted"
        };
        format!("{class}, {}{counted}", self.confidence)
    }
}

impl JoinResult {
    /// What an audit found, before anybody knows how much was lost.
    pub(super) fn new(outcome: &Outcome, truth: &Truth) -> Self {
        let mut classes: BTreeMap<(Class, Confidence), (u64, u64)> = BTreeMap::new();
        for finding in &outcome.findings {
            let (findings, lost) = classes
                .entry((finding.class, finding.confidence))
                .or_default();
            *findings += 1;
            *lost += u64::from(named(finding).is_some_and(|named| truth.is_lost(&named)));
        }
        let counted = classes
            .iter()
            .filter(|((_, confidence), _)| counts(*confidence));
        let (mut findings, mut lost) = (0, 0);
        for (_, of_class) in counted {
            findings += of_class.0;
            lost += of_class.1;
        }
        Self {
            records: outcome.total.records,
            window_seconds: outcome.window_seconds,
            classes: classes
                .into_iter()
                .map(|((class, confidence), (findings, lost))| JoinClass {
                    class,
                    confidence,
                    findings,
                    lost,
                })
                .collect(),
            items: by_items(&outcome.findings, truth),
            findings,
            false_findings: findings - lost,
            recall: None,
            recall_with_possible: None,
            precision: (findings > 0).then(|| lost as f64 / findings as f64),
        }
    }

    /// Takes note of how many writes were lost, how many of them certain and likely findings name, and how many any finding.
    pub(super) fn note_recall(&mut self, lost: u64, found: u64, found_with_possible: u64) {
        let share = |found: u64| (lost > 0).then(|| found as f64 / lost as f64);
        self.recall = share(found);
        self.recall_with_possible = share(found_with_possible);
    }
}

/// Whether findings of this confidence count.
pub(super) fn counts(confidence: Confidence) -> bool {
    match confidence {
        Confidence::Certain | Confidence::Likely => true,
        Confidence::Possible => false,
    }
}

/// The lost write that a finding names; none for an item that is not the workload's.
pub(super) fn named(finding: &Finding) -> Option<StreamFinding> {
    let [pk, sk] = item(&finding.key)?;
    Some(StreamFinding {
        region: Region::parse(&finding.lost.region).ok()?,
        key: ItemId::new(pk, sk),
        sequence_number: finding.lost.sequence_number.clone(),
    })
}

/// The item's partition and sort key.
pub(super) fn item(key: &str) -> Option<[String; 2]> {
    let key: BTreeMap<String, AttributeValue> = serde_json::from_str(key).ok()?;
    let part = |name: &str| match key.get(name)? {
        AttributeValue::S(text) => Some(text.clone()),
        _ => None,
    };
    Some([part("PK")?, part("SK")?])
}
