"""Items that the tests write into a table, whatever its keys are, and take away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.deploy.tables import Replica

PREFIX = "lastwriter-test"
_NUMERIC_KEY_OFFSET = 10**30
"""Numeric keys of test items lie beyond this, below zero, where no counter or time stamp of an application is."""

STAMP_PREFIX = "lw"


def key_of(replica: Replica, run: str, number: int) -> dict[str, dict[str, Any]]:
    """The key of test item `number` of a run, in the table's own key attributes and types."""
    values: dict[str, Callable[[], Any]] = {
        "S": lambda: f"{PREFIX}#{run}#{number}",
        "N": lambda: str(-(_NUMERIC_KEY_OFFSET + number)),
        "B": lambda: f"{PREFIX}#{run}#{number}".encode(),
    }
    return {name: {kind: values[kind]()} for name, kind in replica.key_schema}


def stamped_update(table: str, key: dict[str, Any], region: str, micros: int, payload: str,
                   prefix: str = STAMP_PREFIX) -> dict[str, Any]:
    """The arguments of a stamped UpdateItem, as the specification's section 2 has it."""
    return {
        "TableName": table,
        "Key": key,
        "UpdateExpression": "SET #payload = :payload, #time = :now ADD #count :one",
        "ExpressionAttributeNames": {
            "#payload": "payload",
            "#time": f"{prefix}:t:{region}",
            "#count": f"{prefix}:n:{region}",
        },
        "ExpressionAttributeValues": {
            ":payload": {"S": payload}, ":now": {"N": str(micros)}, ":one": {"N": "1"},
        },
    }
