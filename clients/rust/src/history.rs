//! Carrying an item's history from a read to a put, or leaving it behind.

use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::DEFAULT_PREFIX;
use crate::stamps::is_stamp;

/// The stamp attributes of an item as read, under the default prefix, to put back with its new contents.
///
/// ```
/// use aws_sdk_dynamodb::types::AttributeValue;
/// # use std::collections::HashMap;
/// # let read: HashMap<String, AttributeValue> = [
/// #     ("id".to_owned(), AttributeValue::S("o-17".into())),
/// #     ("lw:n:us-east-1".to_owned(), AttributeValue::N("5".into())),
/// # ].into();
/// let mut item = HashMap::from([("id".to_owned(), AttributeValue::S("o-17".into()))]);
/// item.extend(lastwriter_client::stamps(&read));
/// assert!(item.contains_key("lw:n:us-east-1"));
/// ```
pub fn stamps<V: Clone, S: BuildHasher + Default>(
    item: &HashMap<String, V, S>,
) -> HashMap<String, V, S> {
    stamps_under(DEFAULT_PREFIX, item)
}

/// The item without its stamps under the default prefix: for output, or to put a copy under another key, whose history
/// it is not.
///
/// ```
/// use aws_sdk_dynamodb::types::AttributeValue;
/// # use std::collections::HashMap;
/// # let mut item: HashMap<String, AttributeValue> = HashMap::new();
/// # item.insert("lw:n:us-east-1".into(), AttributeValue::N("5".into()));
/// item.insert("id".into(), AttributeValue::S("copy-of-o-17".into()));
/// let copy = lastwriter_client::without_stamps(item);
/// assert_eq!(copy.keys().collect::<Vec<_>>(), ["id"]);
/// ```
pub fn without_stamps<V, S: BuildHasher>(item: HashMap<String, V, S>) -> HashMap<String, V, S> {
    without_stamps_under(DEFAULT_PREFIX, item)
}

pub(crate) fn stamps_under<V: Clone, S: BuildHasher + Default>(
    prefix: &str,
    item: &HashMap<String, V, S>,
) -> HashMap<String, V, S> {
    item.iter()
        .filter(|(name, _)| is_stamp(name, prefix))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

pub(crate) fn without_stamps_under<V, S: BuildHasher>(
    prefix: &str,
    mut item: HashMap<String, V, S>,
) -> HashMap<String, V, S> {
    item.retain(|name, _| !is_stamp(name, prefix));
    item
}
