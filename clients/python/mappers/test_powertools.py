"""Powertools for AWS Lambda: its idempotency records in a global table, and its stream events."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import boto3
import lastwriter
import pytest
from ledgers import when
from scenario import HERE, THERE

idempotency = pytest.importorskip("aws_lambda_powertools.utilities.idempotency")
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent  # noqa: E402
from aws_lambda_powertools.utilities.idempotency import persistence  # noqa: E402


@pytest.fixture
def later(monkeypatch):
    """later() lets an hour pass for Powertools, in which its records expire."""
    passed = [datetime.timedelta()]

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.now(tz) + passed[0]

    times = SimpleNamespace(datetime=Clock, timedelta=datetime.timedelta)
    for module in (persistence.base, persistence.datarecord, persistence.dynamodb, idempotency.base):
        monkeypatch.setattr(module, "dt", times)

    def pass_an_hour():
        passed[0] += datetime.timedelta(hours=1)

    return pass_an_hour


class Handler:
    """An idempotent function in one Region, whose records expire after a minute."""

    def __init__(self, world, key, region):
        client = boto3.client("dynamodb", region_name=region, endpoint_url=world.endpoint(region))
        # Powertools puts before it ever reads or updates, so the key's names are not known from requests in time.
        lastwriter.instrument(client, strict=True, keys={world.table: ["PK", "SK"]})
        layer = idempotency.DynamoDBPersistenceLayer(
            table_name=world.table, key_attr="PK", sort_key_attr="SK", static_pk_value=key, expiry_attr="expiration",
            boto3_client=client,
        )  # fmt: skip
        config = idempotency.IdempotencyConfig(expires_after_seconds=60)
        self._said = "nothing"

        @idempotency.idempotent_function(data_keyword_argument="order", persistence_store=layer, config=config)
        def handle(order):
            return self._said

        self._handle = handle

    def run(self, says):
        """What the function returns: what it says now, or what an earlier run has said."""
        self._said = says
        return self._handle(order="o-17")


@pytest.mark.filterwarnings("ignore:Couldn't determine the remaining time left")
def test_powertools_idempotency(world, key, later):
    here, there = Handler(world, key, HERE), Handler(world, key, THERE)
    assert here.run("made") == "made"
    world.settle(key)
    assert there.run("not said") == "made"
    later()
    assert there.run("handed over") == "handed over"
    world.settle(key)
    assert here.run("not said") == "handed over"
    world.toggle()
    later()
    assert here.run("lost") == "lost"
    assert there.run("kept") == "kept"
    world.toggle()
    world.settle(key)
    assert here.run("not said") == "kept"
    (found,) = when(lambda: world.conflicts(HERE, key), bool, "the conflict in the ledger")
    assert (found["Confidence"]["S"], found["Winner"]["M"]["Region"]["S"]) == ("certain", THERE)
    assert world.conflicts(THERE, key) == []


def test_powertools_stream_records_tell_their_origin():
    image = {"id": {"S": "o-1"}, "lw:n:eu-west-1": {"N": "1"}, "lw:t:eu-west-1": {"N": "1795349587051000"}}
    record = {"eventName": "INSERT", "awsRegion": HERE, "dynamodb": {"Keys": {"id": {"S": "o-1"}}, "NewImage": image}}
    (typed,) = DynamoDBStreamEvent({"Records": [record]}).records
    assert lastwriter.origin(typed) == lastwriter.origin(record) == lastwriter.Origin("replicated", THERE)
