"""celery's results in DynamoDB.

celery makes its own table, whose key is `id`, and the local global table has another. So what replication does is done by
hand here, and the function's own judgement is asked for.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from base64 import b64encode

import endpoints
import lastwriter
import pytest
from scenario import HERE, THERE

celery = pytest.importorskip("celery")


class Results:
    """The result backend of an application in one Region, and its table as it is."""

    def __init__(self, world, region, table):
        app = celery.Celery(backend=f"dynamodb://@{region}/{table}", set_as_current=False)
        app.conf.dynamodb_endpoint_url = world.endpoint(region)
        self._backend = app.backend
        self._table = table
        self._plain = lastwriter.instrument(world.client(region), tables=())

    def save(self, task, result):
        self._backend.store_result(task, result, "PROGRESS")

    def read(self, task):
        return self._backend.get_task_meta(task, cache=False)["result"]

    @property
    def stored(self):
        (item,) = self._plain.scan(TableName=self._table, ConsistentRead=True)["Items"]
        return item

    def replicate(self, item):
        self._plain.put_item(TableName=self._table, Item=item)


def judged(region, event, old, new):
    """The entries that the function would make of this record in the ledger."""

    def encoded(item):  # A stream's event has binary values in base64.
        return {name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}

    images = {name: encoded(image) for name, image in (("OldImage", old), ("NewImage", new)) if image}
    record = {
        "eventID": "1",
        "eventName": event,
        "awsRegion": region,
        "eventSource": "aws:dynamodb",
        "eventSourceARN": f"arn:aws:dynamodb:{region}:123456789012:table/celery/stream/2026-11-22T12:00:00.000",
        "dynamodb": {"Keys": encoded({"id": new["id"]}), **images, "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    command = [str(endpoints.program()), "judge", "--json", "-"]
    done = subprocess.run(command, input=json.dumps({"Records": [record]}), check=True, capture_output=True, text=True)
    (answer,) = json.loads(done.stdout)["events"]
    return answer["ledger"]


def test_celery(world):
    table, task = f"celery-{uuid.uuid4().hex}", uuid.uuid4().hex
    here, there = Results(world, HERE, table), Results(world, THERE, table)
    here.save(task, "made")
    there.read(task)  # Which makes the table.
    there.replicate(here.stored)
    assert there.read(task) == "made"

    there.save(task, "handed over")
    assert judged(HERE, "MODIFY", here.stored, there.stored) == []
    here.replicate(there.stored)

    assert here.read(task) == there.read(task) == "handed over"
    here.save(task, "lost")
    there.save(task, "kept")
    (found,) = judged(HERE, "MODIFY", here.stored, there.stored)
    assert (found["Kind"]["S"], found["Confidence"]["S"], found["Winner"]["M"]["Region"]["S"]) == ("update_update", "certain", THERE)
