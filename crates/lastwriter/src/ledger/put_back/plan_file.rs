//! A plan as a file: made for review, and carried out as it stands.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use put_back::Plan;
use serde::{Deserialize, Serialize};

/// The form of the file that this version writes.
const FORM: u32 = 1;

/// Plans, as `--plan` writes them and `--apply` reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PlanFile {
    /// The form of this file.
    pub(super) put_back_plan: u32,
    /// When it was made.
    pub(super) made_at: DateTime<Utc>,
    /// The ledger that the entries are in.
    pub(super) ledger: String,
    /// One for each entry.
    pub(super) plans: Vec<Plan>,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanFileError {
    #[error("the plan {} cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the plan {} cannot be written: {source}", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is no plan of `lastwriter ledger put-back --plan`: {source}", path.display())]
    NotAPlan {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("the plan {} has form {form}, and this version knows form {FORM}: make it anew", path.display())]
    OtherForm { path: PathBuf, form: u32 },
    #[error("the plan {} is of the ledger {theirs}, not {ours}: give --ledger {theirs}", path.display())]
    OtherLedger {
        path: PathBuf,
        theirs: String,
        ours: String,
    },
}

impl PlanFile {
    pub(super) fn new(ledger: &str, plans: Vec<Plan>) -> Self {
        Self {
            put_back_plan: FORM,
            made_at: Utc::now(),
            ledger: ledger.to_owned(),
            plans,
        }
    }

    /// Writes the file, whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), PlanFileError> {
        let refused = |source| PlanFileError::Write {
            path: path.to_owned(),
            source,
        };
        let json = serde_json::to_string_pretty(self).map_err(|error| refused(error.into()))?;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}", std::process::id()));
        std::fs::write(&unfinished, json + "\n")
            .and_then(|()| std::fs::rename(&unfinished, path))
            .map_err(refused)
    }

    pub(super) fn read(path: &Path, ledger: &str) -> Result<Self, PlanFileError> {
        let path = || path.to_owned();
        let text = std::fs::read_to_string(path()).map_err(|source| PlanFileError::Read {
            path: path(),
            source,
        })?;
        let file: Self = serde_json::from_str(&text).map_err(|source| PlanFileError::NotAPlan {
            path: path(),
            source,
        })?;
        if file.put_back_plan != FORM {
            return Err(PlanFileError::OtherForm {
                path: path(),
                form: file.put_back_plan,
            });
        }
        if file.ledger != ledger {
            return Err(PlanFileError::OtherLedger {
                path: path(),
                theirs: file.ledger,
                ours: ledger.to_owned(),
            });
        }
        Ok(file)
    }
}
