"""celery's results in DynamoDB, in the table that celery makes for itself."""

from __future__ import annotations

import uuid

import pytest

celery = pytest.importorskip("celery")


class Results:
    """The result backend of an application in one Region."""

    def __init__(self, world, region, table, task):
        app = celery.Celery(backend=f"dynamodb://@{region}/{table}", set_as_current=False)
        app.conf.dynamodb_endpoint_url = world.endpoint(region)
        self._backend = app.backend
        self._task = task

    def create(self, result):
        self.save(result)

    def save(self, result):
        self._backend.store_result(self._task, result, "PROGRESS")

    def read(self):
        return self._backend.get_task_meta(self._task, cache=False)["result"]


def test_celery(world):
    table, task = f"celery-{uuid.uuid4().hex}", uuid.uuid4().hex
    key = f"b'celery-task-meta-{task}'"  # As celery writes it: the text of a bytes object.
    found = world.hand_over_and_lose(key, lambda region: Results(world, region, table, task))
    assert found["TableName"]["S"] == table
