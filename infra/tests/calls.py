"""Which operations of AWS the deploy commands call, found in their sources: by service, as IAM names them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import botocore.session
from metric_uses import INFRA

SOURCES = sorted((INFRA / "deploy").rglob("*.py"))
# What IAM calls otherwise than the API: the service's prefix, or the action.
PREFIXES = {"logs": "logs", "sts": "sts", "pipes": "pipes"}
ACTIONS = {
    ("s3", "HeadObject"): "GetObject", ("s3", "ListObjectsV2"): "ListBucket", ("s3", "CopyObject"): "PutObject",
    ("lambda", "Invoke"): "InvokeFunction",
}
# dynamodb:TransactWriteItems and alike are no actions; what we call in a batch needs the action of the single item too.
_SESSION = botocore.session.get_session()


def operations(service: str) -> dict[str, str]:
    """The service's operations by their name in boto3."""
    names = _SESSION.get_service_model(service).operation_names
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower(): name for name in names}


def of_source(text: str) -> set[str]:
    """IAM actions for the calls in a source. A call counts for each service that the source has a client of."""
    tree = ast.parse(text)
    services = {node.args[0].value for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client"
                and node.args and isinstance(node.args[0], ast.Constant)}
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called |= {node.args[0].value for node in ast.walk(tree)
               if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator"
               and isinstance(node.args[0], ast.Constant)}
    found = set()
    for service in services:
        known = operations(service)
        for name in called & known.keys():
            found.add(f"{PREFIXES.get(service, service)}:{ACTIONS.get((service, known[name]), known[name])}")
    return found


def of_the_commands(sources: list[Path] | None = None) -> set[str]:
    return set().union(*(of_source(path.read_text()) for path in (sources or SOURCES)))
