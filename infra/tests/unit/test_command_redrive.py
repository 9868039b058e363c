"""`redrive`: what the failure bucket holds, judged again, and only then moved."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from doubles import ACCOUNT, StubbedAws, stack
from doubles import context as make_context

from infra.deploy.commands import redrive
from infra.deploy.errors import DeployError
from infra.deploy.failure_bucket import MAX_PAYLOAD_BYTES, UnreadableBatch, parse

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
REGION, BUCKET, FUNCTION = "us-east-1", "failures", "lastwriter-dev-orders-stream-processor"
KEY = "aws/lambda/0a1b2c3d-1111-2222-3333-444455556666/shardId-0001/2026/11/25/2026-11-25T10.13.49-c0ffee00"
DOCUMENT = json.loads((Path(__file__).parents[1] / "failed_batch.json").read_text())
TAKEN = {"batchItemFailures": []}


def body(content: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(content), len(content))


def lay_out_bucket(aws: StubbedAws, *keys: str, region: str = REGION, looks: int = 1, age_hours: int = 1) -> None:
    for look in range(looks):
        if look == 0:
            aws.answer("cloudformation", region, "describe_stacks", stack(
                "lastwriter-dev-orders-processor", "CREATE_COMPLETE",
                outputs={"FailureBucketName": BUCKET, "FunctionName": FUNCTION}))
        aws.answer("s3", region, "list_objects_v2", {"Contents": [
            {"Key": key, "Size": 100, "LastModified": NOW - timedelta(hours=age_hours)} for key in keys]},
            {"Bucket": BUCKET, "Prefix": "aws/lambda/", "ExpectedBucketOwner": ACCOUNT})


def lay_out_object(aws: StubbedAws, document: Any, key: str = KEY) -> None:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    aws.answer("s3", REGION, "get_object", {"Body": body(content)},
               {"Bucket": BUCKET, "Key": key, "ExpectedBucketOwner": ACCOUNT})


def lay_out_answer(aws: StubbedAws, answer: Any, payload: bytes | None = None, error: str = "") -> None:
    response = {"StatusCode": 200, "Payload": body(json.dumps(answer).encode())}
    request = {"FunctionName": FUNCTION, "InvocationType": "RequestResponse", "Payload": payload} if payload else None
    aws.answer("lambda", REGION, "invoke", {**response, **({"FunctionError": error} if error else {})}, request)


def lay_out_move(aws: StubbedAws, key: str = KEY) -> None:
    aws.answer("s3", REGION, "copy_object", {}, {
        "Bucket": BUCKET, "Key": f"done/{key}", "CopySource": {"Bucket": BUCKET, "Key": key},
        "ExpectedBucketOwner": ACCOUNT, "ExpectedSourceBucketOwner": ACCOUNT})
    aws.answer("s3", REGION, "delete_object", {}, {"Bucket": BUCKET, "Key": key, "ExpectedBucketOwner": ACCOUNT})


@pytest.fixture(name="context")
def _context(aws: StubbedAws):  # type: ignore[no-untyped-def]
    return make_context(aws, regions=[REGION])


def test_a_batch_is_sent_as_it_was_and_moved_after_it_was_taken(aws: StubbedAws, context, said) -> None:
    lay_out_bucket(aws, KEY)
    text = json.dumps(DOCUMENT["payload"])
    lay_out_object(aws, {**DOCUMENT, "payload": text})
    lay_out_answer(aws, TAKEN, text.encode())
    lay_out_move(aws)
    aws.answer("s3", REGION, "list_objects_v2", {})
    redrive.redrive(context, now=lambda: NOW)
    assert f"1/1 {KEY}: 2 record(s) judged (Lambda had given up: RetryAttemptsExhausted)" in said()
    assert said().splitlines()[-1].split() == [REGION, "1", "2", "0", "0"]


def test_a_payload_that_is_no_string_is_written_without_growing() -> None:
    record = {"dynamodb": {"NewImage": {"name": {"S": "Zürich ☃"}}}}
    batch = parse(json.dumps({**DOCUMENT, "payload": {"Records": [record]}}).encode())
    assert json.loads(batch.payload) == {"Records": [record]}
    assert "Zürich ☃".encode() in batch.payload and b", " not in batch.payload


@pytest.mark.parametrize(("answer", "error", "expected"), [
    ({"batchItemFailures": [{"itemIdentifier": "4700000000012345678902"}]}, "",
     "judged only what stands before sequence number 4700000000012345678902"),
    ({"errorType": "Runtime.ExitError", "errorMessage": "exited"}, "Unhandled", "Runtime.ExitError: exited"),
    ({"ok": True}, "", "names no batchItemFailures"),
    (None, "", "names no batchItemFailures"),
])
def test_a_batch_that_is_not_taken_whole_stays_where_it_is(
        aws: StubbedAws, context, said, answer: Any, error: str, expected: str) -> None:
    lay_out_bucket(aws, KEY)
    lay_out_object(aws, DOCUMENT)
    lay_out_answer(aws, answer, error=error)
    aws.answer("s3", REGION, "list_objects_v2", {"Contents": [{"Key": KEY, "Size": 1, "LastModified": NOW}]})
    with pytest.raises(DeployError, match="1 batch.es. could not be redriven. They are still in the failure bucket"):
        redrive.redrive(context, now=lambda: NOW)
    assert "FAILED: " in said() and expected in said()
    assert said().splitlines()[-1].split() == [REGION, "0", "0", "1", "1"]


def test_one_failing_batch_does_not_hold_up_the_next(aws: StubbedAws, context, said) -> None:
    lay_out_bucket(aws, KEY, KEY + "-2")
    lay_out_object(aws, b"{")
    lay_out_object(aws, DOCUMENT, KEY + "-2")
    lay_out_answer(aws, TAKEN)
    lay_out_move(aws, KEY + "-2")
    aws.answer("s3", REGION, "list_objects_v2", {"Contents": [{"Key": KEY, "Size": 1, "LastModified": NOW}]})
    with pytest.raises(DeployError):
        redrive.redrive(context, now=lambda: NOW)
    assert f"1/2 {KEY}: LEFT ALONE: the object is not JSON" in said()
    assert f"2/2 {KEY}-2: 2 record(s) judged" in said()


def test_a_batch_of_another_table_or_region_is_not_judged_here(aws: StubbedAws, context, said) -> None:
    other = DOCUMENT["DDBStreamBatchInfo"]["streamArn"].replace("table/orders/", "table/orders-eu/")
    lay_out_bucket(aws, KEY)
    lay_out_object(aws, {**DOCUMENT, "DDBStreamBatchInfo": {"streamArn": other}})
    aws.answer("s3", REGION, "list_objects_v2", {})
    with pytest.raises(DeployError):
        redrive.redrive(context, now=lambda: NOW)
    assert f"LEFT ALONE: it is of the stream {other}, not of orders in us-east-1" in said()


def test_an_object_that_somebody_else_moved_meanwhile_is_no_failure(aws: StubbedAws, context, said) -> None:
    lay_out_bucket(aws, KEY)
    aws.refuse("s3", REGION, "get_object", "NoSuchKey")
    aws.answer("s3", REGION, "list_objects_v2", {})
    redrive.redrive(context, now=lambda: NOW)
    assert "is gone, somebody else has moved it" in said()


@pytest.mark.parametrize(("content", "expected"), [
    (b"\xff", "is not JSON"),
    (b"[]", "has no payload"),
    (b'{"requestContext": {}}', "has no payload"),
    (b'{"payload": "{"}', "the payload is not JSON"),
    (b'{"payload": "[]"}', "no event with Records"),
    (b'{"payload": {"Records": 1}}', "no event with Records"),
    (b'{"payload": {"Records": ["' + b"x" * MAX_PAYLOAD_BYTES + b'"]}}', "more than an invocation takes"),
])
def test_what_is_no_failed_batch_is_told_from_one(content: bytes, expected: str) -> None:
    with pytest.raises(UnreadableBatch, match=expected):
        parse(content)


def test_since_leaves_out_what_failed_before(aws: StubbedAws, context, said) -> None:
    lay_out_bucket(aws, KEY, age_hours=3)
    redrive.redrive(context, since="2h", now=lambda: NOW)
    assert "no failed batches in failures, put there in the last 2h" in said() and "Nothing to redrive." in said()


def test_one_region_alone_is_redriven_where_it_is_named(aws: StubbedAws, said) -> None:
    context = make_context(aws)
    lay_out_bucket(aws, region="eu-west-1")
    redrive.redrive(context, region="eu-west-1", now=lambda: NOW)
    assert "us-east-1" not in context.console.out.getvalue()


def test_a_region_that_is_not_of_the_system_is_refused(aws: StubbedAws, context) -> None:
    with pytest.raises(DeployError, match="REGION=eu-west-9 is not one of REGIONS=us-east-1"):
        redrive.redrive(context, region="eu-west-9")


def test_production_is_asked_about_before_the_first_invocation(aws: StubbedAws) -> None:
    context = make_context(aws, env="prod", regions=[REGION])
    lay_out_bucket(aws, KEY)
    with pytest.raises(DeployError, match="redrive 1 batch.es. of orders. This needs an answer"):
        redrive.redrive(context, now=lambda: NOW)
