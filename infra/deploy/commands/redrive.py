"""`make redrive`: judge the batches in the failure bucket again, by the processor that could not take them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.deploy.aws import arn
from infra.deploy.context import Context
from infra.deploy.errors import DeployError
from infra.deploy.failure_bucket import DONE_PREFIX, FailedBatch, FailureBucket, StoredBatch, UnreadableBatch
from infra.deploy.time_spans import seconds_of

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class RegionTotals:
    """What came of one Region's batches."""

    redriven: int = 0
    records: int = 0
    failed: int = 0
    """Batches that the processor could not take this time either, or that could not be read. They stay."""


def redrive(context: Context, region: str = "", since: str = "", now: Clock = _utc_now) -> None:
    """Invoke each Region's processor with what waits in its failure bucket, the oldest first.

    An object moves to `done/` only after the processor took its whole batch. Ledger entries are written once however
    often a batch is judged, so the command can be run again, and stopped at any time.
    """
    console, names = context.console, context.names
    regions = context.one_or_all(region)
    start = now() - timedelta(seconds=seconds_of(since)) if since else None
    buckets: dict[str, FailureBucket] = {}
    functions: dict[str, str] = {}
    for one in regions:
        processor = context.require(one, "processor")
        buckets[one] = FailureBucket(context.aws, one, processor.output("FailureBucketName"))
        functions[one] = processor.output("FunctionName")
    waiting = {one: bucket.batches(start) for one, bucket in buckets.items()}

    total = sum(map(len, waiting.values()))
    for one in regions:
        console.step(f"{one}: {_summary(waiting[one])} in {buckets[one].name}"
                     + (f", put there in the last {since}" if since else ""))
    if not total:
        console.title("Nothing to redrive.")
        return
    console.plan(f"make redrive {names.arguments()}", [
        f"invoke {functions[one]} in {one} with {len(waiting[one])} batch(es), one after the other, the oldest first"
        for one in regions if waiting[one]
    ] + [
        f"move each object to {DONE_PREFIX} once the processor has taken its whole batch; what fails stays where it is",
    ])
    console.step("A batch that was partly judged before counts again in the metrics; the ledger holds each entry once.")
    console.confirm(names.env, f"redrive {total} batch(es) of {names.table}.")

    totals = {one: _redrive_region(context, buckets[one], functions[one], waiting[one])
              for one in regions if waiting[one]}
    remaining = {one: len(buckets[one].batches()) for one in totals}
    console.title("Redriven:")
    console.table(("REGION", "BATCHES", "RECORDS", "FAILED", "REMAINING"), [
        (one, done.redriven, done.records, done.failed, remaining[one]) for one, done in totals.items()
    ])
    if any(done.failed for done in totals.values()):
        raise DeployError(
            f"{sum(done.failed for done in totals.values())} batch(es) could not be redriven. They are still in the "
            "failure bucket, for as long as FailureRetentionInDays says.",
            f"fix the cause named above (`make logs {names.arguments()}` has the processor's own words), then run "
            "this again.",
        )
    if any(remaining.values()):
        console.step("What remains came in meanwhile, or lies outside SINCE: run the command again.")


def _summary(batches: list[StoredBatch]) -> str:
    if not batches:
        return "no failed batches"
    size = sum(batch.size for batch in batches)
    return f"{len(batches)} failed batch(es), {size} bytes, the oldest of {batches[0].modified:%Y-%m-%d %H:%M UTC}"


def _redrive_region(context: Context, bucket: FailureBucket, function: str, batches: list[StoredBatch]) -> RegionTotals:
    region, totals = bucket.region, RegionTotals()
    context.console.title(f"{region}: {function}")
    for number, stored in enumerate(batches, 1):
        progress = f"{number}/{len(batches)} {stored.key}"
        try:
            batch = bucket.read(stored.key)
            if batch is None:
                context.console.step(f"{progress}: is gone, somebody else has moved it")
                continue
            _check_stream(context, region, batch)
        except UnreadableBatch as error:
            totals.failed += 1
            context.console.step(f"{progress}: LEFT ALONE: {error}")
            continue
        problem = _invoke(context, region, function, batch)
        if problem:
            totals.failed += 1
            context.console.step(f"{progress}: FAILED: {problem}")
            continue
        bucket.mark_done(stored.key)
        totals.redriven += 1
        totals.records += batch.records
        context.console.step(f"{progress}: {batch.records} record(s) judged (Lambda had given up: {batch.condition})")
    return totals


def _check_stream(context: Context, region: str, batch: FailedBatch) -> None:
    """The batch is of this table in this Region: the ledger answers for no other."""
    expected = arn("dynamodb", region, context.aws.account, f"table/{context.names.table}/stream/")
    if not batch.stream_arn.startswith(expected):
        raise UnreadableBatch(f"it is of the stream {batch.stream_arn or 'that it does not name'}, not of "
                              f"{context.names.table} in {region}")


def _invoke(context: Context, region: str, function: str, batch: FailedBatch) -> str:
    """Have the batch judged. Empty where the function took all of it, else what went wrong."""
    answer = context.aws.client("lambda", region).invoke(
        FunctionName=function, InvocationType="RequestResponse", Payload=batch.payload)
    text = answer["Payload"].read()
    try:
        response: Any = json.loads(text) if text else None
    except ValueError:
        return "the function's answer is not JSON"
    if answer.get("FunctionError"):
        details = response if isinstance(response, dict) else {}
        return f"{details.get('errorType', answer['FunctionError'])}: {details.get('errorMessage', 'no message')}"
    failures = response.get("batchItemFailures") if isinstance(response, dict) else None
    if not isinstance(failures, list):
        return f"the function's answer names no batchItemFailures; is {function} the stream processor?"
    if failures:
        first = failures[0].get("itemIdentifier", "") if isinstance(failures[0], dict) else ""
        return f"the processor judged only what stands before sequence number {first or '(none given)'}"
    return ""
