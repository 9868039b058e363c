//! In which Region the write was made that a record of a DynamoDB stream tells of.
//!
//! Every replica's stream has all writes, local and replicated ones alike, and AWS marks neither: `awsRegion` is the Region
//! whose stream was read. To act on an event once, act where its write was made. The feature `lambda` is for the records of
//! `aws_lambda_events`, the feature `streams` for those of `aws-sdk-dynamodbstreams`:
//!
//! ```ignore
//! use aws_lambda_events::event::dynamodb::Event;
//! use lastwriter_client::origin;
//!
//! fn handle(event: &Event) {
//!     for record in &event.records {
//!         if origin::of(record).is_local() {
//!             send_mail(record);
//!         }
//!     }
//! }
//! ```
//!
//! Records of another library need a [`StreamRecord`] of your own.
//!
//! Stamps tell it: the Region whose stamp advanced between the images. So the stream's view type must be
//! `NEW_AND_OLD_IMAGES`, and the writer must have stamped. Of a removed item the old image's mark tells it (`lw:deleted`:
//! where it was marked), or else the identity of DynamoDB's TTL service, which only the Region gets in which TTL removed the
//! item. A plain delete leaves no trace of its Region.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::DEFAULT_PREFIX;
use crate::part::parse_part;
use crate::region::is_region_name;
use crate::stamps::{Attribute, Pair, Stamps};

#[cfg(any(feature = "lambda", test))]
mod lambda;
#[cfg(any(feature = "streams", test))]
mod streams;

/// Where a write was made, seen from the stream that tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the Region of the stream, which is named.
    Local(String),
    /// In another Region, from which it came.
    Replicated(String),
    /// An unstamped write, a plain delete, or a record without both images.
    Unknown,
}

impl Origin {
    /// Whether the write was made in the Region of the stream.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// The Region in which the write was made, if it is known.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Local(region) | Self::Replicated(region) => Some(region),
            Self::Unknown => None,
        }
    }

    fn from(region: &str, here: &str) -> Self {
        match region == here {
            true => Self::Local(region.to_owned()),
            false => Self::Replicated(region.to_owned()),
        }
    }
}

/// Where the write of a record was made, where the record says all that is needed.
#[must_use]
pub fn of<R: StreamRecord>(record: &R) -> Origin {
    Origins::new().of(record)
}

/// A record of a stream, whichever library read it. An image that the record does not have is `None`, and never empty.
pub trait StreamRecord {
    /// The library's attribute value.
    type Value: ImageValue;

    /// `INSERT`, `MODIFY` or `REMOVE`.
    fn event_name(&self) -> &str;

    /// The Region whose stream it is (`awsRegion`).
    fn region(&self) -> Option<&str>;

    /// The stream's ARN (`eventSourceARN`), asked where the record does not say its Region.
    fn stream_arn(&self) -> Option<&str>;

    /// Who removed the item: the `type` and the `principalId` of `userIdentity`.
    fn identity(&self) -> Option<(&str, &str)>;

    /// The item before the write.
    fn old_image(&self) -> Option<&HashMap<String, Self::Value>>;

    /// The item after the write.
    fn new_image(&self) -> Option<&HashMap<String, Self::Value>>;
}

/// An attribute's value in an image.
pub trait ImageValue: PartialEq {
    /// The text of a number (N).
    fn number(&self) -> Option<&str>;

    /// A text (S).
    fn text(&self) -> Option<&str>;

    /// Whether it is the truth (BOOL).
    fn is_true(&self) -> bool;
}

impl ImageValue for AttributeValue {
    fn number(&self) -> Option<&str> {
        self.as_n().ok().map(String::as_str)
    }

    fn text(&self) -> Option<&str> {
        self.as_s().ok().map(String::as_str)
    }

    fn is_true(&self) -> bool {
        self.as_bool() == Ok(&true)
    }
}

/// Tells origins, with what the records do not say themselves.
///
/// ```
/// use lastwriter_client::origin::Origins;
///
/// let origins = Origins::new().region("eu-west-1").attribute("aws:rep:updateregion");
/// ```
#[derive(Debug, Clone)]
pub struct Origins {
    region: Option<String>,
    prefix: String,
    attribute: Option<String>,
}

impl Default for Origins {
    fn default() -> Self {
        Self::new()
    }
}

