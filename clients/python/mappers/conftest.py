"""One global table on this machine for all of the folder, and the whole process stamped in one call."""

from __future__ import annotations

import os
import uuid

import endpoints
import lastwriter
import pytest
from scenario import World

# What an application has in its environment. Mappers make their clients of it, and never reach AWS.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
os.environ.pop("AWS_PROFILE", None)

# Before any library makes its client; that is all that an application needs.
lastwriter.instrument(strict=True)


@pytest.fixture(scope="session")
def running():
    with endpoints.local("--lag", "20ms") as local:
        yield local


@pytest.fixture
def world(running):
    return World(running)


@pytest.fixture
def key():
    """The PK of an item of its own for each test."""
    return f"item-{uuid.uuid4().hex}"
