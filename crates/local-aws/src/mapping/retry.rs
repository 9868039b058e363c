//! What follows an invocation: pure decisions, no waiting and no calls.

use super::answer::BatchResponse;

/// What an invocation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchResult {
    /// The function answered, and this is what its answer says.
    Answered(BatchResponse),
    /// The function failed: an error, a crash or a timeout.
    FunctionError,
    /// The function was not called at all, because of throttling for example.
    NotInvoked,
}

/// The mapping's settings that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetryPolicy {
    /// `MaximumRetryAttempts`; `None` is no limit.
    pub(super) retry_limit: Option<u32>,
    /// `BisectBatchOnFunctionError`.
    pub(super) bisect: bool,
}

/// What to do with the batch next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// All records are done.
    Done,
    /// The records before `from` are done. Try the others again, with this many retries used up.
    Retry { from: usize, retries: u32 },
    /// Go on with the records before `at`, then with the others, both with the retries used so far.
    Split { at: usize },
    /// The records before `from` are done. Give the others up.
    Discard { from: usize },
}

/// Decides what follows.
///
/// - A success moves on; a partial one moves on to the lowest reported record, and all from there are tried again.
///   <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
/// - After a function error a batch is split in two where bisecting is on: "Splitting batches doesn't consume the
///   retry quota." One record cannot be split.
///   <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>
/// - With bisecting and a partial answer "the batch is bisected at the returned sequence number, and Lambda retries
///   only the remaining records". That is a split, so it takes no retry from the quota. Where the first record is the
///   reported one there is nothing to split off, and the retry counts.
/// - A complete failure by the answer is treated as an error: AWS calls both a failed batch.
/// - What could not be invoked at all is tried until the records are too old, whatever the retry quota:
///   "If a Lambda event source mapping is unable to invoke the function due to throttling or other issues, it retries
///   until the records expire or exceed the maximum age."
pub(super) fn next(
    outcome: BatchResult,
    records: usize,
    retries: u32,
    rules: RetryPolicy,
) -> NextStep {
    match outcome {
        BatchResult::Answered(BatchResponse::Success) => NextStep::Done,
        BatchResult::NotInvoked => NextStep::Retry { from: 0, retries },
        BatchResult::Answered(BatchResponse::FailedFrom(from)) if rules.bisect && from > 0 => {
            NextStep::Retry { from, retries }
        }
        BatchResult::Answered(BatchResponse::FailedFrom(from)) => retry(from, retries, rules),
        BatchResult::Answered(BatchResponse::Failed) | BatchResult::FunctionError => {
            if rules.bisect && records > 1 {
                NextStep::Split { at: records / 2 }
            } else {
                retry(0, retries, rules)
            }
        }
    }
}

fn retry(from: usize, retries: u32, rules: RetryPolicy) -> NextStep {
    match rules.retry_limit {
        Some(limit) if retries >= limit => NextStep::Discard { from },
        Some(_) | None => NextStep::Retry {
            from,
            retries: retries.saturating_add(1),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: RetryPolicy = RetryPolicy {
        retry_limit: Some(2),
        bisect: false,
    };
    const BISECT: RetryPolicy = RetryPolicy {
        retry_limit: Some(2),
        bisect: true,
    };
    const ERROR: BatchResult = BatchResult::FunctionError;
    const PARTIAL: BatchResult = BatchResult::Answered(BatchResponse::FailedFrom(3));

    #[test]
    fn an_error_is_retried_until_the_quota_is_used_up() {
        assert_eq!(
            next(ERROR, 10, 0, PLAIN),
            NextStep::Retry {
                from: 0,
                retries: 1
            }
        );
        assert_eq!(
            next(ERROR, 10, 1, PLAIN),
            NextStep::Retry {
                from: 0,
                retries: 2
            }
        );
        assert_eq!(next(ERROR, 10, 2, PLAIN), NextStep::Discard { from: 0 });
    }

    #[test]
    fn without_a_quota_an_error_is_retried_for_ever() {
        let rules = RetryPolicy {
            retry_limit: None,
            ..PLAIN
        };
        let next = next(ERROR, 1, u32::MAX, rules);
        assert_eq!(
            next,
            NextStep::Retry {
                from: 0,
                retries: u32::MAX
            }
        );
    }

    #[test]
    fn a_split_uses_up_no_retry_and_a_single_record_is_not_split() {
        assert_eq!(next(ERROR, 10, 2, BISECT), NextStep::Split { at: 5 });
        assert_eq!(next(ERROR, 3, 2, BISECT), NextStep::Split { at: 1 });
        assert_eq!(next(ERROR, 1, 2, BISECT), NextStep::Discard { from: 0 });
    }

    #[test]
    fn a_partial_answer_goes_on_from_the_reported_record() {
        assert_eq!(
            next(PARTIAL, 10, 0, PLAIN),
            NextStep::Retry {
                from: 3,
                retries: 1
            }
        );
        assert_eq!(next(PARTIAL, 10, 2, PLAIN), NextStep::Discard { from: 3 });
    }

    #[test]
    fn with_bisecting_a_partial_answer_uses_up_no_retry_unless_it_reports_the_first_record() {
        assert_eq!(
            next(PARTIAL, 10, 2, BISECT),
            NextStep::Retry {
                from: 3,
                retries: 2
            }
        );
        let first = BatchResult::Answered(BatchResponse::FailedFrom(0));
        assert_eq!(
            next(first, 10, 1, BISECT),
            NextStep::Retry {
                from: 0,
                retries: 2
            }
        );
        assert_eq!(next(first, 10, 2, BISECT), NextStep::Discard { from: 0 });
    }

    #[test]
    fn a_complete_failure_by_the_answer_is_an_error() {
        let failed = BatchResult::Answered(BatchResponse::Failed);
        assert_eq!(next(failed, 10, 2, BISECT), next(ERROR, 10, 2, BISECT));
        assert_eq!(next(failed, 10, 2, PLAIN), next(ERROR, 10, 2, PLAIN));
    }

    #[test]
    fn what_was_never_invoked_uses_up_no_retry_and_is_not_split() {
        for rules in [PLAIN, BISECT] {
            assert_eq!(
                next(BatchResult::NotInvoked, 10, 2, rules),
                NextStep::Retry {
                    from: 0,
                    retries: 2
                }
            );
        }
    }
}
