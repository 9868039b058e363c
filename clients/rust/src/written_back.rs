//! Stamps that an update writes itself: by hand, to stamp, or back again, as part of an item that was read.
//!
//! A mapper that saves all of an item's attributes sets its stamps to what it read, and the write would look as if it had never
//! been made. So such a clause is taken out and the stamp advanced. One that advances a stamp by hand stays.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{AttributeAction, AttributeValue, AttributeValueUpdate};

use crate::Item;
use crate::error::StampError;
use crate::expression::{Action, Section, UpdateExpression};
use crate::part::read_part;
use crate::stamps::{Attribute, Stamps, is_stamp};

/// In microseconds. A time set by hand is that of the write: one that is older was read.
const OLDEST_BY_HAND: u64 = 60_000_000;

/// How a clause writes a stamp.
#[derive(Clone, Copy)]
enum Way {
    /// By a number in the range of a stamp.
    Number(u64),
    /// By adding to it: nobody does that with what was read.
    Advance,
    /// By removing it, or by a function of it.
    Other,
}

impl Way {
    fn set_to(value: Option<&AttributeValue>) -> Self {
        read_part(value).map_or(Self::Other, Self::Number)
    }
}

/// Where the value comes from that an update gives a stamp.
#[derive(PartialEq)]
enum Source {
    Read,
    ByHand,
    Unclear,
}

/// The stamps that an update writes.
#[derive(Default)]
struct Written<'a>(HashMap<Attribute<'a>, Way>);

impl<'a> Written<'a> {
    /// Where a stamp comes from that the update writes.
    fn source(&self, attribute: Attribute<'a>, by: &Knowledge<'_>) -> Source {
        let value = match self.0.get(&attribute) {
            Some(Way::Number(value)) => *value,
            Some(Way::Advance) => return Source::ByHand,
            Some(Way::Other) | None => return Source::Unclear,
        };
        let pair = |region| by.known.pair(region).unwrap_or_default();
        let part = match attribute {
            Attribute::Count(region) => pair(region).count,
            Attribute::Time(region) => pair(region).time,
            Attribute::Reset => by.known.reset,
        };
        if part.is_some_and(|part| value <= part) {
            return Source::Read;
        }
        match attribute {
            // Times tell most, and a count goes with its time.
            Attribute::Count(region) => match Attribute::Time(region) {
                time if self.0.contains_key(&time) => self.source(time, by),
                _ if part.is_some() => Source::ByHand,
                _ => Source::Unclear,
            },
            _ if value < by.now.saturating_sub(OLDEST_BY_HAND) => Source::Read,
            // Both parts as numbers: an item that was read a moment ago, or a stamp made by hand.
            Attribute::Time(region)
                if part.is_none()
                    && matches!(self.0.get(&Attribute::Count(region)), Some(Way::Number(_))) =>
            {
                Source::Unclear
            }
            _ => Source::ByHand,
        }
    }

    /// Those that were read.
    ///
    /// # Errors
    ///
    /// [`StampError::WrittenBack`] where it cannot be told of one.
    fn read(&self, by: &Knowledge<'_>) -> Result<HashSet<Attribute<'a>>, StampError> {
        let mut read = HashSet::new();
        for attribute in self.0.keys() {
            match self.source(*attribute, by) {
                Source::Unclear => return Err(StampError::WrittenBack(attribute.name(by.prefix))),
                Source::Read => {
                    read.insert(*attribute);
                }
                Source::ByHand => {}
            }
        }
        Ok(read)
    }
}

/// What is known where it is to be told which stamps were read.
pub(crate) struct Knowledge<'a> {
    pub(crate) prefix: &'a str,
    /// What is remembered of the update's item.
    pub(crate) known: Stamps,
    pub(crate) now: u64,
}

/// An update as its request has it.
pub(crate) struct UpdateText<'a> {
    pub(crate) expression: &'a str,
    pub(crate) condition: &'a str,
    pub(crate) names: &'a HashMap<String, String>,
    pub(crate) values: &'a Option<Item>,
}