impl Origins {
    /// The Region of each record, and the prefix `lw`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            region: None,
            prefix: DEFAULT_PREFIX.to_owned(),
            attribute: None,
        }
    }

    /// The Region of the stream, where its records do not say it as AWS does.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The first part of the stamp attributes' names; the stream processor's STAMP_PREFIX. By default `lw`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// An attribute in which the table's writers name their Region, such as `aws:rep:updateregion` of the first version of
    /// global tables. It is asked where the stamps do not tell.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>) -> Self {
        self.attribute = Some(name.into());
        self
    }

    /// Where the write of a record was made.
    #[must_use]
    pub fn of<R: StreamRecord>(&self, record: &R) -> Origin {
        let own = self.region.as_deref().or_else(|| record.region());
        let here = own.or_else(|| record.stream_arn()?.split(':').nth(3));
        let Some(here) = here.filter(|here| is_region_name(here)) else {
            return Origin::Unknown;
        };
        let (old, new) = (record.old_image(), record.new_image());
        let inserted = match record.event_name() {
            "REMOVE" => return self.of_removal(old, record.identity(), here),
            "INSERT" => true,
            "MODIFY" if old.is_some() && old == new => return Origin::Unknown, // Nothing was written.
            "MODIFY" => false,
            _ => return Origin::Unknown,
        };
        let found = match new {
            Some(new) if inserted || old.is_some() => {
                let before = old.map(|old| self.stamps(old)).unwrap_or_default();
                of_change(&before, &self.stamps(new), here, inserted)
            }
            _ => None,
        };
        let named = || {
            let value = new?.get(self.attribute.as_ref()?)?;
            value.text().filter(|named| is_region_name(named))
        };
        match found.as_deref().or_else(named) {
            Some(region) => Origin::from(region, here),
            None => Origin::Unknown,
        }
    }

    fn of_removal<V: ImageValue>(
        &self,
        old: Option<&HashMap<String, V>>,
        identity: Option<(&str, &str)>,
        here: &str,
    ) -> Origin {
        let mark = format!("{}:deleted", self.prefix);
        let marked = old.filter(|old| old.get(&mark).is_some_and(V::is_true));
        if let Some(marked) = marked
            && let Some((region, _)) = latest(&self.stamps(marked).pairs)
        {
            return Origin::from(region, here);
        }
        match identity {
            Some(("Service", "dynamodb.amazonaws.com")) => Origin::Local(here.to_owned()),
            _ => Origin::Unknown,
        }
    }

    fn stamps<V: ImageValue>(&self, image: &HashMap<String, V>) -> Stamps {
        let mut stamps = Stamps::default();
        for (name, value) in image {
            if let Some(attribute) = Attribute::parse(name, &self.prefix) {
                stamps.set(attribute, value.number().and_then(parse_part));
            }
        }
        stamps
    }
}

/// The Region whose stamp advanced, if one did.
fn of_change(old: &Stamps, new: &Stamps, here: &str, inserted: bool) -> Option<String> {
    let advanced = |(region, pair): &&(String, Pair)| match old.pair(region) {
        None => true,
        Some(before) => {
            pair.count.unwrap_or(0) > before.count.unwrap_or(0)
                || pair.time.unwrap_or(0) > before.time.unwrap_or(0)
        }
    };
    let (own, foreign): (Vec<_>, Vec<_>) = new
        .pairs
        .iter()
        .filter(advanced)
        .partition(|(region, _)| region == here);
    let Some((region, arrived)) = latest(foreign) else {
        return own.first().map(|_| here.to_owned());
    };
    // Or put back here, with the stamps that it had.
    let own_time = new.pair(here).map(|own| own.time.unwrap_or(0));
    let put_back = inserted && own_time.is_some_and(|own| own >= arrived.time.unwrap_or(0));
    Some(if put_back { here } else { region }.to_owned())
}

/// The pair with the latest time, on a tie that of the Region with the smaller name.
fn latest<'a>(pairs: impl IntoIterator<Item = &'a (String, Pair)>) -> Option<(&'a str, Pair)> {
    pairs
        .into_iter()
        .map(|(region, pair)| (region.as_str(), *pair))
        .min_by_key(|(region, pair)| (std::cmp::Reverse(pair.time.unwrap_or(0)), *region))
}
