//! The errors of DynamoDB Streams.

use crate::fault::Refusal;

pub(super) fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

pub(super) fn expired_iterator() -> Refusal {
    Refusal::new(
        400,
        "ExpiredIteratorException",
        "The shard iterator has expired and can no longer be used to retrieve stream records.",
    )
}

pub(super) fn trimmed() -> Refusal {
    Refusal::new(
        400,
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard.",
    )
}

pub(super) fn not_found(message: &str) -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", message)
}
