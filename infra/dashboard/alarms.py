"""Every alarm of one Region. `alarms.yaml` and the README's "Troubleshooting by alarm" are made from this list."""

from __future__ import annotations

from .alarm_model import NOTHING_FOLLOWS, Alarm, dynamodb, function, mapping, own
from .names import PROCESSOR, REPORTER, ref, sub
from .table_alarms import QUIET, capacity_alarms, latency_alarms, replication_alarms, request_alarms, throttle_alarms

# Periods are 300 s (alarm_model.py): DynamoDB publishes several of its metrics every five minutes, and alarms on figures of
# the same period can be read side by side on the dashboard. Throttling is published each minute, and watched each minute.
BATCHES = "No data means that no batch was processed, so nothing was counted; processor-silent watches for that."


def conflict_alarms() -> list[Alarm]:
    return [
        Alarm(
            logical_id="ConflictsAlarm",
            slug="conflicts",
            section="Conflicts",
            means="Writes made in this Region were overwritten by concurrent writes of another Region.",
            do="`lastwriter ledger page` shows each entry of all Regions in a browser; `lastwriter ledger top` counts what loses most. "
            "`lastwriter ledger put-back ID --dry-run` shows what can be put back, and without `--dry-run` it asks and writes; "
            "`ledger resolve ID --why` closes what need not come back. If it repeats on the same keys, let one Region write an "
            "item, or use a condition.",
            metrics=(own("Conflicts", "Sum"),),
            threshold=ref("ConflictsThreshold"),
            missing="notBreaching",
            missing_why=BATCHES,
        ),
        Alarm(
            logical_id="LostWriteRateAlarm",
            slug="lost-write-rate",
            section="Lost write rate",
            means="Too large a share of what replicates into this Region overwrites writes made here.",
            do="Find the hot keys (ledger, Contributor Insights) and give each item one home Region, or slow the writers down "
            "to more than one replication delay per item.",
            metrics=(own("LostWrites", "Sum"), own("ReplicatedWrites", "Sum")),
            expression="IF(m2 > 0, 100 * m1 / m2, IF(m1 > 0, 100, 0))",
            threshold=ref("LostWriteRatePercent"),
            comparison="GreaterThanOrEqualToThreshold",
            within=2,
            missing="notBreaching",
            missing_why=BATCHES,
        ),
        Alarm(
            logical_id="UnstampedWritesAlarm",
            slug="unstamped-writes",
            section="Unstamped writes",
            means="Something writes to the table without a stamp; losses of such writes cannot be proved.",
            do="The ledger keeps samples (kind unstamped_sample) with key and changed attributes: find that writer and let it "
            "stamp. While writers begin to stamp one by one, set UnstampedWritesPercent=100.",
            metrics=(own("UnstampedWrites", "Sum"), own("LocalWrites", "Sum"), own("ReplicatedWrites", "Sum")),
            expression="100 * m1 / SUM(METRICS())",
            threshold=ref("UnstampedWritesPercent"),
            missing="notBreaching",
            missing_why=BATCHES,
        ),
        Alarm(
            logical_id="StaleOverwritesAlarm",
            slug="stale-overwrites",
            section="Stale overwrites",
            means="An item changed, yet no stamp advanced: an unstamped write elsewhere won, or an old version was put back.",
            do="Compare the images in the ledger (kind stale_overwrite). Look for a restore, a copy job or a PutItem of a "
            "cached item.",
            metrics=(own("StaleOverwrites", "Sum"),),
            threshold=ref("StaleOverwritesThreshold"),
            missing="notBreaching",
            missing_why=BATCHES,
        ),
        Alarm(
            logical_id="SuspectedConflictsAlarm",
            slug="suspected-conflicts",
            section="Suspected conflicts",
            means="Unstamped writes of this Region were probably overwritten: a write of another Region won whose version number is "
            "not above theirs (VersionAttribute).",
            do="`lastwriter ledger list` shows them with evidence `version`, and `ledger put-back ID --dry-run` what can be put back. "
            "Let the writers stamp, and such losses become certain. If nothing was lost, a writer does not count: find it, or empty "
            "VersionAttribute.",
            metrics=(own("SuspectedConflicts", "Sum"),),
            threshold=ref("SuspectedConflictsThreshold"),
            missing="notBreaching",
            missing_why=BATCHES,
        ),
        Alarm(
            logical_id="QuarantinedRecordsAlarm",
            slug="quarantined-records",
            section="Quarantined records",
            means="Stream records could not be read or judged. They are in the ledger under the key quarantine.",
            do="Read Reason and Record there and replay the record with the command-line tool. It is a fault of ours or a new "
            "form of record: report it.",
            metrics=(own("QuarantinedRecords", "Sum"),),
            threshold=0,
            missing="notBreaching",
            missing_why=BATCHES,
        ),
        Alarm(
            logical_id="UnusableRecordsAlarm",
            slug="unusable-records",
            section="Unusable records",
            means="Records lack the images that judging needs: the stream's view type is not NEW_AND_OLD_IMAGES.",
            do="Look at the stream's view type in DescribeTable. Give the table a stream with both images, then deploy the "
            "processor for the new stream.",
            metrics=(own("UnusableRecords", "Sum"),),
            threshold=0,
            missing="notBreaching",
            missing_why=BATCHES,
        ),
    ]


