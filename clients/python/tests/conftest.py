"""Fixtures: real boto3 clients, some over HTTP to a server, some whose requests are caught before they leave."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import endpoints as servers
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

NOW = 1795349587051000
# One session, since it keeps the service's model, which takes long to load.
SESSION = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")
# Retries that do not wait long, and no credentials or settings from the machine.
CONFIG = Config(retries={"max_attempts": 2, "mode": "standard"}, connect_timeout=5, read_timeout=30)


@pytest.fixture(scope="session")
def endpoints():
    with servers.endpoints() as running:
        yield running


@pytest.fixture
def connect(endpoints):
    """connect("client" or "resource", region) -> a boto3 object that talks to the test server."""

    def make(kind: str = "client", region: str = "us-east-1"):
        factory = getattr(SESSION, kind)
        return factory("dynamodb", region_name=region, endpoint_url=endpoints[region], config=CONFIG)

    return make


@pytest.fixture
def orders(connect):
    """The name of a new table with the key `id`: created in one Region, a global table in all of them."""
    name = f"orders-{uuid.uuid4().hex}"
    connect().create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


class Caught(list[dict[str, Any]]):
    """The bodies of the requests that a client would have sent, and the answer it is to get instead."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Any] = []

    def catch(self, client: Any) -> None:
        client.meta.events.register("before-send.dynamodb", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.append(json.loads(request.body))
        answer = self.answers.pop(0) if self.answers else (200, {})
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        response = AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, None)
        response._content = json.dumps(body).encode()
        return response


@pytest.fixture
def offline():
    """offline("client" or "resource", region) -> a boto3 object that sends nothing, and the requests it made."""

    def make(kind: str = "client", region: str = "us-east-1"):
        made = getattr(SESSION, kind)("dynamodb", region_name=region, config=CONFIG)
        caught = Caught()
        caught.catch(made if kind == "client" else made.meta.client)
        return made, caught

    return make
