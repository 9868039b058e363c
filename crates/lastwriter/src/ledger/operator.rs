//! Who does something to an entry.

use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata};

use super::connect::Caller;

/// Who does something to an entry, as its history names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operator {
    /// The caller's ARN, or why it is not known.
    pub(super) by: String,
}

impl Operator {
    /// Asks STS who the caller is. No permission is needed for that, but STS may be out of reach: then the history says
    /// so, and the work goes on.
    pub(super) async fn of(caller: &Caller) -> Self {
        if !caller.has_sts() {
            return Self {
                by: "local".to_owned(),
            };
        }
        let identity = caller.sts().get_caller_identity().send().await;
        let by = match identity {
            Ok(identity) => identity
                .arn
                .unwrap_or_else(|| "unknown: STS names no ARN".to_owned()),
            Err(error) => match error.code() {
                Some(code) => format!("unknown: STS answered {code}"),
                None => {
                    eprintln!(
                        "lastwriter: STS was not reached, so the ledger will not say who this was: {}",
                        DisplayErrorContext(&error)
                    );
                    "unknown: STS was not reached".to_owned()
                }
            },
        };
        Self { by }
    }
}
