//! Why an audit does not start, or cannot go on.

use crate::event::EventError;
use crate::failure::CommandError;

use super::analysis::AnalysisError;
use super::reader::ReaderError;
use crate::ledger::LedgerReadError;

/// An audit that gives nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuditError {
    /// A recorded event cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The records have no images.
    #[error(
        "{place}: an image is missing. An audit needs both: the view type of every replica's stream has to be \
         NEW_AND_OLD_IMAGES, which a global table's is"
    )]
    NoImages {
        /// The first such record.
        place: String,
    },
    /// There is no record.
    #[error("there is no stream record in what was given, so there is nothing to audit")]
    NoRecord,
    /// Only one Region's stream is there.
    #[error(
        "all records are of {0}. An audit joins the streams of all of a table's Regions: with one of two unread nothing is \
         found, with one of three unread a third is missed. Give the others' records too; REGION=FILE says of which Region \
         a file is"
    )]
    OneRegion(String),
    /// Records of several tables, and none is named.
    #[error("the records are of several tables ({0}, {1}): give --table NAME")]
    SeveralTables(String, String),
    /// A Region of the records is not among those that are named.
    #[error(
        "there are records of {0}, which --regions leaves out. Every Region of the table has to be read: what a Region that \
         is left out wrote, and what was lost there, would be laid at another's door"
    )]
    RegionLeftOut(String),
    /// A Region that was named has no record.
    #[error(
        "there is no record of {0}, which --regions names. An audit needs the streams of all of a table's Regions: give its \
         records too"
    )]
    NoRecordOf(String),
    /// It cannot be judged or kept.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The streams cannot be read.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// Findings were not written to a ledger.
    #[error(
        "{failed} of {all} findings were not written to their ledgers: {first}. Run it again: what is there stays as it is"
    )]
    Ledger {
        /// How many.
        failed: usize,
        /// Of how many.
        all: usize,
        /// The first failure.
        first: Box<LedgerReadError>,
    },
    /// The endpoints file has no ledger of a Region that lost writes.
    #[error(
        "the endpoints file names no ledger of {0}, where writes were lost: no finding was written. Give \
         the file that `lastwriter local` writes, which names one for each Region, or leave --endpoints-file out to write to AWS"
    )]
    NoLedgerEndpoint(String),
    /// A signal came before anything was read.
    #[error("ended before anything was read")]
    EndedEarly,
    /// The options do not go together.
    #[error("{0}")]
    Options(&'static str),
}

impl From<join::JoinError> for AuditError {
    fn from(error: join::JoinError) -> Self {
        AnalysisError::from(error).into()
    }
}

impl From<AuditError> for CommandError {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Event(_)
            | AuditError::NoImages { .. }
            | AuditError::NoRecord
            | AuditError::OneRegion(_)
            | AuditError::SeveralTables(..)
            | AuditError::RegionLeftOut(_)
            | AuditError::NoRecordOf(_)
            | AuditError::NoLedgerEndpoint(_)
            | AuditError::Analysis(AnalysisError::Join(_))
            | AuditError::Options(_) => Self::bad_input(error),
            AuditError::Analysis(AnalysisError::Images(_)) => Self::failed(error),
            AuditError::Reader(ref reader) if reader.is_bad_input() => Self::bad_input(error),
            AuditError::Reader(_) | AuditError::Ledger { .. } | AuditError::EndedEarly => {
                Self::failed(error)
            }
        }
    }
}
