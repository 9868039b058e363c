"""What a stamp costs in time: `python bench.py`. With --check it fails if a shape takes more than 50 us.

It measures the handler that botocore calls for each request, as botocore calls it: the median of many rounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from types import SimpleNamespace

import boto3
import lastwriter
from lastwriter import _condition, _expression, _update
from lastwriter._hook import hook_of

LIMIT_US = 50.0
ROUNDS = 200
CALLS = 100

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
    "GetItem (left alone)": ("GetItem", {"TableName": "orders", "Key": KEY}),
    "TransactWriteItems, each of 10 updates": ("TransactWriteItems", {"TransactItems": [{"Update": UPDATE}] * 10}),
    "BatchWriteItem, each of 25 puts": (
        "BatchWriteItem",
        {"RequestItems": {"orders": [{"PutRequest": {"Item": ITEM}}] * 25}},
    ),
}
WRITES = {"TransactWriteItems": 10, "BatchWriteItem": 25}


def measure(hook, name: str) -> float:
    """Median microseconds per write."""
    operation, request = SHAPES[name]
    model = SimpleNamespace(name=operation)
    rounds = []
    for _ in range(ROUNDS):
        calls = [dict(request) for _ in range(CALLS)]
        spent = 0
        for params in calls:
            if "not seen" in name:
                _update._extension.cache_clear()
                _expression.parse_update.cache_clear()
                _condition._absence.cache_clear()
            start = time.perf_counter_ns()
            hook.before_parameter_build(params=params, model=model, context={})
            spent += time.perf_counter_ns() - start
        rounds.append(spent / CALLS / 1000)
    return statistics.median(rounds) / WRITES.get(operation, 1)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help=f"fail above {LIMIT_US:.0f} us")
    check = arguments.parse_args().check
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    hook = hook_of(lastwriter.instrument(client))
    slow = False
    for name in SHAPES:
        spent = measure(hook, name)
        slow = slow or spent > LIMIT_US
        print(f"{spent:8.2f} us  {name}")
    return 1 if check and slow else 0


if __name__ == "__main__":
    sys.exit(main())