def open_entry_alarms() -> list[Alarm]:
    return [
        Alarm(
            logical_id="OpenEntriesAlarm",
            slug="open-entries",
            section="Open entries",
            means="Lost writes of this Region wait in the ledger, and nobody has decided about them for days.",
            do="`lastwriter ledger list --status open` or `lastwriter ledger page` shows them. Put back what is to be put back, and close "
            "the rest with `ledger resolve ID --why`: with filters, many at once. They are deleted after LedgerRetentionDays.",
            metrics=(own("OldestOpenEntryAge", "Maximum"),),
            threshold=ref("OpenEntryAgeThresholdSeconds"),
            within=3,
            missing="notBreaching",
            missing_why="The reporter has not run yet, or the ledger's index Open is being made; reporter-silent watches the reporter.",
        ),
    ]


def processor_alarms() -> list[Alarm]:
    name = sub(PROCESSOR)
    return [
        Alarm(
            logical_id="IteratorAgeAlarm",
            slug="iterator-age",
            section="Iterator age",
            means="The processor is behind the stream. What is older than 24 hours is gone from the stream.",
            do="Look at errors, throttles and duration first. If all are quiet, raise ParallelizationFactor or BatchSize.",
            metrics=(function("IteratorAge", "Maximum", name),),
            threshold=ref("IteratorAgeThresholdMs"),
            within=2,
            missing="notBreaching",
            missing_why="The age is published with each invocation; an idle table has none. processor-silent watches the rest.",
            recovers=True,
        ),
        Alarm(
            logical_id="ProcessorSilentAlarm",
            slug="processor-silent",
            section="Processor silent",
            means="The table takes writes, but the processor is not invoked: paused, or it reads another stream.",
            do="Run make status. Resume the mapping if it is paused; compare its stream with the table's LatestStreamArn; look "
            "at the mapping's LastProcessingResult. (Writes that change nothing or fail their condition use capacity, yet give no "
            "record.)",
            metrics=(dynamodb("ConsumedWriteCapacityUnits", "Sum"), function("Invocations", "Sum", name)),
            expression=NOTHING_FOLLOWS,
            threshold=0,
            within=3,
            missing="notBreaching",
            missing_why="A table that takes no writes has none of the first figure, and then nothing has to be invoked.",
            recovers=True,
        ),
        Alarm(
            logical_id="FunctionErrorsAlarm",
            slug="function-errors",
            section="Function errors",
            means="Invocations of the stream processor fail as a whole.",
            do="Run make logs: a start that stops names the settings that are wrong. Lambda retries, so nothing is lost before "
            "the record age limit.",
            metrics=(function("Errors", "Sum", name),),
            threshold=0,
            within=2,
            missing="notBreaching",
            missing_why=QUIET,
            recovers=True,
        ),
        Alarm(
            logical_id="FunctionThrottlesAlarm",
            slug="function-throttles",
            section="Function throttles",
            means="Lambda refuses invocations of the stream processor for want of concurrency.",
            do="Raise the account's concurrency limit in this Region, or find the function that uses it up.",
            metrics=(function("Throttles", "Sum", name),),
            threshold=0,
            within=2,
            missing="notBreaching",
            missing_why=QUIET,
            recovers=True,
        ),
        Alarm(
            logical_id="FunctionDurationAlarm",
            slug="function-duration",
            section="Function duration",
            means="Invocations take more than 80 % of the timeout; soon batches will be cut off and retried.",
            do="Look at the ledger's throttling and latency. Raise MemorySize (more CPU) or Timeout, or lower BatchSize.",
            metrics=(function("Duration", "Maximum", name),),
            expression=sub("m1 / (${FunctionTimeout} * 10)"),
            threshold=80,
            comparison="GreaterThanOrEqualToThreshold",
            within=2,
            missing="notBreaching",
            missing_why="Without an invocation there is no duration.",
            recovers=True,
        ),
        Alarm(
            logical_id="FailedEventsAlarm",
            slug="failed-events",
            section="Failed events",
            means="Records of the stream fail and are retried, whole batches or the part that the function reported.",
            do="Run make logs and look for ledger errors: throttling, a missing permission, the key. BatchItemFailures on the "
            "dashboard counts them.",
            metrics=(mapping("FailedInvokeEventCount"),),
            threshold=0,
            within=2,
            missing="notBreaching",
            missing_why=QUIET,
            recovers=True,
        ),
        Alarm(
            logical_id="DroppedEventsAlarm",
            slug="dropped-events",
            section="Dropped events",
            means="Records were given up and could not be put into the failure bucket either: they are lost to the ledger.",
            do="Act at once: the stream keeps them 24 hours from when they were written. Fix the cause (as for "
            "destination-delivery-failures), then run make rejudge: a new mapping at TRIM_HORIZON judges again what the stream still "
            "holds.",
            metrics=(mapping("DroppedEventCount"),),
            threshold=0,
            missing="notBreaching",
            missing_why=QUIET,
        ),
        Alarm(
            logical_id="FailureDestinationAlarm",
            slug="failure-destination",
            section="Failure destination",
            means="Batches that the processor could not take were put into the failure bucket.",
            do="Fix the cause (as for failed-events), then run make redrive: the processor judges each batch again, and what it "
            "takes moves to done/. Do it before FailureRetentionInDays is over (30 days), when the bucket deletes them.",
            metrics=(mapping("OnFailureDestinationDeliveredEventCount"),),
            threshold=0,
            missing="notBreaching",
            missing_why=QUIET,
        ),
        Alarm(
            logical_id="DestinationDeliveryFailuresAlarm",
            slug="destination-delivery-failures",
            section="Destination delivery failures",
            means="A failed batch could not be put into the failure bucket. It exists only in the stream, for 24 hours at most.",
            do="Look at the role's right to put into the bucket and to use the key, and whether the bucket exists. Then run make "
            "rejudge: what the stream still holds is judged again.",
            metrics=(function("DestinationDeliveryFailures", "Sum", name),),
            threshold=0,
            missing="notBreaching",
            missing_why=QUIET,
        ),
        Alarm(
            logical_id="ReporterErrorsAlarm",
            slug="reporter-errors",
            section="Reporter errors",
            means="The table reporter fails, so sizes and replica states are old.",
            do="Look at its log group: a missing table, a missing permission, or CloudWatch refusing the metrics.",
            metrics=(function("Errors", "Sum", sub(REPORTER)),),
            threshold=0,
            within=2,
            missing="notBreaching",
            missing_why="Silence is not taken for health: reporter-silent watches for that.",
            recovers=True,
        ),
        Alarm(
            logical_id="ReporterSilentAlarm",
            slug="reporter-silent",
            section="Reporter silent",
            means="The table reporter does not run, so nobody looks at the replicas' states.",
            do="Look at its rule in EventBridge: it must be enabled and allowed to invoke the function. Then at the function and its "
            "log group.",
            # The mapping's figure is there each minute, 0 where the stream has nothing, so it tells that time passes.
            metrics=(mapping("PolledEventCount", "SampleCount"), function("Invocations", "Sum", sub(REPORTER))),
            expression=NOTHING_FOLLOWS,
            threshold=0,
            # The schedule may put two reports into one period and none into the next, so one miss is no news.
            within=3,
            out_of=4,
            missing="notBreaching",
            missing_why="A mapping that is paused publishes nothing; processor-silent watches for that.",
            recovers=True,
        ),
    ]


def all_alarms() -> list[Alarm]:
    return [
        *conflict_alarms(),
        *open_entry_alarms(),
        *processor_alarms(),
        *replication_alarms(),
        *throttle_alarms(),
        *request_alarms(),
        *latency_alarms(),
        *capacity_alarms(),
    ]
