//! What a function says in its log while it runs.

use local_aws::lambda::LogLine;
use serde::Deserialize;

/// Something that went into the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The ledger entry's `ConflictId`.
    pub conflict_id: String,
    /// Its kind; `malformed_record` for a quarantined record.
    pub kind: String,
    /// The Region that won, for a conflict.
    pub winner: Option<String>,
}

impl Found {
    /// Whether it is a conflict, and not an overwrite, a sample or a quarantined record.
    pub fn is_conflict(&self) -> bool {
        self.winner.is_some()
    }
}

/// What the lines of a log say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// New ledger entries, in order. Entries that were there before are left out.
    pub found: Vec<Found>,
    /// Records in all batches.
    pub records: u64,
    /// What went wrong, in the function's words. It never names an item.
    pub problems: Vec<String>,
}

/// The members of a line that matter here.
#[derive(Debug, Deserialize)]
struct Line {
    level: String,
    message: String,
    records: Option<u64>,
    conflict_id: Option<String>,
    kind: Option<String>,
    winner_region: Option<String>,
    ledger: Option<String>,
    hint: Option<String>,
}

impl Said {
    /// Reads lines. What is no line of the function's log, such as a panic's text, is a problem, too.
    pub fn in_lines(lines: &[LogLine]) -> Self {
        let mut said = Self::default();
        for line in lines {
            match serde_json::from_str::<Line>(&line.text) {
                Ok(line) => said.add(line),
                // Metrics in embedded metric format are JSON without a message.
                Err(_) if line.text.starts_with('{') => {}
                Err(_) if line.text.trim().is_empty() => {}
                Err(_) => said.problems.push(line.text.clone()),
            }
        }
        said
    }

    fn add(&mut self, line: Line) {
        match line.message.as_str() {
            "batch" => self.records += line.records.unwrap_or(0),
            "conflict" | "finding" | "record quarantined" => {
                if line.ledger.as_deref() == Some("written")
                    && let Some(conflict_id) = line.conflict_id
                {
                    self.found.push(Found {
                        conflict_id,
                        kind: line.kind.unwrap_or_else(|| "malformed_record".to_owned()),
                        winner: line.winner_region,
                    });
                }
            }
            _ if line.level == "ERROR" || line.level == "WARN" => {
                self.problems.push(match line.hint {
                    Some(hint) => format!("{}: {hint}", line.message),
                    None => line.message,
                });
            }
            _ => {}
        }
    }
}