/// What is left of an update.
pub(crate) struct Rest {
    /// `None` where nothing else was written.
    pub(crate) expression: Option<String>,
    pub(crate) names: Option<HashMap<String, String>>,
    pub(crate) values: Option<Item>,
}

impl UpdateText<'_> {
    /// The update without its written-back stamps; `None` where it writes none back.
    ///
    /// # Errors
    ///
    /// [`StampError::WrittenBack`] where it cannot be told of a stamp whether it was read.
    pub(crate) fn without_written_back(
        &self,
        by: &Knowledge<'_>,
    ) -> Result<Option<Rest>, StampError> {
        let odd = OddPlaceholders::of(self, by.prefix);
        let expression = odd.made_plain(self.expression);
        let Some(parsed) = UpdateExpression::parse(&expression) else {
            return Ok(None);
        };
        let value = |placeholder: &str| self.values.as_ref()?.get(placeholder);
        let mut written = Written::default();
        // The stamp that an action writes, its path and its operand.
        let mut stamps = Vec::with_capacity(parsed.actions.len());
        for action in &parsed.actions {
            let (path, operand) = split(action.section, parsed.text_of(action));
            let (path, operand) = (odd.original(path), odd.original(operand));
            let name = self.names.get(path);
            let attribute = name.and_then(|name| Attribute::parse(name, by.prefix));
            if let Some(attribute) = attribute {
                let way = match action.section {
                    Section::Add => Way::Advance,
                    Section::Set if operand.contains('+') => Way::Advance,
                    Section::Set => Way::set_to(value(operand)),
                    Section::Remove | Section::Delete => Way::Other,
                };
                written.0.insert(attribute, way);
            }
            stamps.push(attribute.map(|attribute| (attribute, [path, operand])));
        }
        let read = written.read(by)?;
        if read.is_empty() {
            return Ok(None);
        }
        let was_read = |stamp: &Option<(Attribute<'_>, _)>| {
            stamp
                .as_ref()
                .is_some_and(|(attribute, _)| read.contains(attribute))
        };
        let kept = parsed.actions.iter().zip(&stamps);
        let kept = kept.filter(|(_, stamp)| !was_read(stamp));
        let rest = odd.restored(&anew(&parsed, kept.map(|(action, _)| action)));
        let (mut names, mut values) = (self.names.clone(), self.values.clone());
        let used = format!("{rest} {}", self.condition);
        let taken = stamps.iter().filter(|stamp| was_read(stamp)).flatten();
        for placeholder in taken.flat_map(|(_, placeholders)| placeholders) {
            if find_placeholder(&used, placeholder).is_none() {
                names.remove(*placeholder);
                values
                    .as_mut()
                    .and_then(|values| values.remove(*placeholder));
            }
        }
        Ok(Some(Rest {
            expression: (!rest.is_empty()).then_some(rest),
            // DynamoDB rejects an empty map.
            names: (!names.is_empty()).then_some(names),
            values: values.filter(|values| !values.is_empty()),
        }))
    }
}

/// The expression of these actions alone, each section with its keyword as it was written.
fn anew<'a>(
    parsed: &UpdateExpression<'_>,
    actions: impl Iterator<Item = &'a Action<'a>>,
) -> String {
    let mut text = String::new();
    let mut section = None;
    for action in actions {
        if section == Some(action.section) {
            text.push_str(", ");
        } else {
            if section.is_some() {
                text.push(' ');
            }
            text.push_str(parsed.keyword(action.section));
            text.push(' ');
            section = Some(action.section);
        }
        text.push_str(parsed.text_of(action));
    }
    text
}

/// An action's path, and of a SET what it is set to.
fn split(section: Section, action: &str) -> (&str, &str) {
    match (section, action.split_once('=')) {
        (Section::Set, Some((path, operand))) => (path.trim(), operand.trim()),
        _ => (action.split_whitespace().next().unwrap_or(""), ""),
    }
}

