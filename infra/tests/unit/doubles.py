"""Doubles for AWS, the console and time."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import boto3
from botocore.stub import Stubber

from infra.deploy import parameters
from infra.deploy.console import Console
from infra.deploy.context import Context
from infra.deploy.names import Names
from infra.deploy.waiting import Waiter

ACCOUNT = "123456789012"
REGIONS = ["us-east-1", "eu-west-1"]

_SESSION = boto3.session.Session()  # It reads the models of the services once for all tests.


class StubbedAws:
    """boto3 clients whose answers a test lays out. Stubber checks requests and answers against the service's model."""

    account = ACCOUNT

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], tuple[Any, Stubber]] = {}

    def client(self, service: str, region: str) -> Any:
        """The stubbed client of a service and Region."""
        return self._stubbed(service, region)[0]

    def _stubbed(self, service: str, region: str) -> tuple[Any, Stubber]:
        key = (service, region)
        if key not in self._clients:
            client = _SESSION.client(service, region_name=region, aws_access_key_id="a", aws_secret_access_key="b")
            stubber = Stubber(client)
            stubber.activate()
            self._clients[key] = (client, stubber)
        return self._clients[key]

    def answer(self, service: str, region: str, method: str, response: dict[str, Any],
               request: dict[str, Any] | None = None) -> None:
        """The next answer of a client; `request` is what has to be asked, None for anything."""
        self._stubbed(service, region)[1].add_response(method, response, request)

    def refuse(self, service: str, region: str, method: str, code: str, message: str = "") -> None:
        """The next answer of a client is an error."""
        self._stubbed(service, region)[1].add_client_error(method, code, message)

    def assert_all_was_asked(self) -> None:
        """No answer was laid out for nothing."""
        for _, stubber in self._clients.values():
            stubber.assert_no_pending_responses()


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def console(**settings: Any) -> Console:
    """A console that writes to memory, without a terminal."""
    return Console(out=io.StringIO(), **{"is_terminal": lambda: False, **settings})


def context(aws: Any, env: str = "dev", regions: list[str] | None = None, params: str = "") -> Context:
    """A context of the table orders."""
    clock = Clock()
    return Context(aws, console(), Waiter(sleep=clock.sleep, now=clock.now), Names("lastwriter", env, "orders"),
                   list(regions or REGIONS), parameters.parse(params))


def said(context: Context) -> str:
    """What a context's console has printed."""
    out = context.console.out
    assert isinstance(out, io.StringIO)
    return out.getvalue()


def stack(name: str, status: str, parameters: dict[str, str] | None = None,
          outputs: dict[str, str] | None = None) -> dict[str, Any]:
    """DescribeStacks' answer about one stack."""
    return {"Stacks": [{
        "StackName": name, "StackStatus": status, "CreationTime": "2026-11-22T12:00:00Z",
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in (parameters or {}).items()],
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in (outputs or {}).items()],
    }]}


def table(region: str, **changes: Any) -> dict[str, Any]:
    """DescribeTable's answer about one replica of orders."""
    arn = f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/orders"
    return {"Table": {
        "TableName": "orders", "TableArn": arn, "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "LatestStreamArn": f"{arn}/stream/2026-11-22T12:00:00.000",
        "GlobalTableVersion": "2019.11.21",
        "Replicas": [{"RegionName": other, "ReplicaStatus": "ACTIVE"} for other in REGIONS if other != region],
        **changes,
    }}


def write_zip(path: Path, machine: int = 0x3E, name: str = "bootstrap", start: bytes = b"\x7fELF") -> Path:
    """A zip whose bootstrap begins as a Linux program for a machine does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        header = start + b"\x02\x01\x01" + bytes(9) + b"\x03\x00" + struct.pack("<H", machine)
        archive.writestr(name, header + bytes(40))
    return path
