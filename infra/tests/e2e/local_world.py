"""The local world as AWS for a drill: real replication, real processors, and a pause that is played by cutting a Region off.

`lastwriter local` has an endpoint for each Region's table and one for its ledger. What a drill asks of other services is answered
as a deployed system would.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from emulator import ACCOUNT, ROOT, eventually

PROGRAM = ROOT / "target" / "debug" / "lastwriter"


class LocalWorld:
    """A running `lastwriter local` with two Regions, and clients for it."""

    account = ACCOUNT

    def __init__(self, directory: Path, table: str, regions: tuple[str, ...]) -> None:
        assert PROGRAM.is_file(), f"{PROGRAM} is not built: make programs"
        self.table, self.regions = table, regions
        self.log = directory / "local.log"
        endpoints = directory / "endpoints.json"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(PROGRAM), "local", "--regions", ",".join(regions), "--table", table, "--lag", "100ms",
                 "--endpoints-file", str(endpoints)], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, text=True)
        eventually(lambda: endpoints.is_file() or self.process.poll() is not None, f"the local world: {self.log}", 120)
        assert endpoints.is_file(), self.log.read_text()
        self.endpoints = json.loads(endpoints.read_text())
        self.mapping_state = "Enabled"
        self.stacks: dict[str, dict[str, str]] = {}

    @property
    def ledger(self) -> str:
        return self.endpoints["ledger_table"]

    def client(self, service: str, region: str) -> Any:
        """The client of a service: DynamoDB's goes to the table or the ledger, the others answer as a deployed system would."""
        return {"dynamodb": _Tables, "cloudformation": _Stacks, "lambda": _Mappings}[service](self, region)

    def dynamodb(self, kind: str, region: str) -> Any:
        """A client of the endpoint of a Region's `replicas` or `ledgers`."""
        return boto3.client("dynamodb", region_name=region, endpoint_url=self.endpoints[kind][region], aws_access_key_id="test",
                            aws_secret_access_key="test", config=Config(proxies={}, max_pool_connections=50))

    @contextmanager
    def cut_off(self, region: str) -> Iterator[None]:
        """Replication to and from a Region stands still for as long as the block lasts."""
        self._steer(region)
        try:
            yield
        finally:
            self._steer(region)

    def _steer(self, region: str) -> None:
        assert self.process.stdin
        print(region, file=self.process.stdin, flush=True)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


class _Tables:
    """DynamoDB in a Region. A table's replicas are named, which the local DynamoDB does not do."""

    def __init__(self, world: LocalWorld, region: str) -> None:
        self.world, self.region = world, region

    def __getattr__(self, operation: str) -> Any:
        def call(TableName: str, **arguments: Any) -> Any:
            kind = "ledgers" if TableName == self.world.ledger else "replicas"
            key = (kind, self.region)
            clients = self.world.__dict__.setdefault("clients", {})
            if key not in clients:
                clients[key] = self.world.dynamodb(*key)
            answer = getattr(clients[key], operation)(TableName=TableName, **arguments)
            if operation == "describe_table":
                answer["Table"]["Replicas"] = [{"RegionName": other, "ReplicaStatus": "ACTIVE"}
                                               for other in self.world.regions if other != self.region]
            return answer

        return call


class _Stacks:
    """CloudFormation, asked about the system's stacks."""

    def __init__(self, world: LocalWorld, region: str) -> None:
        self.world = world

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        outputs = {"LedgerTableName": self.world.ledger, "EventSourceMappingId": "id"}
        return {"Stacks": [{
            "StackName": StackName, "StackStatus": "CREATE_COMPLETE",
            "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
            "Parameters": [{"ParameterKey": "StampPrefix", "ParameterValue": "lw"}],
        }]}


class _Mappings:
    """Lambda, asked about the event source mapping."""

    def __init__(self, world: LocalWorld, region: str) -> None:
        self.world = world

    def get_event_source_mapping(self, UUID: str) -> dict[str, Any]:
        return {"UUID": UUID, "State": self.world.mapping_state}
