//! The function's log, read back: which ledger entries it made, and what went wrong.

use local_aws::lambda::LogLine;
use stream_processor::log_contract::{LedgerWrite, LogEvent, Message};

use crate::report::Finding;

/// What a line says of a ledger entry.
pub(crate) fn finding(line: LogEvent) -> Finding {
    Finding {
        conflict_id: line.conflict_id,
        kind: line.kind,
        confidence: line.confidence,
        loser_region: line.loser_region,
        winner_region: line.winner_region,
        ..Finding::default()
    }
}

/// Something new in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The ledger entry's `ConflictId`.
    pub conflict_id: String,
    /// Its kind; `malformed_record` for a quarantined record.
    pub kind: String,
    /// The Region that won, for a conflict.
    pub winner: Option<String>,
}

impl NewEntry {
    /// Whether it is a conflict, and not an overwrite, a sample or a quarantined record.
    pub fn is_conflict(&self) -> bool {
        self.winner.is_some()
    }
}

/// What the lines of a log come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionLog {
    /// New ledger entries, in order. Entries that were there before are left out.
    pub new_entries: Vec<NewEntry>,
    /// Records in all batches.
    pub records: u64,
    /// What went wrong, in the function's words. It never names an item.
    pub problems: Vec<String>,
}

impl FunctionLog {
    /// Reads lines. What is no line of the function's log, such as a panic's text, is a problem, too.
    pub fn from_lines(lines: &[LogLine]) -> Self {
        let mut log = Self::default();
        for line in lines {
            match LogEvent::parse(&line.text) {
                Some(message) => log.add(message),
                // Metrics in embedded metric format are JSON without a message.
                None if line.text.starts_with('{') || line.text.trim().is_empty() => {}
                None => log.problems.push(line.text.clone()),
            }
        }
        log
    }

    fn add(&mut self, line: LogEvent) {
        let message = line.own_message();
        if message.is_some_and(Message::is_of_entry) {
            let written = line.ledger == Some(LedgerWrite::Written);
            let finding = finding(line);
            if let (true, Some(conflict_id)) = (written, finding.conflict_id) {
                self.new_entries.push(NewEntry {
                    conflict_id,
                    kind: finding
                        .kind
                        .unwrap_or_else(|| "malformed_record".to_owned()),
                    winner: finding.winner_region,
                });
            }
        } else if message == Some(Message::Batch) {
            self.records += line.records.unwrap_or(0);
        } else if matches!(line.level.as_str(), "ERROR" | "WARN") {
            self.problems.push(match line.hint {
                Some(hint) => format!("{}: {hint}", line.message),
                None => line.message,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use local_aws::lambda::LogStream;

    use super::*;

    fn log(lines: &[&str]) -> FunctionLog {
        let lines: Vec<LogLine> = lines
            .iter()
            .map(|text| LogLine {
                pid: 1,
                stream: LogStream::Stdout,
                text: (*text).to_owned(),
            })
            .collect();
        FunctionLog::from_lines(&lines)
    }

    #[test]
    fn new_entries_are_told_and_those_that_were_there_before_are_not() {
        let log = log(&[
            r#"{"level":"INFO","message":"conflict","record":0,"conflict_id":"a","kind":"update_update","loser_region":"us-east-1","winner_region":"eu-west-1","ledger":"written"}"#,
            r#"{"level":"INFO","message":"conflict","record":1,"conflict_id":"b","kind":"update_update","loser_region":"us-east-1","winner_region":"eu-west-1","ledger":"existed"}"#,
            r#"{"level":"INFO","message":"finding","record":2,"conflict_id":"c","kind":"stale_overwrite","loser_region":"us-east-1","ledger":"written"}"#,
            r#"{"level":"WARN","message":"record quarantined","record":3,"conflict_id":"d","ledger":"written"}"#,
            r#"{"level":"INFO","message":"batch","records":4,"committed":4}"#,
        ]);
        let entries: Vec<_> = log
            .new_entries
            .iter()
            .map(|entry| (&*entry.conflict_id, &*entry.kind, entry.is_conflict()))
            .collect();
        assert_eq!(
            entries,
            [
                ("a", "update_update", true),
                ("c", "stale_overwrite", false),
                ("d", "malformed_record", false)
            ]
        );
        assert_eq!(log.records, 4);
        assert!(log.problems.is_empty(), "{:?}", log.problems);
    }

    #[test]
    fn what_went_wrong_is_told_and_metrics_in_the_log_are_not_taken_for_it() {
        let log = log(&[
            r#"{"level":"ERROR","message":"ledger write failed","record":0,"error_code":"X","hint":"does the table exist?"}"#,
            r#"{"_aws":{"Timestamp":1},"Records":3}"#,
            "",
            "thread main panicked",
        ]);
        assert_eq!(
            log.problems,
            [
                "ledger write failed: does the table exist?",
                "thread main panicked"
            ]
        );
    }
}
