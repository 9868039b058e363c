//! The function's log as others read it: its messages, and the members of its lines.
//!
//! `contract.json` says the same for readers in other languages. A test compares both with the lines that are written.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::ledger::PutResult;

/// What a line says.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray,
)]
pub enum Message {
    /// What an invocation did: one line each.
    #[strum(serialize = "batch")]
    Batch,
    /// A conflict's ledger entry.
    #[strum(serialize = "conflict")]
    Conflict,
    /// The ledger entry of a suspected conflict, an overwrite, or a sample of unstamped writes.
    #[strum(serialize = "finding")]
    Finding,
    /// The ledger entry of a record that could not be judged.
    #[strum(serialize = "record quarantined")]
    RecordQuarantined,
    /// A record's verdict, at level `debug`.
    #[strum(serialize = "verdict")]
    Verdict,
    /// An entry is not in the ledger.
    #[strum(serialize = "ledger write failed")]
    LedgerWriteFailed,
    /// DynamoDB refused an entry for what is in it.
    #[strum(
        serialize = "DynamoDB refused a ledger entry for what is in it; a smaller form of it is written"
    )]
    EntryRefused,
    /// What the ledger remembers of an item could not be read.
    #[strum(
        serialize = "the ledger did not say where an item's latest jump landed; its record is judged by its images alone"
    )]
    JumpsNotRead,
    /// What is to be remembered of an item was not written.
    #[strum(
        serialize = "the ledger did not take where an item's jump landed; its later records are judged by their images alone"
    )]
    JumpsNotKept,
    /// The ledger was left before all entries were written.
    #[strum(
        serialize = "time is up before the ledger was written; the batch is retried from the first record not done"
    )]
    TimeUp,
    /// Metrics went to the log in place of CloudWatch.
    #[strum(
        serialize = "CloudWatch did not take the metrics: they go to the log in embedded metric format. Check cloudwatch:PutMetricData and the network if this stays"
    )]
    MetricsNotTaken,
    /// Lambda does not say when the environment ends.
    #[strum(
        serialize = "Lambda does not tell when this environment ends: metrics are sent with every batch"
    )]
    NoShutdownNotice,
    /// The machine's clock and Lambda's are far apart.
    #[strum(
        serialize = "the deadline makes no sense by this machine's clock; the default timeout of 3 s is assumed"
    )]
    DeadlineNotBelieved,
    /// Lambda is told that the invocation failed.
    #[strum(serialize = "the invocation failed")]
    InvocationFailed,
    /// Something panicked, and where.
    #[strum(serialize = "panicked")]
    Panicked,
}

impl Message {
    /// Every message.
    pub const ALL: &[Message] = Message::VARIANTS;

    /// The line's `message`.
    pub fn text(self) -> &'static str {
        self.into()
    }

    /// Whether a line with this message tells of a ledger entry.
    pub fn is_of_entry(self) -> bool {
        match self {
            Message::Conflict | Message::Finding | Message::RecordQuarantined => true,
            Message::Batch
            | Message::Verdict
            | Message::LedgerWriteFailed
            | Message::EntryRefused
            | Message::JumpsNotRead
            | Message::JumpsNotKept
            | Message::TimeUp
            | Message::MetricsNotTaken
            | Message::NoShutdownNotice
            | Message::DeadlineNotBelieved
            | Message::InvocationFailed
            | Message::Panicked => false,
        }
    }
}

/// What became of a ledger entry, as a line's `ledger` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LedgerWrite {
    /// It is new.
    Written,
    /// It was there already.
    Existed,
    /// It could not be written.
    Failed,
}

impl LedgerWrite {
    /// Its text in a line.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl<E> From<&Result<PutResult, E>> for LedgerWrite {
    fn from(result: &Result<PutResult, E>) -> Self {
        match result {
            Ok(PutResult::New) => LedgerWrite::Written,
            Ok(PutResult::Existed) => LedgerWrite::Existed,
            Err(_) => LedgerWrite::Failed,
        }
    }
}

/// A line, with the members that readers use. Which of them it has depends on its message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogEvent {
    /// `ERROR`, `WARN`, `INFO` or `DEBUG`.
    pub level: String,
    /// The text of a [`Message`], or what a library says.
    pub message: String,
    /// The record's place in the batch.
    pub record: Option<usize>,
    /// The record's table.
    pub table: Option<String>,
    /// The record's verdict, or what stands for one.
    pub verdict: Option<String>,
    /// The Region that the record's version came from, if it came from another one.
    pub origin: Option<String>,
    /// The entry's `ConflictId`.
    pub conflict_id: Option<String>,
    /// The entry's `Kind`.
    pub kind: Option<String>,
    /// How sure a conflict is.
    pub confidence: Option<String>,
    /// The Region that lost.
    pub loser_region: Option<String>,
    /// The Region that won.
    pub winner_region: Option<String>,
    /// What became of the entry.
    pub ledger: Option<LedgerWrite>,
    /// How many records the batch has.
    pub records: Option<u64>,
    /// An error's code.
    pub error_code: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl LogEvent {
    /// Reads a line of the log; none if it is not one, such as a document in embedded metric format.
    pub fn parse(line: &str) -> Option<Self> {
        let event: Self = serde_json::from_str(line).ok()?;
        (!event.message.is_empty()).then_some(event)
    }

    /// The message, if it is the function's own.
    pub fn own_message(&self) -> Option<Message> {
        self.message.parse().ok()
    }
}

#[cfg(test)]
mod tests;
