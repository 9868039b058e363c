"""What a stamp costs in time: `python bench.py`. With --check it fails above the bars.

First the handlers alone, as botocore calls them, for each write: before a call, with its body, and with its answer. Then the
whole call of boto3 with and without them, up to where it would be sent: the two in turns, so that both meet the same machine,
and the lower quartile of many. All is the thread's own CPU time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from types import SimpleNamespace

import boto3
import lastwriter
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from lastwriter import _condition, _expression, _update
from lastwriter._hook import hook_of

#: Microseconds for one write, in the handlers.
LIMIT_US = 50.0
#: Per cent of the whole call that a batch or a transaction may take longer.
LIMIT_PERCENT = 20.0
ROUNDS = 100
CALLS = 50
WHOLE_CALLS = 400

KEY = {"id": {"S": "o-1"}}
UPDATE = {
    "TableName": "orders",
    "Key": KEY,
    "UpdateExpression": "SET address = :a, #s = :s REMOVE draft ADD revision :one",
    "ConditionExpression": "#s <> :s",
    "ExpressionAttributeNames": {"#s": "state"},
    "ExpressionAttributeValues": {":a": {"S": "Main St"}, ":s": {"S": "sent"}, ":one": {"N": "1"}},
}
ITEM = {**KEY, **{f"attribute{number}": {"S": "value"} for number in range(30)}}
READ = {**ITEM, "lw:n:us-east-1": {"N": "5"}, "lw:t:us-east-1": {"N": "1795349587051000"}}
SHAPES = {
    "UpdateItem": ("UpdateItem", UPDATE),
    "UpdateItem, expression not seen before": ("UpdateItem", UPDATE),
    "UpdateItem, no expression": ("UpdateItem", {"TableName": "orders", "Key": KEY}),
    "PutItem, 30 attributes": ("PutItem", {"TableName": "orders", "Item": ITEM}),
    "PutItem, 30 attributes and history": ("PutItem", {"TableName": "orders", "Item": READ}),
    "PutItem, must not exist": (
        "PutItem",
        {"TableName": "orders", "Item": ITEM, "ConditionExpression": "attribute_not_exists(id)"},
    ),
    "GetItem (only remembered)": ("GetItem", {"TableName": "orders", "Key": KEY}),
    "TransactWriteItems, each of 10 updates": ("TransactWriteItems", {"TransactItems": [{"Update": UPDATE}] * 10}),
    "BatchWriteItem, each of 25 puts": (
        "BatchWriteItem",
        {"RequestItems": {"orders": [{"PutRequest": {"Item": ITEM}}] * 25}},
    ),
}
SMALL = {"TableName": "orders", "Key": KEY, "UpdateExpression": "SET address = :a", "ExpressionAttributeValues": {":a": {"S": "Main St"}}}
WHOLE = {
    "UpdateItem": ("UpdateItem", UPDATE),
    "UpdateItem, one attribute": ("UpdateItem", SMALL),
    "PutItem, 30 attributes": SHAPES["PutItem, 30 attributes"],
    "GetItem": ("GetItem", {"TableName": "orders", "Key": KEY}),
    "TransactWriteItems, 10 updates": ("TransactWriteItems", {"TransactItems": [{"Update": UPDATE}] * 10}),
    "TransactWriteItems, 10 updates of one attribute": ("TransactWriteItems", {"TransactItems": [{"Update": SMALL}] * 10}),
    "BatchWriteItem, 25 puts of 30 attributes": SHAPES["BatchWriteItem, each of 25 puts"],
    "BatchWriteItem, 25 puts of 5 attributes": (
        "BatchWriteItem",
        {"RequestItems": {"orders": [{"PutRequest": {"Item": dict(list(ITEM.items())[:5])}}] * 25}},
    ),
}
#: Those that the bar is for.
BARRED = ("TransactWriteItems, 10 updates", "BatchWriteItem, 25 puts of 30 attributes")
WRITES = {"TransactWriteItems": 10, "BatchWriteItem": 25}


def measure(hook, name: str) -> float:
    """Median microseconds per write."""
    operation, request = SHAPES[name]
    model = SimpleNamespace(name=operation)
    body = json.dumps(request).encode()
    rounds = []
    for _ in range(ROUNDS):
        spent = 0
        for _ in range(CALLS):
            if "not seen" in name:
                _update._extension.cache_clear()
                _expression.parse_update.cache_clear()
                _condition._absence.cache_clear()
            params, context, serialised = dict(request), {}, {"body": body}
            start = time.thread_time_ns()
            hook.before_parameter_build(params=params, model=model, context=context)
            hook.before_call(params=serialised, context=context)
            hook.after_call(parsed={}, context=context)
            spent += time.thread_time_ns() - start
        rounds.append(spent / CALLS / 1000)
    return statistics.median(rounds) / WRITES.get(operation, 1)


def new_client():
    """A client that sends nothing, and is answered at once."""
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")

    def answer(request, **_):
        response = AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, None)
        response._content = b"{}"
        return response

    client.meta.events.register("before-send.dynamodb", answer)
    return client


def measure_whole(plain, stamped, name: str) -> tuple[float, float]:
    """Microseconds of the whole call without and with stamps."""
    operation, request = WHOLE[name]
    calls = [getattr(client, xform_name(operation)) for client in (plain, stamped)]
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(WHOLE_CALLS):
        for call, times in zip(calls, spent):
            start = time.thread_time_ns()
            call(**request)
            times.append((time.thread_time_ns() - start) / 1000)
    without, with_stamps = (statistics.quantiles(times)[0] for times in spent)
    return without, with_stamps


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--check",
        action="store_true",
        help=f"fail above {LIMIT_US:.0f} us a write in the handlers, or {LIMIT_PERCENT:.0f} %% of a batch or a transaction",
    )
    check = arguments.parse_args().check
    plain, stamped = new_client(), lastwriter.instrument(new_client(), keys={"orders": ["id"]})
    slow = False
    print("The handlers, for each write:")
    for name in SHAPES:
        spent = measure(hook_of(stamped), name)
        slow = slow or spent > LIMIT_US
        print(f"{spent:8.2f} us  {name}")
    print("The whole call, without and with stamps:")
    for name in WHOLE:
        without, with_stamps = measure_whole(plain, stamped, name)
        more = 100 * (with_stamps - without) / without
        slow = slow or (name in BARRED and more > LIMIT_PERCENT)
        print(f"{without:8.0f} us {with_stamps:8.0f} us {more:+6.1f} %  {name}")
    return 1 if check and slow else 0


if __name__ == "__main__":
    sys.exit(main())
