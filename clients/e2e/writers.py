"""The writers: an instrumented one in each language, and Python as an application without the package.

Those in other languages than Python are programs of one form: `writer REGION ENDPOINT TABLE`. Each line of their input is an
UpdateItem in DynamoDB JSON, without TableName; each line of their output is the item as that write left it.
"""

from __future__ import annotations

import contextlib
import functools
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
ROOT = HERE.parents[1]
NODE = shutil.which("node")
LANGUAGES = ("python", "node", "java", "go", "rust")
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


class ProcessWriter:
    """A writer's process; update() returns the item as the write left it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def update(self, request: Item) -> Item:
        assert self._process.stdin and self._process.stdout, "it was started with pipes"
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the writer ended; what it said is above"
        return json.loads(answer)


class Missing(Exception):
    """What a writer needs is not on this machine; it says what."""


@functools.cache
def command(language: str) -> tuple[str, ...]:
    """How to start the writer of a language."""
    if language == "node":
        return _found("node"), str(HERE / "writer.mjs")
    if language == "java":
        return _found("java"), "-jar", _built(ROOT / "clients/java/writer/target/writer.jar", "clients/java/test.sh")
    if language == "go":
        # Nothing to wait for where nothing has changed: Go keeps what it has compiled.
        program = ROOT / "clients/go/live/writer"
        built = HERE / ".cache" / "writer-go"
        go = _found("go")
        version = subprocess.run([go, "env", "GOVERSION"], cwd=program, check=True, capture_output=True, text=True).stdout
        if tuple(map(int, version.strip().removeprefix("go").split(".")[:2])) < (1, 24):
            raise Missing(f"Go is {version.strip()}, and 1.24 is needed")
        subprocess.run([go, "build", "-o", str(built), "."], cwd=program, check=True)
        return (str(built),)
    if language == "rust":
        # Nothing to wait for where nothing has changed. The whole workspace's features are those that its tests are built with.
        build = [_found("cargo"), "build", "--quiet", "--workspace", "--example", "writer"]
        subprocess.run(build, cwd=ROOT, check=True)
        return (str(ROOT / "target/debug/examples/writer"),)
    raise ValueError(language)


def is_there(language: str) -> bool:
    """Whether the writer of a language can be started."""
    try:
        return language == "python" or bool(command(language))
    except Missing:
        return False


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is not installed")
    return path


def _built(program: pathlib.Path, by: str) -> str:
    if not program.exists():
        raise Missing(f"{program.relative_to(ROOT) if program.is_relative_to(ROOT) else program} is not built: run `{by}`")
    return str(program)


@contextlib.contextmanager
def stamped(language: str, region: str, endpoint: str, table: str) -> Iterator[Any]:
    """An instrumented writer in a language, while the block runs. Missing, where it cannot be started."""
    if language == "python":
        yield PythonWriter(lastwriter.instrument(dynamodb(region, endpoint), strict=True, hide=False), table)
        return
    with subprocess.Popen(
        [*command(language), region, endpoint, table],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        # It ends at the end of its input, which leaving the block closes.
        yield ProcessWriter(process)


def plain(region: str, endpoint: str, table: str) -> PythonWriter:
    """A writer that does not stamp."""
    return PythonWriter(dynamodb(region, endpoint), table)
