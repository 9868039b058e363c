"""Lets the unit tests import the commands, and gives each test its doubles."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3])]

from doubles import StubbedAws, context, said  # noqa: E402 - the path has to be set first


@pytest.fixture
def aws() -> Iterator[StubbedAws]:
    """AWS that answers what the test lays out, in that order, and nothing else."""
    stubbed = StubbedAws()
    yield stubbed
    stubbed.assert_all_was_asked()


@pytest.fixture(name="context")
def _context(aws: StubbedAws):
    """A context of the table orders in two Regions."""
    return context(aws)


@pytest.fixture(name="said")
def _said(context):
    """What the context's console has printed."""
    return lambda: said(context)
