"""The writers: instrumented Python, instrumented Node, and Python as an application without the package."""

from __future__ import annotations

import contextlib
import json
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import lastwriter
from botocore.config import Config

HERE = pathlib.Path(__file__).parent
NODE = shutil.which("node")
SESSION = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")
CONFIG = Config(retries={"max_attempts": 2, "mode": "standard"}, connect_timeout=5, read_timeout=30)

Item = dict[str, Any]


def dynamodb(region: str, endpoint: str) -> Any:
    return SESSION.client("dynamodb", region_name=region, endpoint_url=endpoint, config=CONFIG)


def address_update(key: Item, writer: str, address: str) -> Item:
    """What the application wants, whatever its language: no stamp in sight."""
    return {
        "Key": key,
        "UpdateExpression": "SET address = :a, changed_by = :w ADD changes :one",
        "ExpressionAttributeValues": {":a": {"S": address}, ":w": {"S": writer}, ":one": {"N": "1"}},
    }


class PythonWriter:
    """A boto3 client; update() returns the item as the write left it, stamps and all."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def update(self, request: Item) -> Item:
        return self._client.update_item(**request, TableName=self._table, ReturnValues="ALL_NEW")["Attributes"]


class NodeWriter:
    """The process of writer.mjs; update() returns the item as the write left it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def update(self, request: Item) -> Item:
        assert self._process.stdin and self._process.stdout, "it was started with pipes"
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the Node writer ended; what it said is above"
        return json.loads(answer)


@contextlib.contextmanager
def stamped(language: str, region: str, endpoint: str, table: str) -> Iterator[Any]:
    """An instrumented writer in "python" or "node", while the block runs."""
    if language == "python":
        yield PythonWriter(lastwriter.instrument(dynamodb(region, endpoint), strict=True, hide=False), table)
        return
    assert NODE, "node is not installed"
    with subprocess.Popen(
        [NODE, str(HERE / "writer.mjs"), region, endpoint, table],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        # It ends at the end of its input, which leaving the block closes.
        yield NodeWriter(process)


def plain(region: str, endpoint: str, table: str) -> PythonWriter:
    """A writer that does not stamp."""
    return PythonWriter(dynamodb(region, endpoint), table)
