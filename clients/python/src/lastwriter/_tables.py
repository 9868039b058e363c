"""Which tables are stamped, and what is known of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Callable, Union

from ._errors import EncryptedItemError

Tables = Union[None, Collection[str], Callable[[str], bool]]

#: What client-side encryption leaves in an item: the material description of the AWS Database Encryption SDK, and that
#: of the DynamoDB Encryption Client before it. Both sign the item as they were given it.
_MARKS = {
    "aws_dbe_head": "the AWS Database Encryption SDK",
    "*amzn-ddb-map-desc*": "the DynamoDB Encryption Client",
}


def table_name(name_or_arn: str) -> str:
    """The bare name: DynamoDB takes an ARN wherever it takes a table's name."""
    return name_or_arn.rpartition("/")[2] if name_or_arn.startswith("arn:") else name_or_arn


class TableSettings:
    """The tables to stamp, their keys as far as the settings tell, and whether signed items may be stamped."""

    def __init__(self, tables: Tables, keys: Mapping[str, Collection[str]] | None, encrypted: str):
        if isinstance(tables, str):
            raise ValueError(f"tables {tables!r} must be a collection of names or a function, not one name")
        if encrypted not in ("refuse", "stamp"):
            raise ValueError(f"encrypted {encrypted!r} must be 'refuse' or 'stamp'")
        self._covered = tables if tables is None or callable(tables) else frozenset(map(table_name, tables)).__contains__
        self.keys = {table_name(table): frozenset(names) for table, names in (keys or {}).items()}
        self._refuse_encrypted = encrypted == "refuse"
        self._encrypted: frozenset[str] = frozenset()

    def covers(self, name_or_arn: Any) -> bool:
        """Whether writes to this table are stamped."""
        return isinstance(name_or_arn, str) and (self._covered is None or bool(self._covered(table_name(name_or_arn))))

    def keys_of(self, name_or_arn: Any) -> Collection[str] | None:
        return self.keys.get(table_name(name_or_arn)) if self.keys and isinstance(name_or_arn, str) else None

    def notice(self, table: str, item: Mapping[str, Any]) -> None:
        """Take note of a table whose items are signed, from one that was read."""
        if self._refuse_encrypted and table not in self._encrypted and _library(item) is not None:
            self._encrypted |= {table}

    def refuse_encrypted(self, table: str, item: Mapping[str, Any] | None = None) -> None:
        """EncryptedItemError for a write to an item that is signed, unless the settings allow for it."""
        if not self._refuse_encrypted:
            return
        library = _library(item) if isinstance(item, Mapping) else None
        if library is None and table not in self._encrypted:
            return
        self._encrypted |= {table}
        raise EncryptedItemError(
            f"the items of table {table} are signed by {library or 'a client-side encryption library'}, and a stamp "
            "would make their signatures fail: give the stamps the attribute actions that the page \"Client-side "
            "encryption\" of the clients tells, then set encrypted='stamp'"
        )


def _library(item: Mapping[str, Any]) -> str | None:
    if _MARKS.keys().isdisjoint(item):
        return None
    return next(library for mark, library in _MARKS.items() if mark in item)
