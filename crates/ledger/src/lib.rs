//! The conflict ledger: what is kept of a losing write, so that it can be put back.
//!
//! [`Entry`] is an entry as the function makes it and the tool reads it. [`StoredEntry`] is the same entry as items of
//! the table, each within DynamoDB's 400 KB. [`Entry::into_items`] and [`Entry::read`] lead from one to the other: an
//! entry that is written reads back the same, but for what the entry itself says was left out of the winner.
//!
//! The form of an entry is the specification's, section 5. An attribute that this version does not know is ignored
//! when an entry is read, and a name that it does not know is kept: a newer version may have written the entry.
//!
//! ```
//! use ledger::{ConflictId, Entry, EntryKind, ItemKey};
//!
//! let record = r#"{"eventName":"UPSERT"}"#;
//! let id = ConflictId::quarantine(record);
//! let found_at = chrono::DateTime::from_timestamp(1_795_349_587, 0).unwrap();
//! let mut entry = Entry::new(EntryKind::MalformedRecord, ItemKey::quarantine(), id, "orders", found_at, 30);
//! entry.record = Some(record.to_owned());
//!
//! let stored = entry.clone().into_items();
//! assert_eq!(Entry::read(stored.main, &stored.parts).unwrap(), entry);
//! ```

mod bucket;
mod entry;
mod fit;
mod history;
mod id;
mod json;
mod jump;
mod names;
mod nesting;
mod schema;
mod size;
mod storage;
#[cfg(test)]
mod tests;
mod time;

use std::collections::HashMap;

use serde_dynamo::AttributeValue;

pub use bucket::{buckets, hour, open_shard, open_shards};
pub use entry::{Entry, EntryError, Key, Side};
pub use fit::{EntryForm, StoredEntry, omitted_bytes, omitted_image_bytes};
pub use history::{HistoryEvent, OperatorAction, PendingSum};
pub use id::{ConflictId, EntryKey, ItemKey, event_id};
pub use jump::{JUMP_COUNT, JUMP_PREFIX, JUMP_TIME, JumpPlace, landing};
pub use names::{EntryKind, Evidence, Name, Status};
pub use schema::{
    BUCKET, BY_TIME, CONFLICT_ID, DETECTED_AT, EXPIRES_AT, HISTORY, ITEM_KEY, KIND, OPEN,
    OPEN_SHARD, PATHS_WITHOUT_IMAGES, PENDING_SUMS, STATUS, create_table_request, is_part,
};
pub use storage::StorageForm;

/// An item's attributes by name.
pub type Image = HashMap<String, AttributeValue>;
