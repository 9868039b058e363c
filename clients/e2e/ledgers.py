"""The ledgers of a running `lastwriter local`, read as an operator would: over DynamoDB's API."""

from __future__ import annotations

import json
import time
from typing import Any, Callable, TypeVar

from endpoints import PATIENCE

Entry = dict[str, Any]
T = TypeVar("T")

#: The kinds of entry that are no conflict.
OTHER_KINDS = {"unstamped_sample", "malformed_record", "stale_overwrite", "local_overwrite"}


def when(read: Callable[[], T], wanted: Callable[[T], bool], what: str) -> T:
    """The first reading that is as wanted. It fails, with the last reading, where that does not come."""
    limit = time.monotonic() + PATIENCE
    while not wanted(found := read()):
        assert time.monotonic() < limit, f"waited in vain for {what}; the last reading: {found}"
        time.sleep(0.02)
    return found


class Ledger:
    """One Region's ledger."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def entries(self) -> list[Entry]:
        """Every entry. What is remembered of jumps, and parts of large images, have no kind."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        return [entry for page in pages for entry in page["Items"] if "Kind" in entry]

    def conflicts(self) -> list[Entry]:
        return [entry for entry in self.entries() if entry["Kind"]["S"] not in OTHER_KINDS]

    def unstamped(self) -> list[Entry]:
        return [entry for entry in self.entries() if entry["Kind"]["S"] == "unstamped_sample"]


def key_of(entry: Entry) -> str:
    """A key in a form that can be sorted and compared."""
    return json.dumps(entry["Key"]["M"], sort_keys=True)


def names(entry: Entry) -> list[str]:
    return [name["S"] for name in entry["DifferingAttributes"]["L"]]