/// Takes written-back stamps out of legacy `AttributeUpdates`.
///
/// # Errors
///
/// [`StampError::WrittenBack`] where it cannot be told of a stamp whether it was read; then nothing is changed.
pub(crate) fn take_out_of_legacy<'a>(
    updates: &mut HashMap<String, AttributeValueUpdate>,
    prefix: &str,
    knowledge: impl FnOnce() -> Knowledge<'a>,
) -> Result<(), StampError> {
    let mut written = Written::default();
    for (name, update) in &*updates {
        if let Some(attribute) = Attribute::parse(name, prefix) {
            let way = match &update.action {
                Some(AttributeAction::Add) => Way::Advance,
                Some(AttributeAction::Put) | None => Way::set_to(update.value.as_ref()),
                Some(_) => Way::Other,
            };
            written.0.insert(attribute, way);
        }
    }
    if written.0.is_empty() {
        return Ok(());
    }
    let read = written.read(&knowledge())?;
    let read: Vec<String> = read
        .iter()
        .map(|attribute| attribute.name(prefix))
        .collect();
    updates.retain(|name, _| !read.contains(name));
    Ok(())
}

/// Placeholders with characters that DynamoDB does not take, and the plain ones that stand for them here. Mappers that make one
/// of a stamp's name, as `:lw:n:us-east-1`, go beyond the grammar, and the text could not be read.
struct OddPlaceholders<'a>(Vec<(&'a str, String)>);

impl<'a> OddPlaceholders<'a> {
    fn of(text: &'a UpdateText<'_>, prefix: &str) -> Self {
        let aliases = text.names.iter();
        let aliases = aliases.filter(|(_, name)| is_stamp(name, prefix));
        let values = text.values.iter().flat_map(HashMap::keys);
        let all = aliases.map(|(alias, _)| alias).chain(values);
        let mut odd: Vec<&str> = all
            .map(String::as_str)
            .filter(|name| is_odd(name))
            .collect();
        // The longest first, so that one which begins like another is not taken for it.
        odd.sort_unstable_by_key(|name| (std::cmp::Reverse(name.len()), *name));
        let plain =
            |(number, name): (usize, &'a str)| (name, format!("{}lwplain{number}", &name[..1]));
        Self(odd.into_iter().enumerate().map(plain).collect())
    }

    fn made_plain(&self, text: &str) -> String {
        let odd = self.0.iter();
        odd.fold(text.to_owned(), |text, (odd, plain)| {
            replaced(&text, odd, plain)
        })
    }

    fn restored(&self, text: &str) -> String {
        let odd = self.0.iter();
        odd.fold(text.to_owned(), |text, (odd, plain)| {
            replaced(&text, plain, odd)
        })
    }

    fn original<'b>(&'b self, text: &'b str) -> &'b str {
        let found = self.0.iter().find(|(_, plain)| plain == text);
        found.map_or(text, |(odd, _)| odd)
    }
}

fn is_odd(placeholder: &str) -> bool {
    let rest = placeholder.strip_prefix(['#', ':']).unwrap_or_default();
    !rest.bytes().all(is_placeholder_byte)
}

fn is_placeholder_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Where a placeholder stands in a text, and not as the beginning of a longer one.
fn find_placeholder(text: &str, placeholder: &str) -> Option<usize> {
    if placeholder.is_empty() {
        return None;
    }
    let mut found = text.match_indices(placeholder);
    let whole = found.find(|(at, _)| {
        let next = text.as_bytes().get(at + placeholder.len());
        !next.copied().is_some_and(is_placeholder_byte)
    });
    whole.map(|(at, _)| at)
}

fn replaced(text: &str, placeholder: &str, by: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_placeholder(rest, placeholder) {
        result.push_str(&rest[..at]);
        result.push_str(by);
        rest = &rest[at + placeholder.len()..];
    }
    result + rest
}
