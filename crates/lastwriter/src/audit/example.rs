//! Findings shown with both versions, side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use conflict::Kind;
use join::{Class, Confidence, Finding};
use serde_dynamo::AttributeValue;

use super::images::Version;
use super::outcome::time;
use super::versions::FindingVersions;
use crate::format::{attribute_value, item_key};
use crate::terminal::{Layout, printable};

/// How much of a value is shown, in characters.
const MAX_SHOWN: usize = 120;

/// A finding and the attributes of its two versions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Example {
    pub(crate) finding: Finding,
    pub(crate) lost: Side,
    pub(crate) won: Side,
}

/// One side of a finding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Side {
    /// An item's attributes, each as a text for people.
    Item(BTreeMap<String, String>),
    /// No item.
    Deleted,
    /// Its image was not seen.
    Unknown,
}

impl Side {
    fn new(version: &Version) -> Self {
        let image = match version {
            Version::Image(image) => image,
            Version::Deleted => return Self::Deleted,
            Version::Unknown => return Self::Unknown,
        };
        match serde_json::from_str::<BTreeMap<String, AttributeValue>>(image) {
            Ok(image) => {
                let attributes = image.into_iter();
                Self::Item(
                    attributes
                        .map(|(name, value)| (name, attribute_value(&value)))
                        .collect(),
                )
            }
            Err(_) => Self::Unknown,
        }
    }

    fn cell(&self, name: &str) -> String {
        match self {
            Self::Item(attributes) => attributes
                .get(name)
                .map_or_else(|| "-".to_owned(), |value| cut(value)),
            Self::Deleted => "(deleted)".to_owned(),
            Self::Unknown => "(not seen)".to_owned(),
        }
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", &value[..end]),
        None => value.to_owned(),
    }
}

/// The findings that explain themselves best: of each class one, and of lost writes at most `count`.
pub(super) fn choose(findings: &[Finding], count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..findings.len())
        .filter(|at| findings[*at].confidence != Confidence::Possible)
        .collect();
    places.sort_by_key(|at| {
        let finding = &findings[*at];
        (
            finding.confidence,
            finding.kind != Kind::UpdateUpdate,
            // Two attributes: what the loser had changed, and what the winner had.
            finding.differing_attributes.len().abs_diff(2),
            finding.second,
        )
    });
    let of = |class: Class, count: usize| {
        let mut keys = std::collections::BTreeSet::new();
        places
            .iter()
            .copied()
            .filter(|at| findings[*at].class == class)
            .filter(|at| keys.insert(findings[*at].key.as_str()))
            .take(count)
            .collect::<Vec<_>>()
    };
    let mut chosen = of(Class::LostWrite, count);
    chosen.extend(of(Class::StalePut, 1));
    chosen
}

/// These findings with their versions.
pub(crate) fn read(
    findings: &[Finding],
    places: &[usize],
    versions: &mut FindingVersions,
) -> io::Result<Vec<Example>> {
    let example = |at: &usize| {
        let (lost, won) = versions.of(*at)?;
        Ok(Example {
            finding: findings[*at].clone(),
            lost: Side::new(&lost),
            won: Side::new(&won),
        })
    };
    places.iter().map(example).collect()
}

/// What happened to the write, in a sentence.
pub(super) fn sentence(finding: &Finding) -> String {
    let won = match finding.class {
        Class::LostWrite => format!(
            "a write of {}, made without having seen it, won",
            finding.won_in
        ),
        Class::StalePut => format!(
            "a put of {}, of an item that was read before it, overwrote it",
            finding.won_in
        ),
    };
    let lost = match &finding.lost_in_one_of[..] {
        [] => finding.lost_in.clone(),
        regions => format!("one of {}", regions.join(", ")),
    };
    format!("written in {lost} at {}; {won}", time(finding.second))
}

impl Example {
    /// The attributes of both versions: first those that differ.
    pub(super) fn attributes(&self) -> Vec<(&str, bool)> {
        let mut names: Vec<&str> = [&self.lost, &self.won]
            .into_iter()
            .filter_map(|side| match side {
                Side::Item(attributes) => Some(attributes.keys().map(String::as_str)),
                Side::Deleted | Side::Unknown => None,
            })
            .flatten()
            .collect();
        names.sort_unstable();
        names.dedup();
        let value = |side: &Side, name: &str| match side {
            Side::Item(attributes) => attributes.get(name).cloned(),
            Side::Deleted | Side::Unknown => None,
        };
        let mut names: Vec<(&str, bool)> = names
            .into_iter()
            .map(|name| (name, value(&self.lost, name) != value(&self.won, name)))
            .collect();
        names.sort_by_key(|(_, differs)| !differs);
        names
    }

    /// The values of an attribute, the lost one first.
    pub(super) fn values(&self, name: &str) -> [String; 2] {
        [self.lost.cell(name), self.won.cell(name)]
    }

    /// The two versions as a table.
    pub(super) fn render(&self, layout: Layout) -> String {
        let finding = &self.finding;
        let mut text = String::new();
        let mut line = |label: &str, value: String| {
            let _ = writeln!(text, "  {label:<6} {}", printable(&value));
        };
        line("item", item_key(&finding.key));
        line("lost", sentence(finding));
        line(
            "kind",
            format!("{}, {}", finding.kind.name(), finding.confidence),
        );
        let headings = [
            "attribute".to_owned(),
            format!("lost ({})", finding.lost_in),
            format!("won ({})", finding.won_in),
            String::new(),
        ];
        let mut table = layout.table(&headings.each_ref().map(String::as_str));
        for (name, differs) in self.attributes() {
            let [lost, won] = self.values(name);
            let cells = [name.to_owned(), lost, won];
            let mark = if differs { "differs" } else { "" };
            table.add_row(cells.iter().map(String::as_str).chain([mark]).map(
                |cell| match differs {
                    true => layout.bold(cell),
                    false => layout.cell(cell),
                },
            ));
        }
        if table.row_count() > 0 {
            let _ = writeln!(text, "{table}");
        }
        text
    }
}
